//! What several tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crdbctl_model::ResourceGraph;
use crdbctl_spec::{Diagnostics, Inputs, Manifest, lower, parse, placeholder_archives};

/// The least manifest.
pub(crate) const MINIMAL: &str = "\
apiVersion: crdbctl/v1
kind: Cluster
name: store
cockroach:
  version: v24.1.0
nodes:
  - {name: store-1, address: 198.0.2.166}
  - {name: store-2, address: 198.0.2.158}
  - {name: store-3, address: 198.0.2.171}
";

/// Returns the result of parsing without environment and files.
pub(crate) fn try_parse(text: &str) -> Result<Manifest, Diagnostics> {
    parse(text, "cluster.yaml", &Inputs::none())
}

/// Returns the manifest of a text that must be right.
pub(crate) fn manifest(text: &str) -> Manifest {
    try_parse(text).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// Returns the rendered diagnostics of a text that must be wrong.
pub(crate) fn wrong(text: &str) -> String {
    match try_parse(text) {
        Ok(_) => panic!("this was accepted:\n{text}"),
        Err(diagnostics) => diagnostics.render(false, 100),
    }
}

/// Returns the graph of a text that must be right.
pub(crate) fn graph(text: &str) -> ResourceGraph {
    lower(&manifest(text), &placeholder_archives()).expect("a parsed manifest can be lowered")
}
