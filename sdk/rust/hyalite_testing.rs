// Made by sdk/rust/bindings.py from the headers of the SDK; a test holds it equal. Everything is called as there, and
// explained there.
// SPDX-License-Identifier: MIT

// Included beside hyalite.rs, in a test that links with `hyalite-testing`.

#[repr(C)]
pub struct hyalite_bench {
    _unknown: [u8; 0],
}
#[repr(C)]
pub struct hyalite_talk {
    _unknown: [u8; 0],
}
extern "C" { pub fn hyalite_bench_open(settings: hyalite_bytes) -> *mut hyalite_bench; }
extern "C" { pub fn hyalite_bench_mistakes(bench: *mut hyalite_bench) -> hyalite_bytes; }
extern "C" { pub fn hyalite_bench_close(bench: *mut hyalite_bench); }
extern "C" { pub fn hyalite_bench_advance(bench: *mut hyalite_bench, ns: i64); }
extern "C" { pub fn hyalite_bench_wait(bench: *mut hyalite_bench, at_most_ns: i64) -> std::os::raw::c_int; }
extern "C" { pub fn hyalite_bench_reopen(bench: *mut hyalite_bench); }
extern "C" { pub fn hyalite_bench_drain(bench: *mut hyalite_bench); }
extern "C" { pub fn hyalite_bench_log(bench: *mut hyalite_bench) -> hyalite_bytes; }
extern "C" { pub fn hyalite_bench_complaints(bench: *mut hyalite_bench) -> hyalite_bytes; }
extern "C" { pub fn hyalite_bench_count(bench: *mut hyalite_bench, metric: hyalite_bytes, instance: hyalite_bytes) -> i64; }
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_question {
    pub size: u32,
    pub reserved: u32,
    pub id: u64,
    pub service: hyalite_bytes,
    pub method: hyalite_bytes,
    pub target: hyalite_bytes,
    pub body: hyalite_bytes,
    pub headers: *const hyalite_field,
    pub header_count: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_answer {
    pub size: u32,
    pub status: hyalite_status,
    pub http_status: u32,
    pub reserved: u32,
    pub headers: *const hyalite_field,
    pub header_count: usize,
    pub body: hyalite_bytes,
}
extern "C" { pub fn hyalite_bench_question(bench: *mut hyalite_bench, index: usize, out: *mut hyalite_question) -> hyalite_status; }
extern "C" { pub fn hyalite_bench_answer(bench: *mut hyalite_bench, id: u64, answer: *const hyalite_answer) -> hyalite_status; }
pub type hyalite_on_question = Option<unsafe extern "C" fn(user: *mut c_void, question: *const hyalite_question, answer: *mut hyalite_answer) -> std::os::raw::c_int>;
extern "C" { pub fn hyalite_bench_on_question(bench: *mut hyalite_bench, service: hyalite_bytes, on_question: hyalite_on_question, user: *mut c_void); }
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_service_connection {
    pub size: u32,
    pub is_open: u32,
    pub id: u64,
    pub service: hyalite_bytes,
    pub heard: hyalite_bytes,
    pub plugin_ended: u32,
    pub reserved: u32,
}
extern "C" { pub fn hyalite_bench_connection(bench: *mut hyalite_bench, index: usize, out: *mut hyalite_service_connection) -> hyalite_status; }
pub const HYALITE_SERVICE_SAYS: u32 = 0;
pub const HYALITE_SERVICE_ENDS: u32 = 1;
pub const HYALITE_SERVICE_BREAKS: u32 = 2;
pub const HYALITE_SERVICE_PAUSES: u32 = 3;
pub const HYALITE_SERVICE_READS_ON: u32 = 4;
extern "C" { pub fn hyalite_bench_service(bench: *mut hyalite_bench, id: u64, does: u32, bytes: hyalite_bytes) -> hyalite_status; }
extern "C" { pub fn hyalite_bench_service_is_gone(bench: *mut hyalite_bench, service: hyalite_bytes, gone: std::os::raw::c_int); }
pub type hyalite_on_heard = Option<unsafe extern "C" fn(user: *mut c_void, connection: *const hyalite_service_connection, fresh: hyalite_bytes)>;
extern "C" { pub fn hyalite_bench_on_heard(bench: *mut hyalite_bench, service: hyalite_bytes, on_heard: hyalite_on_heard, user: *mut c_void); }
pub const HYALITE_UPSTREAM_THERE: u32 = 0;
pub const HYALITE_UPSTREAM_REFUSES: u32 = 1;
pub const HYALITE_UPSTREAM_TIMES_OUT: u32 = 2;
pub const HYALITE_UPSTREAM_UNREACHABLE: u32 = 3;
pub const HYALITE_UPSTREAM_WAITS: u32 = 4;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_talk_options {
    pub size: u32,
    pub upstream: u32,
    pub client: hyalite_bytes,
    pub destination: hyalite_bytes,
    pub listener: u32,
    pub upstream_defects: u32,
    pub upstream_has_no_tls: u32,
    pub client_refuses_tls: u32,
}
extern "C" { pub fn hyalite_talk_open(bench: *mut hyalite_bench, options: *const hyalite_talk_options) -> *mut hyalite_talk; }
extern "C" { pub fn hyalite_talk_close(talk: *mut hyalite_talk); }
extern "C" { pub fn hyalite_talk_say(talk: *mut hyalite_talk, side: hyalite_side, bytes: hyalite_bytes) -> std::os::raw::c_int; }
extern "C" { pub fn hyalite_talk_end(talk: *mut hyalite_talk, side: hyalite_side) -> std::os::raw::c_int; }
extern "C" { pub fn hyalite_talk_break(talk: *mut hyalite_talk, side: hyalite_side) -> std::os::raw::c_int; }
extern "C" { pub fn hyalite_talk_let_connect(talk: *mut hyalite_talk); }
extern "C" { pub fn hyalite_talk_client_hello(talk: *mut hyalite_talk, server_name: hyalite_bytes, alpn: hyalite_bytes) -> hyalite_bytes; }
extern "C" { pub fn hyalite_talk_sent(talk: *mut hyalite_talk, side: hyalite_side) -> hyalite_bytes; }
extern "C" { pub fn hyalite_talk_unread(talk: *mut hyalite_talk, side: hyalite_side) -> hyalite_bytes; }
pub const HYALITE_STILL_OPEN: u32 = 0;
pub const HYALITE_ENDED_IN_ORDER: u32 = 1;
pub const HYALITE_ENDED_BY_RESET: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_talk_state {
    pub size: u32,
    pub connected: u32,
    pub connections: u32,
    pub client: u32,
    pub upstream: u32,
    pub reserved: u32,
    pub stage: hyalite_bytes,
    pub reason: hyalite_bytes,
    pub connected_to: hyalite_bytes,
}
extern "C" { pub fn hyalite_talk_look(talk: *mut hyalite_talk, out: *mut hyalite_talk_state); }
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_message {
    pub size: u32,
    pub status: u32,
    pub method: hyalite_bytes,
    pub target: hyalite_bytes,
    pub content: hyalite_bytes,
    pub headers: *const hyalite_field,
    pub trailers: *const hyalite_field,
    pub header_count: usize,
    pub trailer_count: usize,
}
extern "C" { pub fn hyalite_talk_message(talk: *mut hyalite_talk, side: hyalite_side, index: usize, out: *mut hyalite_message) -> hyalite_status; }
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_ended_exchange {
    pub size: u32,
    pub end: u32,
    pub status: u32,
    pub reserved: u32,
    pub reason: hyalite_bytes,
    pub decided_by: hyalite_bytes,
    pub decision_reason: hyalite_bytes,
    pub notes: *const hyalite_field,
    pub findings: *const hyalite_field,
    pub note_count: usize,
    pub finding_count: usize,
}
extern "C" { pub fn hyalite_talk_ended(talk: *mut hyalite_talk, index: usize, out: *mut hyalite_ended_exchange) -> hyalite_status; }
pub const HYALITE_STEP_SAY: u32 = 0;
pub const HYALITE_STEP_END: u32 = 1;
pub const HYALITE_STEP_BREAK: u32 = 2;
pub const HYALITE_STEP_TIME: u32 = 3;
pub const HYALITE_STEP_LET_CONNECT: u32 = 4;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hyalite_step {
    pub what: u32,
    pub side: hyalite_side,
    pub bytes: hyalite_bytes,
    pub ns: i64,
}
extern "C" { pub fn hyalite_talk_play(bench: *mut hyalite_bench, options: *const hyalite_talk_options, steps: *const hyalite_step, count: usize) -> *mut hyalite_talk; }
extern "C" { pub fn hyalite_talk_play_in_every_way(bench: *mut hyalite_bench, options: *const hyalite_talk_options, steps: *const hyalite_step, count: usize, seed: u64, difference: *mut hyalite_bytes, ways: *mut usize) -> *mut hyalite_talk; }
