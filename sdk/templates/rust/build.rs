// The harness that the test links with: `pkg-config hyalite-testing` knows where it is.
use std::process::Command;

fn main() {
    let asked = Command::new("pkg-config").args(["--variable=libdir", "hyalite-testing"]).output();
    if let Ok(answer) = asked {
        let directory = String::from_utf8_lossy(&answer.stdout).trim().to_string();
        if !directory.is_empty() {
            println!("cargo:rustc-link-search=native={}", directory);
            println!("cargo:rustc-link-arg-tests=-Wl,-rpath,{}", directory);
        }
    }
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
}
