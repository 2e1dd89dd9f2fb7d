//! A new certificate authority under a running cluster, its key encrypted: step by step, interrupted, out of order, and
//! never with a restart.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crdbctl_testlab::Host;

use crate::bench::{Bench, Done, pid};

const CERTS: &str = "/opt/cockroach/certs";
pub(crate) const PASSPHRASE: &str = "CRDBCTL_CA_PASSPHRASE_COMMAND";

/// Runs `certs rotate-ca`, the passphrase at hand.
fn rotate(bench: &Bench, more: &[&str]) -> Done {
    let arguments = [&["certs", "rotate-ca", "--yes"], more].concat();
    bench.crdbctl_with(&arguments, &[(PASSPHRASE, "printf 'correct horse'")])
}

fn openssl(directory: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Encrypts the authority's key as its owner would.
pub(crate) fn encrypt_key(keys: &Path) {
    let pass = keys.join("pass");
    std::fs::write(&pass, "correct horse\n").unwrap();
    openssl(keys, "pkcs8 -topk8 -v2 aes-256-cbc -passout file:pass -in ca.key -out ca.key.encrypted");
    std::fs::remove_file(pass).unwrap();
    std::fs::rename(keys.join("ca.key.encrypted"), keys.join("ca.key")).unwrap();
    std::fs::set_permissions(keys.join("ca.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What a client on a host has: a pair, and the authorities that it trusts.
fn give_client(bench: &Bench, name: &str) {
    let host = bench.host(1);
    host.exec_ok(&format!("mkdir -p -m 0700 /root/{name}")).unwrap();
    for file in ["ca.crt", "client.root.crt", "client.root.key"] {
        let content = std::fs::read(bench.path("keys").join(file)).unwrap();
        host.write(&format!("/root/{name}/{file}"), &content, 0o600, "root:root").unwrap();
    }
}

/// Whether every node lets the client in.
fn is_accepted(bench: &Bench, name: &str) -> bool {
    let accepted: Vec<bool> = bench
        .lab
        .hosts()
        .iter()
        .map(|host| {
            let address = host.address();
            let ask = format!(
                "/opt/cockroach/cockroach node status --certs-dir=/root/{name} --host={address}:26257"
            );
            bench.host(1).exec_ok(&ask).is_ok()
        })
        .collect();
    assert!(accepted.iter().all(|one| *one == accepted[0]), "nodes differ about {name}: {accepted:?}");
    accepted[0]
}

/// Asserts that each node serves a certificate that openssl, at its strictest, trusts by the node's own ca.crt, which
/// holds so many authorities.
#[track_caller]
fn assert_trusted(bench: &Bench, authorities: usize) {
    for host in bench.lab.hosts() {
        host.exec_ok(&format!("openssl verify -x509_strict -CAfile {CERTS}/ca.crt {CERTS}/node.crt"))
            .unwrap();
        let count = host.exec_ok(&format!("grep -c BEGIN {CERTS}/ca.crt")).unwrap().text();
        assert_eq!(count.trim(), authorities.to_string(), "{}", host.name());
        let served = format!(
            "openssl s_client -connect {}:26257 </dev/null 2>/dev/null | openssl x509 -noout -serial",
            host.address()
        );
        let on_disk = host.exec_ok(&format!("openssl x509 -noout -serial -in {CERTS}/node.crt")).unwrap();
        assert_eq!(host.exec_ok(&served).unwrap().text(), on_disk.text(), "{}", host.name());
    }
}

#[test]
fn the_authority_is_replaced_step_by_step_and_no_node_restarts() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    bench.assert_empty_plan();
    let keys = bench.path("keys");
    encrypt_key(&keys);
    let pids = || bench.lab.hosts().iter().map(pid).collect::<Vec<_>>();
    let before = pids();
    let there = names(&keys);

    // Asked for only when something is signed, and a wrong one is told before anything is touched.
    bench
        .crdbctl_with(&["plan", "--detailed-exitcode"], &[(PASSPHRASE, "touch asked")])
        .code(0)
        .says("No changes.");
    assert!(!bench.path("asked").exists(), "a plan asks for no passphrase");
    bench.crdbctl(&["certs", "rotate-ca", "--yes"]).code(1).says("--ca-passphrase-fd");
    let wrong = bench.crdbctl_with(&["certs", "rotate-ca", "--yes"], &[(PASSPHRASE, "echo horse")]);
    wrong.code(1).says("does not open with this passphrase").says("nothing was changed");
    assert_eq!(names(&keys), there);

    // Out of order: there is nothing to drop yet, and what else is to do comes first.
    rotate(&bench, &["--drop-old"]).code(0).says("nothing to drop");
    bench.host(1).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    rotate(&bench, &[]).code(1).says("store-1/file.ufw-profile").says("run `crdbctl apply` first");
    bench.apply();

    // Interrupted between the making of the authority and the last node.
    let read_only = format!("mount --bind {CERTS} {CERTS} && mount -o remount,bind,ro {CERTS}");
    bench.host(2).exec_ok(&read_only).unwrap();
    rotate(&bench, &[]).code(4).says("store-2/certificate.ca");
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("step 1 of 4")
        .says("store-2, store-3")
        .says("certificate.ca will be updated on 2 nodes");
    rotate(&bench, &["--drop-old"]).code(1).says("step 1 of 4 is not done");
    bench.host(2).exec_ok(&format!("umount {CERTS}")).unwrap();
    rotate(&bench, &[]).code(0).says("give the new ca.crt to every client");
    assert_trusted(&bench, 2);
    let kept: Vec<String> = names(&keys).into_iter().filter(|name| name.ends_with(".old")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    for name in ["ca.key", &kept[0]] {
        let text = std::fs::read_to_string(keys.join(name)).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name} stays encrypted");
        assert_eq!(
            std::fs::metadata(keys.join(name)).unwrap().permissions().mode() & 0o7777,
            0o600,
            "{name}"
        );
    }
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0).says("No changes.").says("step 2 of 4");
    give_client(&bench, "old");
    assert!(is_accepted(&bench, "old"));
    rotate(&bench, &["--drop-old"]).code(1).says("step 2 of 4 is not done").says("store-1/certificate.node");

    rotate(&bench, &[]).code(0).says("again for the clients' certificates");
    assert_trusted(&bench, 2);
    assert!(is_accepted(&bench, "old"));
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0).says("step 3 of 4");

    rotate(&bench, &[]).code(0).says("--drop-old");
    give_client(&bench, "new");
    assert!(is_accepted(&bench, "old") && is_accepted(&bench, "new"));
    rotate(&bench, &[]).code(0).says("Nothing that was found needs the old authority");

    // A client whom the manifest does not name, and a node that cannot be read whole.
    for end in ["crt", "key"] {
        let pair = bench.host(1).read(&format!("/root/old/client.root.{end}")).unwrap();
        std::fs::write(keys.join(format!("client.alice.{end}")), pair).unwrap();
    }
    rotate(&bench, &["--drop-old"]).code(1).says("client.alice.crt");
    std::fs::remove_file(keys.join("client.alice.crt")).unwrap();
    std::fs::remove_file(keys.join("client.alice.key")).unwrap();
    bench.host(3).exec_ok(&format!("cd {CERTS} && mv node.crt x && ln -s x node.crt")).unwrap();
    rotate(&bench, &["--drop-old"]).code(5).says("store-3/certificate.node");
    bench.host(3).exec_ok(&format!("cd {CERTS} && rm node.crt && mv x node.crt")).unwrap();
    assert_trusted(&bench, 2);

    rotate(&bench, &["--drop-old"]).code(0).says("The rotation is done");
    assert_trusted(&bench, 1);
    assert!(!is_accepted(&bench, "old") && is_accepted(&bench, "new"));
    assert_eq!(names(&keys), there, "no old key is left");
    bench.assert_empty_plan();
    assert_eq!(pids(), before, "no node was restarted");
    assert_no_passphrase(bench.lab.hosts());
}

/// Nothing that a host keeps speaks of the passphrase, or holds the authority's key.
fn assert_no_passphrase(hosts: &[Host]) {
    for host in hosts {
        let found = host.exec_ok("grep -rlE 'correct horse|ENCRYPTED PRIVATE' /opt/cockroach /var/lib/crdbctl /root /run/crdbctl 2>/dev/null; true");
        assert_eq!(found.unwrap().text().trim(), "", "{}", host.name());
    }
}
