//! The commands, one file each: its arguments, whose comments are the help, and what it does.

mod apply;
mod certs;
mod completion;
mod destroy;
mod drift;
mod graph;
mod init;
mod log;
mod man;
mod plan;
mod probe;
mod render;
mod show;
mod status;
mod validate;

use clap::Subcommand;

use crate::args::GlobalArgs;
use crate::{CliError, ExitCode, Ui};

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Render(render::RenderArgs),
    Graph(graph::GraphArgs),
    Probe(probe::ProbeArgs),
    Plan(plan::PlanArgs),
    Show(show::ShowArgs),
    Drift(drift::DriftArgs),
    Apply(apply::ApplyArgs),
    Status(status::StatusArgs),
    Destroy(destroy::DestroyArgs),
    Log(log::LogArgs),
    Certs(certs::CertsArgs),
    Completion(completion::CompletionArgs),
    Man(man::ManArgs),
}

/// Runs a command to its end.
///
/// # Errors
/// Whatever kept it from ending well, with its exit code.
pub(crate) fn run(command: Command, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    match command {
        Command::Init(args) => init::run(&args, global, ui),
        Command::Validate(args) => validate::run(&args, global, ui),
        Command::Render(args) => render::run(&args, global, ui),
        Command::Graph(args) => graph::run(&args, global, ui),
        Command::Probe(args) => probe::run(&args, global, ui),
        Command::Plan(args) => plan::run(&args, global, ui),
        Command::Show(args) => show::run(&args, ui),
        Command::Drift(args) => drift::run(&args, global, ui),
        Command::Apply(args) => apply::run(&args, global, ui),
        Command::Status(args) => status::run(&args, global, ui),
        Command::Destroy(args) => destroy::run(&args, global, ui),
        Command::Log(args) => log::run(&args, ui),
        Command::Certs(args) => certs::run(&args, global, ui),
        Command::Completion(args) => completion::run(&args, ui),
        Command::Man(args) => man::run(&args, ui),
    }
}
