use std::time::Duration;

use crdbctl_probe::{questions, start_blockers, start_script};

use crate::applier::Applier;
use crate::session::Session;

/// How long a host may take to answer.
const TIMEOUT: Duration = Duration::from_secs(120);

impl Applier {
    /// Makes sure that a node would start again after it has been stopped: one exec through its session, which asks what a start
    /// needs and nothing else. What the plan found may have changed since.
    ///
    /// # Errors
    /// What keeps it from starting, and what to do, or why that cannot be told.
    pub(super) async fn startable(&self, session: &mut Session) -> Result<(), String> {
        let node = session.node.clone();
        let text = start_script(&self.graph.cluster, &questions(&self.graph, &node));
        let unclear = |why: String| format!("whether {node} would start again could not be checked: {why}");
        let output = session.ask(text, TIMEOUT).await.map_err(|error| unclear(error.to_string()))?;
        let blockers =
            start_blockers(&self.graph, &node, &output.stdout).map_err(|error| unclear(error.to_string()))?;
        let certain: Vec<_> = blockers.iter().filter(|blocker| blocker.blocks()).collect();
        if certain.is_empty() {
            return Ok(());
        }
        let reasons: Vec<String> = certain.iter().map(ToString::to_string).collect();
        let hints: Vec<String> = certain.iter().map(|blocker| blocker.hint()).collect();
        let (reasons, hints) = (reasons.join("; "), hints.join("; "));
        Err(format!("{node} would not start again: {reasons}. Next: {hints}, and apply again"))
    }
}
