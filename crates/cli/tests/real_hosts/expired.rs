//! Certificates that have ended: the authority and all that it signed, or those of the nodes alone. One apply leads from there to
//! a cluster that is ready, whatever is left on this host, with its data and its members.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crdbctl_model::{KeyType, Timestamp};
use crdbctl_pki::{Authority, AuthorityDirectory, ClientUser, Issued, NodeNames};
use crdbctl_testlab::Host;
use secrecy::ExposeSecret as _;

use crate::bench::{ADMIN, Bench, pid};

const CERTS: &str = "/opt/cockroach/certs";
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

fn write(path: &Path, content: &str, mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn node_pair(authority: &Authority, host: &Host, lifetime: i64, at: Timestamp) -> Issued {
    let addresses = [host.address(), Ipv4Addr::LOCALHOST].map(IpAddr::from);
    let names = NodeNames::new(["localhost".to_owned(), host.name().to_string()], addresses).unwrap();
    authority.issue_node(&names, KeyType::EcdsaP256, lifetime, at).unwrap()
}

fn give(host: &Host, issued: &Issued) {
    let owner = "cockroach:cockroach";
    let key = issued.key_pem.expose_secret().as_bytes();
    host.write(&format!("{CERTS}/node.key"), key, 0o600, owner).unwrap();
    host.write(&format!("{CERTS}/node.crt"), issued.certificate_pem.as_bytes(), 0o644, owner).unwrap();
}

/// Has a process read its certificates, as if it had been started with them.
fn reread(host: &Host) {
    host.exec_ok("kill -HUP \"$(systemctl show cockroach -p MainPID --value)\" && sleep 0.5").unwrap();
}

/// Puts an authority that ended ten days ago, and what it signed, in the place of what is there, here and on every node.
fn expire_all(bench: &Bench) {
    let then = now().plus(-30 * DAY);
    let old = Authority::create(KeyType::EcdsaP256, 20 * DAY, then).unwrap();
    let keys = bench.path("keys");
    let root = old.issue_client(&ClientUser::root(), KeyType::EcdsaP256, 20 * DAY, then).unwrap();
    write(&keys.join("ca.crt"), &old.bundle().to_pem(), 0o644);
    write(&keys.join("ca.key"), old.key_pem().unwrap().expose_secret(), 0o600);
    write(&keys.join("client.root.crt"), &root.certificate_pem, 0o644);
    write(&keys.join("client.root.key"), root.key_pem.expose_secret(), 0o600);
    for host in bench.lab.hosts() {
        let ca = old.bundle().to_pem();
        host.write(&format!("{CERTS}/ca.crt"), ca.as_bytes(), 0o644, "cockroach:cockroach").unwrap();
        give(host, &node_pair(&old, host, 20 * DAY, then));
        reread(host);
    }
}

/// Asserts that nothing is left to do, that every node is a live member, and that no other has ever been one.
#[track_caller]
fn assert_well(bench: &Bench) {
    bench.assert_empty_plan();
    let status = bench.crdbctl(&["status", "--format", "json"]).code(0).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let nodes = status["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3, "{status:#}");
    assert!(nodes.iter().all(|node| node["live"] == true), "{status:#}");
    for host in bench.lab.hosts() {
        host.exec_ok(&format!("openssl verify -x509_strict -CAfile {CERTS}/ca.crt {CERTS}/node.crt"))
            .unwrap();
        let count = host.exec_ok(&format!("grep -c BEGIN {CERTS}/ca.crt")).unwrap().text();
        assert_eq!(count.trim(), "1", "nobody need trust what has ended");
    }
}

#[test]
fn from_all_expired_to_all_ready_by_one_apply() {
    let Some(bench) = Bench::start(3) else { return };
    let data = "  settings: {cluster.organization: \"kept\"}\n";
    bench.manifest_with(data, "", "", ADMIN);
    bench.apply();
    bench.assert_empty_plan();
    let keys = bench.path("keys");
    let pids = || bench.lab.hosts().iter().map(pid).collect::<Vec<_>>();

    // Every node runs, and everything is here. A rotation leads to the apply, and the apply needs nothing else.
    expire_all(&bench);
    let before = pids();
    bench
        .crdbctl(&["certs", "rotate-ca", "--yes"])
        .code(1)
        .says("the authority has ended")
        .says("run `crdbctl apply`");
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("THE AUTHORITY ENDED")
        .says("ca.key")
        .says("0 restarts, 3 reloads");
    bench.apply();
    assert_well(&bench);
    assert_eq!(pids(), before, "no node was restarted");
    let names =
        std::fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".old")).count(), 1, "the old key is kept");

    // Two nodes are stopped, one runs, and the key is lost.
    expire_all(&bench);
    std::fs::remove_file(keys.join("ca.key")).unwrap();
    for number in [1, 3] {
        bench.host(number).exec_ok("systemctl stop cockroach").unwrap();
    }
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("THE AUTHORITY ENDED");
    bench.apply();
    assert_well(&bench);

    // No node runs, and nothing at all is left here.
    expire_all(&bench);
    std::fs::remove_dir_all(&keys).unwrap();
    for host in bench.lab.hosts() {
        host.exec_ok("systemctl stop cockroach").unwrap();
    }
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("THE AUTHORITY ENDED").says("authority.ca");
    bench.apply();
    assert_well(&bench);

    the_nodes_certificates_alone(&bench);
}

/// The authority is valid, and so is the client's certificate; what the nodes have is not.
fn the_nodes_certificates_alone(bench: &Bench) {
    let directory = AuthorityDirectory::open(bench.path("keys")).unwrap().unwrap();
    for host in bench.lab.hosts() {
        give(host, &node_pair(directory.authority(), host, 1, now()));
    }
    std::thread::sleep(Duration::from_secs(2));
    bench.lab.hosts().iter().for_each(reread);
    let before: Vec<_> = bench.lab.hosts().iter().map(pid).collect();
    bench.crdbctl(&["certs", "rotate-ca", "--yes"]).code(1).says("run `crdbctl apply` first");
    // A change that restarts waits for the next apply, when gates can ask again.
    let data = "  settings: {cluster.organization: \"kept\"}\n  flags: {cache: .3}\n";
    bench.manifest_with(data, "", "", ADMIN);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("0 restarts, 3 reloads").says("is put off");
    bench.apply();
    assert_eq!(bench.lab.hosts().iter().map(pid).collect::<Vec<_>>(), before, "no node was restarted");
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("3 restarts");
    bench.manifest_with("  settings: {cluster.organization: \"kept\"}\n", "", "", ADMIN);
    assert_well(bench);
}
