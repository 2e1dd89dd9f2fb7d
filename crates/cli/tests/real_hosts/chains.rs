//! Certificates that somebody else's authority made, below an intermediate: CockroachDB verifies whole chains, and so does crdbctl.

use std::path::Path;
use std::process::Command;

use crdbctl_testlab::Host;

use crate::bench::{ADMIN, Bench, Done};

const CERTS: &str = "/opt/cockroach/certs";

fn openssl(directory: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes an intermediate signed by the authority in `keys`, in a directory beside it.
fn make_intermediate(bench: &Bench) {
    let at = bench.path("corporate");
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("ca.ext"), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        .unwrap();
    openssl(&at, "ecparam -name prime256v1 -genkey -noout -out ca.key");
    openssl(&at, "req -new -key ca.key -subj /O=Example/CN=Issuing -out ca.csr");
    openssl(
        &at,
        "x509 -req -in ca.csr -CA ../keys/ca.crt -CAkey ../keys/ca.key -set_serial 77 -days 900 -extfile ca.ext -out ca.crt",
    );
}

/// Puts a pair that the intermediate signed, followed by the intermediate, on a host.
fn give(bench: &Bench, host: &Host, file: &str, subject: &str, extensions: &str) {
    let at = bench.path("corporate");
    std::fs::write(at.join("leaf.ext"), extensions).unwrap();
    openssl(&at, "ecparam -name prime256v1 -genkey -noout -out leaf.key");
    openssl(&at, &format!("req -new -key leaf.key -subj {subject} -out leaf.csr"));
    openssl(
        &at,
        "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -set_serial 78 -days 800 -extfile leaf.ext -out leaf.crt",
    );
    let chain =
        [std::fs::read(at.join("leaf.crt")).unwrap(), std::fs::read(at.join("ca.crt")).unwrap()].concat();
    let key = std::fs::read(at.join("leaf.key")).unwrap();
    host.write(&format!("{CERTS}/{file}.crt"), &chain, 0o644, "cockroach:cockroach").unwrap();
    host.write(&format!("{CERTS}/{file}.key"), &key, 0o600, "cockroach:cockroach").unwrap();
}

/// Restarts the service of a host, and waits until it takes clients.
fn restart(host: &Host) {
    host.exec_ok("systemctl restart cockroach").unwrap();
    let ready = format!(
        "for try in $(seq 60); do curl -skf --max-time 2 'https://{}:8080/health?ready=1' >/dev/null && exit 0; sleep 0.5; done; \
         journalctl -u cockroach -n 20 --no-pager; exit 1",
        host.address()
    );
    host.exec_ok(&ready).unwrap();
}

fn rotate(bench: &Bench, more: &[&str]) -> Done {
    bench.crdbctl(&[&["certs", "rotate-ca", "--yes"], more].concat())
}

/// The words of a text, however its lines are broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn authorities(host: &Host) -> String {
    host.exec_ok(&format!("grep -c BEGIN {CERTS}/ca.crt")).unwrap().text().trim().to_owned()
}

/// The names that the certificate of a node must cover.
fn names(host: &Host) -> String {
    format!("subjectAltName=DNS:localhost,DNS:{},IP:127.0.0.1,IP:{}", host.name(), host.address())
}

/// Asserts that certificates are kept as they are, whether or not the authority's key is at hand.
#[track_caller]
fn assert_kept(bench: &Bench) {
    let key = bench.path("keys/ca.key");
    bench.assert_empty_plan();
    std::fs::rename(&key, bench.path("ca.key")).unwrap();
    bench.assert_empty_plan();
    std::fs::rename(bench.path("ca.key"), key).unwrap();
}

#[test]
fn certificates_below_an_intermediate_are_kept_and_keep_the_old_authority() {
    let Some(bench) = Bench::start(2) else { return };
    bench.manifest_with("  flags: {cert-principal-map: \"corp.example.com:node\"}\n", "", "", ADMIN);
    bench.apply();
    make_intermediate(&bench);
    let (split, whole) = (bench.host(1), bench.host(2));
    let both = format!("{}\nextendedKeyUsage=serverAuth,clientAuth\n", names(whole));
    // One pair for servers and another for clients; a name that the map makes a node's.
    give(&bench, split, "node", "/CN=store-1", &format!("{}\nextendedKeyUsage=serverAuth\n", names(split)));
    give(&bench, split, "client.node", "/CN=node", "extendedKeyUsage=clientAuth\n");
    restart(split);
    give(&bench, whole, "node", "/O=Example/CN=corp.example.com", &both);
    restart(whole);
    assert_kept(&bench);
    let list = bench.crdbctl(&["certs", "list"]).code(0);
    for row in [
        "store-1  client.node.crt",
        "store-1  + client.node.crt",
        "store-1  + node.crt",
        "store-2  + node.crt",
    ] {
        let [place, file] = row.split("  ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let is_row =
            |line: &&str| line.starts_with(place) && line[place.len()..].trim_start().starts_with(file);
        assert!(list.stdout.lines().any(|line| is_row(&line)), "no {row} in\n{}", list.stdout);
    }
    // No common name at all, and `node` among the DNS names.
    give(&bench, whole, "node", "/", &both.replace("DNS:localhost", "DNS:localhost,DNS:node"));
    restart(whole);
    assert_kept(&bench);

    for _ in 0..3 {
        rotate(&bench, &[]).code(0);
    }
    // Only whole chains tell it: the leaf names the intermediate, and neither authority.
    let refused = flat(&rotate(&bench, &["--drop-old"]).code(1).stderr);
    for words in ["store-1: client.node.crt", "restart the node"] {
        assert!(refused.contains(words), "no {words:?} in {refused}");
    }
    assert!(!refused.contains("store-2") && !refused.contains("certificates.clients"), "{refused}");
    let plan = flat(&bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0).stdout);
    for words in ["step 4 of 4", "store-1: client.node.crt"] {
        assert!(plan.contains(words), "no {words:?} in {plan}");
    }
    assert_eq!(authorities(split), "2");
    restart(split);

    // Signed anew, up to the new authority.
    make_intermediate(&bench);
    give(&bench, split, "client.node", "/CN=node", "extendedKeyUsage=clientAuth\n");
    split.exec_ok("systemctl kill -s HUP --kill-whom=main cockroach").unwrap();
    rotate(&bench, &["--drop-old"]).code(0).says("The rotation is done");
    for host in bench.lab.hosts() {
        assert_eq!(authorities(host), "1");
        restart(host);
    }
    bench.assert_empty_plan();
}
