//! `crdbctl`: keeps self-hosted CockroachDB clusters in the state that a YAML manifest declares.
//!
//! The libraries know and decide; this program reads arguments, asks, prints and says how it ended.
//! One file a command in [`commands`]; [`ExitCode`] is the one list of exit codes, [`CliError`] the
//! one form of errors, [`Ui`] the one place that prints.

mod accepting;
mod applying;
mod applying_saved;
mod archives;
mod args;
mod certificates;
mod clock;
mod cluster;
mod commands;
mod document;
mod document_kind;
mod error;
mod exit_code;
mod explanation;
mod found;
mod graph;
mod hosts;
mod interrupt;
mod locked;
mod logging;
mod manifest;
mod metrics_file;
mod nodes;
mod observe;
mod passphrase;
mod password;
mod plan_document;
mod plan_format;
mod progress;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod reference;
mod region;
mod run_log;
mod runtime;
mod saved;
mod selection;
mod shard_args;
mod status;
mod template;
mod ui;
mod who;

use std::process::ExitCode as ProcessExitCode;

use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

fn main() -> ProcessExitCode {
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return args::explain(&error).into(),
    };
    logging::start(cli.global.verbose);
    let ui = Ui::new(&cli.global);
    match commands::run(cli.command, &cli.global, &ui) {
        Ok(code) => code.into(),
        Err(error) => {
            ui.error(&error);
            error.code.into()
        }
    }
}
