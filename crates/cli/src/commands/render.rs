use clap::Args;
use crdbctl_model::{NodeName, ResourceGraph};

use crate::args::GlobalArgs;
use crate::nodes::known_node;
use crate::{CliError, ExitCode, Ui, graph};

/// Print the files that nodes would get, without any network
///
/// Certificates are not among them: they are made when a plan is applied.
#[derive(Args, Debug)]
pub(crate) struct RenderArgs {
    /// Node to render for; without it, every node
    #[arg(value_name = "NODE")]
    node: Option<NodeName>,
}

pub(crate) fn run(args: &RenderArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let graph = graph::for_looking_at(&global.file, ui)?;
    let nodes: Vec<&NodeName> = match &args.node {
        Some(name) => vec![known_node(&graph, name)?],
        None => graph.staying().collect(),
    };
    let files: Vec<String> = nodes.into_iter().flat_map(|node| files_of(&graph, node)).collect();
    ui.verbatim(&files.join("\n"))?;
    Ok(ExitCode::Done)
}

/// Returns each file under a line that says where it goes: a comment in all of their languages.
fn files_of(graph: &ResourceGraph, node: &NodeName) -> Vec<String> {
    let file = |(path, content): (_, String)| {
        let end = if content.ends_with('\n') { "" } else { "\n" };
        format!("# {node}:{path}\n{content}{end}")
    };
    crdbctl_spec::render(graph, node).into_iter().map(file).collect()
}
