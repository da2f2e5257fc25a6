//! Compiles the cases. Those of `rustc` quote the compiler, so they hold for one version of it.

use std::process::Command;

use trybuild::TestCases;

/// The compiler whose texts are in `rustc/*.stderr`.
const RUSTC: &str = "rustc 1.95.";

#[test]
fn cases() {
    let cases = TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("macro/*.rs");
    if is_pinned_compiler() {
        cases.compile_fail("rustc/*.rs");
    }
}

/// Whether the compiler that cargo uses is the one that `rustc/*.stderr` quotes.
fn is_pinned_compiler() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("the compiler that built this test runs");
    String::from_utf8_lossy(&version.stdout).starts_with(RUSTC)
}
