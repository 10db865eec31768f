// The plugin in the real engine: no network, no root. `cargo build` first: it is loaded from its file.
// SPDX-License-Identifier: MIT
#[allow(dead_code, non_camel_case_types, unused_macros)]
mod hyalite {
    include!(concat!(env!("HYALITE_RUST"), "/hyalite.rs"));
    include!(concat!(env!("HYALITE_RUST"), "/hyalite_testing.rs"));
}
use hyalite::*;
use std::os::unix::fs::PermissionsExt;

#[link(name = "hyalite-testing")]
extern "C" {}

// Beside the directory (deps) that the test lies in. Under some umasks cargo lets the group write to what it makes, and no such plugin is loaded.
fn plugin() -> String {
    let test = std::env::current_exe().unwrap();
    let directory = test.parent().unwrap().parent().unwrap();
    let file = directory.join("libclient_budget.so");
    for path in [directory, &file] {
        let mut permissions = std::fs::metadata(path).unwrap_or_else(|why| panic!("{}: {}", path.display(), why)).permissions();
        permissions.set_mode(permissions.mode() & !0o022);
        std::fs::set_permissions(path, permissions).unwrap();
    }
    file.display().to_string()
}

struct Bench(*mut hyalite_bench);

impl Bench {
    fn new(settings: &str) -> Bench {
        Bench(unsafe { hyalite_bench_open(bytes(&format!("plugins: [ {{ name: tested, use: \"{}\", settings: {} }} ]\n", plugin(), settings))) })
    }
    fn mistakes(&self) -> String {
        text(unsafe { hyalite_bench_mistakes(self.0) })
    }
    // The status line and headers that a client of this address gets; empty: its request went upstream.
    fn asked_from(&self, client: &str) -> String {
        unsafe {
            let mut options: hyalite_talk_options = std::mem::zeroed();
            options.size = std::mem::size_of::<hyalite_talk_options>() as u32;
            options.client = bytes(client);
            let talk = hyalite_talk_open(self.0, &options);
            hyalite_talk_say(talk, HYALITE_SIDE_CLIENT, bytes("GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"));
            let answer = text(hyalite_talk_sent(talk, HYALITE_SIDE_CLIENT));
            hyalite_talk_close(talk);
            answer
        }
    }
    fn seconds_pass(&self, seconds: i64) {
        unsafe { hyalite_bench_advance(self.0, seconds * 1_000_000_000) };
    }
}
impl Drop for Bench {
    fn drop(&mut self) {
        if self.mistakes().is_empty() {
            assert_eq!(text(unsafe { hyalite_bench_complaints(self.0) }), "");
        }
        unsafe { hyalite_bench_close(self.0) };
    }
}

fn text(bytes: hyalite_bytes) -> String {
    String::from_utf8_lossy(unsafe { slice(bytes) }).into_owned()
}

#[test]
fn refuses_what_is_beyond_the_budget_and_says_when_to_come_again() {
    let bench = Bench::new("{ requests_per_minute: 3 }");
    assert_eq!(bench.mistakes(), "");
    for _ in 0..3 {
        assert_eq!(bench.asked_from("192.0.2.1:40000"), "");
    }
    let refused = bench.asked_from("192.0.2.1:40001");
    assert!(refused.starts_with("HTTP/1.1 429 "), "{}", refused);
    assert!(refused.contains("Retry-After: 21\r\n"), "{}", refused);
    assert_eq!(bench.asked_from("192.0.2.2:40000"), "", "others have their own");
    bench.seconds_pass(21);
    assert_eq!(bench.asked_from("192.0.2.1:40000"), "");
    assert!(!bench.asked_from("192.0.2.1:40000").is_empty(), "one came back, no more");
}

#[test]
fn takes_a_household_for_one_client() {
    let bench = Bench::new("{ requests_per_minute: 1 }");
    assert_eq!(bench.asked_from("[2001:db8:0:1::1]:40000"), "");
    assert!(bench.asked_from("[2001:db8:0:1:ffff::2]:40000").starts_with("HTTP/1.1 429 "));
    assert_eq!(bench.asked_from("[2001:db8:0:2::1]:40000"), "");
}

#[test]
fn forgets_who_has_all_of_it_again() {
    let bench = Bench::new("{ requests_per_minute: 60 }");
    for _ in 0..2 {
        for _ in 0..60 {
            assert_eq!(bench.asked_from("192.0.2.1:40000"), "");
        }
        assert!(!bench.asked_from("192.0.2.1:40000").is_empty());
        bench.seconds_pass(62);
    }
}

#[test]
fn refuses_settings_that_make_no_sense() {
    assert!(Bench::new("{ requests_per_minute: 0 }").mistakes().contains("requests_per_minute"));
    assert!(Bench::new("{}").mistakes().contains("requests_per_minute"));
}
