use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::{CliError, ExitCode, Ui};

/// Print a shell's completion script
///
/// For bash: crdbctl completion bash > /etc/bash_completion.d/crdbctl
#[derive(Args, Debug)]
pub(crate) struct CompletionArgs {
    /// Shell to complete for
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &CompletionArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "crdbctl", &mut script);
    ui.verbatim(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}
