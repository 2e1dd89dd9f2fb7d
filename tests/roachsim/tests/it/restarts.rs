//! Stops, crashes, returns and new versions.

use crate::lab::{Lab, text, wait};

#[test]
fn a_killed_node_returns_under_its_id() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    wait("all ranges have three replicas", || {
        lab.status(&nodes[0]).iter().all(|row| row["ranges"] == "60" && row["ranges_underreplicated"] == "0")
    });
    let address = format!("{}:26257", nodes[1].ip);
    let row = || lab.status(&nodes[0]).into_iter().find(|row| row["address"] == address).unwrap();
    let id = row()["id"].clone();
    nodes[1].kill();
    let row = || lab.status(&nodes[0]).into_iter().find(|row| row["address"] == address).unwrap();
    wait("the node counts as down", || row()["is_live"] == "false" && row()["is_available"] == "false");
    let short =
        || lab.metric(&nodes[0], "ranges_underreplicated") + lab.metric(&nodes[2], "ranges_underreplicated");
    wait("ranges are short of replicas", || short() == 60);
    let [first, second, third] = &mut nodes;
    second.start(&mut lab.start_command(second, "v24.1.0"));
    lab.wait_ready(second);
    wait("ranges are whole again", || {
        [&*first, &*second, &*third]
            .iter()
            .map(|node| lab.metric(node, "ranges_underreplicated"))
            .sum::<i64>()
            == 0
    });
    let rows = lab.status(first);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows.iter().find(|row| row["address"] == address).unwrap()["id"], id);
    wait("the banner is out", || second.said("stdout").contains("status:"));
    assert!(second.said("stdout").lines().any(|line| line.contains("restarted pre-existing node")));
}

#[test]
fn range_figures_read_zero_for_a_moment_after_a_start() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(lab.start_command(&node, "v24.1.0").env("ROACHSIM_METRICS_DELAY_MS", "4000"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    lab.wait_ready(&node);
    assert_eq!(lab.metric(&node, "ranges_underreplicated"), 0, "though a lone node is short of replicas");
    wait("the figure tells the truth", || lab.metric(&node, "ranges_underreplicated") == 60);
}

#[test]
fn sigterm_drains_and_sigint_has_an_exit_code_of_its_own() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    for node in &nodes {
        wait("the banner is out", || node.said("stdout").contains("nodeID:"));
    }
    nodes[2].signal("TERM");
    lab.wait_unready(&nodes[2], "node is shutting down");
    assert_eq!(nodes[2].wait().code(), Some(0));
    let said = nodes[2].said("stdout");
    assert!(
        said.ends_with("initiating graceful shutdown of server\nserver drained and shutdown completed\n"),
        "{said}"
    );
    nodes[1].signal("INT");
    assert_eq!(nodes[1].wait().code(), Some(3));
}

#[test]
fn all_nodes_return_after_a_power_cut() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    for node in &mut nodes {
        node.kill();
    }
    nodes[0].start(&mut lab.start_command(&nodes[0], "v24.1.0"));
    lab.wait_unready(&nodes[0], "liveness record not found");
    nodes[1].start(&mut lab.start_command(&nodes[1], "v24.1.0"));
    for node in &nodes[..2] {
        lab.wait_ready(node);
    }
}

#[test]
fn versions_rise_when_every_node_is_new_and_never_fall_again() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    for number in 0..3 {
        nodes[number].signal("TERM");
        assert_eq!(nodes[number].wait().code(), Some(0));
        if number == 2 {
            assert!(!nodes[0].log().contains("successfully upgraded"), "one node is old still");
        }
        let command = &mut lab.start_command(&nodes[number], "v24.3.0");
        nodes[number].start(command);
        lab.wait_ready(&nodes[number]);
    }
    let upgraded = "successfully upgraded cluster version from v24.1 to v24.3";
    wait("the cluster version rises", || nodes.iter().any(|node| node.log().contains(upgraded)));
    assert!(lab.status(&nodes[0]).iter().all(|row| row["build"] == "v24.3.0"));
    let version = || lab.client("v24.3.0", &nodes[0], &["sql", "-e", "SHOW CLUSTER SETTING version"]);
    wait("the node knows", || text(&version().stdout) == "version\n24.3\n");
    nodes[0].kill();
    let command = &mut lab.start_command(&nodes[0], "v24.1.0");
    nodes[0].start(command);
    assert_eq!(nodes[0].wait().code(), Some(1));
    let said = nodes[0].said("stderr");
    assert!(
        said.contains("store last used with cockroach version v24.3 is too high for running version v24.1"),
        "{said}"
    );
    let command = &mut lab.start_command(&nodes[0], "v25.4.0");
    nodes[0].start(command);
    assert_eq!(nodes[0].wait().code(), Some(1));
    assert!(
        nodes[0]
            .said("stderr")
            .contains("is too old for running version v25.4 (which requires data from v25.2 or later)")
    );
}
