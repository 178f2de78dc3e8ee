//! The binary: it runs the library's command line and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    krm_parity::cli::run()
}
