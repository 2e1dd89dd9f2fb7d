//! What a server prints once it runs.

use super::node::Node;
use crate::clock;
use crate::cluster::NodeId;

/// What a server prints on stdout when it waits for a cluster.
pub(super) const WAITING: &str = "initial startup completed.\n\
Node will now attempt to join a running cluster, or wait for `cockroach init`.\n\
Client connections will be accepted after this completes successfully.\n\
Check the log file(s) for progress. ";

/// What a server prints when that takes long.
pub(super) const UNABLE: &str = "The server appears to be unable to contact the other nodes in the cluster. Please try:

- starting the other nodes, if you haven't already;
- double-checking that the '--join' and '--listen'/'--advertise' flags are set up correctly;
- running the 'cockroach init' command if you are trying to initialize a new cluster.

If problems persist, please see https://www.cockroachlabs.com/docs/stable/cluster-setup-troubleshooting.html.";

/// How a node came to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Its store was empty.
    Fresh,
    /// Its store had an id.
    Restarted,
}

impl Origin {
    fn words(self, node: NodeId) -> &'static str {
        match self {
            Self::Restarted => "restarted pre-existing node",
            Self::Fresh if node == NodeId::FIRST => "initialized new cluster",
            Self::Fresh => "initialized new node, joined pre-existing cluster",
        }
    }
}

/// Returns the block of labelled lines.
pub(super) fn started(node: &Node, id: NodeId, origin: Origin) -> String {
    let config = &node.config;
    let certs = config.certs_dir.display();
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |label: &str, value: String| rows.push((label.to_owned(), value));
    row("build:", format!("CCL {} @ 2024/01/01 00:00:00 (go1.22.5)", config.release));
    row("webui:", format!("https://{}", config.http));
    let query = format!(
        "sslcert={certs}%2Fclient.root.crt&sslkey={certs}%2Fclient.root.key&sslmode=verify-full&sslrootcert={certs}%2Fca.crt"
    );
    row("sql:", format!("postgresql://root@{}/defaultdb?{query}", config.advertise_sql));
    row("sql (JDBC):", format!("jdbc:postgresql://{}/defaultdb?{query}&user=root", config.advertise_sql));
    row(
        "RPC client flags:",
        format!("cockroach <client cmd> --host={} --certs-dir={certs}", config.advertise),
    );
    if let Some(dir) = node.log.dir() {
        row("logs:", dir.display().to_string());
    }
    if !config.attrs.is_empty() {
        row("attrs:", config.attrs.clone());
    }
    if !config.locality.is_empty() {
        row("locality:", config.locality.clone());
    }
    let first = config.stores.first().map(|store| store.path.clone()).unwrap_or_default();
    row("temp dir:", format!("{first}/cockroach-temp"));
    row("external I/O path:", format!("{first}/extern"));
    for (number, store) in config.stores.iter().enumerate() {
        row(&format!("store[{number}]:"), format!("path={}", store.path));
    }
    row("storage engine:", "pebble".to_owned());
    row("status:", origin.words(id).to_owned());
    if !config.cluster_name.is_empty() {
        row("cluster name:", config.cluster_name.clone());
    }
    row("clusterID:", node.cluster_id().map(|id| id.to_string()).unwrap_or_default());
    row("nodeID:", id.to_string());

    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 1;
    let took = node.uptime().as_secs_f64();
    let now = clock::timestamp(clock::unix_micros());
    let mut text = format!("CockroachDB node starting at {now} +0000 UTC (took {took:.1}s)\n");
    for (label, value) in rows {
        text.push_str(&format!("{label:width$}{value}\n"));
    }
    text
}
