//! Many nodes.

use std::collections::BTreeSet;

use crdbctl_model::{Action, AttributeDiff, Cause, Impact, Plan};

use super::build::{addr, change, hiding, plan};

pub(crate) fn unit(address: &str, nofile: u32) -> String {
    format!(
        "[Unit]\nDescription=CockroachDB\nAfter=network-online.target\n\n[Service]\nType=notify\n\
         ExecStart=/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --listen-addr={address}\n\
         LimitNOFILE={nofile}\nTimeoutStopSec=300\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n"
    )
}

/// Thirty nodes with the same change, and one that needs more.
pub(crate) fn fleet() -> Plan {
    let names: Vec<String> = (1..=30).map(|number| format!("store-{number:02}")).collect();
    let mut changes = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let address = format!("198.0.2.{}", at + 1);
        let content =
            AttributeDiff::texts("content", Some(unit(&address, 35_000)), Some(unit(&address, 65_536)));
        changes.push(hiding(
            change(
                &format!("{name}/unit.cockroach"),
                Action::Update,
                Cause::Manifest,
                vec![
                    content.with_impact(Impact::Restart).with_remark(format!("restarts cockroach on {name}")),
                ],
            ),
            3,
        ));
    }
    let mode = AttributeDiff::words("mode", Some("0755"), Some("0750"));
    let group = AttributeDiff::words("group", Some("root"), Some("cockroach"));
    changes.push(change("store-17/directory.root", Action::Update, Cause::Drift, vec![mode, group]));
    plan(&names.iter().map(String::as_str).collect::<Vec<_>>(), changes)
}

/// Returns a plan for `count` nodes of which each differs in its own way, four changes each: nothing can be told once.
pub(crate) fn scattered(count: usize) -> Plan {
    let names: Vec<String> = (1..=count).map(|number| format!("store-{number:04}")).collect();
    let mut changes = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let content = AttributeDiff::texts(
            "content",
            Some(format!("{}# edited by hand {at}\n", unit("198.0.2.1", 35_000))),
            Some(unit("198.0.2.1", 65_536)),
        );
        let mode = AttributeDiff::words("mode", Some(format!("0{at:o}")), Some("0640"));
        let flag = AttributeDiff::words("flags.cache", Some(format!(".{at}")), Some(".25"));
        let until = AttributeDiff::words("not_after", Some(format!("2026-12-04 {at}")), Some("2031-11-26"));
        let local = |local: &str| format!("{name}/{local}");
        let differing =
            |at: &str, attribute| hiding(change(at, Action::Update, Cause::Drift, vec![attribute]), 3);
        let mut service = differing(&local("service.cockroach"), flag.with_impact(Impact::Restart));
        service.depends_on = BTreeSet::from([addr(&local("unit.cockroach"))]);
        changes.extend([
            differing(&local("directory.root"), mode),
            differing(&local("certificate.node"), until.with_impact(Impact::Reload)),
            differing(&local("unit.cockroach"), content.with_impact(Impact::Restart)),
            service,
        ]);
    }
    plan(&names.iter().map(String::as_str).collect::<Vec<_>>(), changes)
}
