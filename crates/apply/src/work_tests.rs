use crdbctl_model::{Action, Cause, Timestamp};
use crdbctl_spec::{Inputs, lower, parse, placeholder_archives};

use super::*;
use crate::issue::IssueFailure;

const MANIFEST: &str = "apiVersion: crdbctl/v1
kind: Cluster
name: store
cockroach: {version: v24.1.0}
nodes:
  - {name: store-1, address: 198.0.2.1}
  - {name: store-2, address: 198.0.2.2}
  - {name: store-3, address: 198.0.2.3}
";

/// Three nodes, as a manifest without anything special makes them.
pub(crate) fn graph() -> ResourceGraph {
    let manifest = parse(MANIFEST, "cluster.yaml", &Inputs::none()).unwrap_or_else(|found| panic!("{found}"));
    lower(&manifest, &placeholder_archives()).unwrap()
}

fn change(graph: &ResourceGraph, addr: &str, impact: Impact) -> Change {
    let resource = &graph.resources[&addr.parse::<ResourceAddr>().unwrap()];
    Change {
        addr: resource.addr.clone(),
        action: Action::Update,
        cause: Cause::Drift,
        reason: None,
        attributes: Vec::new(),
        unchanged: 0,
        impact,
        depends_on: BTreeSet::new(),
        desired: Some(resource.desired.clone()),
        removal: None,
        before: None,
        bytes: 0,
    }
}

fn work(graph: &ResourceGraph, changes: &[&Change]) -> NodeWork {
    let node = NodeName::new("store-1").unwrap();
    let issuer = Issuer::new(Err(IssueFailure("no key".to_owned())), Timestamp::from_unix(0));
    NodeWork::new(&node, changes, &issuer, &BTreeSet::new(), &BTreeMap::new(), graph).unwrap()
}

#[test]
fn what_cannot_be_done_is_known_before_anything_is_touched() {
    let graph = graph();
    let unit = change(&graph, "store-1/unit.cockroach", Impact::Restart);
    assert!(work(&graph, &[&unit]).refused().is_none());
    let certificate =
        Change { action: Action::Create, ..change(&graph, "store-1/certificate.node", Impact::Reload) };
    let work = work(&graph, &[&certificate, &unit]);
    let refused = work.refused().unwrap();
    assert_eq!(refused.len(), 1);
    assert!(
        matches!(&refused[&certificate.addr].0, Outcome::Failed(why) if why.contains("no key")),
        "{refused:?}"
    );
}
