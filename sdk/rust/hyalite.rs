// Made by sdk/rust/bindings.py from the headers of the SDK; a test holds it equal. Everything is called as there, and
// explained there.
// SPDX-License-Identifier: MIT

pub use std::os::raw::{c_char, c_void};

// ---- abi.h

pub const HYALITE_ABI_MAJOR: u32 = 1;
pub const HYALITE_ABI_NEWEST_MINOR: u32 = 0;
pub const HYALITE_ABI_MINOR: u32 = HYALITE_ABI_NEWEST_MINOR;
pub const HYALITE_MIN_HOST_MINOR: u32 = HYALITE_ABI_MINOR;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_bytes {
    pub data: *const c_char,
    pub size: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_field {
    pub name: hyalite_bytes,
    pub value: hyalite_bytes,
}
pub type hyalite_status = i32;
pub const HYALITE_OK: hyalite_status = 0;
pub const HYALITE_E_INVALID: hyalite_status = -1;
pub const HYALITE_E_FORBIDDEN: hyalite_status = -2;
pub const HYALITE_E_LATE: hyalite_status = -3;
pub const HYALITE_E_LIMIT: hyalite_status = -4;
pub const HYALITE_E_UNSUPPORTED: hyalite_status = -5;
pub const HYALITE_E_MISSING: hyalite_status = -6;
pub const HYALITE_E_TYPE: hyalite_status = -7;
pub const HYALITE_E_FAILED: hyalite_status = -8;
pub const HYALITE_E_STALE: hyalite_status = -9;
pub const HYALITE_E_TIMED_OUT: hyalite_status = -10;
pub const HYALITE_E_CANCELLED: hyalite_status = -11;
pub const HYALITE_E_ENDED: hyalite_status = -12;
pub const HYALITE_E_STOPPED: hyalite_status = -13;
pub type hyalite_verdict = u32;
pub const HYALITE_CONTINUE: hyalite_verdict = 0;
pub const HYALITE_PAUSE: hyalite_verdict = 1;
pub const HYALITE_FINAL: hyalite_verdict = 2;
pub const HYALITE_IGNORE: hyalite_verdict = 3;
pub const HYALITE_ERROR: hyalite_verdict = 4;
pub type hyalite_ref = u64;
pub type hyalite_direction = u32;
pub const HYALITE_REQUEST: hyalite_direction = 0;
pub const HYALITE_RESPONSE: hyalite_direction = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_address {
    pub family: u8,
    pub reserved: u8,
    pub port: u16,
    pub bytes: [u8; 16],
    pub zone: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_finding {
    pub size: u32,
    pub reserved: u32,
    pub source: hyalite_bytes,
    pub name: hyalite_bytes,
    pub detail: hyalite_bytes,
}
#[repr(C)]
pub struct hyalite_flow {
    _unknown: [u8; 0],
}
#[repr(C)]
pub struct hyalite_exchange {
    _unknown: [u8; 0],
}
#[repr(C)]
pub struct hyalite_window {
    _unknown: [u8; 0],
}
// ---- body.h

pub const HYALITE_HOST_BODY_ID: &[u8] = b"hyalite.host.body/1\0";
pub const HYALITE_BODY_NONE: u32 = 0;
pub const HYALITE_BODY_TAP: u32 = 1;
pub const HYALITE_BODY_STREAM: u32 = 2;
pub const HYALITE_BODY_FULL: u32 = 3;
pub const HYALITE_BODY_PEEK: u32 = 4;
pub const HYALITE_BODY_MAY_RESIZE: u32 = 1;
pub const HYALITE_BODY_WANT_TRAILERS: u32 = 2;
pub const HYALITE_BODY_DECODED: u32 = 4;
pub const HYALITE_OVERFLOW_DEGRADE: u32 = 0;
pub const HYALITE_OVERFLOW_SKIP: u32 = 1;
pub const HYALITE_OVERFLOW_REJECT: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_body_options {
    pub size: u32,
    pub mode: u32,
    pub flags: u32,
    pub overflow: u32,
    pub cap: u64,
    pub keep_max: u32,
    pub reserved: u32,
}
pub const HYALITE_WINDOW_END: u32 = 1;
pub const HYALITE_WINDOW_TRUNCATED: u32 = 2;
pub const HYALITE_WINDOW_DECODED: u32 = 4;
pub const HYALITE_WINDOW_CORRUPT: u32 = 8;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_window_view {
    pub size: u32,
    pub flags: u32,
    pub segments: *const hyalite_bytes,
    pub segment_count: usize,
    pub length: u64,
    pub offset: u64,
    pub retained: u64,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_body {
    pub size: u32,
    pub reserved: u32,
    pub pass: Option<unsafe extern "C" fn(window: *mut hyalite_window, n: u64) -> hyalite_status>,
    pub drop: Option<unsafe extern "C" fn(window: *mut hyalite_window, n: u64) -> hyalite_status>,
    pub write: Option<unsafe extern "C" fn(window: *mut hyalite_window, bytes: hyalite_bytes) -> hyalite_status>,
    pub keep: Option<unsafe extern "C" fn(window: *mut hyalite_window, n: u64) -> hyalite_status>,
    pub flat: Option<unsafe extern "C" fn(window: *mut hyalite_window, offset: u64, n: u64, out: *mut hyalite_bytes) -> hyalite_status>,
}
// ---- flow.h

pub const HYALITE_HOST_FLOW_ID: &[u8] = b"hyalite.host.flow/1\0";
pub const HYALITE_FLOW_ID: &[u8] = b"hyalite.flow/1\0";
pub const HYALITE_STREAM_ID: &[u8] = b"hyalite.stream/1\0";
pub const HYALITE_ARRIVAL_UNKNOWN: u32 = 0;
pub const HYALITE_ARRIVAL_TRANSPARENT: u32 = 1;
pub const HYALITE_ARRIVAL_REDIRECT: u32 = 2;
pub const HYALITE_ARRIVAL_FIXED: u32 = 3;
pub const HYALITE_PROTOCOL_PENDING: u32 = 0;
pub const HYALITE_PROTOCOL_UNKNOWN: u32 = 1;
pub const HYALITE_PROTOCOL_HTTP1: u32 = 2;
pub const HYALITE_PROTOCOL_TLS: u32 = 3;
pub const HYALITE_PROTOCOL_HTTP2: u32 = 4;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_flow_info {
    pub size: u32,
    pub arrival: u32,
    pub protocol: u32,
    pub worker: u32,
    pub id: u64,
    pub opened_at: i64,
    pub client: hyalite_address,
    pub destination: hyalite_address,
    pub upstream: hyalite_address,
    pub listener: hyalite_bytes,
    pub server_name: hyalite_bytes,
}
pub const HYALITE_SERVER_NAME_ABSENT: u32 = 0;
pub const HYALITE_SERVER_NAME_HOST: u32 = 1;
pub const HYALITE_SERVER_NAME_ADDRESS: u32 = 2;
pub const HYALITE_SERVER_NAME_INVALID: u32 = 3;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_u16_list {
    pub items: *const u16,
    pub count: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_client_hello {
    pub size: u32,
    pub record_version: u16,
    pub legacy_version: u16,
    pub server_name_kind: u32,
    pub has_encrypted_client_hello: u32,
    pub server_name: hyalite_bytes,
    pub alpn: *const hyalite_bytes,
    pub alpn_count: usize,
    pub versions: hyalite_u16_list,
    pub cipher_suites: hyalite_u16_list,
    pub extensions: hyalite_u16_list,
    pub groups: hyalite_u16_list,
    pub signature_algorithms: hyalite_u16_list,
    pub ec_point_formats: *const u8,
    pub ec_point_format_count: usize,
}
pub const HYALITE_END_COMPLETE: u32 = 0;
pub const HYALITE_END_CLIENT_GONE: u32 = 1;
pub const HYALITE_END_UPSTREAM_GONE: u32 = 2;
pub const HYALITE_END_UPSTREAM_UNREACHABLE: u32 = 3;
pub const HYALITE_END_CLIENT_REFUSED: u32 = 4;
pub const HYALITE_END_UPSTREAM_REFUSED: u32 = 5;
pub const HYALITE_END_BLOCKED: u32 = 6;
pub const HYALITE_END_TIMED_OUT: u32 = 7;
pub const HYALITE_END_STOPPED: u32 = 8;
pub const HYALITE_END_LIMIT: u32 = 9;
pub const HYALITE_END_ERROR: u32 = 10;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_flow_summary {
    pub size: u32,
    pub end: u32,
    pub from_client: u64,
    pub to_client: u64,
    pub to_upstream: u64,
    pub from_upstream: u64,
    pub exchanges: u64,
    pub duration: i64,
    pub inspected: u32,
    pub reserved: u32,
    pub reason: hyalite_bytes,
    pub bypass: hyalite_bytes,
    pub decided_by: hyalite_bytes,
    pub decision_reason: hyalite_bytes,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_flow {
    pub size: u32,
    pub reserved: u32,
    pub info: Option<unsafe extern "C" fn(flow: *mut hyalite_flow) -> *const hyalite_flow_info>,
    pub client_hello: Option<unsafe extern "C" fn(flow: *mut hyalite_flow) -> *const hyalite_client_hello>,
    pub reset: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, reason: hyalite_bytes) -> hyalite_status>,
    pub pass_through: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, reason: hyalite_bytes) -> hyalite_status>,
    pub redirect_upstream: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, to: *const hyalite_address, reason: hyalite_bytes) -> hyalite_status>,
    pub stream_interest: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, direction: hyalite_direction, options: *const hyalite_body_options) -> hyalite_status>,
    pub finding: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, index: usize, out: *mut hyalite_finding) -> hyalite_status>,
    pub add_finding: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, name: hyalite_bytes, detail: hyalite_bytes) -> hyalite_status>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_flow_hooks {
    pub size: u32,
    pub reserved: u32,
    pub flow_open: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void) -> hyalite_verdict>,
    pub protocol: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, protocol: u32) -> hyalite_verdict>,
    pub upstream_connect: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, to: *const hyalite_address) -> hyalite_verdict>,
    pub flow_close: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, summary: *const hyalite_flow_summary) -> hyalite_verdict>,
}
impl hyalite_flow_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        flow_open: None,
        protocol: None,
        upstream_connect: None,
        flow_close: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_flow_hooks {}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_stream_hooks {
    pub size: u32,
    pub reserved: u32,
    pub data: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, direction: hyalite_direction, window: *mut hyalite_window, view: *const hyalite_window_view) -> hyalite_verdict>,
}
impl hyalite_stream_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        data: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_stream_hooks {}
// ---- tls.h

pub const HYALITE_HOST_TLS_ID: &[u8] = b"hyalite.host.tls/draft1\0";
pub const HYALITE_TLS_ID: &[u8] = b"hyalite.tls/draft1\0";
pub type hyalite_side = u32;
pub const HYALITE_SIDE_CLIENT: hyalite_side = 0;
pub const HYALITE_SIDE_UPSTREAM: hyalite_side = 1;
pub const HYALITE_DEFECT_WRONG_NAME: u32 = 1;
pub const HYALITE_DEFECT_EXPIRED: u32 = 2;
pub const HYALITE_DEFECT_NOT_YET_VALID: u32 = 4;
pub const HYALITE_DEFECT_SELF_SIGNED: u32 = 8;
pub const HYALITE_DEFECT_UNKNOWN_ISSUER: u32 = 16;
pub const HYALITE_DEFECT_MISSING_ISSUER: u32 = 32;
pub const HYALITE_DEFECT_OTHER: u32 = 64;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_tls_info {
    pub size: u32,
    pub side: hyalite_side,
    pub done: u32,
    pub resumed: u32,
    pub version: u32,
    pub alert: u32,
    pub verified: u32,
    pub defects: u32,
    pub version_text: hyalite_bytes,
    pub cipher: hyalite_bytes,
    pub group: hyalite_bytes,
    pub alpn: hyalite_bytes,
    pub certificate_sha256: hyalite_bytes,
    pub certificate: hyalite_bytes,
    pub defect_text: hyalite_bytes,
    pub error: hyalite_bytes,
}
pub const HYALITE_BLOCK_RESET: u32 = 0;
pub const HYALITE_BLOCK_ALERT: u32 = 1;
pub const HYALITE_BLOCK_PAGE: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_tls {
    pub size: u32,
    pub reserved: u32,
    pub info: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, side: hyalite_side) -> *const hyalite_tls_info>,
    pub ja3: Option<unsafe extern "C" fn(flow: *mut hyalite_flow) -> hyalite_bytes>,
    pub ja4: Option<unsafe extern "C" fn(flow: *mut hyalite_flow) -> hyalite_bytes>,
    pub intercept: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, reason: hyalite_bytes) -> hyalite_status>,
    pub block: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, with: u32, reason: hyalite_bytes) -> hyalite_status>,
    pub accept_certificate: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, reason: hyalite_bytes) -> hyalite_status>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_tls_hooks {
    pub size: u32,
    pub reserved: u32,
    pub client_hello: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, hello: *const hyalite_client_hello) -> hyalite_verdict>,
    pub upstream_tls: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, info: *const hyalite_tls_info) -> hyalite_verdict>,
    pub tls_done: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, info: *const hyalite_tls_info) -> hyalite_verdict>,
}
impl hyalite_tls_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        client_hello: None,
        upstream_tls: None,
        tls_done: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_tls_hooks {}
// ---- http.h

pub const HYALITE_HOST_HTTP_ID: &[u8] = b"hyalite.host.http/1\0";
pub const HYALITE_HTTP_ID: &[u8] = b"hyalite.http/1\0";
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_header {
    pub name: hyalite_bytes,
    pub value: hyalite_bytes,
    pub id: u16,
    pub flags: u16,
    pub next_same: i32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_headers {
    pub size: u32,
    pub stride: u32,
    pub count: u32,
    pub generation: u32,
    pub items: *const hyalite_header,
    pub first: *const i32,
    pub first_count: u32,
    pub reserved: u32,
}
pub const HYALITE_HEADER_OTHER: u16 = 0;
pub const HYALITE_HEADER_CONNECTION: u16 = 1;
pub const HYALITE_HEADER_CONTENT_LENGTH: u16 = 2;
pub const HYALITE_HEADER_KEEP_ALIVE: u16 = 3;
pub const HYALITE_HEADER_PROXY_CONNECTION: u16 = 4;
pub const HYALITE_HEADER_TE: u16 = 5;
pub const HYALITE_HEADER_TRAILER: u16 = 6;
pub const HYALITE_HEADER_TRANSFER_ENCODING: u16 = 7;
pub const HYALITE_HEADER_UPGRADE: u16 = 8;
pub const HYALITE_HEADER_ACCEPT: u16 = 9;
pub const HYALITE_HEADER_ACCEPT_ENCODING: u16 = 10;
pub const HYALITE_HEADER_ACCEPT_LANGUAGE: u16 = 11;
pub const HYALITE_HEADER_AGE: u16 = 12;
pub const HYALITE_HEADER_AUTHORIZATION: u16 = 13;
pub const HYALITE_HEADER_CACHE_CONTROL: u16 = 14;
pub const HYALITE_HEADER_CONTENT_DISPOSITION: u16 = 15;
pub const HYALITE_HEADER_CONTENT_ENCODING: u16 = 16;
pub const HYALITE_HEADER_CONTENT_LANGUAGE: u16 = 17;
pub const HYALITE_HEADER_CONTENT_LOCATION: u16 = 18;
pub const HYALITE_HEADER_CONTENT_RANGE: u16 = 19;
pub const HYALITE_HEADER_CONTENT_TYPE: u16 = 20;
pub const HYALITE_HEADER_COOKIE: u16 = 21;
pub const HYALITE_HEADER_DATE: u16 = 22;
pub const HYALITE_HEADER_ETAG: u16 = 23;
pub const HYALITE_HEADER_EXPECT: u16 = 24;
pub const HYALITE_HEADER_EXPIRES: u16 = 25;
pub const HYALITE_HEADER_FORWARDED: u16 = 26;
pub const HYALITE_HEADER_HOST: u16 = 27;
pub const HYALITE_HEADER_HTTP2_SETTINGS: u16 = 28;
pub const HYALITE_HEADER_IF_MATCH: u16 = 29;
pub const HYALITE_HEADER_IF_MODIFIED_SINCE: u16 = 30;
pub const HYALITE_HEADER_IF_NONE_MATCH: u16 = 31;
pub const HYALITE_HEADER_IF_RANGE: u16 = 32;
pub const HYALITE_HEADER_IF_UNMODIFIED_SINCE: u16 = 33;
pub const HYALITE_HEADER_LAST_MODIFIED: u16 = 34;
pub const HYALITE_HEADER_LOCATION: u16 = 35;
pub const HYALITE_HEADER_MAX_FORWARDS: u16 = 36;
pub const HYALITE_HEADER_ORIGIN: u16 = 37;
pub const HYALITE_HEADER_PRAGMA: u16 = 38;
pub const HYALITE_HEADER_PROXY_AUTHENTICATE: u16 = 39;
pub const HYALITE_HEADER_PROXY_AUTHORIZATION: u16 = 40;
pub const HYALITE_HEADER_RANGE: u16 = 41;
pub const HYALITE_HEADER_REFERER: u16 = 42;
pub const HYALITE_HEADER_RETRY_AFTER: u16 = 43;
pub const HYALITE_HEADER_SEC_WEBSOCKET_ACCEPT: u16 = 44;
pub const HYALITE_HEADER_SEC_WEBSOCKET_EXTENSIONS: u16 = 45;
pub const HYALITE_HEADER_SEC_WEBSOCKET_KEY: u16 = 46;
pub const HYALITE_HEADER_SEC_WEBSOCKET_PROTOCOL: u16 = 47;
pub const HYALITE_HEADER_SEC_WEBSOCKET_VERSION: u16 = 48;
pub const HYALITE_HEADER_SERVER: u16 = 49;
pub const HYALITE_HEADER_SET_COOKIE: u16 = 50;
pub const HYALITE_HEADER_STRICT_TRANSPORT_SECURITY: u16 = 51;
pub const HYALITE_HEADER_USER_AGENT: u16 = 52;
pub const HYALITE_HEADER_VARY: u16 = 53;
pub const HYALITE_HEADER_VIA: u16 = 54;
pub const HYALITE_HEADER_WWW_AUTHENTICATE: u16 = 55;
pub const HYALITE_HEADER_X_FORWARDED_FOR: u16 = 56;
pub const HYALITE_HEADER_X_FORWARDED_HOST: u16 = 57;
pub const HYALITE_HEADER_X_FORWARDED_PROTO: u16 = 58;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_request_line {
    pub size: u32,
    pub version_major: u16,
    pub version_minor: u16,
    pub method: hyalite_bytes,
    pub target: hyalite_bytes,
    pub authority: hyalite_bytes,
    pub path: hyalite_bytes,
    pub query: hyalite_bytes,
    pub scheme: hyalite_bytes,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_response_line {
    pub size: u32,
    pub version_major: u16,
    pub version_minor: u16,
    pub status: u32,
    pub reserved: u32,
    pub reason: hyalite_bytes,
}
pub type hyalite_part = u32;
pub const HYALITE_PART_REQUEST: hyalite_part = 0;
pub const HYALITE_PART_RESPONSE: hyalite_part = 1;
pub const HYALITE_PART_REQUEST_TRAILERS: hyalite_part = 2;
pub const HYALITE_PART_RESPONSE_TRAILERS: hyalite_part = 3;
pub const HYALITE_PART_INFO: hyalite_part = 4;
pub const HYALITE_SET_REPLACE: u32 = 0;
pub const HYALITE_SET_APPEND: u32 = 1;
pub const HYALITE_SET_IF_ABSENT: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_response {
    pub size: u32,
    pub status: u32,
    pub headers: *const hyalite_field,
    pub header_count: usize,
    pub body: hyalite_bytes,
    pub reason: hyalite_bytes,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_exchange_summary {
    pub size: u32,
    pub end: u32,
    pub status: u32,
    pub upstream_status: u32,
    pub from_client: u64,
    pub to_upstream: u64,
    pub from_upstream: u64,
    pub to_client: u64,
    pub request_content: u64,
    pub response_content: u64,
    pub upstream: hyalite_address,
    pub started_at: i64,
    pub duration: i64,
    pub request_head: i64,
    pub connected: i64,
    pub request_sent: i64,
    pub response_head: i64,
    pub reason: hyalite_bytes,
    pub decided_by: hyalite_bytes,
    pub decision_reason: hyalite_bytes,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_http {
    pub size: u32,
    pub reserved: u32,
    pub intern: Option<unsafe extern "C" fn(host: *const hyalite_host, name: hyalite_bytes) -> u16>,
    pub check_name: Option<unsafe extern "C" fn(host: *const hyalite_host, name: hyalite_bytes) -> hyalite_status>,
    pub check_value: Option<unsafe extern "C" fn(host: *const hyalite_host, value: hyalite_bytes) -> hyalite_status>,
    pub flow: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> *mut hyalite_flow>,
    pub flow_state: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> *mut c_void>,
    pub number: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> u64>,
    pub request_line: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> *const hyalite_request_line>,
    pub response_line: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> *const hyalite_response_line>,
    pub headers: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, part: hyalite_part) -> *const hyalite_headers>,
    pub header_set: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, part: hyalite_part, id: u16, name: hyalite_bytes, value: hyalite_bytes, how: u32) -> hyalite_status>,
    pub header_set_at: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, part: hyalite_part, index: u32, generation: u32, value: hyalite_bytes) -> hyalite_status>,
    pub header_remove: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, part: hyalite_part, id: u16, name: hyalite_bytes) -> hyalite_status>,
    pub set_method: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, method: hyalite_bytes) -> hyalite_status>,
    pub set_target: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, target: hyalite_bytes) -> hyalite_status>,
    pub set_status: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, status: u32, reason: hyalite_bytes) -> hyalite_status>,
    pub body_interest: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, direction: hyalite_direction, options: *const hyalite_body_options) -> hyalite_status>,
    pub respond: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, response: *const hyalite_response) -> hyalite_status>,
    pub reset: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, reason: hyalite_bytes) -> hyalite_status>,
    pub redirect_upstream: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, to: *const hyalite_address, reason: hyalite_bytes) -> hyalite_status>,
    pub drop_info: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange) -> hyalite_status>,
    pub finding: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, index: usize, out: *mut hyalite_finding) -> hyalite_status>,
    pub add_finding: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, name: hyalite_bytes, detail: hyalite_bytes) -> hyalite_status>,
}
pub const HYALITE_TUNNEL_CONNECT: u32 = 0;
pub const HYALITE_TUNNEL_WEBSOCKET: u32 = 1;
pub const HYALITE_TUNNEL_UPGRADE: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_http_hooks {
    pub size: u32,
    pub reserved: u32,
    pub request_head: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, headers: *const hyalite_headers) -> hyalite_verdict>,
    pub request_body: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, window: *mut hyalite_window, view: *const hyalite_window_view) -> hyalite_verdict>,
    pub request_trailers: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, headers: *const hyalite_headers) -> hyalite_verdict>,
    pub request_end: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void) -> hyalite_verdict>,
    pub response_info: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, status: u32, headers: *const hyalite_headers) -> hyalite_verdict>,
    pub response_head: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, headers: *const hyalite_headers) -> hyalite_verdict>,
    pub response_body: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, window: *mut hyalite_window, view: *const hyalite_window_view) -> hyalite_verdict>,
    pub response_trailers: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, headers: *const hyalite_headers) -> hyalite_verdict>,
    pub response_end: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void) -> hyalite_verdict>,
    pub tunnel_open: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, kind: u32) -> hyalite_verdict>,
    pub exchange_end: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, summary: *const hyalite_exchange_summary) -> hyalite_verdict>,
}
impl hyalite_http_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        request_head: None,
        request_body: None,
        request_trailers: None,
        request_end: None,
        response_info: None,
        response_head: None,
        response_body: None,
        response_trailers: None,
        response_end: None,
        tunnel_open: None,
        exchange_end: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_http_hooks {}
// ---- ws.h

pub const HYALITE_HOST_WS_ID: &[u8] = b"hyalite.host.ws/draft1\0";
pub const HYALITE_WS_ID: &[u8] = b"hyalite.ws/draft1\0";
pub const HYALITE_WS_CONTINUATION: u32 = 0;
pub const HYALITE_WS_TEXT: u32 = 1;
pub const HYALITE_WS_BINARY: u32 = 2;
pub const HYALITE_WS_CLOSE: u32 = 8;
pub const HYALITE_WS_PING: u32 = 9;
pub const HYALITE_WS_PONG: u32 = 10;
pub const HYALITE_WS_NONE: u32 = 0;
pub const HYALITE_WS_FRAMES: u32 = 1;
pub const HYALITE_WS_TAP: u32 = 2;
pub const HYALITE_WS_MESSAGES: u32 = 3;
pub const HYALITE_WS_OVERFLOW_REJECT: u32 = 0;
pub const HYALITE_WS_OVERFLOW_SKIP: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_ws_options {
    pub size: u32,
    pub mode: u32,
    pub overflow: u32,
    pub reserved: u32,
    pub cap: u64,
}
pub const HYALITE_WS_FINAL: u32 = 1;
pub const HYALITE_WS_TRUNCATED: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_ws_message {
    pub size: u32,
    pub opcode: u32,
    pub flags: u32,
    pub frames: u32,
    pub length: u64,
    pub payload: hyalite_bytes,
    pub close_code: u32,
    pub reserved: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_ws {
    pub size: u32,
    pub reserved: u32,
    pub interest: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, direction: hyalite_direction, options: *const hyalite_ws_options) -> hyalite_status>,
    pub enough: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, direction: hyalite_direction) -> hyalite_status>,
    pub replace: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, payload: hyalite_bytes) -> hyalite_status>,
    pub drop: Option<unsafe extern "C" fn(flow: *mut hyalite_flow) -> hyalite_status>,
    pub inject: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, direction: hyalite_direction, opcode: u32, payload: hyalite_bytes) -> hyalite_status>,
    pub close: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, code: u32, reason: hyalite_bytes) -> hyalite_status>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_ws_hooks {
    pub size: u32,
    pub reserved: u32,
    pub ws_message: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, direction: hyalite_direction, message: *const hyalite_ws_message) -> hyalite_verdict>,
}
impl hyalite_ws_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        ws_message: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_ws_hooks {}
// ---- notes.h

pub const HYALITE_HOST_NOTES_ID: &[u8] = b"hyalite.host.notes/1\0";
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_notes {
    pub size: u32,
    pub reserved: u32,
    pub key: Option<unsafe extern "C" fn(host: *const hyalite_host, name: hyalite_bytes) -> u32>,
    pub set: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, key: u32, value: hyalite_bytes) -> hyalite_status>,
    pub set_flow: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, key: u32, value: hyalite_bytes) -> hyalite_status>,
    pub get: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, key: u32, value: *mut hyalite_bytes) -> hyalite_status>,
    pub get_flow: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, key: u32, value: *mut hyalite_bytes) -> hyalite_status>,
    pub at: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, index: usize, note: *mut hyalite_field) -> hyalite_status>,
    pub at_flow: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, index: usize, note: *mut hyalite_field) -> hyalite_status>,
}
// ---- async.h

pub const HYALITE_HOST_ASYNC_ID: &[u8] = b"hyalite.host.async/1\0";
pub const HYALITE_ASYNC_ID: &[u8] = b"hyalite.async/1\0";
pub const HYALITE_DEADLINE_FAILS: u32 = 0;
pub const HYALITE_DEADLINE_ASKS: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_pause_options {
    pub size: u32,
    pub on_deadline: u32,
    pub within: i64,
}
pub const HYALITE_HOOK_UNKNOWN: u32 = 0;
pub const HYALITE_HOOK_FLOW_OPEN: u32 = 1;
pub const HYALITE_HOOK_PROTOCOL: u32 = 2;
pub const HYALITE_HOOK_CLIENT_HELLO: u32 = 3;
pub const HYALITE_HOOK_UPSTREAM_CONNECT: u32 = 4;
pub const HYALITE_HOOK_REQUEST_HEAD: u32 = 5;
pub const HYALITE_HOOK_REQUEST_BODY: u32 = 6;
pub const HYALITE_HOOK_REQUEST_TRAILERS: u32 = 7;
pub const HYALITE_HOOK_RESPONSE_HEAD: u32 = 8;
pub const HYALITE_HOOK_RESPONSE_BODY: u32 = 9;
pub const HYALITE_HOOK_RESPONSE_TRAILERS: u32 = 10;
pub const HYALITE_HOOK_DATA: u32 = 11;
pub const HYALITE_HOOK_UPSTREAM_TLS: u32 = 12;
pub const HYALITE_HOOK_TLS_DONE: u32 = 13;
pub const HYALITE_HOOK_WS_MESSAGE: u32 = 14;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_resumption {
    pub size: u32,
    pub status: hyalite_status,
    pub pause: hyalite_ref,
    pub hook: u32,
    pub direction: hyalite_direction,
    pub window: *mut hyalite_window,
    pub view: *const hyalite_window_view,
    pub subject: *const c_void,
}
pub type hyalite_done = Option<unsafe extern "C" fn(instance: *mut c_void, ref_: hyalite_ref, user: *mut c_void, status: hyalite_status)>;
pub type hyalite_run = Option<unsafe extern "C" fn(user: *mut c_void)>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_async {
    pub size: u32,
    pub reserved: u32,
    pub pause_flow: Option<unsafe extern "C" fn(flow: *mut hyalite_flow, options: *const hyalite_pause_options, ref_: *mut hyalite_ref) -> hyalite_status>,
    pub pause_exchange: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, options: *const hyalite_pause_options, ref_: *mut hyalite_ref) -> hyalite_status>,
    pub resume: Option<unsafe extern "C" fn(host: *const hyalite_host, pause: hyalite_ref) -> hyalite_status>,
    pub timer: Option<unsafe extern "C" fn(host: *const hyalite_host, after: i64, period: i64, done: hyalite_done, user: *mut c_void, ref_: *mut hyalite_ref) -> hyalite_status>,
    pub post: Option<unsafe extern "C" fn(host: *const hyalite_host, done: hyalite_done, user: *mut c_void) -> hyalite_status>,
    pub work: Option<unsafe extern "C" fn(host: *const hyalite_host, run: hyalite_run, done: hyalite_done, user: *mut c_void, ref_: *mut hyalite_ref) -> hyalite_status>,
    pub cancel: Option<unsafe extern "C" fn(host: *const hyalite_host, ref_: hyalite_ref) -> hyalite_status>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_async_hooks {
    pub size: u32,
    pub reserved: u32,
    pub resume_flow: Option<unsafe extern "C" fn(instance: *mut c_void, flow: *mut hyalite_flow, state: *mut c_void, resumption: *const hyalite_resumption) -> hyalite_verdict>,
    pub resume_exchange: Option<unsafe extern "C" fn(instance: *mut c_void, exchange: *mut hyalite_exchange, state: *mut c_void, resumption: *const hyalite_resumption) -> hyalite_verdict>,
}
impl hyalite_async_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        resume_flow: None,
        resume_exchange: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_async_hooks {}
// ---- fetch.h

pub const HYALITE_HOST_FETCH_ID: &[u8] = b"hyalite.host.fetch/draft1\0";
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_fetch {
    pub size: u32,
    pub reserved: u32,
    pub service: hyalite_bytes,
    pub method: hyalite_bytes,
    pub target: hyalite_bytes,
    pub headers: *const hyalite_field,
    pub header_count: usize,
    pub body: hyalite_bytes,
    pub within: i64,
    pub exchange: *mut hyalite_exchange,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_fetch_result {
    pub size: u32,
    pub status: hyalite_status,
    pub http_status: u32,
    pub reserved: u32,
    pub headers: *const hyalite_field,
    pub header_count: usize,
    pub body: hyalite_bytes,
    pub why: hyalite_bytes,
}
pub type hyalite_fetch_done = Option<unsafe extern "C" fn(instance: *mut c_void, fetch: hyalite_ref, user: *mut c_void, result: *const hyalite_fetch_result)>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_fetch {
    pub size: u32,
    pub reserved: u32,
    pub fetch: Option<unsafe extern "C" fn(host: *const hyalite_host, fetch: *const hyalite_fetch, done: hyalite_fetch_done, user: *mut c_void, ref_: *mut hyalite_ref) -> hyalite_status>,
}
// ---- channel.h

pub const HYALITE_HOST_CHANNEL_ID: &[u8] = b"hyalite.host.channel/draft1\0";
pub const HYALITE_CHANNEL_ROOM: u32 = 1;
pub const HYALITE_CHANNEL_OVER: u32 = 2;
pub const HYALITE_CHANNEL_DATA: u32 = 3;
pub const HYALITE_CHANNEL_END: u32 = 4;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_channel_event {
    pub size: u32,
    pub kind: u32,
    pub status: hyalite_status,
    pub reserved: u32,
    pub room: u64,
    pub bytes: hyalite_bytes,
    pub why: hyalite_bytes,
}
pub type hyalite_channel_told = Option<unsafe extern "C" fn(instance: *mut c_void, channel: hyalite_ref, user: *mut c_void, event: *const hyalite_channel_event)>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_connect {
    pub size: u32,
    pub reserved: u32,
    pub service: hyalite_bytes,
    pub exchange: *mut hyalite_exchange,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_channel {
    pub size: u32,
    pub reserved: u32,
    pub respond_stream: Option<unsafe extern "C" fn(exchange: *mut hyalite_exchange, response: *const hyalite_response, told: hyalite_channel_told, user: *mut c_void, channel: *mut hyalite_ref) -> hyalite_status>,
    pub write: Option<unsafe extern "C" fn(host: *const hyalite_host, channel: hyalite_ref, bytes: hyalite_bytes, last: u32) -> hyalite_status>,
    pub connect: Option<unsafe extern "C" fn(host: *const hyalite_host, what: *const hyalite_connect, told: hyalite_channel_told, user: *mut c_void, channel: *mut hyalite_ref) -> hyalite_status>,
    pub receive: Option<unsafe extern "C" fn(host: *const hyalite_host, channel: hyalite_ref, on: u32) -> hyalite_status>,
}
// ---- host.h

pub const HYALITE_NO_WORKER: u32 = u32::MAX;
pub const HYALITE_HOST_SETTINGS_ID: &[u8] = b"hyalite.host.settings/1\0";
pub const HYALITE_HOST_METRICS_ID: &[u8] = b"hyalite.host.metrics/1\0";
pub const HYALITE_LOG_ERROR: u32 = 0;
pub const HYALITE_LOG_WARNING: u32 = 1;
pub const HYALITE_LOG_INFO: u32 = 2;
pub const HYALITE_LOG_DEBUG: u32 = 3;
pub const HYALITE_CLOCK_WALL: u32 = 0;
pub const HYALITE_CLOCK_MONOTONIC: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub self_: *mut c_void,
    pub product: hyalite_bytes,
    pub version: hyalite_bytes,
    pub instance: hyalite_bytes,
    pub worker_index: u32,
    pub log_level: u32,
    pub get_interface: Option<unsafe extern "C" fn(host: *const hyalite_host, id: *const c_char) -> *const c_void>,
    pub log: Option<unsafe extern "C" fn(host: *const hyalite_host, level: u32, message: hyalite_bytes, fields: *const hyalite_field, count: usize)>,
    pub now: Option<unsafe extern "C" fn(host: *const hyalite_host, clock: u32) -> i64>,
}
#[repr(C)]
pub struct hyalite_value {
    _unknown: [u8; 0],
}
pub const HYALITE_VALUE_NULL: u32 = 0;
pub const HYALITE_VALUE_BOOLEAN: u32 = 1;
pub const HYALITE_VALUE_INTEGER: u32 = 2;
pub const HYALITE_VALUE_NUMBER: u32 = 3;
pub const HYALITE_VALUE_TEXT: u32 = 4;
pub const HYALITE_VALUE_LIST: u32 = 5;
pub const HYALITE_VALUE_MAP: u32 = 6;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_settings {
    pub size: u32,
    pub reserved: u32,
    pub root: Option<unsafe extern "C" fn(host: *const hyalite_host) -> *const hyalite_value>,
    pub find: Option<unsafe extern "C" fn(host: *const hyalite_host, from: *const hyalite_value, path: hyalite_bytes) -> *const hyalite_value>,
    pub item: Option<unsafe extern "C" fn(host: *const hyalite_host, of: *const hyalite_value, index: usize, key: *mut hyalite_bytes) -> *const hyalite_value>,
    pub count: Option<unsafe extern "C" fn(host: *const hyalite_host, of: *const hyalite_value) -> usize>,
    pub kind: Option<unsafe extern "C" fn(host: *const hyalite_host, value: *const hyalite_value) -> u32>,
    pub text: Option<unsafe extern "C" fn(host: *const hyalite_host, value: *const hyalite_value, out: *mut hyalite_bytes) -> hyalite_status>,
    pub integer: Option<unsafe extern "C" fn(host: *const hyalite_host, value: *const hyalite_value, out: *mut i64) -> hyalite_status>,
    pub number: Option<unsafe extern "C" fn(host: *const hyalite_host, value: *const hyalite_value, out: *mut f64) -> hyalite_status>,
    pub boolean: Option<unsafe extern "C" fn(host: *const hyalite_host, value: *const hyalite_value, out: *mut u32) -> hyalite_status>,
    pub mistake: Option<unsafe extern "C" fn(host: *const hyalite_host, at: *const hyalite_value, text: hyalite_bytes)>,
}
pub const HYALITE_COUNTER: u32 = 0;
pub const HYALITE_GAUGE: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_metric {
    pub size: u32,
    pub kind: u32,
    pub name: hyalite_bytes,
    pub help: hyalite_bytes,
    pub labels: *const hyalite_field,
    pub label_count: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_host_metrics {
    pub size: u32,
    pub reserved: u32,
    pub define: Option<unsafe extern "C" fn(host: *const hyalite_host, metric: *const hyalite_metric, id: *mut u32) -> hyalite_status>,
    pub cell: Option<unsafe extern "C" fn(host: *const hyalite_host, id: u32) -> *mut u64>,
}
// ---- plugin.h

pub const HYALITE_NOTE_SECTION: &[u8] = b".note.hyalite\0";
pub const HYALITE_NOTE_NAME: &[u8] = b"Hyalite\0";
pub const HYALITE_NOTE_TYPE: u32 = 1;
pub const HYALITE_DESCRIPTOR_MAGIC: u32 = 0x6c617948;
pub const HYALITE_ENTRY_NAME: &[u8] = b"hyalite_plugin_entry\0";
pub const HYALITE_STATE_ID: &[u8] = b"hyalite.state/1\0";
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_elf_note {
    pub name_size: u32,
    pub description_size: u32,
    pub type_: u32,
    pub name: [c_char; 8],
    pub abi_major: u16,
    pub abi_minor: u16,
    pub min_host_minor: u16,
    pub reserved: u16,
    pub id: [c_char; 64],
    pub version: [c_char; 32],
    pub license: [c_char; 32],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_worker {
    pub size: u32,
    pub index: u32,
    pub count: u32,
    pub reserved: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_descriptor {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub size: u32,
    pub flags: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub license: *const c_char,
    pub settings_schema: *const c_char,
    pub get_interface: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
    pub validate: Option<unsafe extern "C" fn(host: *const hyalite_host) -> hyalite_status>,
    pub create: Option<unsafe extern "C" fn(host: *const hyalite_host, instance: *mut *mut c_void) -> hyalite_status>,
    pub start: Option<unsafe extern "C" fn(instance: *mut c_void, worker: *const hyalite_worker) -> hyalite_status>,
    pub tick: Option<unsafe extern "C" fn(instance: *mut c_void) -> hyalite_status>,
    pub reopen: Option<unsafe extern "C" fn(instance: *mut c_void) -> hyalite_status>,
    pub drain: Option<unsafe extern "C" fn(instance: *mut c_void) -> hyalite_status>,
    pub stop: Option<unsafe extern "C" fn(instance: *mut c_void) -> hyalite_status>,
    pub destroy: Option<unsafe extern "C" fn(instance: *mut c_void)>,
}
impl hyalite_descriptor {
    pub const EMPTY: Self = Self {
        magic: HYALITE_DESCRIPTOR_MAGIC,
        abi_major: HYALITE_ABI_MAJOR as u16,
        abi_minor: HYALITE_ABI_MINOR as u16,
        size: std::mem::size_of::<Self>() as u32,
        flags: 0,
        id: std::ptr::null(),
        version: std::ptr::null(),
        summary: std::ptr::null(),
        license: std::ptr::null(),
        settings_schema: std::ptr::null(),
        get_interface: None,
        validate: None,
        create: None,
        start: None,
        tick: None,
        reopen: None,
        drain: None,
        stop: None,
        destroy: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_descriptor {}
pub type hyalite_entry = Option<unsafe extern "C" fn() -> *const hyalite_descriptor>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_state_hooks {
    pub size: u32,
    pub reserved: u32,
    pub flow_size: usize,
    pub exchange_size: usize,
    pub flow_init: Option<unsafe extern "C" fn(instance: *mut c_void, state: *mut c_void) -> hyalite_status>,
    pub flow_fini: Option<unsafe extern "C" fn(instance: *mut c_void, state: *mut c_void)>,
    pub exchange_init: Option<unsafe extern "C" fn(instance: *mut c_void, state: *mut c_void) -> hyalite_status>,
    pub exchange_fini: Option<unsafe extern "C" fn(instance: *mut c_void, state: *mut c_void)>,
}
impl hyalite_state_hooks {
    pub const EMPTY: Self = Self {
        size: std::mem::size_of::<Self>() as u32,
        reserved: 0,
        flow_size: 0,
        exchange_size: 0,
        flow_init: None,
        flow_fini: None,
        exchange_init: None,
        exchange_fini: None,
    };
}
// Nothing in it is ever written to.
unsafe impl Sync for hyalite_state_hooks {}

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
