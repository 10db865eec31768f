// The border: as much of the interface as this plugin uses, in safe words. A panic never crosses it.
// SPDX-License-Identifier: MIT
use crate::hyalite::*;
use std::panic::{catch_unwind, AssertUnwindSafe};

pub trait Plugin: Sized {
    fn create(host: Host) -> Result<Self, hyalite_status>;
    fn request_head(&mut self, exchange: Exchange) -> hyalite_verdict;
    fn tick(&mut self) {}
}

// What an instance may ask of the proxy. The tables live as long as the process.
#[derive(Clone, Copy)]
pub struct Host {
    host: *const hyalite_host,
    http: &'static hyalite_host_http,
    flow: &'static hyalite_host_flow,
    settings: &'static hyalite_host_settings,
    metrics: &'static hyalite_host_metrics,
}

impl Host {
    unsafe fn of(host: *const hyalite_host) -> Option<Host> {
        let http = table(host, HYALITE_HOST_HTTP_ID) as *const hyalite_host_http;
        let flow = table(host, HYALITE_HOST_FLOW_ID) as *const hyalite_host_flow;
        let settings = table(host, HYALITE_HOST_SETTINGS_ID) as *const hyalite_host_settings;
        let metrics = table(host, HYALITE_HOST_METRICS_ID) as *const hyalite_host_metrics;
        // An older host's tables may be shorter: each function that is called must be there.
        let all = hyalite_has!(http, flow) && hyalite_has!(http, respond) && hyalite_has!(flow, info)
            && hyalite_has!(settings, find) && hyalite_has!(settings, integer) && hyalite_has!(metrics, cell) && hyalite_has!(host, now);
        all.then(|| Host { host, http: &*http, flow: &*flow, settings: &*settings, metrics: &*metrics })
    }

    // In create.
    pub fn integer_setting(&self, path: &str) -> Option<i64> {
        let mut number = 0;
        unsafe {
            let root = self.settings.root?(self.host);
            let value = self.settings.find?(self.host, root, bytes(path));
            (!value.is_null() && self.settings.integer?(self.host, value, &mut number) == HYALITE_OK).then(|| number)
        }
    }
    // In create.
    pub fn define_counter(&self, name: &str, help: &str) -> Result<u32, hyalite_status> {
        let metric = hyalite_metric { size: std::mem::size_of::<hyalite_metric>() as u32, kind: HYALITE_COUNTER, name: bytes(name), help: bytes(help),
                                      labels: std::ptr::null(), label_count: 0 };
        let mut id = 0;
        match unsafe { (self.metrics.define.ok_or(HYALITE_E_UNSUPPORTED)?)(self.host, &metric, &mut id) } {
            HYALITE_OK => Ok(id),
            failed => Err(failed),
        }
    }
    // In a worker.
    pub fn count(&self, counter: u32) {
        if let Some(cell) = self.metrics.cell {
            unsafe { *cell(self.host, counter) += 1 };
        }
    }
    // Nanoseconds.
    pub fn monotonic_clock(&self) -> i64 {
        unsafe { (*self.host).now.map_or(0, |now| now(self.host, HYALITE_CLOCK_MONOTONIC)) }
    }
}

// Good until the hook returns.
pub struct Exchange<'a> {
    host: &'a Host,
    exchange: *mut hyalite_exchange,
}

impl Exchange<'_> {
    pub fn client(&self) -> hyalite_address {
        match (self.host.http.flow, self.host.flow.info) {
            (Some(flow), Some(info)) => unsafe { (*info(flow(self.exchange))).client },
            _ => unreachable!("Host::of has looked"),
        }
    }
    pub fn respond(&self, status: u32, body: &str, headers: &[(&str, &str)], reason: &str) -> hyalite_verdict {
        let fields: Vec<hyalite_field> = headers.iter().map(|(name, value)| hyalite_field { name: bytes(name), value: bytes(value) }).collect();
        let mut response: hyalite_response = unsafe { std::mem::zeroed() };
        response.size = std::mem::size_of::<hyalite_response>() as u32;
        response.status = status;
        response.headers = fields.as_ptr();
        response.header_count = fields.len();
        response.body = bytes(body);
        response.reason = bytes(reason);
        match self.host.http.respond {
            Some(respond) if unsafe { respond(self.exchange, &response) } == HYALITE_OK => HYALITE_FINAL,
            _ => HYALITE_ERROR,
        }
    }
}

// An instance with the host that it was made for.
pub struct Made<P> {
    host: Host,
    plugin: P,
}

pub unsafe extern "C" fn create<P: Plugin>(host: *const hyalite_host, out: *mut *mut c_void) -> hyalite_status {
    let made = catch_unwind(|| -> Result<Made<P>, hyalite_status> {
        let host = Host::of(host).ok_or(HYALITE_E_UNSUPPORTED)?;
        Ok(Made { host, plugin: P::create(host)? })
    });
    match made {
        Ok(Ok(made)) => {
            *out = Box::into_raw(Box::new(made)) as *mut c_void;
            HYALITE_OK
        }
        Ok(Err(status)) => status,
        Err(_) => HYALITE_E_FAILED,
    }
}
pub unsafe extern "C" fn destroy<P: Plugin>(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Made<P>));
}
// A panic is a failure, and the operator's on_failure decides.
pub unsafe extern "C" fn request_head<P: Plugin>(instance: *mut c_void, exchange: *mut hyalite_exchange, _state: *mut c_void,
                                                 _headers: *const hyalite_headers) -> hyalite_verdict {
    let made = &mut *(instance as *mut Made<P>); // nobody else has it: the hooks of a worker never run at the same time
    catch_unwind(AssertUnwindSafe(|| made.plugin.request_head(Exchange { host: &made.host, exchange }))).unwrap_or(HYALITE_ERROR)
}
pub unsafe extern "C" fn tick<P: Plugin>(instance: *mut c_void) -> hyalite_status {
    let made = &mut *(instance as *mut Made<P>);
    catch_unwind(AssertUnwindSafe(|| made.plugin.tick())).map_or(HYALITE_E_FAILED, |_| HYALITE_OK)
}

/// The note, the descriptor and the entry: `hyalite_plugin!(Type, "id", "version", "summary", "license", schema)`.
#[macro_export]
macro_rules! hyalite_plugin {
    ($plugin:ty, $id:literal, $version:literal, $summary:literal, $license:literal, $schema:expr) => {
        #[used]
        #[link_section = ".note.hyalite"]
        static NOTE: hyalite_elf_note = note($id, $version, $license);

        static HOOKS: hyalite_http_hooks = hyalite_http_hooks { request_head: Some(plugin::request_head::<$plugin>), ..hyalite_http_hooks::EMPTY };

        unsafe extern "C" fn get_interface(id: *const c_char) -> *const c_void {
            if std::ffi::CStr::from_ptr(id).to_bytes_with_nul() == HYALITE_HTTP_ID {
                return &HOOKS as *const hyalite_http_hooks as *const c_void;
            }
            std::ptr::null()
        }

        static DESCRIPTOR: hyalite_descriptor = hyalite_descriptor {
            id: concat!($id, "\0").as_ptr() as *const c_char,
            version: concat!($version, "\0").as_ptr() as *const c_char,
            summary: concat!($summary, "\0").as_ptr() as *const c_char,
            license: concat!($license, "\0").as_ptr() as *const c_char,
            settings_schema: $schema.as_ptr() as *const c_char,
            get_interface: Some(get_interface),
            create: Some(plugin::create::<$plugin>),
            tick: Some(plugin::tick::<$plugin>),
            destroy: Some(plugin::destroy::<$plugin>),
            ..hyalite_descriptor::EMPTY
        };

        #[no_mangle]
        pub extern "C" fn hyalite_plugin_entry() -> *const hyalite_descriptor {
            &DESCRIPTOR
        }
    };
}
