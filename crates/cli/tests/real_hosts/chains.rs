//! Certificates that somebody else's authority made, below an intermediate: CockroachDB verifies whole chains, and so does crdbctl.

use std::path::Path;
use std::process::Command;

use crdbctl_testlab::Host;

use crate::bench::{Bench, Done};

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

fn authorities(host: &Host) -> String {
    host.exec_ok(&format!("grep -c BEGIN {CERTS}/ca.crt")).unwrap().text().trim().to_owned()
}

#[test]
fn the_old_authority_stays_while_a_chain_on_a_node_needs_it() {
    let Some(bench) = Bench::start(2) else { return };
    bench.apply();
    make_intermediate(&bench);
    let client = "extendedKeyUsage=clientAuth\n";
    for host in bench.lab.hosts() {
        give(&bench, host, "client.node", "/O=Example/CN=node", client);
        restart(host);
    }
    bench.assert_empty_plan();
    for _ in 0..3 {
        rotate(&bench, &[]).code(0);
    }
    // Only whole chains tell it: the leaf names the intermediate, and neither authority.
    let refused = rotate(&bench, &["--drop-old"]).code(1);
    for words in ["store-1: client.node.crt", "store-2: client.node.crt", "restart the node"] {
        assert!(refused.stderr.contains(words), "no {words:?} in\n{}", refused.stderr);
    }
    assert!(!refused.stderr.contains("certificates.clients"), "{}", refused.stderr);
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("step 4 of 4")
        .says("store-1: client.node.crt");
    for host in bench.lab.hosts() {
        assert_eq!(authorities(host), "2");
        restart(host);
    }

    // Signed anew, up to the new authority.
    make_intermediate(&bench);
    for host in bench.lab.hosts() {
        give(&bench, host, "client.node", "/O=Example/CN=node", client);
        host.exec_ok("systemctl kill -s HUP --kill-whom=main cockroach").unwrap();
    }
    rotate(&bench, &["--drop-old"]).code(0).says("The rotation is done");
    for host in bench.lab.hosts() {
        assert_eq!(authorities(host), "1");
        restart(host);
    }
    bench.assert_empty_plan();
}
