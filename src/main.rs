//! The thin binary: its exit code is all that it adds to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    krm_parity::cli::run()
}
