//! Certificates over a cluster's life: pairs are renewed under running nodes, which keep running.

use crdbctl_testlab::Host;

use crate::bench::{ADMIN, Bench, pid};

const CRT: &str = "/opt/cockroach/certs/node.crt";
const KEY: &str = "/opt/cockroach/certs/node.key";

fn serial_on_disk(host: &Host) -> String {
    host.exec_ok(&format!("openssl x509 -noout -serial -in {CRT}")).unwrap().text()
}

/// Asserts that both ports serve what is on disk, and that its key is its own.
#[track_caller]
fn assert_served(host: &Host) {
    for port in [26257, 8080] {
        let served = format!(
            "openssl s_client -connect {}:{port} </dev/null 2>/dev/null | openssl x509 -noout -serial",
            host.address()
        );
        assert_eq!(host.exec_ok(&served).unwrap().text(), serial_on_disk(host), "{} {port}", host.name());
    }
    let halves = format!("openssl x509 -noout -pubkey -in {CRT}; openssl pkey -pubout -in {KEY}");
    let halves = host.exec_ok(&halves).unwrap().text();
    let (of_certificate, of_key) = halves.split_at(halves.len() / 2);
    assert_eq!(of_certificate.trim(), of_key.trim(), "{}", host.name());
}

/// How often the program was told to read its certificates again, by its own log.
fn reloads(host: &Host) -> usize {
    let log = host.exec_ok("grep -c 'received signal \"hangup\"' /var/lib/cockroach/logs/cockroach.log");
    log.unwrap().text().trim().parse().unwrap()
}

#[test]
fn pairs_are_renewed_without_a_restart_and_a_key_that_does_not_fit_is_mended_before_any_signal() {
    let Some(bench) = Bench::start(2) else { return };
    bench.manifest("certificates: {lifetime: {node: 60d, client: 60d}}", ADMIN);
    bench.apply();
    bench.assert_empty_plan();
    let hosts = [bench.host(1), bench.host(2)];
    let pids = hosts.map(pid);
    let unchanged = |what: &str| assert_eq!(hosts.map(pid), pids, "{what}");

    // The window of renewal, a name more, another type of key: each a new pair, served, and no restart.
    for (certificates, words) in [
        ("renew_before: 90d", "expires in 59 days"),
        ("renew_before: 90d, extra_names: [lb.example.com]", "does not cover lb.example.com"),
        (
            "renew_before: 90d, extra_names: [lb.example.com], key: rsa-2048",
            "its key is ecdsa-p256, not rsa-2048",
        ),
    ] {
        let before = hosts.map(serial_on_disk);
        bench.manifest(&format!("certificates: {{{certificates}}}"), ADMIN);
        bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says(words).says("2 reloads");
        bench.apply();
        bench.assert_empty_plan();
        unchanged(words);
        for (host, before) in hosts.iter().zip(before) {
            assert_ne!(serial_on_disk(host), before, "{words}");
            assert_served(host);
        }
    }

    // The key of another pair, as a tired engineer copies it. The one signal is sent when the pair fits again.
    let told = reloads(hosts[0]);
    let foreign = hosts[1].read(KEY).unwrap();
    hosts[0].write(KEY, &foreign, 0o600, "cockroach:cockroach").unwrap();
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("store-1/certificate.node")
        .says("the key beside it belongs to another certificate");
    assert_eq!(reloads(hosts[0]), told, "a plan sends no signal");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(reloads(hosts[0]), told + 1);
    unchanged("a key that does not fit");
    hosts.iter().for_each(|host| assert_served(host));

    the_list_has_them_all(&bench);
}

fn the_list_has_them_all(bench: &Bench) {
    // A user whom the manifest does not name has a certificate too.
    std::fs::copy(bench.path("keys/client.root.crt"), bench.path("keys/client.alice.crt")).unwrap();
    let list = bench.crdbctl(&["certs", "list"]).code(0);
    let rows: Vec<Vec<&str>> = list
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("WHERE"))
        .skip(1)
        .map(|line| line.split_whitespace().take(2).collect())
        .collect();
    let expected: Vec<Vec<&str>> = [
        "authority client.alice.crt",
        "authority client.root.crt",
        "authority ca.crt",
        "store-1 node.crt",
        "store-1 ca.crt",
        "store-2 node.crt",
        "store-2 ca.crt",
    ]
    .map(|row| row.split(' ').collect())
    .to_vec();
    assert_eq!(rows, expected, "{}", list.stdout);
    std::fs::remove_file(bench.path("keys/client.alice.crt")).unwrap();

    bench.host(2).power_cut().unwrap();
    let before = bench.host(1).listing(&["/etc", "/opt", "/var/lib/crdbctl"], &[]).unwrap();
    let list = bench.crdbctl(&["certs", "list", "--format", "json"]).code(5);
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list["format_version"], 1);
    let found = list["certificates"].as_array().unwrap();
    assert_eq!(found.len(), 4, "{list:#}");
    let node = found.iter().find(|entry| entry["file"] == "node.crt").unwrap();
    assert_eq!(node["node"], "store-1");
    assert_eq!(node["key"], "rsa-2048");
    assert_eq!(node["signed_by"], found.iter().find(|entry| entry["file"] == "ca.crt").unwrap()["sha256"]);
    assert!(node["sans"].as_array().unwrap().iter().any(|name| name == "lb.example.com"), "{node:#}");
    assert_eq!(list["unknown"][0]["node"], "store-2");
    let after = bench.host(1).listing(&["/etc", "/opt", "/var/lib/crdbctl"], &[]).unwrap();
    assert_eq!(before.differences(&after), []);
}

/// A certificate of the host's own for browsers, as somebody may put it there: the HTTP port serves it instead of the node's.
fn give_ui_certificate(host: &Host) {
    host.exec_ok(&format!(
        "cd /opt/cockroach/certs && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj \
         /CN={0} -addext subjectAltName=IP:{0} -keyout ui.key -out ui.crt 2>/dev/null && chown cockroach:cockroach ui.* && \
         chmod 0600 ui.key",
        host.address()
    ))
    .unwrap();
}

#[test]
fn a_process_that_does_not_read_its_certificates_again_is_found_and_the_rest_is_done_later() {
    const FAULTS: &str = "/var/lib/cockroach.faults";
    let Some(bench) = Bench::start_stand_in(3) else { return };
    bench.apply();
    bench.assert_empty_plan();
    give_ui_certificate(bench.host(1));
    let pids = || bench.lab.hosts().iter().map(pid).collect::<Vec<_>>();
    let before = pids();
    let rotate = |more: &[&str]| bench.crdbctl(&[&["certs", "rotate-ca", "--yes"], more].concat());

    // Step 1 changes ca.crt alone, step 2 the pairs.
    for (says, then) in [
        ("still goes by a ca.crt that ends", "give the new ca.crt to every client"),
        ("still serves serial=", "again for the clients' certificates"),
    ] {
        let third = bench.host(3).exec_ok("cat /opt/cockroach/certs/ca.crt /opt/cockroach/certs/node.crt");
        let third = third.unwrap().text();
        bench.host(2).exec_ok(&format!("echo rejects-sighup >{FAULTS}")).unwrap();
        rotate(&[]).code(4).says("store-2").says(says);
        let untouched =
            bench.host(3).exec_ok("cat /opt/cockroach/certs/ca.crt /opt/cockroach/certs/node.crt");
        assert_eq!(untouched.unwrap().text(), third, "store-3 comes after store-2");
        bench.host(2).exec_ok(&format!("rm {FAULTS}")).unwrap();
        // What was left to be read is a matter of its own once the files are as they shall be.
        let mut done = rotate(&[]).code(0);
        if !done.stderr.contains(then) {
            done = rotate(&[]).code(0);
        }
        done.says(then);
        assert_eq!(pids(), before, "{says}");
    }
    let served = |port: u16| {
        let ask = "openssl x509 -noout -serial";
        let host = bench.host(1);
        let from = format!("openssl s_client -connect {}:{port} </dev/null 2>/dev/null", host.address());
        host.exec_ok(&format!("{from} | {ask}")).unwrap().text()
    };
    let ui = bench.host(1).exec_ok("openssl x509 -noout -serial -in /opt/cockroach/certs/ui.crt").unwrap();
    assert_eq!(served(8080), ui.text());
    assert_eq!(served(26257), serial_on_disk(bench.host(1)));
    rotate(&[]).code(0);
    // Neither the pair changes nor what comes first in ca.crt.
    rotate(&["--drop-old"]).code(0).says("whether it has read ca.crt again cannot be told");
    bench.assert_empty_plan();
    assert_eq!(pids(), before);
}

#[test]
fn a_node_with_sql_apart_is_operated_with_the_stored_pair_and_no_key_of_the_authority() {
    let Some(bench) = Bench::start(3) else { return };
    let with = |more: &str| {
        let cockroach = format!(
            "  flags: {{sql-addr: \":36257\"{more}}}\n  settings: {{cluster.organization: \"a{more}\"}}\n"
        );
        bench.manifest_with(&cockroach, "", "", ADMIN);
    };
    with("");
    bench.apply();
    bench.assert_empty_plan();
    let pids = || bench.lab.hosts().iter().map(pid).collect::<Vec<_>>();
    let keys = bench.path("keys");
    std::fs::rename(keys.join("ca.key"), bench.path("ca.key")).unwrap();
    let before = pids();
    with(", cache: .3");
    // Drained over RPC, gated and set over SQL.
    bench.apply().says("draining").says("cluster/setting.cluster.organization");
    bench.assert_empty_plan();
    let after = pids();
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));

    // With neither, it is told at once, and nothing is begun.
    for file in ["client.root.crt", "client.root.key"] {
        std::fs::rename(keys.join(file), bench.path(file)).unwrap();
    }
    with(", cache: .4");
    let began = std::time::Instant::now();
    bench.crdbctl(&["apply", "--yes", "--skip-unknown"]).code(1).says("nodes cannot be spoken to");
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    assert_eq!(pids(), after);
}
