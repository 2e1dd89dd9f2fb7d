//! Everything that a tired engineer does to a host by hand is named by the next plan and healed by the next
//! apply, and nothing else is touched.

use std::collections::BTreeSet;

use crdbctl_testlab::{Listing, VOLATILE};

use crate::bench::{Bench, pid};

struct Drift {
    what: &'static str,
    /// On which host.
    host: usize,
    /// Done as root.
    by: String,
    /// The address, without the node, that the plan must name.
    addr: &'static str,
    /// Words that the plan must have.
    words: &'static str,
    /// Paths that may differ after the apply from what they were before the drift.
    touches: Vec<String>,
    /// Whether the process is another one afterwards.
    restarts: bool,
}

impl Drift {
    fn new(
        what: &'static str,
        host: usize,
        by: impl Into<String>,
        addr: &'static str,
        words: &'static str,
    ) -> Self {
        Self { what, host, by: by.into(), addr, words, touches: Vec::new(), restarts: false }
    }

    fn touching(mut self, touches: &[&str]) -> Self {
        self.touches = touches.iter().map(|path| (*path).to_owned()).collect();
        self
    }

    fn restarting(mut self) -> Self {
        self.restarts = true;
        self
    }
}

const UNIT: &str = "/etc/systemd/system/cockroach.service";
const PROFILE: &str = "/etc/ufw/applications.d/cockroach";

fn drifts() -> Vec<Drift> {
    let binary = format!("{}/cockroach", crate::release::Release::of_hosts().package());
    vec![
        Drift::new("mode", 2, format!("chmod 0666 {PROFILE}"), "file.ufw-profile", "0666 -> 0644").touching(&[PROFILE]),
        Drift::new("owner", 1, format!("chown 1:1 {UNIT}"), "unit.cockroach", "owner").touching(&[UNIT]),
        Drift::new("unit content", 3, format!("sed -i 's/TimeoutStopSec=300/TimeoutStopSec=5/' {UNIT}"), "unit.cockroach", "TimeoutStopSec=300")
            .touching(&[UNIT]),
        Drift::new("profile content", 1, format!("sed -i 's/26257/26258/' {PROFILE}"), "file.ufw-profile", "26258")
            .touching(&[PROFILE, "/etc/ufw/user.rules", "/etc/ufw/user6.rules"]),
        Drift::new("link to another target", 2, "ln -sfn /tmp /opt/cockroach/data", "link.data", "/tmp -> /var/lib/cockroach")
            .touching(&["/opt/cockroach/data"]),
        Drift::new("link replaced by a file", 3, "rm /opt/cockroach/cockroach; echo old >/opt/cockroach/cockroach", "link.cockroach", "cockroach.old")
            .touching(&["/opt/cockroach/cockroach", "/opt/cockroach/cockroach.old"]),
        Drift::new("directory mode", 1, "chmod 0777 /opt/cockroach/certs", "directory.certs", "0777 -> 0750"),
        Drift::new("ufw rule deleted", 2, "ufw delete allow CockroachDB", "firewall.ufw", "allow CockroachDB")
            .touching(&["/etc/ufw/user.rules", "/etc/ufw/user6.rules"]),
        Drift::new("service stopped", 3, "systemctl stop cockroach", "service.cockroach", "inactive").restarting(),
        Drift::new("service disabled", 1, "systemctl disable -q cockroach", "service.cockroach", "disabled -> enabled")
            .touching(&["/etc/systemd/system/multi-user.target.wants/cockroach.service"]),
        Drift::new("binary replaced", 2, format!("cp {binary} /opt/x && echo tampered >>/opt/x && mv /opt/x {binary}"), "package.cockroach-v", "sha256")
            .touching(&[&binary]),
        Drift::new("node.key deleted", 3, "rm /opt/cockroach/certs/node.key", "certificate.node", "key")
            .touching(&["/opt/cockroach/certs/node.crt", "/opt/cockroach/certs/node.key"]),
        Drift::new("ca.crt replaced", 1, "cd /opt/cockroach/certs && openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj '/O=Cockroach/CN=Cockroach CA' -out ca.crt 2>/dev/null && chown cockroach:cockroach ca.crt && chmod 644 ca.crt", "certificate.ca", "certificates")
            .touching(&["/opt/cockroach/certs/ca.crt"]),
        Drift::new(
            "stray drop-in",
            2,
            "mkdir -p /etc/systemd/system/cockroach.service.d && printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >'/etc/systemd/system/cockroach.service.d/override.conf' && systemctl daemon-reload",
            "drop-in.override.conf",
            "set aside",
        )
        .touching(&["/etc/systemd/system/cockroach.service.d", "/etc/systemd/system/cockroach.service.d/override.conf"]),
        Drift::new(
            "process with other flags",
            3,
            "cp /etc/systemd/system/cockroach.service /root/unit && sed -i 's/--cache=.25/--cache=.30/; s/ExecStart=\\(.*\\)/ExecStart=\\1 --max-sql-memory=.11/' /etc/systemd/system/cockroach.service && systemctl daemon-reload && systemctl restart cockroach && cp /root/unit /etc/systemd/system/cockroach.service && rm /root/unit && systemctl daemon-reload",
            "service.cockroach",
            "flags.max-sql-memory",
        )
        .touching(&[UNIT])
        .restarting(),
    ]
}

/// What crdbctl and CockroachDB themselves keep writing.
fn listing(bench: &Bench, host: usize) -> Listing {
    let except: Vec<&str> =
        VOLATILE.iter().copied().chain(["/var/lib/cockroach", "/var/lib/crdbctl", "/root"]).collect();
    bench.host(host).listing(&["/"], &except).unwrap()
}

/// The inode tells whether a name is another file than before; a directory keeps its own when its entries change.
fn names_that_moved(before: &Listing, after: &Listing) -> BTreeSet<String> {
    before
        .differences(after)
        .into_iter()
        .filter(|difference| match (&difference.before, &difference.after) {
            (Some(before), Some(after)) => {
                (before.inode, before.mode, before.uid, before.gid, &before.target)
                    != (after.inode, after.mode, after.uid, after.gid, &after.target)
            }
            _ => true,
        })
        .map(|difference| difference.path)
        .collect()
}

#[test]
fn every_drift_is_named_and_healed_and_nothing_else_is_touched() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    bench.assert_empty_plan();
    for drift in drifts() {
        heal(&bench, &drift);
    }
    swapped_certificates(&bench);
}

fn heal(bench: &Bench, drift: &Drift) {
    let before: Vec<(Listing, String)> =
        (1..=3).map(|host| (listing(bench, host), pid(bench.host(host)))).collect();
    bench.host(drift.host).exec_ok(&drift.by).unwrap_or_else(|error| panic!("{}: {error}", drift.what));
    let addr = format!("store-{}/{}", drift.host, drift.addr);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{}: {}{}", drift.what, plan.stdout, plan.stderr);
    assert!(plan.stdout.contains(&addr), "{}: no {addr} in\n{}", drift.what, plan.stdout);
    assert!(plan.stdout.contains(drift.words), "{}: no {:?} in\n{}", drift.what, drift.words, plan.stdout);
    assert!(plan.stdout.contains("drift"), "{}: the cause is not told:\n{}", drift.what, plan.stdout);
    let applied = bench.crdbctl(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}: {}{}", drift.what, applied.stdout, applied.stderr);
    bench.assert_empty_plan();
    for (number, (listed, running)) in (1..=3).zip(&before) {
        let moved = names_that_moved(listed, &listing(bench, number));
        let allowed: &[String] = if number == drift.host { &drift.touches } else { &[] };
        let surprising: Vec<&String> = moved.iter().filter(|path| !allowed.contains(path)).collect();
        assert!(surprising.is_empty(), "{}: on store-{number} {surprising:?} was touched too", drift.what);
        let restarts = drift.restarts && number == drift.host;
        assert_eq!(
            pid(bench.host(number)) != *running,
            restarts,
            "{}: the process of store-{number}",
            drift.what
        );
    }
}

fn swapped_certificates(bench: &Bench) {
    let other = bench.host(2).read("/opt/cockroach/certs/node.crt").unwrap();
    let before = pid(bench.host(1));
    let old = bench.host(1).read("/opt/cockroach/certs/node.crt").unwrap();
    bench.host(1).write("/opt/cockroach/certs/node.crt", &other, 0o644, "cockroach:cockroach").unwrap();
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("store-1/certificate.node").says("reload");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pid(bench.host(1)), before, "a certificate is no reason for a restart");
    assert_ne!(bench.host(1).read("/opt/cockroach/certs/node.crt").unwrap(), old);
    let address = bench.host(1).address();
    for port in [26257, 8080] {
        let served = format!(
            "openssl s_client -connect {address}:{port} </dev/null 2>/dev/null | openssl x509 -noout -serial"
        );
        let on_disk = "openssl x509 -noout -serial -in /opt/cockroach/certs/node.crt";
        let host = bench.host(1);
        assert_eq!(host.exec_ok(&served).unwrap().text(), host.exec_ok(on_disk).unwrap().text(), "{port}");
    }
}
