use clap::Args;
use crdbctl_model::{AddrPattern, NodeName, ResourceGraph, Selection};
use crdbctl_planner::SelectionError;

use crate::explanation::suggest;
use crate::{CliError, ExitCode};

/// Which part of the whole a command is for.
#[derive(Args, Debug, Default)]
pub(crate) struct SelectionArgs {
    /// Only what is on this node, nothing cluster-wide; may be given several times
    #[arg(long, value_name = "NAME")]
    node: Vec<NodeName>,

    /// Only resources with this address; * matches any characters: store-1/*, */unit.*, cluster/*; may be given several times
    ///
    /// With --node, only the resources on those nodes. The output lists what was left out. Ends with 64 if a target matches no
    /// resource. `plan` and `apply` also end with 64 if a selected change depends on one that is not selected: the message names
    /// the options to add.
    #[arg(long, value_name = "ADDR")]
    target: Vec<AddrPattern>,
}

impl SelectionArgs {
    /// Returns what was selected, everything when nothing was said.
    ///
    /// # Errors
    /// When a node is none of the graph.
    pub(crate) fn of(&self, graph: &ResourceGraph) -> Result<Selection, CliError> {
        let selection = self.selection();
        crdbctl_planner::known_nodes(&selection, graph).map_err(|error| refused(&error))?;
        Ok(selection)
    }

    /// Returns what was selected, whether there is such a thing or not.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            nodes: self.node.iter().cloned().collect(),
            targets: self.target.iter().cloned().collect(),
        }
    }
}

/// Returns that a selection is refused, before anything is touched.
pub(crate) fn refused(error: &SelectionError) -> CliError {
    let told = CliError::new(ExitCode::Usage, error);
    match (error, error.remedy()) {
        (SelectionError::UnknownTarget { target, known, .. }, _) => suggest(told, known, &target.to_string()),
        (_, Some(remedy)) => told.hint(remedy),
        (_, None) => told,
    }
}
