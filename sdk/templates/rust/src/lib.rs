// @NAME@: marks every request. Make it yours.
//
// The interface as the installed SDK has it: everything is called, and explained, as in <hyalite/plugin.h>.
#[macro_use]
#[allow(dead_code, non_camel_case_types)]
mod hyalite {
    include!(concat!(env!("HYALITE_RUST"), "/hyalite.rs"));
}
use hyalite::*;
use std::panic::{catch_unwind, AssertUnwindSafe};

#[used]
#[link_section = ".note.hyalite"]
static NOTE: hyalite_elf_note = note("@NAME@", "0.1.0", "MIT");

// One configured plugin. Made once per configuration, before there are workers: build what all of them only read.
struct Instance {
    http: &'static hyalite_host_http,
}

unsafe extern "C" fn create(host: *const hyalite_host, instance: *mut *mut c_void) -> hyalite_status {
    let http = table(host, HYALITE_HOST_HTTP_ID) as *const hyalite_host_http;
    if !hyalite_has!(http, header_set) {
        return HYALITE_E_UNSUPPORTED;
    }
    *instance = Box::into_raw(Box::new(Instance { http: &*http })) as *mut c_void;
    HYALITE_OK
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Instance));
}

impl Instance {
    // The head of a request is whole; nothing of it went upstream yet.
    fn request_head(&self, exchange: *mut hyalite_exchange) -> Option<()> {
        let set = self.http.header_set?;
        match unsafe { set(exchange, HYALITE_PART_REQUEST, 0, bytes("X-Marked"), bytes("yes"), HYALITE_SET_REPLACE) } {
            HYALITE_OK => Some(()),
            _ => None,
        }
    }
}

// A panic must not leave the plugin: it is a failure, and the operator's on_failure decides.
unsafe extern "C" fn request_head(instance: *mut c_void, exchange: *mut hyalite_exchange, _state: *mut c_void, _headers: *const hyalite_headers) -> hyalite_verdict {
    let this = &*(instance as *const Instance);
    match catch_unwind(AssertUnwindSafe(|| this.request_head(exchange))) {
        Ok(Some(())) => HYALITE_CONTINUE,
        _ => HYALITE_ERROR,
    }
}

static HOOKS: hyalite_http_hooks = hyalite_http_hooks {
    request_head: Some(request_head),
    ..hyalite_http_hooks::EMPTY
};

unsafe extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    if std::ffi::CStr::from_ptr(id).to_bytes_with_nul() == HYALITE_HTTP_ID {
        return &HOOKS as *const hyalite_http_hooks as *const c_void;
    }
    std::ptr::null()
}

static DESCRIPTOR: hyalite_descriptor = hyalite_descriptor {
    id: b"@NAME@\0".as_ptr() as *const c_char,
    version: b"0.1.0\0".as_ptr() as *const c_char,
    summary: b"Marks every request\0".as_ptr() as *const c_char,
    license: b"MIT\0".as_ptr() as *const c_char,
    get_interface: Some(get_interface),
    create: Some(create),
    destroy: Some(destroy),
    ..hyalite_descriptor::EMPTY
};

#[no_mangle]
pub extern "C" fn hyalite_plugin_entry() -> *const hyalite_descriptor {
    &DESCRIPTOR
}
