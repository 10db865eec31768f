// As much of <hyalite/plugin.h> as this plugin uses. Tables grow at their end only: `size` says how much the host has.
#![allow(dead_code)]
use std::os::raw::{c_char, c_void};

pub const ABI_MAJOR: u16 = 0;
pub const ABI_MINOR: u16 = 1;
pub const MAGIC: u32 = 0x6c61_7948;
pub const HOST_HTTP_ID: &[u8] = b"hyalite.host.http/0\0";
pub const HTTP_ID: &[u8] = b"hyalite.http/0\0";

pub type Status = i32;
pub const OK: Status = 0;
pub const E_UNSUPPORTED: Status = -5;
pub const E_FAILED: Status = -8;
pub type Verdict = u32;
pub const CONTINUE: Verdict = 0;
pub const ERROR: Verdict = 4;
pub const PART_REQUEST: u32 = 0;
pub const SET_REPLACE: u32 = 0;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub data: *const c_char,
    pub size: usize,
}
pub fn bytes(text: &str) -> Bytes {
    Bytes { data: text.as_ptr() as *const c_char, size: text.len() }
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    own: *mut c_void,
    pub product: Bytes,
    pub version: Bytes,
    pub instance: Bytes,
    pub worker_index: u32,
    pub log_level: u32,
    pub get_interface: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

type Unused = *const c_void;

#[repr(C)]
pub struct HostHttp {
    pub size: u32,
    reserved: u32,
    intern: Unused,
    check_name: Unused,
    check_value: Unused,
    flow: Unused,
    flow_state: Unused,
    number: Unused,
    request_line: Unused,
    response_line: Unused,
    headers: Unused,
    pub header_set: Option<unsafe extern "C" fn(*mut c_void, u32, u16, Bytes, Bytes, u32) -> Status>,
}

pub type HeadHook = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void, *const c_void) -> Verdict;

// The hooks of an exchange, as far as this plugin has any: those behind are not there, so not wanted.
#[repr(C)]
pub struct HttpHooks {
    pub size: u32,
    pub reserved: u32,
    pub request_head: Option<HeadHook>,
}

#[repr(C)]
pub struct Descriptor {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub size: u32,
    pub flags: u32,
    pub id: *const u8,
    pub version: *const u8,
    pub summary: *const u8,
    pub license: *const u8,
    pub settings_schema: *const u8,
    pub get_interface: unsafe extern "C" fn(*const c_char) -> *const c_void,
    pub validate: Option<unsafe extern "C" fn(*const Host) -> Status>,
    pub create: unsafe extern "C" fn(*const Host, *mut *mut c_void) -> Status,
    pub start: Option<unsafe extern "C" fn(*mut c_void, *const c_void) -> Status>,
    pub tick: Option<unsafe extern "C" fn(*mut c_void) -> Status>,
    pub reopen: Option<unsafe extern "C" fn(*mut c_void) -> Status>,
    pub drain: Option<unsafe extern "C" fn(*mut c_void) -> Status>,
    pub stop: Option<unsafe extern "C" fn(*mut c_void) -> Status>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
}
// Nothing in it is ever written to.
unsafe impl Sync for Descriptor {}

// The note that tells who the plugin is without running it.
#[repr(C, align(4))]
pub struct Note {
    name_size: u32,
    description_size: u32,
    kind: u32,
    name: [u8; 8],
    abi_major: u16,
    abi_minor: u16,
    min_host_minor: u16,
    reserved: u16,
    id: [u8; 64],
    version: [u8; 32],
    license: [u8; 32],
}

const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [0; N];
    let from = text.as_bytes();
    let mut i = 0;
    while i < from.len() && i + 1 < N {
        out[i] = from[i];
        i += 1;
    }
    out
}

pub const fn note(id: &str, version: &str, license: &str) -> Note {
    Note {
        name_size: 8,
        description_size: 136,
        kind: 1,
        name: *b"Hyalite\0",
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        min_host_minor: ABI_MINOR,
        reserved: 0,
        id: padded(id),
        version: padded(version),
        license: padded(license),
    }
}
