//! An apply that is at work while others look, and what they see when it was killed and the manifest went on.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{ADMIN, Bench, Done};

const UNIT: &str = "/etc/systemd/system/cockroach.service";

/// A manifest with a size of the cache, which restarts nodes, and a pause behind each restart.
fn manifest(bench: &Bench, cache: &str, settle: &str) {
    bench.manifest_with(&format!("  flags: {{cache: \"{cache}\"}}\n"), "", "", ADMIN);
    let file = bench.path("cluster.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replace("settle: 0s", &format!("settle: {settle}"));
    std::fs::write(file, text).unwrap();
}

/// Begins an apply, and waits until it has restarted one node and waits before the next one. Returns that node's number.
fn under_way(bench: &Bench, cache: &str) -> (Child, usize) {
    manifest(bench, cache, "600s");
    let mut child =
        bench.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let is_done = format!(
        "grep -q -- '--cache={cache}' {UNIT} && ! test -e /var/lib/crdbctl/store.pending && \
         tr '\\0' ' ' </proc/$(systemctl show cockroach.service -p MainPID --value)/cmdline | grep -q -- '--cache={cache}'"
    );
    while began.elapsed() < Duration::from_secs(120) {
        for number in [1, 2] {
            if bench.host(number).exec(&is_done).unwrap().success() {
                return (child, number);
            }
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("no node was restarted");
}

fn kill(bench: &Bench, mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
    // The lock goes with the shell that holds it.
    for host in bench.lab.hosts() {
        host.exec_ok(
            "for i in $(seq 100); do flock -n /run/crdbctl/store.lock true && exit; sleep 0.2; done; exit 1",
        )
        .unwrap();
    }
}

#[track_caller]
fn silent(done: Done, words: &str) -> Done {
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(!said.contains(words), "{words:?} in\n{said}");
    done
}

#[test]
fn a_running_apply_is_named_and_what_it_did_before_it_was_killed_is_no_drift() {
    let Some(bench) = Bench::start(2) else { return };
    manifest(&bench, ".25", "0s");
    bench.apply();

    let (child, changed) = under_way(&bench, ".26");
    let locks = "stat -c '%i %Y' /run/crdbctl/store.lock; cat /run/crdbctl/store.lock; ls /run/crdbctl /var/lib/crdbctl";
    let before = bench.host(1).exec_ok(locks).unwrap().text();
    let running = "has been running since";
    // One node waits for its turn: not judged, and no drift.
    let drift = silent(bench.crdbctl(&["drift"]).code(5).says(running), "interrupted");
    assert!(drift.stdout.contains("an apply by "), "{}", drift.stdout);
    silent(bench.crdbctl(&["drift", "--only", "drift"]).code(5).says(running), "interrupted");
    silent(bench.crdbctl(&["plan"]).says(running), "interrupted");
    silent(bench.crdbctl(&["status"]).code(0).says(running), "interrupted");
    silent(bench.crdbctl(&["apply", "--yes"]).code(6).says(running).says("not applied"), "interrupted");
    silent(bench.crdbctl(&["destroy", "--yes"]).code(6).says(running), "interrupted");
    assert_eq!(bench.host(1).exec_ok(locks).unwrap().text(), before, "looking disturbs no lock");
    // What the running apply does not change is judged as ever.
    bench.host(1).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    let drift = bench.crdbctl(&["drift", "--format", "json"]).code(5);
    assert!(drift.stdout.contains("store-1/file.ufw-profile"), "{}", drift.stdout);
    bench.host(1).exec_ok("chmod 0644 /etc/ufw/applications.d/cockroach").unwrap();
    kill(&bench, child);

    // The manifest goes on to another value: nobody changed anything on the host but crdbctl.
    let unit = format!("store-{changed}/unit.cockroach");
    manifest(&bench, ".27", "0s");
    bench.crdbctl(&["drift", "--only", "drift"]).code(0);
    silent(bench.crdbctl(&["drift"]).code(2).says("interrupted").says(&unit), "the host as well");
    // It goes back to what was applied before.
    manifest(&bench, ".25", "0s");
    bench.crdbctl(&["drift", "--only", "drift"]).code(0);
    silent(bench.crdbctl(&["drift"]).code(2).says("an earlier apply was interrupted"), "changed on the host");
    // Interrupted once more, on the way to yet another value.
    let (child, _) = under_way(&bench, ".28");
    kill(&bench, child);
    for cache in [".29", ".26", ".25"] {
        manifest(&bench, cache, "0s");
        bench.crdbctl(&["drift", "--only", "drift"]).code(0);
    }
    // What somebody else edits since is drift all the same.
    bench.host(changed).exec_ok(&format!("echo '# by hand' >>{UNIT}")).unwrap();
    bench.crdbctl(&["drift", "--only", "drift"]).code(2).says(&unit);
    bench.apply();
    bench.assert_empty_plan();
    for host in bench.lab.hosts() {
        assert_eq!(host.exec_ok("ls /var/lib/crdbctl | grep steps; true").unwrap().text(), "");
    }
    bench.host(changed).exec_ok(&format!("echo '# by hand' >>{UNIT}")).unwrap();
    bench.crdbctl(&["drift", "--only", "drift"]).code(2).says("(changed on the host)");
}
