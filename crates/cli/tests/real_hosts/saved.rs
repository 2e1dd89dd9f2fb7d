//! A saved plan is applied exactly, or refused: whatever is done to a host, the cluster or the manifest in between is
//! found, named, and nothing is touched.

use std::time::{Duration, Instant};

use crdbctl_testlab::{Listing, VOLATILE};

use crate::bench::{ADMIN, Bench, pid};
use crate::cluster::{edit, sql};
use crate::release::Release;

const UNIT: &str = "/etc/systemd/system/cockroach.service";
const PROFILE: &str = "/etc/ufw/applications.d/cockroach";
const DROP_IN: &str = "/etc/systemd/system/cockroach.service.d";

struct Interference {
    what: &'static str,
    host: usize,
    /// Done as root.
    by: String,
    /// What takes it back.
    back: String,
    /// What the refusal must name.
    names: &'static str,
}

impl Interference {
    fn new(what: &'static str, host: usize, by: &str, back: &str, names: &'static str) -> Self {
        Self { what, host, by: by.to_owned(), back: back.to_owned(), names }
    }
}

fn interferences() -> Vec<Interference> {
    let it = Interference::new;
    let binary = format!("{}/cockroach", Release::of_hosts().package());
    let edit = |from: &str, to: &str, file: &str| format!("sed -i 's/{from}/{to}/' {file}");
    let reload = "systemctl daemon-reload";
    let drop_in =
        format!("mkdir -p {DROP_IN} && printf '[Service]\\nNice=1\\n' >{DROP_IN}/x.conf && {reload}");
    vec![
        it(
            "file content",
            2,
            &edit("26257", "26258", PROFILE),
            &edit("26258", "26257", PROFILE),
            "store-2/file.ufw-profile",
        ),
        it(
            "directory mode",
            3,
            "chmod 0700 /opt/cockroach",
            "chmod 0750 /opt/cockroach",
            "store-3/directory.root",
        ),
        it("owner", 3, &format!("chown 1:1 {UNIT}"), &format!("chown 0:0 {UNIT}"), "store-3/unit.cockroach"),
        it(
            "link target",
            2,
            "ln -sfn /tmp /opt/cockroach/data",
            "ln -sfn /var/lib/cockroach /opt/cockroach/data",
            "store-2/link.data",
        ),
        it(
            "unit edited",
            3,
            &edit("TimeoutStopSec=300", "TimeoutStopSec=5", UNIT),
            &format!("{} && {reload}", edit("TimeoutStopSec=5", "TimeoutStopSec=300", UNIT)),
            "store-3/unit.cockroach",
        ),
        it("drop-in added", 2, &drop_in, &format!("rm -r {DROP_IN} && {reload}"), "store-2: the drop-ins"),
        it(
            "service stopped",
            3,
            "systemctl stop cockroach",
            "systemctl start cockroach",
            "store-3/service.cockroach",
        ),
        it("service restarted", 2, "systemctl restart cockroach", "true", "store-2/service.cockroach"),
        it(
            "program replaced",
            1,
            &format!(
                "cp -p {binary} /root/kept && cp {binary} /opt/x && echo more >>/opt/x && mv /opt/x {binary}"
            ),
            &format!("mv /root/kept {binary}"),
            "store-1/package.cockroach-v",
        ),
        it(
            "certificate taken away",
            3,
            "mv /opt/cockroach/certs/node.crt /root/kept",
            "mv /root/kept /opt/cockroach/certs/node.crt",
            "store-3/certificate.node",
        ),
        it(
            "ufw rule deleted",
            2,
            "ufw delete allow CockroachDB",
            "ufw allow CockroachDB",
            "store-2/firewall.ufw",
        ),
        it(
            "what the plan would mend was mended",
            1,
            &format!("chmod 0644 {PROFILE}"),
            &format!("chmod 0666 {PROFILE}"),
            "store-1/file.ufw-profile",
        ),
    ]
}

/// Saves the plan, once the cluster is well enough that nothing but the one difference is in it.
fn save(bench: &Bench) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let plan = bench.crdbctl(&["plan", "--detailed-exitcode", "-o", "saved.json"]);
        if plan.code == 2 && plan.stdout.contains("1 to update") && plan.stdout.contains("0 to replace") {
            return;
        }
        assert!(Instant::now() < deadline, "{}{}", plan.stdout, plan.stderr);
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// What is on the hosts that can be reached, and which processes run.
fn state(bench: &Bench, hosts: &[usize]) -> Vec<(Listing, String)> {
    let except: Vec<&str> = VOLATILE.iter().copied().chain(["/var/lib/cockroach", "/root"]).collect();
    hosts
        .iter()
        .map(|number| (bench.host(*number).listing(&["/"], &except).unwrap(), pid(bench.host(*number))))
        .collect()
}

/// Applies the saved plan and sees that it is refused, that `words` are said, and that nothing is touched.
fn refused(bench: &Bench, what: &str, code: i32, words: &str, hosts: &[usize]) {
    let before = state(bench, hosts);
    let done = bench.crdbctl(&["apply", "saved.json", "--yes"]);
    assert_eq!(done.code, code, "{what}: {}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains(words), "{what}: no {words:?} in {}", done.stderr);
    assert_eq!(done.stdout, "", "{what}");
    for ((listed, running), (listed_now, running_now)) in before.iter().zip(state(bench, hosts)) {
        assert_eq!(listed.differences(&listed_now), [], "{what}");
        assert_eq!(*running, running_now, "{what}");
    }
}

#[test]
fn whatever_changes_between_saving_and_applying_is_named_and_nothing_is_touched() {
    let Some(bench) = Bench::start(3) else { return };
    let archive = &Release::of_hosts().archive;
    let name = archive.file_name().unwrap().to_str().unwrap();
    let publish = format!("sha256sum {name} >{name}.sha256sum");
    std::fs::copy(archive, bench.path(name)).unwrap();
    bench.shell(&publish).code(0);
    let settings = "  settings: {server.time_until_store_dead: 6m}\n";
    bench.manifest_with(settings, "", "", ADMIN);
    let manifest = bench.path("cluster.yaml");
    let text = std::fs::read_to_string(&manifest).unwrap().replace(&archive.display().to_string(), name);
    std::fs::write(&manifest, &text).unwrap();
    bench.apply();
    bench.assert_empty_plan();
    bench.host(1).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();

    save(&bench);
    holds_no_secret(&bench);

    for it in interferences() {
        save(&bench);
        bench.host(it.host).exec_ok(&it.by).unwrap_or_else(|error| panic!("{}: {error}", it.what));
        refused(&bench, it.what, 3, it.names, &[1, 2, 3]);
        bench.host(it.host).exec_ok(&it.back).unwrap_or_else(|error| panic!("{}: {error}", it.what));
    }

    save(&bench);
    sql(&bench, 2, "SET CLUSTER SETTING server.time_until_store_dead = '7m'");
    refused(&bench, "setting", 3, "cluster/setting.server.time_until_store_dead", &[1, 2, 3]);
    sql(&bench, 2, "SET CLUSTER SETTING server.time_until_store_dead = '6m'");

    save(&bench);
    std::fs::write(&manifest, format!("{text}# one line more\n")).unwrap();
    refused(&bench, "manifest", 3, "the manifest changed since", &[1, 2, 3]);
    std::fs::write(&manifest, &text).unwrap();

    let repack = format!(
        "mkdir x && tar xzf {name} -C x && echo more >\"$(echo x/*)/NOTICE.txt\" && tar czf {name} -C x $(ls x) && {publish}"
    );
    bench.shell(&repack).code(0);
    refused(&bench, "archive", 3, "store-1/package.cockroach-v", &[1, 2, 3]);
    std::fs::copy(archive, bench.path(name)).unwrap();
    bench.shell(&publish).code(0);

    save(&bench);
    bench.host(3).power_cut().unwrap();
    refused(&bench, "unreachable", 5, "store-3", &[1, 2]);
    bench.host(3).power_on().unwrap();
    bench.host(3).wait_ssh().unwrap();

    // Left alone, it is applied exactly, and no second time.
    save(&bench);
    let before: Vec<String> = (1..=3).map(|host| pid(bench.host(host))).collect();
    let shown = bench.crdbctl(&["show", "saved.json"]).code(0).says("store-1/file.ufw-profile");
    let done = bench.crdbctl(&["apply", "saved.json", "--yes"]).code(0);
    let plan = shown.stdout.split_once("\n\n").unwrap().1;
    assert!(done.stdout.contains(plan), "what was shown is what is applied:\n{}\n{plan}", done.stdout);
    assert_eq!((1..=3).map(|host| pid(bench.host(host))).collect::<Vec<_>>(), before);
    bench.assert_empty_plan();
    refused(&bench, "a second time", 3, "store-1 was applied to since", &[1, 2, 3]);
}

#[test]
fn a_member_that_joined_since_is_named_and_nothing_is_touched() {
    let Some(bench) = Bench::start(4) else { return };
    let grown = std::fs::read_to_string(bench.path("cluster.yaml")).unwrap();
    let line = format!("  - {{name: store-4, address: {}, hostname: store-4}}\n", bench.host(4).address());
    edit(&bench, &[(&line, "")]);
    bench.apply();
    bench.assert_empty_plan();
    bench.host(1).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();
    save(&bench);
    // A colleague's manifest has one node more, of the same cluster and by the same authority.
    std::fs::write(bench.path("grown.yaml"), grown).unwrap();
    bench.crdbctl(&["-f", "grown.yaml", "apply", "--yes", "--node", "store-4"]).code(0);
    refused(&bench, "member", 3, "cluster/members.store changed since", &[1, 2, 3, 4]);
    // What was saved after that says of it what there is to say.
    save(&bench);
    let shown = bench.crdbctl(&["show", "saved.json"]).code(0);
    shown.says("is a member that the manifest does not have");
    bench.crdbctl(&["apply", "saved.json", "--yes"]).code(0);
    bench.crdbctl(&["-f", "grown.yaml", "plan", "--detailed-exitcode"]).code(0).says("No changes.");
}

/// Neither the authority's key nor a node's, nor any client's, is in the file.
fn holds_no_secret(bench: &Bench) {
    let saved = std::fs::read_to_string(bench.path("saved.json")).unwrap();
    let mut keys: Vec<String> = std::fs::read_dir(bench.path("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for host in bench.lab.hosts() {
        let key = host.read("/opt/cockroach/certs/node.key").unwrap();
        keys.push(String::from_utf8(key.to_vec()).unwrap());
    }
    assert!(keys.len() >= 5, "of the authority, a client, and three nodes");
    let lines = keys.iter().flat_map(|key| key.lines()).filter(|line| !line.starts_with("-----"));
    for line in lines {
        assert!(!saved.contains(line), "a line of a key");
    }
}

#[test]
fn a_password_is_in_no_saved_plan() {
    use crdbctl_testlab::users::ASKS_PASSWORD;
    let Some(bench) = Bench::start(1) else { return };
    bench.manifest("", "asks");
    std::fs::write(bench.path("password"), format!("{ASKS_PASSWORD}\n")).unwrap();
    let password = [("CRDBCTL_SUDO_PASSWORD_COMMAND", "cat password")];
    bench.crdbctl_with(&["plan", "-o", "saved.json"], &password).code(0);
    assert!(!std::fs::read_to_string(bench.path("saved.json")).unwrap().contains(ASKS_PASSWORD));
    bench.crdbctl_with(&["apply", "saved.json", "--yes"], &password).code(0);
    bench.crdbctl_with(&["plan", "--detailed-exitcode"], &password).code(0).says("No changes.");
}
