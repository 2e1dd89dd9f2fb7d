//! A cluster from nothing to a majority lost.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::lab::{Lab, text, wait};

#[test]
fn three_nodes_wait_are_initialised_once_and_become_whole() {
    let lab = Lab::new();
    let mut nodes = [1, 2, 3].map(|number| lab.node(number));
    for (number, node) in nodes.iter_mut().enumerate() {
        let mut command = lab.start_command(node, "v24.1.0");
        node.start(command.arg(format!("--locality=region=eu,zone={number}")));
    }
    for node in &nodes {
        lab.wait_unready(node, "node is waiting for cluster initialization");
        assert_eq!(lab.get(node, "/health").unwrap().0, 200);
        let said = node.said("stderr");
        assert!(
            said.contains("* INFO: initial startup completed.\n* Node will now attempt to join"),
            "{said}"
        );
    }
    let init = lab.client("v24.1.0", &nodes[1], &["init"]);
    assert_eq!(text(&init.stdout), "Cluster successfully initialized\n", "{}", text(&init.stderr));
    assert_eq!(init.status.code(), Some(0));
    for node in &nodes {
        lab.wait_ready(node);
    }
    for node in &nodes {
        let again = lab.client("v24.1.0", node, &["init"]);
        assert_eq!(again.status.code(), Some(1));
        assert_eq!(
            text(&again.stderr),
            "ERROR: cluster has already been initialized\nFailed running \"init\"\n"
        );
    }
    wait("all ranges have three replicas", || {
        let rows = lab.status(&nodes[0]);
        rows.len() == 3
            && rows.iter().all(|row| row["ranges"] == "60" && row["ranges_underreplicated"] == "0")
    });
    let rows = lab.status(&nodes[2]);
    assert_eq!(rows.iter().map(|row| row["id"].as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(rows[0]["address"], format!("{}:26257", nodes[1].ip), "init makes its node the first");
    for row in &rows {
        assert_eq!((row["is_available"].as_str(), row["is_live"].as_str()), ("true", "true"));
        assert_eq!(row["build"], "v24.1.0");
        assert!(row["locality"].starts_with("region=eu,zone="), "{row:?}");
        assert_eq!(row["membership"], "active");
    }
    assert_eq!(rows.iter().map(|row| row["replicas_leaseholders"].parse::<u32>().unwrap()).sum::<u32>(), 60);
    assert_eq!(lab.metric(&nodes[0], "liveness_livenodes"), 3);
    assert!(lab.metric(&nodes[0], "security_certificate_expiration_node") > 1_700_000_000);
    let clusters: BTreeSet<String> =
        nodes.iter().map(|node| labelled(&node.said("stdout"), "clusterID:")).collect();
    assert_eq!(clusters.len(), 1);
    assert_eq!(labelled(&nodes[1].said("stdout"), "status:"), "initialized new cluster");
    assert_eq!(
        labelled(&nodes[0].said("stdout"), "status:"),
        "initialized new node, joined pre-existing cluster"
    );
    let ls = lab.client("v24.1.0", &nodes[0], &["node", "ls"]);
    assert_eq!(text(&ls.stdout), "id\n1\n2\n3\n");
}

fn labelled(text: &str, label: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label} in {text}")).trim().to_owned()
}

#[test]
fn init_needs_no_peer_and_later_nodes_join() {
    let lab = Lab::new();
    let mut first = lab.node(1);
    first.start(&mut lab.start_command(&first, "v24.1.0"));
    // Until the node answers, init waits and says so.
    assert!(lab.client("v24.1.0", &first, &["init"]).status.success());
    lab.wait_ready(&first);
    assert_eq!(lab.status(&first).len(), 1);
    let mut fourth = lab.node(4);
    fourth.start(&mut lab.start_command(&fourth, "v24.1.0"));
    lab.wait_ready(&fourth);
    lab.wait_ready(&first);
    assert_eq!(lab.status(&first)[1]["address"], format!("{}:26257", fourth.ip));
}

#[test]
fn many_nodes_that_join_at_once_get_ids_of_their_own() {
    let lab = Lab::new();
    let cluster = lab.cluster();
    let mut more = [4, 5, 6, 7].map(|number| lab.node(number));
    for node in &mut more {
        node.start(&mut lab.start_command(node, "v24.1.0"));
    }
    for node in &more {
        lab.wait_ready(node);
    }
    wait("seven rows", || lab.status(&cluster[0]).len() == 7);
    let rows = lab.status(&cluster[0]);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str()).collect();
    let addresses: BTreeSet<&str> = rows.iter().map(|row| row["address"].as_str()).collect();
    assert_eq!((ids.len(), addresses.len()), (7, 7), "{rows:?}");
}

#[test]
fn systemd_hears_ready_before_init_and_stopping_at_the_end() {
    let lab = Lab::new();
    let socket_path = lab.path("notify");
    let socket = UnixDatagram::bind(&socket_path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut node = lab.node(1);
    node.start(lab.start_command(&node, "v24.1.0").env("NOTIFY_SOCKET", &socket_path));
    let heard = || {
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).unwrap();
        text(&buffer[..length]).trim().to_owned()
    };
    assert_eq!(heard(), "READY=1");
    let (code, _) = lab.get(&node, "/health?ready=1").unwrap();
    assert_eq!(code, 503, "listening, and not initialised");
    node.signal("TERM");
    assert_eq!(heard(), "STOPPING=1");
    assert_eq!(node.wait().code(), Some(0));
    assert!(node.said("stdout").ends_with(
        "initiating graceful shutdown of server\ntoo early to drain; used hard shutdown instead\n"
    ));
}

#[test]
fn a_lost_majority_is_not_healthy_and_reading_ranges_waits() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    wait("all ranges have three replicas", || lab.status(&nodes[0]).iter().all(|row| row["ranges"] == "60"));
    nodes[1].kill();
    nodes[2].kill();
    lab.wait_unready(&nodes[0], "node is not healthy");
    wait("all ranges unavailable", || lab.metric(&nodes[0], "ranges_unavailable") == 60);
    let plain = lab.client("v24.1.0", &nodes[0], &["node", "status", "--format=csv"]);
    let table = text(&plain.stdout);
    assert!(table.lines().nth(1).unwrap().ends_with(",false,true"), "available false, live true: {table}");
    let ranges = lab.client("v24.1.0", &nodes[0], &["node", "status", "--ranges", "--timeout=500ms"]);
    assert_eq!(ranges.status.code(), Some(1));
    let said = text(&ranges.stderr);
    assert!(
        said.starts_with("ERROR: query execution canceled due to statement timeout\nSQLSTATE: 57014\n"),
        "{said}"
    );
}

#[test]
fn commands_by_sql_wait_for_a_cluster_and_give_up() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    let mut command = lab.client_command("v24.1.0", &node, &["node", "status"]);
    let output = command.env("COCKROACH_CONNECT_TIMEOUT", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "ERROR: cannot dial server.\nIs the server running?\n\
         If the server is running, check --host client-side and --advertise server-side.\n\n\
         context deadline exceeded\nFailed running \"node status\"\n"
    );
}

#[test]
fn commands_without_a_server_say_so() {
    let lab = Lab::new();
    let node = lab.node(1);
    let output = lab.client("v24.1.0", &node, &["node", "status"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    let refused = format!("dial tcp {}:26257: connect: connection refused\n", node.ip);
    assert!(said.starts_with("ERROR: cannot dial server.\n") && said.contains(&refused), "{said}");
    // init keeps trying: callers need a time limit of their own.
    lab.init_warns(&node, "connect: connection refused");
}

#[test]
fn cluster_names_must_agree() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(lab.start_command(&node, "v24.1.0").arg("--cluster-name=store"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
    lab.init_warns(&node, "peer node expects cluster name \"store\", use --cluster-name to configure");
    assert!(lab.client("v24.1.0", &node, &["init", "--cluster-name=store"]).status.success());
    lab.wait_ready(&node);
}
