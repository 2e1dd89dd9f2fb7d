use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::{CliError, ExitCode, Ui};

/// Print the manual page, or write the pages of all commands
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Directory to write crdbctl.1, crdbctl-plan.1 and so on to
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    match &args.output_dir {
        Some(directory) => {
            std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
                .map_err(|error| {
                    CliError::failed(format!("writing pages to {}", directory.display()), &error)
                })?;
            ui.status(&format!("Wrote the manual pages to {}.", directory.display()));
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            ui.verbatim(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::Done)
}
