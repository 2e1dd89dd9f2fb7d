//! The program that plays `cockroach`; see the library for what it is.

use std::process::ExitCode;

fn main() -> ExitCode {
    roachsim::cli::main()
}
