//! Parts of plans.

use crdbctl_model::{Cause, Divergence, LeftOut, LeftOutWhy, Plan, Verdict};

use super::build::{addr, node};
use super::hosts;

fn left_out(mut plan: Plan) -> Plan {
    plan.part.selection.nodes = [node("store-1"), node("store-2")].into();
    plan.part.selection.targets = ["*/*".parse().unwrap()].into();
    plan.part.only = Some(Divergence::Drift);
    let left = |at: &str, attributes: &[&str], why: LeftOutWhy| LeftOut {
        addr: addr(at),
        action: crdbctl_model::Action::Update,
        cause: if why == LeftOutWhy::Only { Cause::Manifest } else { Cause::Drift },
        attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
        why,
    };
    let accepted = LeftOutWhy::Accepted {
        until: "2027-01-31".to_owned(),
        reason: "the backup tool <resets> it".to_owned(),
    };
    plan.left_out = vec![
        left("store-3/directory.root", &[], LeftOutWhy::Selection),
        left("store-3/unit.cockroach", &[], LeftOutWhy::Selection),
        left("store-1/unit.cockroach", &[], LeftOutWhy::Only),
        left("store-2/directory.certs", &["owner", "group"], accepted.clone()),
        left("store-1/directory.certs", &[], accepted),
    ];
    for addr in plan.left_out.iter().filter(|left| left.attributes.is_empty()).map(|left| &left.addr) {
        plan.compared.insert(addr.clone(), Verdict::PutOff);
    }
    plan
}

/// A part, of a shard, in which nothing is left to do.
pub(crate) fn all_left_out() -> Plan {
    let mut plan = left_out(hosts::empty());
    plan.part.shard = "1/2".parse().ok();
    plan
}

/// A part with changes of its own.
pub(crate) fn some_left_out() -> Plan {
    let mut plan = left_out(hosts::contract());
    plan.changes.retain(|change| change.addr.node() == Some(&node("store-2")));
    plan.rollout.clear();
    plan.compared.insert(addr("store-3/certificate.node"), Verdict::Same);
    plan.compared.insert(addr("store-1/service.cockroach"), Verdict::Same);
    plan
}
