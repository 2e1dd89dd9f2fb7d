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

/// Sees that every form of the plan is the same to the byte from the hosts and from what it kept of them. Two looks would not do:
/// of a host that is down, ssh says one time that there is no route, and another time that nobody answers.
fn same(bench: &Bench, what: &str, code: i32) {
    for form in ["json", "human", "markdown", "html", "junit"] {
        let online = plan(bench, form, &["--save-observations", "seen.json"], code);
        let offline = plan(bench, form, &["--observed", "seen.json"], code);
        assert!(online == offline, "{what}: {form}:\n{online}\n--- offline:\n{offline}");
        assert!(online.len() > 50, "{what}: {form}: {online}");
    }
}

/// Sees that a probe by itself, made before the plan, says the same of hosts that rest.
fn same_by_probe(bench: &Bench, code: i32) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        bench.crdbctl(&["probe", "-o", "probed.json"]).code(0);
        let (offline, online) =
            (plan(bench, "json", &["--observed", "probed.json"], code), plan(bench, "json", &[], code));
        if online == offline {
            return;
        }
        // A cluster that has just been started moves by itself for a while.
        assert!(Instant::now() < deadline, "{online}\n--- offline:\n{offline}");
        std::thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn a_plan_from_recorded_observations_is_the_plan_to_the_byte() {
    let Some(bench) = Bench::start(3) else { return };
    same(&bench, "bare hosts", 2);
    let settings = "  settings: {server.time_until_store_dead: 6m}\n";
    bench.manifest_with(settings, "", "", ADMIN);
    bench.apply();
    bench.assert_empty_plan();
    same(&bench, "as desired", 0);
    same_by_probe(&bench, 0);

    // Drift, a changed flag that restarts, a certificate for one more name, and one host that is down.
    bench
        .host(2)
        .exec_ok("chmod 0777 /opt/cockroach && echo '# by hand' >>/etc/ufw/applications.d/cockroach")
        .unwrap();
    let flags = format!("{settings}  flags: {{cache: \".3\"}}\n");
    bench.manifest_with(&flags, "", "certificates: {extra_names: [lb.example.com]}", ADMIN);
    same(&bench, "drift and a changed manifest", 2);
    same_by_probe(&bench, 2);

    // The words for what nears its end count days, from the moment of the probe.
    let near = "certificates: {lifetime: {node: 2000d, client: 2000d}, renew_before: 1900d}";
    bench.manifest_with(settings, "", near, ADMIN);
    let text = plan(&bench, "human", &[], 2);
    assert!(text.contains("expires in 18"), "{text}");
    same(&bench, "certificates near their end", 2);
    bench.manifest_with(&flags, "", "certificates: {extra_names: [lb.example.com]}", ADMIN);
    bench.host(3).power_cut().unwrap();
    same(&bench, "a host is down", 5);

    // Somebody else, who has neither the authority nor the hosts, sees the same.
    let online = plan(&bench, "json", &["--save-observations", "seen.json"], 5);
    bench.shell("mkdir elsewhere && cp cluster.yaml seen.json elsewhere").code(0);
    let offline = bench.shell("cd elsewhere && HOME=/nowhere crdbctl plan --observed seen.json --format json --detailed-exitcode").code(5);
    assert_eq!(online, offline.stdout);

    for file in ["seen.json", "probed.json"] {
        is_its_owners_and_holds_no_key(&bench, file);
    }
}

fn is_its_owners_and_holds_no_key(bench: &Bench, file: &str) {
    let file = bench.path(file);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let seen = std::fs::read_to_string(&file).unwrap();
    assert!(seen.contains("BEGIN CERTIFICATE") && !seen.contains("PRIVATE KEY"));
    let of_this_host = std::fs::read_dir(bench.path("keys")).unwrap().map(|entry| entry.unwrap().path());
    let mut keys: Vec<String> = of_this_host
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(keys.len() >= 2, "of the authority and of a client");
    for host in [1, 2] {
        let key = bench.host(host).read("/opt/cockroach/certs/node.key").unwrap();
        keys.push(String::from_utf8(key.to_vec()).unwrap());
    }
    for key in &keys {
        let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with("-----")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| !seen.contains(line)), "a line of a key");
    }
}

#[test]
fn a_password_is_in_no_observations() {
    use crdbctl_testlab::users::ASKS_PASSWORD;
    let Some(bench) = Bench::start(1) else { return };
    bench.manifest("", "asks");
    std::fs::write(bench.path("password"), format!("{ASKS_PASSWORD}\n")).unwrap();
    let password = [("CRDBCTL_SUDO_PASSWORD_COMMAND", "cat password")];
    bench.crdbctl_with(&["probe", "-o", "seen.json"], &password).code(0);
    let seen = std::fs::read_to_string(bench.path("seen.json")).unwrap();
    assert!(seen.contains("store-1") && !seen.contains(ASKS_PASSWORD));
}
