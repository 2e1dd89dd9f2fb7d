//! A plan without a network is the plan with one: what `probe -o` wrote says all that a plan rests on.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::bench::{ADMIN, Bench};

/// The text of a plan in a form, without what tells where it comes from: how long the probe took, or the file.
fn plan(bench: &Bench, form: &str, observed: &[&str], code: i32) -> String {
    let line = [&["plan", "--detailed-exitcode", "--format", form], observed].concat();
    let text = bench.crdbctl(&line).code(code).stdout;
    match form {
        "human" => text.split_once("\n\n").unwrap().1.to_owned(),
        "html" => {
            let (before, rest) = text.split_once("<p class=\"brand\">").unwrap();
            format!("{before}{}", rest.split_once("</p>").unwrap().1)
        }
        _ => text,
    }
}

/// Waits until two looks at the hosts tell the same: a cluster that has just lost a node notices it by and by.
fn wait_until_it_rests(bench: &Bench, code: i32) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (one, other) = (plan(bench, "json", &[], code), plan(bench, "json", &[], code));
        if one == other {
            return;
        }
        assert!(Instant::now() < deadline, "it tells something else at every look:\n{one}\n---\n{other}");
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Sees that every form of the plan is the same to the byte from the hosts and from a file of what a probe found before.
fn same(bench: &Bench, what: &str, probed: i32, code: i32) {
    wait_until_it_rests(bench, code);
    bench.crdbctl(&["probe", "-o", "seen.json"]).code(probed);
    for form in ["json", "human", "markdown", "html", "junit"] {
        let online = plan(bench, form, &[], code);
        let offline = plan(bench, form, &["--observed", "seen.json"], code);
        assert!(online == offline, "{what}: {form}:\n{online}\n--- offline:\n{offline}");
        assert!(online.len() > 50, "{what}: {form}: {online}");
    }
}

#[test]
fn a_plan_from_recorded_observations_is_the_plan_to_the_byte() {
    let Some(bench) = Bench::start(3) else { return };
    same(&bench, "bare hosts", 0, 2);
    let settings = "  settings: {server.time_until_store_dead: 6m}\n";
    bench.manifest_with(settings, "", "", ADMIN);
    bench.apply();
    bench.assert_empty_plan();
    same(&bench, "as desired", 0, 0);

    // Drift, a changed flag that restarts, a certificate for one more name, and one host that is down.
    bench
        .host(2)
        .exec_ok("chmod 0777 /opt/cockroach && echo '# by hand' >>/etc/ufw/applications.d/cockroach")
        .unwrap();
    let flags = format!("{settings}  flags: {{cache: \".3\"}}\n");
    bench.manifest_with(&flags, "", "certificates: {extra_names: [lb.example.com]}", ADMIN);
    same(&bench, "drift and a changed manifest", 0, 2);
    bench.host(3).power_cut().unwrap();
    same(&bench, "a host is down", 5, 5);

    // The file is its owner's, and holds no key.
    let file = bench.path("seen.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let seen = std::fs::read_to_string(&file).unwrap();
    assert!(!seen.contains("PRIVATE KEY"));
    for host in [1, 2] {
        let key = bench.host(host).read("/opt/cockroach/certs/node.key").unwrap();
        let key = String::from_utf8(key.to_vec()).unwrap();
        let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with("-----")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| !seen.contains(line)), "a line of a key");
    }
}
