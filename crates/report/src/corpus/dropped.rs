//! What the manifest no longer has on nodes that stay.

use std::collections::BTreeSet;

use crdbctl_model::{Action, AllowFrom, AttributeDiff, Cause, Change, Impact, Note, Plan, Removal, Verdict};

use super::build::{addr, because, change, path, plan};

/// Without a firewall and with another instance directory: what crdbctl made of both goes, and what others made stays.
pub(crate) fn dropped() -> Plan {
    let names = ["store-1", "store-2", "store-3"];
    let word = |name: &str, before: &str| AttributeDiff::words(name, Some(before), None::<&str>);
    let gone = |at: &str, reason: &str, removal, attributes| {
        let mut change = because(change(at, Action::Delete, Cause::Surplus, attributes), reason);
        change.removal = Some(removal);
        change
    };
    let dropped = "no longer in the manifest";
    let restart = |name: &str| {
        let before = "ExecStart=/opt/cockroach/cockroach start\nRestart=always\n";
        let after = "ExecStart=/srv/crdb/cockroach start\nRestart=always\n";
        let attribute = AttributeDiff::texts("content", Some(before), Some(after))
            .with_impact(Impact::Restart)
            .with_remark(format!("restarts cockroach on {name}"));
        change(&format!("{name}/unit.cockroach"), Action::Update, Cause::Manifest, vec![attribute])
    };
    let rules = |name: &str| {
        let removal =
            Removal::Firewall { profile: "CockroachDB".to_owned(), allow_from: vec![AllowFrom::Any] };
        let attributes = vec![word("allow CockroachDB from any", "26257,8080/tcp")];
        gone(&format!("{name}/firewall.ufw@CockroachDB"), dropped, removal, attributes)
    };
    let profile = |name: &str| {
        let at = "/etc/ufw/applications.d/cockroach";
        let aside = name == "store-2";
        let mut attribute = word("path", at);
        if aside {
            attribute = attribute.with_remark(
                "not as crdbctl wrote it: set aside below /var/lib/crdbctl/set-aside, not deleted",
            );
        }
        let removal = Removal::Files { paths: vec![path(at)], aside, unit: None };
        let mut change = gone(&format!("{name}/file.ufw-profile"), dropped, removal, vec![attribute]);
        change.depends_on = BTreeSet::from([addr(&format!("{name}/firewall.ufw@CockroachDB"))]);
        change
    };
    let root = |name: &str| {
        let removal = Removal::Directory { path: path("/opt/cockroach") };
        let reason = format!("{dropped}, which has it at /srv/crdb now");
        let at = format!("{name}/directory.root@opt+cockroach");
        let mut change = gone(&at, &reason, removal, vec![word("path", "/opt/cockroach")]);
        change.depends_on = BTreeSet::from([addr(&format!("{name}/unit.cockroach"))]);
        change
    };
    let of_each: [&dyn Fn(&str) -> Change; 3] = [&restart, &rules, &profile];
    let mut changes: Vec<Change> = of_each.iter().flat_map(|of| names.iter().map(|name| of(name))).collect();
    changes.extend(["store-1", "store-2"].map(root));
    let mut plan = plan(&names, changes);
    let stays = addr("store-3/directory.root@opt+cockroach");
    plan.compared.insert(stays.clone(), Verdict::PutOff);
    plan.notes = vec![Note { addr: Some(stays), text: "stays: /opt/cockroach still holds certs".to_owned() }];
    plan
}
