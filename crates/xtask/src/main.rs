//! What people and CI run: `cargo xtask <command>`.

mod archive;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "What people and CI run in this repository")]
enum Xtask {
    /// Pack the stand-in for the cockroach program as a published archive
    Archive(archive::ArchiveArgs),
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to its terminal")]
fn main() -> ExitCode {
    match Xtask::parse() {
        Xtask::Archive(args) => match archive::run(&args) {
            Ok(archive) => {
                println!("{}", archive.path.display());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!(
                    "error: {error}: {}",
                    std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
                );
                ExitCode::FAILURE
            }
        },
    }
}
