// @NAME@ in the real engine: no network, no root. `cargo build` first: the plugin is loaded from its file.
#[allow(dead_code, non_camel_case_types, unused_macros)]
mod hyalite {
    include!(concat!(env!("HYALITE_RUST"), "/hyalite.rs"));
    include!(concat!(env!("HYALITE_RUST"), "/hyalite_testing.rs"));
}
use hyalite::*;
use std::os::unix::fs::PermissionsExt;

#[link(name = "hyalite-testing")]
extern "C" {}

fn text(bytes: hyalite_bytes) -> String {
    String::from_utf8_lossy(unsafe { slice(bytes) }).into_owned()
}

// Beside the directory (deps) that the test lies in. Under some umasks cargo lets the group write to what it makes, and no such plugin is loaded.
fn plugin() -> String {
    let test = std::env::current_exe().unwrap();
    let directory = test.parent().unwrap().parent().unwrap();
    let file = directory.join("lib@IDENT@.so");
    for path in [directory, &file] {
        let mut permissions = std::fs::metadata(path).unwrap_or_else(|why| panic!("{}: {}", path.display(), why)).permissions();
        permissions.set_mode(permissions.mode() & !0o022);
        std::fs::set_permissions(path, permissions).unwrap();
    }
    file.display().to_string()
}

#[test]
fn marks_requests() {
    unsafe {
        let bench = hyalite_bench_open(bytes(&format!("plugins: [ {{ name: tested, use: \"{}\" }} ]\n", plugin())));
        assert_eq!(text(hyalite_bench_mistakes(bench)), "");
        let talk = hyalite_talk_open(bench, std::ptr::null());
        hyalite_talk_say(talk, HYALITE_SIDE_CLIENT, bytes("GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"));
        let sent = text(hyalite_talk_sent(talk, HYALITE_SIDE_UPSTREAM));
        assert!(sent.contains("X-Marked: yes\r\n"), "{}", sent);
        assert_eq!(text(hyalite_bench_complaints(bench)), "");
        hyalite_bench_close(bench);
    }
}
