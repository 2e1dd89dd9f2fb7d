use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use crdbctl_report::render_certificates;

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, certificates, interrupt, runtime};

/// List every certificate: the authority's, the clients', those of the nodes
///
/// Changes nothing on any host, and asks the nodes for nothing else. Ends with 5 when something could not be read.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: ListFormat,
}

/// A form of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people: a table.
    #[default]
    Human,
    /// For programs: one JSON document.
    Json,
}

pub(crate) fn run(args: &ListArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::of_certificates(global, ui)?;
    let password = crate::password::sudo_password(global)?;
    let probe = runtime::run(interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)))?;
    let listing = certificates::listing(&cluster, &probe.observations);
    match args.format {
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&listing)
                .map_err(|error| CliError::failed("writing the list as JSON", &error))?;
            ui.result(&(text + "\n"))?;
        }
        ListFormat::Human => {
            let header = if ui.quiet {
                String::new()
            } else {
                ui.header("certs list", &listing.cluster, &probe.words())
            };
            ui.result(
                &(header + &render_certificates(&listing, &ui.stdout, std::io::stdout().is_terminal())),
            )?;
        }
    }
    Ok(if listing.unknown.is_empty() { ExitCode::Done } else { ExitCode::Unknown })
}
