//! What people and CI run on this repository: `cargo xtask <command>`.
//!
//! A command is a module with `Args`, which clap reads and which has `run`, and one line in `commands!`.

// This program talks to people, and it is no library.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod archive;
mod browser;
mod build;
mod conformance;
mod demo;
mod lab;
mod linters;
mod runner;
mod setup;
mod slowest;
mod ssh_server;
mod steps;
mod test;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why a command could not do its work.
type Failure = Box<dyn Error>;

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($module:ident),)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($(#[$doc])* $name($module::Args),)*
        }

        impl Command {
            fn run(self) -> Result<ExitCode, Failure> {
                match self {
                    $(Self::$name(args) => args.run(),)*
                }
            }
        }
    };
}

commands! {
    /// Pack the stand-in for the cockroach program as a published archive
    Archive(archive),
    /// Look whether a release, or the stand-in, behaves as crdbctl relies on
    Conformance(conformance),
    /// Show plan, apply, drift and healing on three hosts of this machine
    Demo(demo),
    /// Boot Debian hosts on this machine to try things on
    Lab(lab),
    /// Install what the tests need and build the base tree of the hosts
    Setup(setup),
    /// Set up this machine, then build and run all tests
    Test(test),
}

/// Chores of this repository
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let command = Xtask::parse().command;
    // Commands may be given from any folder of the repository.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    match env::set_current_dir(root).map_err(Failure::from).and_then(|()| command.run()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
