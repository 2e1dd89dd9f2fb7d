//! A node that leaves.

use std::collections::BTreeSet;

use crdbctl_model::{Action, AttributeDiff, Cause, Plan, Removal, UnitName};

use super::build::{change, path, plan};

/// A node leaves, and its data with it: what crdbctl made goes, in the reverse of its order.
pub(crate) fn leaving() -> Plan {
    let word = |name: &str, before: &str| AttributeDiff::words(name, Some(before), None::<&str>);
    let gone = |at: &str, removal, attributes| {
        let mut change = change(at, Action::Delete, Cause::Surplus, attributes);
        change.removal = Some(removal);
        change
    };
    let leaves = AttributeDiff::words("store-4", Some("active (n4)"), Some("decommissioned"))
        .with_remark("118 replicas move to other nodes first; for good");
    let members = change("cluster/members.store", Action::Update, Cause::Manifest, vec![leaves]);
    let unit = UnitName::new("cockroach").unwrap();
    let active = word("active", "active").with_remark("CockroachDB stops for good");
    let mut service = gone(
        "store-4/service.cockroach",
        Removal::Service { unit: unit.clone(), stops: true },
        vec![active, word("enabled", "enabled")],
    );
    service.depends_on = BTreeSet::from([members.addr.clone()]);
    let unit_file = path("/etc/systemd/system/cockroach.service");
    let mut unit = gone(
        "store-4/unit.cockroach",
        Removal::Files { paths: vec![unit_file.clone()], aside: false, unit: Some(unit) },
        vec![word("path", unit_file.as_str())],
    );
    unit.depends_on = BTreeSet::from([service.addr.clone()]);
    let all = word("data", "all in /var/lib/cockroach").with_remark("ALL DATA of this node is deleted");
    let mut data = gone(
        "store-4/directory.data",
        Removal::Data { path: path("/var/lib/cockroach"), directory: true },
        vec![all, word("path", "/var/lib/cockroach")],
    );
    data.depends_on = BTreeSet::from([service.addr.clone(), unit.addr.clone()]);
    plan(&["store-1", "store-2", "store-3", "store-4"], vec![members, service, unit, data])
}
