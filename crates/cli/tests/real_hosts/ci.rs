//! Drift as a pipeline looks for it: the action with a key of its own, shards that are joined, and a timer on one of the hosts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::bench::{ADMIN, Bench, Done};
use crate::pipeline::{Action, Tools, blocks, root};

/// Writes a manifest whose nodes are reached by their addresses, so that it holds with any configuration of ssh, or with none.
fn manifest(bench: &Bench) {
    bench.manifest("", ADMIN);
    let file = bench.path("cluster.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| match line.split_once(", hostname: ") {
        Some((node, _)) => format!("{node}}}\n"),
        None => format!("{line}\n"),
    });
    fs::write(&file, lines.collect::<String>()).unwrap();
}

/// Takes away what tells crdbctl how ssh finds keys.
fn forget_ssh_configuration(bench: &Bench) {
    let file = bench.path("cluster.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("config_file:")).collect();
    assert!(kept.len() < text.lines().count());
    fs::write(&file, kept.join("\n") + "\n").unwrap();
}

fn logins(bench: &Bench, host: usize) -> usize {
    let log =
        bench.host(host).exec_ok("journalctl --quiet --boot | grep -c 'Accepted publickey'; true").unwrap();
    log.text().trim().parse().unwrap()
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// Looks at every shard, and joins what they bring.
fn joined(bench: &Bench, of: usize) -> Done {
    let mut words = vec!["show".to_owned(), "--format".to_owned(), "json".to_owned(), "--merge".to_owned()];
    for index in 1..=of {
        let others: Vec<usize> = (1..=3)
            .filter(|host| (host - 1) % of + 1 != index && bench.host(*host).is_on().unwrap())
            .collect();
        let before: Vec<usize> = others.iter().map(|host| logins(bench, *host)).collect();
        let shard = format!("{index}/{of}");
        let done = bench.crdbctl(&["drift", "--format", "json", "--shard", &shard]);
        assert!([0, 2, 5].contains(&done.code), "{done:?}");
        let after: Vec<usize> = others.iter().map(|host| logins(bench, *host)).collect();
        assert_eq!(before, after, "shard {shard} went to one of the stores {others:?}");
        fs::write(bench.path(&format!("shard-{index}.json")), &done.stdout).unwrap();
        words.push(format!("shard-{index}.json"));
    }
    bench.crdbctl(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn assert_same(joined: &Value, whole: &Value) {
    let changes = |plan: &Value| {
        let mut all: Vec<Value> = plan["changes"].as_array().unwrap().clone();
        all.sort_by_key(|change| change["addr"].to_string());
        all
    };
    assert_eq!(changes(joined), changes(whole));
    for member in ["compared", "summary", "transfers", "exit_code", "complete"] {
        assert_eq!(joined[member], whole[member], "{member}");
    }
    assert_eq!(joined["basis"]["manifest"], whole["basis"]["manifest"]);
    assert_eq!(joined["basis"]["cluster"], whole["basis"]["cluster"]);
}

#[test]
fn shards_connect_to_their_own_nodes_and_joined_they_are_the_whole() {
    let Some(bench) = Bench::start(3) else { return };
    // A shard does not take a bare cluster for one that it may initialise, and the whole does.
    let first = json(&bench.crdbctl(&["drift", "--format", "json", "--shard", "1/3"]).code(5));
    let changes = first["changes"].to_string();
    assert!(
        !changes.contains("\"cluster/") && first["compared"]["cluster/init.store"] == "unknown",
        "{changes}"
    );
    bench.apply();
    let clean = joined(&bench, 3).code(0);
    assert_same(&json(&clean), &json(&bench.crdbctl(&["drift", "--format", "json"]).code(0)));
    bench.host(2).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    bench.host(3).exec_ok("systemctl stop cockroach").unwrap();
    for of in [2, 3, 4] {
        let whole = bench.crdbctl(&["drift", "--format", "json"]).code(2);
        assert_same(&json(&joined(&bench, of).code(2)), &json(&whole));
    }
    bench.host(3).power_cut().unwrap();
    let (whole, joined) = (bench.crdbctl(&["drift", "--format", "json"]).code(5), joined(&bench, 3).code(5));
    let nodes = |done: &Done| {
        let unknown = json(done)["unknown"].as_array().unwrap().clone();
        unknown.iter().map(|it| it["node"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(nodes(&joined), nodes(&whole));
    assert_eq!(json(&joined)["compared"], json(&whole)["compared"]);
}

#[test]
fn the_action_tells_of_drift_on_hosts_and_leaves_no_key() {
    let Some(tools) = Tools::find() else { return };
    let Some(bench) = Bench::start(3) else { return };
    manifest(&bench);
    bench.apply();
    forget_ssh_configuration(&bench);
    let keys = bench.path("keys");
    // What a repository has: no key at all, and a directory as git makes it.
    let client_key = fs::read_to_string(keys.join("client.root.key")).unwrap();
    for secret in ["ca.key", "client.root.key"] {
        fs::remove_file(keys.join(secret)).unwrap();
    }
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let key = read(&bench.lab.identity_file());
    let temporary = bench.path("temporary");
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let action = || {
        Action::new(&tools, bench.directory.path(), &temporary, path)
            .with("crdbctl", env!("CARGO_BIN_EXE_crdbctl"))
            .with("ssh-key", &key)
            .with("known-hosts", &read(&bench.lab.known_hosts_path()))
            .with("client-key", &client_key)
    };
    let done = action().run();
    assert!(done.success && done.output("result") == "clean", "{}\n{}", done.summary, done.log);
    bench.host(2).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    let done = action().run();
    assert_eq!(
        (done.success, done.output("result"), done.output("exit-code")),
        (false, "diverged", "2"),
        "{}",
        done.log
    );
    let plan: Value = serde_json::from_str(&read(Path::new(done.output("json")))).unwrap();
    let changed: Vec<&Value> =
        plan["changes"].as_array().unwrap().iter().map(|change| &change["addr"]).collect();
    assert_eq!(changed, ["store-2/file.ufw-profile"]);
    assert!(done.summary.contains("store-2") && done.summary.contains("0666"), "{}", done.summary);
    let junit = read(Path::new(done.output("junit")));
    assert!(junit.contains("failures=\"1\"") && junit.contains("file.ufw-profile"), "{junit}");
    let secret = key.lines().nth(2).unwrap();
    for entry in fs::read_dir(done.output("directory")).unwrap() {
        let path = entry.unwrap().path();
        assert!(!read(&path).contains(secret), "{}", path.display());
    }
    assert!(!done.log.contains(secret) && !keys.join("client.root.key").exists());
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["crdbctl-drift"]);
    // Another host under a node's address is none that is looked at.
    let strangers =
        "198.0.2.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let done = action().with("known-hosts", strangers).with("fail-on", "").run();
    assert_eq!((done.success, done.output("result")), (true, "incomplete"), "{}", done.log);
    assert!(done.summary.contains("host key"), "{}", done.summary);
    // What is given counts before a configuration that the manifest names: its own key, and hosts that it trusts.
    let ours = read(&bench.path("cluster.yaml"));
    let with_configuration =
        ours.replace("ssh:\n", &format!("ssh:\n  config_file: {}\n", bench.lab.ssh_config().display()));
    assert_ne!(ours, with_configuration);
    fs::write(bench.path("cluster.yaml"), &with_configuration).unwrap();
    let done = action().with("known-hosts", strangers).with("fail-on", "").run();
    assert_eq!(done.output("result"), "incomplete", "{}", done.summary);
    assert!(done.summary.contains("host key"), "{}", done.summary);
    let other = bench.path("other-key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&other)
        .status();
    assert!(made.unwrap().success());
    let configuration =
        read(&bench.lab.ssh_config()).replace(&bench.lab.identity_file().display().to_string(), "/none");
    fs::write(bench.path("ssh_config"), configuration).unwrap();
    fs::write(bench.path("cluster.yaml"), ours.replace("ssh:\n", "ssh:\n  config_file: ssh_config\n"))
        .unwrap();
    let done = action().with("fail-on", "").run();
    assert_eq!(done.output("result"), "diverged", "{}", done.summary);
    let done = action().with("ssh-key", &read(&other)).with("fail-on", "").run();
    assert_eq!(done.output("result"), "incomplete", "{}", done.summary);
    fs::write(bench.path("cluster.yaml"), &ours).unwrap();
    // Without the client's key the cluster cannot be asked, and that is told.
    let done = action().with("client-key", "").with("fail-on", "").run();
    assert_eq!(done.output("result"), "incomplete", "{}", done.summary);
    assert!(done.summary.contains("cluster/certificate.client.root"), "{}", done.summary);
}

#[test]
fn a_timer_on_a_host_tells_of_drift_in_metrics_and_fails_where_something_is_unknown() {
    let Some(bench) = Bench::start(2) else { return };
    manifest(&bench);
    bench.apply();
    let page = blocks(&fs::read_to_string(root().join("docs/ci.md")).unwrap());
    let control = bench.host(1);
    let put = |path: &str, bytes: &[u8], mode: u32| control.write(path, bytes, mode, "root:root").unwrap();
    let read = |path: &Path| fs::read(path).unwrap();
    put("/usr/local/bin/crdbctl", &read(Path::new(env!("CARGO_BIN_EXE_crdbctl"))), 0o755);
    for (name, block) in &page {
        if name.starts_with("/etc/") {
            control.exec_ok(&format!("mkdir -p $(dirname {name})")).unwrap();
            put(name, block.text.as_bytes(), 0o644);
        }
    }
    control.exec_ok("mkdir -p /etc/crdbctl/keys").unwrap();
    let manifest = fs::read_to_string(bench.path("cluster.yaml")).unwrap();
    let manifest: String = manifest
        .lines()
        .map(|line| match line.trim_start() {
            rest if rest.starts_with("config_file:") => "  config_file: ssh_config\n".to_owned(),
            rest if rest.starts_with("archive:") => {
                let archive = Path::new(rest.trim_start_matches("archive:").trim());
                let name = archive.file_name().unwrap().to_str().unwrap();
                put(&format!("/etc/crdbctl/{name}"), &read(archive), 0o644);
                let sum = archive.with_file_name(format!("{name}.sha256sum"));
                put(&format!("/etc/crdbctl/{name}.sha256sum"), &read(&sum), 0o644);
                format!("  archive: {name}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    put("/etc/crdbctl/cluster.yaml", manifest.as_bytes(), 0o644);
    put("/etc/crdbctl/known_hosts", &read(&bench.lab.known_hosts_path()), 0o644);
    put("/etc/crdbctl/ssh-key", &read(&bench.lab.identity_file()), 0o600);
    for (name, mode) in [("ca.crt", 0o644), ("client.root.crt", 0o644), ("client.root.key", 0o600)] {
        put(&format!("/etc/crdbctl/keys/{name}"), &read(&bench.path("keys").join(name)), mode);
    }
    // What the page has people type.
    let typed: Vec<&str> =
        page.values().filter(|block| block.language == "sh").map(|block| block.text.as_str()).collect();
    assert_eq!(typed.len(), 1);
    control.exec_ok(&format!("set -e\n{}", typed[0])).unwrap();
    assert_eq!(control.exec_ok("systemctl is-enabled crdbctl-drift.timer").unwrap().text().trim(), "enabled");
    assert_eq!(control.exec_ok("systemctl is-active crdbctl-drift.timer").unwrap().text().trim(), "active");

    let look = || {
        let started = control.exec("systemctl start crdbctl-drift.service").unwrap();
        let shown =
            control.exec_ok("systemctl show crdbctl-drift.service -p ExecMainStatus --value").unwrap();
        let log = control
            .exec_ok("journalctl --quiet --boot --no-pager -u crdbctl-drift.service | tail -n 60")
            .unwrap();
        (started.success(), shown.text().trim().to_owned(), log.text())
    };
    let metrics = || control.read_text("/var/lib/crdbctl-drift/crdbctl.prom").unwrap();
    let drifted = |node: &str| {
        let of_node = format!("crdbctl_drifted_resources{{cluster=\"store\",node=\"{node}\",");
        let metrics = metrics();
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(&of_node)?.rsplit_once(' '));
        lines.map(|(_, number)| number.parse::<usize>().unwrap()).sum::<usize>()
    };
    let (ok, status, log) = look();
    assert_eq!((ok, status.as_str()), (true, "0"), "{log}");
    assert_eq!((drifted("store-1"), drifted("store-2")), (0, 0));
    bench.host(2).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    let (ok, status, log) = look();
    assert_eq!((ok, status.as_str()), (true, "2"), "{log}");
    assert_eq!((drifted("store-1"), drifted("store-2")), (0, 1));
    assert!(log.contains("store-2/file.ufw-profile"), "{log}");
    // The key is the service's alone, and only while it runs.
    let secret = String::from_utf8(read(&bench.lab.identity_file())).unwrap();
    assert!(!control.exists("/run/credentials/crdbctl-drift.service/ssh-key").unwrap());
    assert!(!log.contains(secret.lines().nth(2).unwrap()));
    // The collector is another user.
    let seen =
        control.exec_ok("runuser -u nobody -- cat /var/lib/crdbctl-drift/crdbctl.prom").unwrap().text();
    assert!(seen.trim_end().ends_with("# EOF"), "{seen}");
    bench.host(2).power_cut().unwrap();
    let (ok, status, log) = look();
    assert_eq!((ok, status.as_str()), (false, "5"), "{log}");
    assert!(metrics().contains("crdbctl_unknown_nodes{cluster=\"store\"} 1\n"), "{}", metrics());
    let told = "for i in $(seq 50); do journalctl --quiet --boot -t crdbctl-drift | grep 'could not read everything' && exit 0; sleep .2; done; exit 1";
    control.exec_ok(told).unwrap();
}
