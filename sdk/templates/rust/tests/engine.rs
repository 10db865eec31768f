// @NAME@ in the real engine: no network, no root. `cargo build` first: the plugin is loaded from its file.
use std::os::raw::{c_int, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
struct Bytes {
    data: *const u8,
    size: usize,
}
fn bytes(text: &str) -> Bytes {
    Bytes { data: text.as_ptr(), size: text.len() }
}
fn text(bytes: Bytes) -> String {
    if bytes.size == 0 {
        return String::new();
    }
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(bytes.data, bytes.size) }).into_owned()
}

// As much of <hyalite/testing.h> as this test uses.
#[link(name = "hyalite-testing")]
extern "C" {
    fn hyalite_bench_open(settings: Bytes) -> *mut c_void;
    fn hyalite_bench_mistakes(bench: *mut c_void) -> Bytes;
    fn hyalite_bench_complaints(bench: *mut c_void) -> Bytes;
    fn hyalite_bench_close(bench: *mut c_void);
    fn hyalite_talk_open(bench: *mut c_void, options: *const c_void) -> *mut c_void;
    fn hyalite_talk_say(talk: *mut c_void, side: u32, bytes: Bytes) -> c_int;
    fn hyalite_talk_sent(talk: *mut c_void, side: u32) -> Bytes;
}
const CLIENT: u32 = 0;
const UPSTREAM: u32 = 1;

// Beside the directory (deps) that the test lies in.
fn plugin() -> String {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("lib@IDENT@.so").display().to_string()
}

#[test]
fn marks_requests() {
    unsafe {
        let bench = hyalite_bench_open(bytes(&format!("plugins: [ {{ name: tested, use: \"{}\" }} ]\n", plugin())));
        assert_eq!(text(hyalite_bench_mistakes(bench)), "");
        let talk = hyalite_talk_open(bench, std::ptr::null());
        hyalite_talk_say(talk, CLIENT, bytes("GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"));
        let sent = text(hyalite_talk_sent(talk, UPSTREAM));
        assert!(sent.contains("X-Marked: yes\r\n"), "{}", sent);
        assert_eq!(text(hyalite_bench_complaints(bench)), "");
        hyalite_bench_close(bench);
    }
}
