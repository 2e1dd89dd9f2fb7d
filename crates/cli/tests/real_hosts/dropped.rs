//! What the manifest no longer has on nodes that stay: the plan names it, apply removes just that, and what others made stays.

use std::collections::BTreeSet;

use crdbctl_testlab::{Host, Listing, VOLATILE};

use crate::bench::{ADMIN, Bench, pid};

const PROFILE: &str = "/etc/ufw/applications.d/cockroach";
const UNIT: &str = "/etc/systemd/system/cockroach.service";
const RULES: [&str; 2] = ["/etc/ufw/user.rules", "/etc/ufw/user6.rules"];

/// What is on a host, but for what changes by itself, the store, and what crdbctl keeps.
fn listing(host: &Host) -> Listing {
    let mut except = VOLATILE.to_vec();
    except.extend(["/var/lib/cockroach", "/var/lib/crdbctl", "/home", "/root"]);
    host.listing(&["/"], &except).unwrap()
}

/// The paths of files and links that differ. Directories differ with what is in them.
fn changed(before: &Listing, after: &Listing) -> BTreeSet<String> {
    let is_directory = |entry: &Option<crdbctl_testlab::Entry>| {
        entry.as_ref().is_none_or(|entry| entry.kind == crdbctl_testlab::EntryKind::Directory)
    };
    let both = |it: &crdbctl_testlab::Difference| {
        it.before.is_some() && it.after.is_some() && is_directory(&it.before) && is_directory(&it.after)
    };
    before.differences(after).into_iter().filter(|it| !both(it)).map(|it| it.path).collect()
}

struct Moment {
    listings: Vec<Listing>,
    pids: Vec<String>,
}

impl Moment {
    fn of(bench: &Bench) -> Self {
        let hosts = bench.lab.hosts();
        Self { listings: hosts.iter().map(listing).collect(), pids: hosts.iter().map(pid).collect() }
    }

    /// Asserts that nothing but these paths changed since, on each host, and no process did.
    #[track_caller]
    fn changed_only(&self, bench: &Bench, paths: &[&[&str]]) {
        let now = Self::of(bench);
        assert_eq!(now.pids, self.pids, "nobody is restarted for what is dropped");
        for (number, ((before, after), paths)) in
            self.listings.iter().zip(&now.listings).zip(paths).enumerate()
        {
            let expected: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(changed(before, after), expected, "on store-{}", number + 1);
        }
    }
}

fn added(bench: &Bench, number: usize) -> String {
    bench.host(number).exec_ok("ufw show added").unwrap().text()
}

#[test]
fn what_the_manifest_no_longer_has_goes_and_what_others_made_stays() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    bench.assert_empty_plan();
    // What others do in the same places.
    bench
        .host(2)
        .exec_ok("ufw allow 5432/tcp && ufw allow from 192.168.7.0/24 to any app CockroachDB")
        .unwrap();
    bench.host(3).exec_ok("echo secret >/opt/cockroach/certs/client.app.key").unwrap();

    // Narrowed: the rule that crdbctl added goes, after the new one is there.
    let before = Moment::of(&bench);
    bench.manifest("firewall: {ufw: {allow_from: [10.0.0.0/8, 198.0.2.0/24, 172.16.0.0/12]}}", ADMIN);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    plan.says("firewall.ufw@CockroachDB").says("no longer in the manifest").says("3 to delete");
    bench.apply();
    before.changed_only(&bench, &[&RULES, &RULES, &RULES]);
    bench.assert_empty_plan();
    for number in 1..=3 {
        let rules = added(&bench, number);
        assert!(!rules.lines().any(|line| line.ends_with("allow CockroachDB")), "{rules}");
        assert!(rules.contains("from 10.0.0.0/8 to any app CockroachDB"), "{rules}");
    }
    assert!(added(&bench, 2).contains("ufw allow 5432/tcp"), "{}", added(&bench, 2));
    assert!(added(&bench, 2).contains("from 192.168.7.0/24 to any app CockroachDB"), "{}", added(&bench, 2));

    // No firewall: a plan that was saved before somebody edits the file is refused.
    bench.manifest("firewall: none", ADMIN);
    bench.crdbctl(&["plan", "-o", "plan.json"]).code(0).says("file.ufw-profile");
    bench.host(1).exec_ok(&format!("echo '# mine' >>{PROFILE}")).unwrap();
    let before = Moment::of(&bench);
    bench.crdbctl(&["apply", "plan.json", "--yes"]).code(3).says("store-1/file.ufw-profile changed since");
    before.changed_only(&bench, &[&[], &[], &[]]);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    plan.says("set aside below /var/lib/crdbctl/set-aside").says("6 to delete");
    bench.apply();
    let gone = [PROFILE, RULES[0]];
    before.changed_only(&bench, &[&gone, &gone, &gone]);
    bench.assert_empty_plan();
    assert!(!added(&bench, 1).contains("CockroachDB"), "{}", added(&bench, 1));
    assert!(added(&bench, 2).contains("from 192.168.7.0/24 to any app CockroachDB"), "{}", added(&bench, 2));
    let aside = "cat /var/lib/crdbctl/set-aside/*/etc-ufw-applications.d-cockroach";
    assert!(bench.host(1).exec_ok(aside).unwrap().text().ends_with("# mine"));
    assert!(!bench.host(2).exec(aside).unwrap().success(), "what nobody edited is not kept");

    // The unit to the instance directory, and back.
    let before = Moment::of(&bench);
    bench.manifest("firewall: none\nservice: {unit_path: /opt/cockroach/cockroach.service}", ADMIN);
    bench.host(3).exec_ok(&format!("echo '# mine' >>{UNIT}")).unwrap();
    bench.crdbctl(&["plan"]).code(0).says(&format!("{UNIT}.old")).says("file of an earlier apply -> link");
    bench.apply();
    let own = "/opt/cockroach/cockroach.service";
    let old = format!("{UNIT}.old");
    before.changed_only(&bench, &[&[own, UNIT], &[own, UNIT], &[own, UNIT, &old]]);
    bench.assert_empty_plan();
    bench.host(2).exec_ok(&format!("echo '# mine' >>{own}")).unwrap();
    let before = Moment::of(&bench);
    bench.manifest("firewall: none", ADMIN);
    bench.crdbctl(&["plan"]).code(0).says("unit.cockroach@opt+cockroach+cockroach.service");
    bench.apply();
    before.changed_only(&bench, &[&[own, UNIT], &[own, UNIT], &[own, UNIT]]);
    bench.assert_empty_plan();
    for number in 1..=3 {
        let state = "systemctl is-enabled cockroach && systemctl show cockroach -p FragmentPath --value";
        assert_eq!(bench.host(number).exec_ok(state).unwrap().text(), format!("enabled\n{UNIT}"));
    }
    bench
        .host(2)
        .exec_ok("grep -q '# mine' /var/lib/crdbctl/set-aside/*/opt-cockroach-cockroach.service")
        .unwrap();

    // Data elsewhere, or another name while it runs: refused before anything is touched, with what to do.
    let before = Moment::of(&bench);
    bench.manifest("firewall: none\ninstall: {data: /srv/data}", ADMIN);
    let plan = bench.crdbctl(&["plan"]).code(5).says("runs with its data in /var/lib/cockroach");
    plan.says("WITH ALL DATA: crdbctl never deletes it");
    bench.crdbctl(&["apply", "--yes"]).code(5);
    bench.manifest("firewall: none\nservice: {name: db}", ADMIN);
    bench
        .crdbctl(&["plan"])
        .code(5)
        .says("db.service would be a second one")
        .says("systemctl disable --now cockroach.service");
    bench.crdbctl(&["apply", "--yes", "--skip-unknown"]).code(5);
    before.changed_only(&bench, &[&[], &[], &[]]);

    // The instance directory elsewhere: nodes change over one after the other, then the old one goes.
    bench.manifest("firewall: none\ninstall: {root: /srv/crdb}", ADMIN);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    plan.says("directory.root@opt+cockroach").says("/opt/cockroach/certs still holds client.app.key");
    bench.apply();
    let left = |number: usize| {
        let found = bench.host(number).exec_ok("find /opt/cockroach 2>/dev/null || true").unwrap();
        found.text().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((left(1), left(2)), (Vec::new(), Vec::new()));
    assert_eq!(left(3), ["/opt/cockroach", "/opt/cockroach/certs", "/opt/cockroach/certs/client.app.key"]);
    let moved = Moment::of(&bench);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0).says("still holds client.app.key");
    for number in 1..=3 {
        bench.host(number).exec_ok("test -n \"$(ls /var/lib/cockroach)\" && test -L /srv/crdb/data").unwrap();
        assert_ne!(moved.pids[number - 1], before.pids[number - 1], "it runs from the new place");
    }

    // Cleared by hand, the next apply has nothing left to know of it; then the way back leaves nothing.
    bench.host(3).exec_ok("rm /opt/cockroach/certs/client.app.key").unwrap();
    bench.crdbctl(&["plan"]).code(0).says("directory.certs@opt+cockroach+certs");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(left(3), Vec::<String>::new());
    moved.changed_only(
        &bench,
        &[&[], &[], &["/opt/cockroach", "/opt/cockroach/certs", "/opt/cockroach/certs/client.app.key"]],
    );
    let destroyed = bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0);
    for number in 1..=3 {
        for gone in ["/opt/cockroach", "/srv/crdb", "/var/lib/cockroach", "/var/lib/crdbctl/store.json"] {
            let there = bench.host(number).exec(&format!("test -e {gone}")).unwrap().success();
            assert!(!there, "{gone} is on store-{number} after\n{}", destroyed.stdout);
        }
        assert!(!bench.host(number).exec("getent passwd cockroach").unwrap().success());
    }
}

#[test]
fn what_is_refused_and_told_to_be_done_by_hand_can_be_done_so() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    let by_hand = |manifest: &str, line: &str| {
        bench.manifest(manifest, ADMIN);
        for number in 1..=3 {
            bench.crdbctl(&["plan"]).code(5);
            bench.host(number).exec_ok(line).unwrap();
            let left = if number == 3 { 0 } else { 5 };
            bench.crdbctl(&["apply", "--yes", "--skip-unknown"]).code(left);
        }
        bench.assert_empty_plan();
        let status = bench.crdbctl(&["status", "--format", "json"]).code(0).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let nodes = status["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 3, "nobody has joined as a new node: {status}");
        assert!(nodes.iter().all(|node| node["live"] == true), "{status}");
    };
    let data = "firewall: none\ninstall: {data: /srv/data}";
    by_hand(data, "systemctl stop cockroach.service && mv /var/lib/cockroach /srv/data");
    for number in 1..=3 {
        bench.host(number).exec_ok("test ! -e /var/lib/cockroach && test -n \"$(ls /srv/data)\"").unwrap();
    }
    let name = "firewall: none\ninstall: {data: /srv/data}\nservice: {name: db}";
    by_hand(name, "systemctl disable -q --now cockroach.service");
    for number in 1..=3 {
        let state = format!("systemctl is-active db && systemctl is-enabled db && test ! -e {UNIT}");
        bench.host(number).exec_ok(&state).unwrap();
    }
}
