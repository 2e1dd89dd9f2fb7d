use std::time::Duration;

/// Returns the words of a `cockroach node status` that tells everything of every node, those that were
/// decommissioned too, in the form that [`crate::output::node_status`] reads.
///
/// Without `--timeout` the command can hang for good on a cluster that has lost its quorum.
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-node> and `pkg/cli/node.go` of
/// <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn node_status(timeout: Duration) -> Vec<String> {
    let timeout = format!("--timeout={}s", timeout.as_secs().max(1));
    ["node", "status", "--all", "--format=csv"].into_iter().map(str::to_owned).chain([timeout]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_waits_for_ever() {
        assert_eq!(
            node_status(Duration::from_secs(10)).join(" "),
            "node status --all --format=csv --timeout=10s"
        );
        assert!(node_status(Duration::ZERO).join(" ").ends_with("--timeout=1s"));
    }
}
