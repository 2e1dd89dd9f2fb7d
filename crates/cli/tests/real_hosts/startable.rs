//! What keeps CockroachDB from starting again is found before the node is drained or stopped.

use crdbctl_testlab::Host;

use crate::bench::{ADMIN, Bench, Done, pid};

const DROP_IN: &str = "/etc/systemd/system/cockroach.service.d/site.conf";
const KEEP: &str = "service: {drop_ins: keep}\n";

/// A manifest with these flags: each set of flags needs a restart of what runs with another one.
fn flags(bench: &Bench, flags: &str, more: &str) {
    bench.manifest_with(
        &format!("  flags: {{cache: 64MiB, {flags}}}\n"),
        "",
        &format!("{KEEP}{more}"),
        ADMIN,
    );
}

/// What was printed, without the line breaks that a terminal's width makes.
fn unwrapped(done: &Done) -> String {
    format!("{} {}", done.stdout, done.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Apply refuses, names what is missing, and leaves the process alone.
#[track_caller]
fn refused(bench: &Bench, host: &Host, words: &[&str]) {
    let before = pid(host);
    let said = unwrapped(&bench.crdbctl(&["apply", "--yes"]).code(5));
    for word in ["would not start"].iter().chain(words) {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert_eq!(pid(host), before, "{words:?}");
}

#[test]
fn a_node_that_would_not_start_again_is_not_stopped() {
    let Some(bench) = Bench::start(1) else { return };
    let host = bench.host(1);
    bench.manifest(KEEP, ADMIN);
    bench.apply();
    bench.assert_empty_plan();

    // A node that needs no restart is left as it is, with a note.
    let drop_in = |text: &str| {
        host.exec_ok(&format!(
            "mkdir -p {}; printf '{text}' >{DROP_IN}; systemctl daemon-reload",
            DROP_IN.rsplit_once('/').unwrap().0
        ))
        .unwrap();
    };
    drop_in("[Unit]\\nConditionPathExists=/run/not-there\\n");
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("No changes.")
        .says("would not start again")
        .says("ConditionPathExists=/run/not-there");

    // One that needs one is refused: conditions, in drop-ins too, asserts, and what only systemd can judge.
    flags(&bench, "max-sql-memory: 64MiB", "");
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(5).says("ConditionPathExists=/run/not-there");
    refused(&bench, host, &["ConditionPathExists=/run/not-there", DROP_IN]);
    drop_in("[Unit]\\nAssertPathIsDirectory=/run/not-there\\n");
    refused(&bench, host, &["AssertPathIsDirectory=/run/not-there"]);
    drop_in("[Unit]\\nConditionHost=another-host\\n");
    refused(&bench, host, &["ConditionHost=another-host"]);
    drop_in("[Service]\\nEnvironmentFile=/etc/not-there\\n");
    refused(&bench, host, &["EnvironmentFile= in", "needs /etc/not-there"]);
    drop_in("[Service]\\nUser=ghost\\n");
    refused(&bench, host, &["User=ghost"]);
    drop_in("[Service]\\nExecStartPre=/opt/not-there --check\\n");
    refused(&bench, host, &["ExecStartPre= in", "needs /opt/not-there"]);
    drop_in("[Service]\\nExecStart=\\n");
    refused(&bench, host, &["systemd does not load cockroach.service", DROP_IN, "bad-setting"]);
    // A trigger that holds is enough, and a path that may be missing is no reason.
    drop_in(
        "[Unit]\\nConditionPathExists=|/run/not-there\\nConditionPathExists=|/run\\n[Service]\\nEnvironmentFile=-/etc/not-there\\n",
    );
    bench.crdbctl(&["plan"]).code(0).says("1 restart");
    host.exec_ok("touch /opt/cockroach/cockroach_not_to_be_run").unwrap();
    refused(&bench, host, &["ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run"]);
    host.exec_ok(&format!("rm -r /opt/cockroach/cockroach_not_to_be_run {DROP_IN}; systemctl daemon-reload"))
        .unwrap();

    // Paths in flags, as the service's user sees them.
    flags(&bench, "log-config-file: /etc/crdb/log.yaml", "");
    refused(&bench, host, &["--log-config-file", "/etc/crdb/log.yaml", "does not exist"]);
    host.exec_ok("mkdir -p /etc/crdb; touch /etc/crdb/log.yaml; chmod 0600 /etc/crdb/log.yaml").unwrap();
    refused(&bench, host, &["/etc/crdb/log.yaml", "cockroach cannot read it"]);
    host.exec_ok("chmod 0640 /etc/crdb/log.yaml; chgrp cockroach /etc/crdb/log.yaml").unwrap();
    bench.crdbctl(&["plan"]).code(0).says("1 restart");
    flags(
        &bench,
        "enterprise-encryption: 'path=/opt/cockroach/data,key=/etc/crdb/aes.key,old-key=plain'",
        "",
    );
    refused(&bench, host, &["--enterprise-encryption", "/etc/crdb/aes.key"]);
    flags(&bench, "store: [/opt/cockroach/data, /mnt/d2]", "");
    refused(&bench, host, &["--store", "/mnt/d2"]);
    host.exec_ok(
        "mkdir -p /mnt/d2; chown cockroach /mnt/d2; echo '/dev/vdb1 /mnt/d2 ext4 defaults 0 2' >>/etc/fstab",
    )
    .unwrap();
    refused(&bench, host, &["/mnt/d2", "not mounted"]);
    host.exec_ok("sed -i '/d2/d' /etc/fstab").unwrap();
    bench.crdbctl(&["plan"]).code(0).says("1 restart");

    // So are the node's own data on a disk that is not mounted.
    let data = host.exec_ok("readlink -n /opt/cockroach/data").unwrap().text();
    host.exec_ok(&format!("echo '/dev/vdc1 {data} ext4 defaults 0 2' >>/etc/fstab")).unwrap();
    refused(&bench, host, &["--store", &data, "not mounted"]);
    host.exec_ok(&format!("sed -i '\\#{data}#d' /etc/fstab")).unwrap();
    bench.crdbctl(&["plan"]).code(0).says("1 restart");

    // Addresses: taken by another program, or of no interface.
    host.exec_ok("systemd-run --quiet --unit=taken --socket-property=ListenStream=0.0.0.0:8081 cat").unwrap();
    let address = host.address();
    flags(&bench, &format!("http-addr: '{address}:8081'"), "");
    refused(&bench, host, &["--http-addr", ":8081", "another program listens"]);
    flags(&bench, "http-addr: '192.0.2.77:8080'", "");
    refused(&bench, host, &["--http-addr", "192.0.2.77", "on no interface"]);

    // What comes up after the plan is found by the gate: nothing is drained.
    let before = pid(host);
    let touch = format!(
        "ssh -F {} {ADMIN}@store-1 sudo touch /opt/cockroach/cockroach_not_to_be_run",
        bench.lab.ssh_config().display()
    );
    flags(&bench, "max-sql-memory: 64MiB", &format!("hooks: {{before_node: \"{touch}\"}}\n"));
    let done = bench.crdbctl(&["apply", "--yes"]).code(4);
    let said = unwrapped(&done);
    assert!(
        said.contains("store-1 would not start again") && said.contains("cockroach_not_to_be_run"),
        "{said}"
    );
    assert!(!said.contains("draining") && !said.contains("stopping and starting"), "{said}");
    assert_eq!(pid(host), before);

    // A node that is down is not started to wait for its health.
    host.exec_ok("systemctl stop cockroach").unwrap();
    flags(&bench, "max-sql-memory: 64MiB", "");
    refused(&bench, host, &["cockroach_not_to_be_run"]);
    host.exec_ok("rm /opt/cockroach/cockroach_not_to_be_run").unwrap();
    host.exec_ok("systemd-run --quiet --unit=taken2 --socket-property=ListenStream=0.0.0.0:8080 cat")
        .unwrap();
    refused(&bench, host, &[":8080", "another program listens"]);
    host.exec_ok("systemctl stop taken2.socket").unwrap();
    bench.apply();
    bench.assert_empty_plan();
}
