//! `node drain`, and what its clients see of it.

use std::time::{Duration, Instant};

use crate::lab::{Lab, Node, text, wait};
use crate::postgres::Postgres;

fn set(lab: &Lab, node: &Node, statement: &str) {
    let output = lab.client("v24.1.0", node, &["sql", "-e", &format!("SET CLUSTER SETTING {statement}")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Takes away what makes short time limits impossible.
fn no_waits(lab: &Lab, node: &Node) {
    for name in ["transactions.timeout", "jobs.timeout", "lease_transfer_iteration.timeout"] {
        set(lab, node, &format!("server.shutdown.{name} = '0s'"));
    }
}

#[test]
fn a_drained_node_has_no_clients_and_runs_on() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    wait("leases are spread", || {
        lab.status(&nodes[0]).iter().all(|row| row["replicas_leaseholders"] == "20")
    });
    let connect = |node: &Node| Postgres::connect(&node.ip, &lab.client_certs(), "root", Some("root"));
    let client = connect(&nodes[1]).unwrap();
    let id = lab.id_of(&nodes[0], &nodes[1]);
    // Through another node, by its id.
    let output = lab.client("v24.1.0", &nodes[0], &["node", "drain", &id, "--drain-wait=60s"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "ok\n"));
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("node is draining... remaining: "), "{stderr}");
    assert!(stderr.ends_with("node is draining... remaining: 0 (complete)\n"), "{stderr}");
    assert!(stderr.lines().count() > 1, "the first call never ends it: {stderr}");
    wait("the session is closed", || client.is_closed());
    assert_eq!(connect(&nodes[1]).err().unwrap(), "57P01 server is not accepting clients, try another node");
    lab.wait_unready(&nodes[1], "node is shutting down");
    wait("others know that it drains and holds no leases", || {
        let row = lab.status(&nodes[0]).into_iter().find(|row| row["id"] == id).unwrap();
        row["is_draining"] == "true" && row["is_live"] == "true" && row["replicas_leaseholders"] == "0"
    });
    assert_eq!(connect(&nodes[0]).unwrap().simple("SELECT 1"), Ok(vec!["1".to_owned()]));
    // A second drain has nothing to do; the node lives on until it is told to stop.
    let again = lab.client("v24.1.0", &nodes[1], &["node", "drain", "--self"]);
    assert_eq!(text(&again.stderr), "node is draining... remaining: 0 (complete)\n");
    nodes[1].signal("TERM");
    assert_eq!(nodes[1].wait().code(), Some(0));
}

#[test]
fn drain_in_its_ways_of_being_called() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    let drain = |node: &Node, words: &[&str]| {
        let output = lab.client("v24.1.0", node, &[&["node", "drain"], words].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let both = drain(&nodes[0], &["1", "--self"]);
    assert_eq!(
        both,
        (
            Some(1),
            String::new(),
            "ERROR: cannot use --self with an explicit node ID\nFailed running \"node drain\"\n".to_owned()
        )
    );
    let (code, _, said) = drain(&nodes[0], &["9"]);
    assert!(code == Some(1) && said.contains("unable to look up descriptor for n9"), "{said}");
    assert!(drain(&nodes[0], &["--self", "--shutdown"]).2.contains("unknown flag: --shutdown"));
    let (code, stdout, said) = drain(&nodes[2], &[]);
    assert_eq!((code, stdout.as_str()), (Some(0), "ok\n"));
    assert!(said.starts_with(
        "warning: draining a node without node ID or passing --self explicitly is deprecated.\n"
    ));
    let mut old = lab.node(4);
    old.start(&mut lab.start_command(&old, "v24.3.0"));
    lab.wait_ready(&old);
    let output = lab.client("v24.3.0", &old, &["node", "drain", "--self", "--shutdown"]);
    assert_eq!(text(&output.stdout), "ok\n", "{}", text(&output.stderr));
    assert_eq!(old.wait().code(), Some(0));
    nodes[0].kill();
}

#[test]
fn an_uninitialised_node_is_not_drained() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    let output = lab.client("v24.1.0", &node, &["node", "drain", "--self"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).ends_with(
        "ERROR: node cannot be drained before it has been initialized\nFailed running \"node drain\"\n"
    ));
}

#[test]
fn a_slow_drain_times_out_goes_on_and_is_sped_up() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    no_waits(&lab, &nodes[0]);
    nodes[0].fault("slow-drain 10m");
    let drain = || lab.client("v24.1.0", &nodes[0], &["node", "drain", "--self", "--drain-wait=1s"]);
    let output = drain();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let said = text(&output.stderr);
    assert!(said.ends_with("ERROR: drain timeout\nFailed running \"node drain\"\n"), "{said}");
    lab.wait_unready(&nodes[0], "node is shutting down");
    nodes[0].fault("");
    wait("the drain ends once it may", || drain().status.success());
}

#[test]
fn a_short_limit_gives_way_to_the_settings() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let output = lab.client("v24.1.0", &nodes[0], &["node", "drain", "--self", "--drain-wait=1s"]);
    assert!(output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.starts_with("warning: --drain-wait is 1s, but the server.shutdown.{drain,query,jobs,connection,lease_transfer}_wait cluster settings require a value of at least 35s; using the larger value\n"),
        "{said}"
    );
}

#[test]
fn phases_let_clients_go_on_as_long_as_the_settings_say() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let connect = || Postgres::connect(&nodes[0].ip, &lab.client_certs(), "root", Some("root"));
    set(&lab, &nodes[0], "server.shutdown.initial_wait = '2s'");
    set(&lab, &nodes[0], "server.shutdown.connections.timeout = '2s'");
    let client = connect().unwrap();
    let began = Instant::now();
    let mut drain = lab.client_command("v24.1.0", &nodes[0], &["node", "drain", "--self"]).spawn().unwrap();
    lab.wait_unready(&nodes[0], "node is shutting down");
    assert_eq!(connect().unwrap().simple("SELECT 1"), Ok(vec!["1".to_owned()]), "unready, and still open");
    wait("new clients are turned away", || connect().is_err());
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(client.simple("SELECT 1"), Ok(vec!["1".to_owned()]), "those inside stay");
    wait("those inside are sent away", || client.is_closed());
    assert!(began.elapsed() >= Duration::from_secs(4));
    assert!(drain.wait().unwrap().success());
}
