// @NAME@: marks every request. Make it yours.
mod hyalite;
use hyalite::*;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};

#[used]
#[link_section = ".note.hyalite"]
static NOTE: Note = note("@NAME@", "0.1.0", "MIT");

// One configured plugin. Made once per configuration, before there are workers: build what all of them only read.
struct Instance {
    http: &'static HostHttp,
}

unsafe extern "C" fn create(host: *const Host, instance: *mut *mut c_void) -> Status {
    let http = ((*host).get_interface)(host, HOST_HTTP_ID.as_ptr() as *const c_char) as *const HostHttp;
    // The table is as long as the host's version of it.
    if http.is_null() || ((*http).size as usize) < std::mem::size_of::<HostHttp>() {
        return E_UNSUPPORTED;
    }
    *instance = Box::into_raw(Box::new(Instance { http: &*http })) as *mut c_void;
    OK
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Instance));
}

impl Instance {
    // The head of a request is whole; nothing of it went upstream yet.
    fn request_head(&self, exchange: *mut c_void) -> Option<()> {
        let set = self.http.header_set?;
        match unsafe { set(exchange, PART_REQUEST, 0, bytes("X-Marked"), bytes("yes"), SET_REPLACE) } {
            OK => Some(()),
            _ => None,
        }
    }
}

// A panic must not leave the plugin: it is a failure, and the operator's on_failure decides.
unsafe extern "C" fn request_head(instance: *mut c_void, exchange: *mut c_void, _state: *mut c_void, _headers: *const c_void) -> Verdict {
    let this = &*(instance as *const Instance);
    match catch_unwind(AssertUnwindSafe(|| this.request_head(exchange))) {
        Ok(Some(())) => CONTINUE,
        _ => ERROR,
    }
}

static HOOKS: HttpHooks = HttpHooks { size: std::mem::size_of::<HttpHooks>() as u32, reserved: 0, request_head: Some(request_head) };

unsafe extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    if std::ffi::CStr::from_ptr(id).to_bytes_with_nul() == HTTP_ID {
        return &HOOKS as *const HttpHooks as *const c_void;
    }
    std::ptr::null()
}

static DESCRIPTOR: Descriptor = Descriptor {
    magic: MAGIC,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    size: std::mem::size_of::<Descriptor>() as u32,
    flags: 0,
    id: b"@NAME@\0".as_ptr(),
    version: b"0.1.0\0".as_ptr(),
    summary: b"Marks every request\0".as_ptr(),
    license: b"MIT\0".as_ptr(),
    settings_schema: std::ptr::null(),
    get_interface,
    validate: None,
    create,
    start: None,
    tick: None,
    reopen: None,
    drain: None,
    stop: None,
    destroy,
};

#[no_mangle]
pub extern "C" fn hyalite_plugin_entry() -> *const Descriptor {
    &DESCRIPTOR
}
