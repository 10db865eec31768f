
// ---- what is macros and inline functions in C

/// Does the table (maybe null, maybe an older host's) have the member, and is it filled in? (`#[macro_use]` at the
/// module brings it in.)
#[allow(unused_macros)]
macro_rules! hyalite_has {
    ($table:expr, $member:ident) => {{
        let table = $table;
        !table.is_null() && {
            let member = std::ptr::addr_of!((*table).$member);
            let end = member as usize - table as usize + std::mem::size_of_val(&None::<unsafe extern "C" fn()>);
            (*table).size as usize >= end && (*member).is_some()
        }
    }};
}

/// A table of the host by its id (HYALITE_HOST_..._ID); null: this host does not have it.
///
/// # Safety
/// `host` is what create was given.
pub unsafe fn table(host: *const hyalite_host, id: &[u8]) -> *const c_void {
    match (*host).get_interface {
        Some(get_interface) => get_interface(host, id.as_ptr() as *const c_char),
        None => std::ptr::null(),
    }
}

/// Lent: good as long as the text is.
pub fn bytes(text: &str) -> hyalite_bytes {
    hyalite_bytes { data: text.as_ptr() as *const c_char, size: text.len() }
}

/// # Safety
/// Good as long as the header of the C interface says that these bytes are.
pub unsafe fn slice<'a>(bytes: hyalite_bytes) -> &'a [u8] {
    if bytes.size == 0 {
        return &[];
    }
    std::slice::from_raw_parts(bytes.data as *const u8, bytes.size)
}

/// HYALITE_NOTE: `#[used] #[link_section = ".note.hyalite"] static NOTE: hyalite_elf_note = note("id", "1.0.0", "MIT");`
pub const fn note(id: &str, version: &str, license: &str) -> hyalite_elf_note {
    hyalite_elf_note {
        name_size: 8,
        description_size: std::mem::size_of::<hyalite_elf_note>() as u32 - 20,
        type_: HYALITE_NOTE_TYPE,
        name: padded("Hyalite"),
        abi_major: HYALITE_ABI_MAJOR as u16,
        abi_minor: HYALITE_ABI_MINOR as u16,
        min_host_minor: HYALITE_ABI_MINOR as u16,
        reserved: 0,
        id: padded(id),
        version: padded(version),
        license: padded(license),
    }
}

// A text that does not fit does not compile.
const fn padded<const N: usize>(text: &str) -> [c_char; N] {
    let mut out = [0; N];
    let from = text.as_bytes();
    assert!(from.len() < N);
    let mut i = 0;
    while i < from.len() {
        out[i] = from[i] as c_char;
        i += 1;
    }
    out
}

// Nothing in it is ever written to.
unsafe impl Sync for hyalite_elf_note {}
