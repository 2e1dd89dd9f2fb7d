//! `crdbctl certs`: what concerns certificates alone.

mod drop_old;
mod list;
mod rotate_ca;

use clap::{Args, Subcommand};

use crate::args::GlobalArgs;
use crate::{CliError, ExitCode, Ui};

/// List certificates, and replace the authority
#[derive(Args, Debug)]
pub(crate) struct CertsArgs {
    #[command(subcommand)]
    command: CertsCommand,
}

/// A command about certificates.
#[derive(Debug, Subcommand)]
enum CertsCommand {
    List(list::ListArgs),
    RotateCa(rotate_ca::RotateCaArgs),
}

pub(crate) fn run(args: &CertsArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    match &args.command {
        CertsCommand::List(args) => list::run(args, global, ui),
        CertsCommand::RotateCa(args) => rotate_ca::run(args, global, ui),
    }
}
