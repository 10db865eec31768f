// What the installed SDK (package hyalite-dev) has for Rust, and the harness that tests link with; pkg-config knows where.
use std::process::Command;

fn asked(package: &str, variable: &str) -> String {
    let answer = Command::new("pkg-config").args([&format!("--variable={}", variable), package]).output();
    let said = answer.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_string()).unwrap_or_default();
    if said.is_empty() {
        panic!("`pkg-config --variable={} {}` knows nothing: are hyalite-dev and pkg-config installed, and is $PKG_CONFIG_PATH right?", variable, package);
    }
    said
}

fn main() {
    println!("cargo:rustc-env=HYALITE_RUST={}", asked("hyalite", "rustdir"));
    let library = asked("hyalite-testing", "libdir");
    println!("cargo:rustc-link-search=native={}", library);
    println!("cargo:rustc-link-arg-tests=-Wl,-rpath,{}", library);
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
}
