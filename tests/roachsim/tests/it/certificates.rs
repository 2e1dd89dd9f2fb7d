//! Certificates in force, reloaded, foreign and expired.

use time::{Duration, OffsetDateTime};

use crate::https::served_serial;
use crate::lab::{Lab, Node, text, wait};
use crate::pki::{Authority, write_pair};

fn served(lab: &Lab, node: &Node) -> [Result<u64, String>; 2] {
    [26257, 8080].map(|port| served_serial(&lab.authority.pem(), &node.ip, port))
}

#[test]
fn sighup_swaps_the_served_certificate_on_both_ports() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    assert_eq!(served(&lab, &node), [Ok(101), Ok(101)]);
    let renewed = lab.authority.issue("node", &[&node.ip, "localhost"], 777);
    write_pair(&node.dir.join("certs"), "node", &renewed);
    assert_eq!(served(&lab, &node), [Ok(101), Ok(101)], "nothing happens before the signal");
    node.signal("HUP");
    wait("the new certificate is served", || served(&lab, &node) == [Ok(renewed.serial), Ok(renewed.serial)]);
    assert!(node.log().contains("received signal \"hangup\", triggering certificate reload"));
}

#[test]
fn a_mismatched_pair_is_taken_and_breaks_every_new_handshake() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    let mut mixed = lab.authority.issue("node", &[&node.ip], 5);
    mixed.key = lab.authority.issue("node", &[&node.ip], 6).key;
    write_pair(&node.dir.join("certs"), "node", &mixed);
    node.signal("HUP");
    wait("handshakes fail", || served(&lab, &node).iter().all(Result::is_err));
    assert!(node.log().contains("successfully reloaded certificates"));
    let good = lab.authority.issue("node", &[&node.ip], 7);
    write_pair(&node.dir.join("certs"), "node", &good);
    node.signal("HUP");
    wait("a good pair heals it", || served(&lab, &node) == [Ok(7), Ok(7)]);
}

#[test]
fn a_reload_that_would_lose_the_key_keeps_serving() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    std::fs::remove_file(node.dir.join("certs/node.key")).unwrap();
    node.signal("HUP");
    wait("the reload is refused", || {
        node.log().contains("could not reload certificates: reload would lose valid node cert")
    });
    assert_eq!(served(&lab, &node), [Ok(101), Ok(101)]);
}

#[test]
fn a_node_of_another_authority_stays_out() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let mut stranger = lab.node(4);
    let other = Authority::new();
    let pair = other.issue("node", &[&stranger.ip], 9);
    other.fill(&stranger.dir.join("certs"), "node", &pair);
    stranger.start(&mut lab.start_command(&stranger, "v24.1.0"));
    wait("the stranger is told why", || {
        stranger.log().contains("unsuccessful: x509: certificate signed by unknown authority")
    });
    assert_eq!(lab.status(&nodes[0]).len(), 3);
}

#[test]
fn a_node_that_trusts_us_with_a_foreign_certificate_stays_out() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let mut stranger = lab.node(4);
    let pair = Authority::new().issue("node", &[&stranger.ip], 9);
    write_pair(&stranger.dir.join("certs"), "node", &pair);
    stranger.start(&mut lab.start_command(&stranger, "v24.1.0"));
    wait("the cluster refuses it", || stranger.log().contains("unsuccessful: remote error: tls:"));
    assert_eq!(lab.status(&nodes[0]).len(), 3);
}

#[test]
fn an_expired_certificate_starts_and_is_shunned() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let mut late = lab.node(4);
    let past = OffsetDateTime::now_utc() - Duration::hours(1);
    let pair = lab.authority.issue_until("node", &[&late.ip], 9, past);
    write_pair(&late.dir.join("certs"), "node", &pair);
    late.start(&mut lab.start_command(&late, "v24.1.0"));
    wait("it runs and is refused", || late.log().contains("unsuccessful: remote error: tls:"));
    assert_eq!(lab.status(&nodes[0]).len(), 3);
}

#[test]
fn a_certificate_without_the_dialled_name_is_not_spoken_to() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    let pair = lab.authority.issue("node", &["10.9.9.9", "elsewhere"], 9);
    write_pair(&node.dir.join("certs"), "node", &pair);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.init_warns(&node, &format!("not {}", node.ip));
    // Clients of SQL are not even spoken to before there is a cluster.
    node.kill();
    let good = lab.authority.issue("node", &[&node.ip], 10);
    write_pair(&node.dir.join("certs"), "node", &good);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    write_pair(&node.dir.join("certs"), "node", &pair);
    node.signal("HUP");
    wait("the other certificate is served", || node.log().contains("successfully reloaded"));
    let output = lab.client("v24.1.0", &node, &["node", "status"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("SSL authentication error while connecting.\nx509: certificate is valid for"),
        "{said}"
    );
    assert!(said.contains(&format!("not {}\n", node.ip)), "{said}");
}

#[test]
fn clients_need_roots_certificate_of_the_right_authority() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    // Trusted by us, and not by the server.
    write_pair(&lab.client_certs(), "client.root", &Authority::new().issue("root", &[], 3));
    let output = lab.client("v24.1.0", &node, &["node", "status"]);
    let said = text(&output.stderr);
    assert!(
        said.starts_with("ERROR: SSL authentication error while connecting.\nremote error: tls: "),
        "{said}"
    );
    std::fs::remove_file(lab.client_certs().join("client.root.crt")).unwrap();
    let said = text(&lab.client("v24.1.0", &node, &["node", "status"]).stderr);
    assert_eq!(
        said,
        "ERROR: cannot load certificates.\n\
         Check your certificate settings, set --certs-dir, or use --insecure for insecure clusters.\n\n\
         problem with client cert for user root: not found\nFailed running \"node status\"\n"
    );
    lab.init_warns(&node, "problem with client cert for user root: not found");
}

#[test]
fn clusters_that_were_initialised_apart_do_not_mix() {
    let lab = Lab::new();
    let mut nodes = [1, 2].map(|number| lab.node(number));
    // Each is initialised alone, before it is told of the other.
    for node in &mut nodes {
        let mut command = lab.start_command(node, "v24.1.0");
        let arguments: Vec<_> = command
            .get_args()
            .map(ToOwned::to_owned)
            .filter(|word| !word.to_string_lossy().starts_with("--join"))
            .collect();
        let mut alone = std::process::Command::new(lab.program("v24.1.0"));
        alone.args(arguments).arg(format!("--join={}", node.ip));
        node.start(&mut alone);
        assert!(lab.client("v24.1.0", node, &["init"]).status.success());
        lab.wait_ready(node);
        node.kill();
        node.start(command.env("ROACHSIM_HEARTBEAT_MS", "100"));
        lab.wait_ready(node);
    }
    for node in &nodes {
        wait("the refusal is logged", || node.log().contains("doesn't match server cluster ID"));
        assert_eq!(lab.status(node).len(), 1);
    }
}
