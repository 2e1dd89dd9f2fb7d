use std::path::PathBuf;

use clap::Args;
use crdbctl_model::{NodeObservation, Observations};

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, document, interrupt, runtime};

/// Observe the nodes and print what was found, as JSON
///
/// Changes nothing on any host. `plan --observed FILE` plans from the result without any network.
#[derive(Args, Debug)]
pub(crate) struct ProbeArgs {
    /// File to write to instead of standard output
    ///
    /// Only its owner can read the file. It is replaced atomically. docs/offline.md says what is in it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &ProbeArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::load(global, ui)?;
    let password = crate::password::sudo_password(global)?;
    let probe = runtime::run(interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)))?;
    let text = document::observations_text(&probe.observations)?;
    match &args.output {
        Some(file) => document::write(file, &text)?,
        None => ui.result(&text)?,
    }
    ui.status(&format!("{}.", probe.words()));
    Ok(explain_unreadable(&probe.observations, ui))
}

/// Tells what could not be read, and returns the exit code.
fn explain_unreadable(observations: &Observations, ui: &Ui) -> ExitCode {
    let mut code = ExitCode::Done;
    for (node, observation) in &observations.nodes {
        if let NodeObservation::Unreadable(why) = observation {
            let error = CliError::new(ExitCode::Unknown, format!("{node}: {}", why.reason)).hint(&why.hint);
            ui.error(&error);
            code = ExitCode::Unknown;
        }
    }
    code
}
