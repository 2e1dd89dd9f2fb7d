use clap::{Args, ValueEnum};

use crate::args::GlobalArgs;
use crate::{CliError, ExitCode, Ui, graph};

/// Print the resource graph, without any network
#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    /// Language of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: GraphFormat,
}

/// A language for graphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// Graphviz.
    #[default]
    Dot,
    /// Mermaid.
    Mermaid,
    /// JSON, with what each resource shall be.
    Json,
}

pub(crate) fn run(args: &GraphArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let graph = graph::for_looking_at(&global.file, ui)?;
    let text = match args.format {
        GraphFormat::Dot => crdbctl_spec::to_dot(&graph),
        GraphFormat::Mermaid => crdbctl_spec::to_mermaid(&graph),
        GraphFormat::Json => format!("{:#}\n", crdbctl_spec::to_json(&graph)),
    };
    ui.result(&text)?;
    Ok(ExitCode::Done)
}
