//! The tests run with the Rust version that the package states.

use std::process::Command;

/// `Cargo.toml` states the oldest toolchain, and continuous integration runs on exactly that one.
///
/// On other machines a newer one may be in use, which proves nothing about the older one.
#[test]
fn continuous_integration_runs_the_stated_rust_version() {
    let stated = env!("CARGO_PKG_RUST_VERSION");
    if std::env::var_os("CI").is_none() {
        eprintln!("skipped: only continuous integration is bound to Rust {stated}");
        return;
    }
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs");
    let version = String::from_utf8_lossy(&output.stdout);
    let found = version.split_whitespace().nth(1).unwrap_or_default();
    let minor: Vec<&str> = found.split('.').take(2).collect();
    assert_eq!(
        minor.join("."),
        stated,
        "rust-version in Cargo.toml, and `rustc --version`: {version}"
    );
}
