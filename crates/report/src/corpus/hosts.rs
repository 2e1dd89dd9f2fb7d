//! Hosts that run, and what becomes of them.

use std::collections::BTreeSet;

use crdbctl_model::{
    Action, AttributeDiff, Cause, Desired, DesiredLink, Impact, Note, Plan, UnknownResource, Value, Verdict,
};

use super::build::{addr, because, change, create, hiding, node, path, plan, unreachable};

pub(crate) fn flags(cache: &str) -> String {
    format!(
        "/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --store=/opt/cockroach/data \
         --cache={cache} --max-sql-memory={cache}"
    )
}

/// The example of the contract.
pub(crate) fn contract() -> Plan {
    let exec_start = AttributeDiff::words("ExecStart", Some(flags(".25")), Some(flags(".35")))
        .with_impact(Impact::Restart);
    let mode = AttributeDiff::words("mode", Some("0666"), Some("0644"));
    let not_after = AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26"));
    plan(
        &["store-1", "store-2", "store-3"],
        vec![
            change("store-1/unit.cockroach", Action::Update, Cause::Manifest, vec![exec_start]),
            because(
                change("store-2/file.ufw-profile", Action::Update, Cause::Drift, vec![mode]),
                "edited on the host",
            ),
            because(
                change(
                    "store-3/certificate.node",
                    Action::Replace,
                    Cause::Expiry,
                    vec![not_after.with_impact(Impact::Reload)],
                ),
                "expires in 12 days",
            ),
        ],
    )
}

/// Nothing to do.
pub(crate) fn empty() -> Plan {
    plan(&["store-1", "store-2", "store-3"], Vec::new())
}

/// Nothing to do where it could be read.
pub(crate) fn empty_incomplete() -> Plan {
    let mut plan = plan(&["store-1", "store-3"], Vec::new());
    plan.unknown = vec![unreachable("store-2")];
    plan
}

/// Hosts that were edited by hand.
pub(crate) fn drift() -> Plan {
    let link = |name: &str| DesiredLink { path: path(name), target: path("/var/lib/cockroach") };
    let mut lost = create("store-1/link.data", Desired::Link(link("/opt/cockroach/data")));
    lost.cause = Cause::Drift;
    lost.reason = Some("deleted on the host".to_owned());
    let drop_in =
        AttributeDiff::texts("content", Some("[Service]\nExecStart=\nExecStart=/bin/false\n"), None::<&str>)
            .with_impact(Impact::Restart)
            .with_remark("set aside as /var/lib/crdbctl/set-aside/override.conf");
    let argv = AttributeDiff {
        name: "argv".to_owned(),
        before: Some(Value::List(vec![
            "start".to_owned(),
            "--cache=.1".to_owned(),
            "--join=198.0.2.166".to_owned(),
        ])),
        after: Some(Value::List(vec![
            "start".to_owned(),
            "--cache=.25".to_owned(),
            "--join=198.0.2.166".to_owned(),
        ])),
        impact: Impact::Restart,
        remark: None,
    };
    let names = AttributeDiff {
        name: "names".to_owned(),
        before: Some(Value::List(vec!["localhost".to_owned(), "store-2".to_owned()])),
        after: Some(Value::List(vec![
            "localhost".to_owned(),
            "store-1".to_owned(),
            "lb.example.com".to_owned(),
        ])),
        impact: Impact::Reload,
        remark: Some("it is the certificate of store-2".to_owned()),
    };
    let mut package = change(
        "store-2/package.v24.1.0",
        Action::Replace,
        Cause::Drift,
        vec![
            AttributeDiff::words("cockroach digest", Some("9f86d081"), Some("2c26b46b"))
                .with_impact(Impact::Restart),
            AttributeDiff::words("libgeos.so", None::<&str>, Some("present")),
        ],
    );
    package.bytes = 118_400_000;
    let mut plan = plan(
        &["store-1", "store-2", "store-3"],
        vec![
            lost,
            hiding(change("store-1/certificate.node", Action::Replace, Cause::Drift, vec![names]), 4),
            hiding(package, 2),
            because(
                change("store-2/drop-in.override.conf", Action::Delete, Cause::Differs, vec![drop_in]),
                "the manifest has no such drop-in",
            ),
            because(
                hiding(change("store-3/service.cockroach", Action::Update, Cause::Drift, vec![argv]), 9),
                "the process runs with other flags than the unit's",
            ),
        ],
    );
    plan.notes = vec![
        Note {
            addr: Some(addr("store-1/certificate.node")),
            text: "its key was not made by crdbctl; it is kept as node.key.old until the next apply, then forgotten"
                .to_owned(),
        },
        Note { addr: None, text: "the join list changed; that alone restarts nothing".to_owned() },
    ];
    plan
}

/// Who moved: the manifest, the host, both, nobody that a record tells of, and an apply that was interrupted.
pub(crate) fn three_way() -> Plan {
    let word = |name: &str, before: &str, after: &str| AttributeDiff::words(name, Some(before), Some(after));
    let limits = vec![
        word("LimitNOFILE", "35000", "65536").with_impact(Impact::Restart),
        word("mode", "0666", "0644").with_remark("drift: edited on the host"),
    ];
    let mut plan = plan(
        &["store-1", "store-2", "store-3"],
        vec![
            hiding(change("store-1/unit.cockroach", Action::Update, Cause::ManifestAndDrift, limits), 3),
            change(
                "store-1/directory.certs",
                Action::Update,
                Cause::Differs,
                vec![word("owner", "azmin", "cockroach"), word("group", "zees", "cockroach")],
            ),
            because(
                change(
                    "store-2/firewall.ufw",
                    Action::Update,
                    Cause::Drift,
                    vec![AttributeDiff {
                        name: "rules".to_owned(),
                        before: Some(Value::List(vec!["allow 26257 from anywhere".to_owned()])),
                        after: Some(Value::List(vec![
                            "allow 26257 from anywhere".to_owned(),
                            "allow 8080 from 198.0.2.0/24".to_owned(),
                        ])),
                        impact: Impact::None,
                        remark: None,
                    }],
                ),
                "a rule was deleted on the host",
            ),
            because(
                change(
                    "store-2/service.cockroach",
                    Action::Update,
                    Cause::Unfinished,
                    vec![word("process", "of before", "of now").with_impact(Impact::Restart)],
                ),
                "a restart is pending",
            ),
        ],
    );
    plan.changes[3].depends_on = BTreeSet::from([addr("store-2/firewall.ufw")]);
    plan.compared.insert(addr("store-3/unit.cockroach"), Verdict::PutOff);
    plan.notes = vec![Note {
        addr: Some(addr("store-3/unit.cockroach")),
        text: "differs, and is left alone".to_owned(),
    }];
    plan
}

/// Certificates near their end, everywhere: the control host, and every node, without a restart.
pub(crate) fn certificates() -> Plan {
    let not_after = || {
        AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26")).with_impact(Impact::Reload)
    };
    let of_client = AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26"));
    let client = change("cluster/certificate.client-root", Action::Replace, Cause::Expiry, vec![of_client]);
    let of_node = |name: &str| {
        because(
            hiding(
                change(
                    &format!("{name}/certificate.node"),
                    Action::Replace,
                    Cause::Expiry,
                    vec![not_after()],
                ),
                4,
            ),
            "expires in 12 days",
        )
    };
    let names = ["store-1", "store-2", "store-3"];
    plan(&names, std::iter::once(client).chain(names.map(of_node)).collect())
}

/// One node is down, and on another a file could not be read.
pub(crate) fn unknown() -> Plan {
    let mode = AttributeDiff::words("mode", Some("0666"), Some("0644"));
    let mut plan = plan(
        &["store-1"],
        vec![change("store-1/file.ufw-profile", Action::Update, Cause::Differs, vec![mode])],
    );
    plan.compared.insert(addr("store-1/unit.cockroach"), Verdict::Unknown);
    plan.unknown = vec![
        unreachable("store-2"),
        unreachable("store-3"),
        UnknownResource {
            node: Some(node("store-1")),
            addr: Some(addr("store-1/unit.cockroach")),
            reason:
                "reading /etc/systemd/system/cockroach.service ended with status 1:\ncat: Input/output error"
                    .to_owned(),
            hint: "look at the disk: dmesg on store-1".to_owned(),
        },
    ];
    plan
}
