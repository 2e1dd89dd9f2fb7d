//! The way back: a cluster is destroyed without and with its data, and the hosts are as they were before, but for
//! what the plan names.

use std::collections::BTreeSet;

use crdbctl_testlab::{Host, Listing, VOLATILE};

use crate::bench::{Bench, pid};

/// What is on a host, but for what systemd and the tools of accounts rewrite as they please.
fn listing(host: &Host) -> Listing {
    host.listing(&["/"], VOLATILE).unwrap()
}

/// The paths that are on one side only.
fn names(before: &Listing, after: &Listing) -> BTreeSet<String> {
    let on = |listing: &Listing| listing.entries.keys().cloned().collect::<BTreeSet<_>>();
    on(before).symmetric_difference(&on(after)).cloned().collect()
}

/// What is in the host's settings, by digest. ufw lays its rules out anew whenever one comes or goes; they are looked at by name.
fn contents(host: &Host) -> BTreeSet<String> {
    let find = "find /etc /root /home -xdev -type f ! -path '/etc/ufw/user*.rules' -exec sha256sum {} +";
    let sums = host.exec_ok(find).unwrap().text();
    sums.lines().map(str::to_owned).collect()
}

/// Asserts that the host's settings read as before, but for what the tools of accounts keep beside them.
#[track_caller]
fn assert_same_contents(bench: &Bench, bare: &[BTreeSet<String>]) {
    for (host, before) in bench.lab.hosts().iter().zip(bare) {
        let after = contents(host);
        let changed: Vec<&String> = before
            .symmetric_difference(&after)
            .filter(|line| !OF_TOOLS.iter().any(|path| line.ends_with(&format!(" {path}"))))
            .collect();
        assert!(changed.is_empty(), "changed on {}: {changed:#?}", host.name());
    }
}

/// What the tools of the host keep beside what they change: userdel(8) and ufw(8) leave copies and locks.
const OF_TOOLS: [&str; 5] =
    ["/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock"];

fn assert_nothing_left(bench: &Bench, bare: &[Listing], but: &[&str]) {
    for (host, before) in bench.lab.hosts().iter().zip(bare) {
        let left: Vec<String> = names(before, &listing(host))
            .into_iter()
            .filter(|path| !OF_TOOLS.contains(&path.as_str()) && !path.starts_with("/var/lib/ucf"))
            .filter(|path| !but.iter().any(|at| path == at || path.starts_with(&format!("{at}/"))))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "left on {}", host.name());
        assert!(!host.exec("systemctl cat cockroach.service").unwrap().success(), "{}", host.name());
        assert!(!host.exec_ok("ufw show added").unwrap().text().contains("CockroachDB"), "{}", host.name());
        assert_eq!(host.exec_ok("systemctl list-units --all --no-legend 'cockroach*'").unwrap().text(), "");
    }
}

#[test]
fn a_destroyed_cluster_leaves_its_data_or_nothing_and_never_takes_what_is_not_its_own() {
    let Some(bench) = Bench::start(3) else { return };
    for host in bench.lab.hosts() {
        host.exec_ok("su - admin -c 'sudo -n true'").unwrap();
    }
    let bare: Vec<Listing> = bench.lab.hosts().iter().map(listing).collect();
    let settings: Vec<BTreeSet<String>> = bench.lab.hosts().iter().map(contents).collect();
    // Where nothing was ever made there is nothing to remove, and a first look leaves no mark.
    bench.crdbctl(&["destroy", "--yes"]).code(0).says("Nothing to remove from 3 nodes.");
    assert_nothing_left(&bench, &bare, &[]);

    bench.apply();
    let pids: Vec<String> = bench.lab.hosts().iter().map(pid).collect();
    // Without a terminal nothing goes without the name, and data never by a bare yes.
    bench.crdbctl(&["destroy"]).code(1).says("--confirm store");
    bench.crdbctl(&["destroy", "--delete-data", "--yes"]).code(1).says("--yes is not enough");
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "shop"]).code(1).says("the cluster is store");
    assert_eq!(bench.lab.hosts().iter().map(pid).collect::<Vec<_>>(), pids);

    // What others put where crdbctl works.
    let foreign =
        ["/opt/cockroach/certs/client.app.key", "/etc/systemd/system/cockroach.service.d/limits.conf"];
    bench.host(2).exec_ok(&format!("echo secret >{}", foreign[0])).unwrap();
    let add = format!(
        "mkdir -p {0}.d && printf '[Service]\\nNice=5\\n' >{1} && systemctl daemon-reload",
        "/etc/systemd/system/cockroach.service", foreign[1]
    );
    bench.host(2).exec_ok(&add).unwrap();
    bench
        .crdbctl(&["destroy", "--yes"])
        .code(0)
        .says("Stops for good: store-1, store-2, store-3.")
        .says("stays: /var/lib/cockroach is left, with all data")
        .says("the certificate authority on this host")
        .says("/opt/cockroach/certs still holds client.app.key")
        .says(foreign[1]);
    let data = [
        "/var/lib/cockroach",
        "/var/lib/crdbctl",
        "/opt/cockroach",
        "/etc/systemd/system/cockroach.service.d",
    ];
    assert_nothing_left(&bench, &bare, &data);
    for number in [1, 3] {
        bench.host(number).exec_ok("test ! -e /opt/cockroach && test -e /var/lib/cockroach/.").unwrap();
        bench.host(number).exec_ok("getent passwd cockroach && getent group cockroach").unwrap();
    }
    for path in foreign {
        bench.host(2).exec_ok(&format!("test -s {path}")).unwrap();
    }
    assert_eq!(bench.host(2).exec_ok("find /opt -mindepth 1").unwrap().text().lines().count(), 3);
    bench.crdbctl(&["destroy", "--yes"]).code(0).says("Nothing to remove from 3 nodes.");

    // The data is still there, so the cluster comes back with it, and then goes with it.
    bench.host(2).exec_ok(&format!("rm -r {} /etc/systemd/system/cockroach.service.d", foreign[0])).unwrap();
    bench.apply();
    bench.assert_empty_plan();
    bench
        .host(1)
        .exec_ok("mkdir /srv/kept && touch /srv/kept/file && ln -s /srv/kept /var/lib/cockroach/out")
        .unwrap();
    // A part of another disk that is mounted below the data keeps all of it.
    bench.host(3).exec_ok("mkdir -p /srv/kept /var/lib/cockroach/extern && touch /srv/kept/file").unwrap();
    bench.host(3).exec_ok("mount --bind /srv/kept /var/lib/cockroach/extern").unwrap();
    let part = bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(4);
    let part = part.says("DELETES ALL DATA").says("is mounted below /var/lib/cockroach: unmount it first");
    assert!(part.stdout.contains("store-3/directory.data"), "{}", part.stdout);
    bench.host(3).exec_ok("test -e /srv/kept/file && test -n \"$(ls /var/lib/cockroach)\"").unwrap();
    bench.host(3).exec_ok("umount /var/lib/cockroach/extern").unwrap();
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0);
    bench.host(1).exec_ok("test -e /srv/kept/file").unwrap();
    bench.host(3).exec_ok("test -e /srv/kept/file").unwrap();
    assert_nothing_left(&bench, &bare, &["/srv/kept"]);
    assert_same_contents(&bench, &settings);
    for host in bench.lab.hosts() {
        assert!(!host.exec("getent passwd cockroach || getent group cockroach").unwrap().success());
    }
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0).says("Nothing to remove");
    assert!(bench.path("keys/ca.key").exists(), "the authority is nobody's to remove");

    // Where something of others keeps a record, it is not one of a cluster that was: the next one is initialised.
    bench.apply();
    bench.host(1).exec_ok("touch /opt/cockroach/mine").unwrap();
    bench.crdbctl(&["destroy", "--delete-data", "--confirm", "store"]).code(0).says("mine");
    bench.host(1).exec_ok("test -e /var/lib/crdbctl/store.json").unwrap();
    bench.apply().says("cluster/init.store");
    bench.assert_empty_plan();
    // Nor is one whole whose data somebody wiped.
    for host in bench.lab.hosts() {
        host.exec_ok("systemctl stop cockroach && rm -rf /var/lib/cockroach/*").unwrap();
    }
    for host in bench.lab.hosts() {
        host.exec_ok("systemctl start --no-block cockroach").unwrap();
    }
    let lost = (0..20).map(|_| bench.crdbctl(&["drift"])).find(|drift| drift.code == 5).expect("it is seen");
    lost.says("no node has its data any more").says("cockroach init");
}
