//! Versions held back, raised by hand, rolled back and refused.

use crate::lab::{Lab, Node, text, wait};

fn sql(lab: &Lab, node: &Node, statement: &str) -> Result<String, String> {
    let output = lab.client("v24.3.0", node, &["sql", "--format=csv", "-e", statement]);
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn version(lab: &Lab, node: &Node) -> String {
    // A node that is starting has none.
    let shown = sql(lab, node, "SHOW CLUSTER SETTING version").unwrap_or_default();
    shown.lines().last().unwrap_or_default().to_owned()
}

fn replace(lab: &Lab, node: &mut Node, release: &str) {
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
    node.start(&mut lab.start_command(node, release));
    lab.wait_ready(node);
}

#[test]
fn an_upgrade_that_is_held_back_may_go_back_or_be_finished_by_hand() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    let kept = "SET CLUSTER SETTING cluster.preserve_downgrade_option";
    assert_eq!(
        sql(&lab, &nodes[0], &format!("{kept} = '23.2'")).unwrap_err(),
        "ERROR: cannot set cluster.preserve_downgrade_option to 23.2 (cluster version is 24.1)\nSQLSTATE: XXUUU\nFailed running \"sql\"\n"
    );
    sql(&lab, &nodes[0], &format!("{kept} = '24.1'")).unwrap();
    replace(&lab, &mut nodes[0], "v24.3.0");
    let raise = |node: &Node| sql(&lab, node, "SET CLUSTER SETTING version = '24.3'").unwrap_err();
    assert!(raise(&nodes[1]).contains("cannot upgrade to 24.3: node running 24.1\n"));
    assert!(raise(&nodes[0]).contains("cluster.preserve_downgrade_option is set to 24.1\n"));
    // Not finished: the old release still opens the store.
    replace(&lab, &mut nodes[0], "v24.1.0");
    for node in &mut nodes {
        replace(&lab, node, "v24.3.0");
    }
    let held =
        "failed attempt to upgrade cluster version, error: auto upgrade is disabled for current version";
    wait("the leader says why it waits", || nodes.iter().any(|node| node.log().contains(held)));
    assert_eq!(version(&lab, &nodes[0]), "24.1");
    // Off by the other setting as well, so that only the hand is left.
    sql(&lab, &nodes[0], "SET CLUSTER SETTING cluster.auto_upgrade.enabled = false").unwrap();
    sql(&lab, &nodes[0], "RESET CLUSTER SETTING cluster.preserve_downgrade_option").unwrap();
    wait("another node knows", || {
        sql(&lab, &nodes[1], "SHOW CLUSTER SETTING cluster.preserve_downgrade_option").unwrap()
            == "cluster.preserve_downgrade_option\n\n"
    });
    assert_eq!(version(&lab, &nodes[1]), "24.1");
    assert_eq!(
        sql(&lab, &nodes[1], "SET CLUSTER SETTING version = '24.3'").unwrap(),
        "SET CLUSTER SETTING\n"
    );
    assert_eq!(version(&lab, &nodes[1]), "24.3");
    assert!(
        sql(&lab, &nodes[1], "SET CLUSTER SETTING version = '24.2'")
            .unwrap_err()
            .contains("versions cannot be downgraded (attempting to downgrade from 24.3 to 24.2)\n")
    );
    wait("all nodes know", || nodes.iter().all(|node| version(&lab, node) == "24.3"));
    nodes[2].signal("TERM");
    nodes[2].wait();
    nodes[2].start(&mut lab.start_command(&nodes[2], "v24.1.0"));
    assert_eq!(nodes[2].wait().code(), Some(1));
    assert!(
        nodes[2]
            .said("stderr")
            .contains("store last used with cockroach version v24.3 is too high for running version v24.1")
    );
}

#[test]
fn a_node_that_is_down_holds_the_version_back() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    nodes[2].kill();
    for node in &mut nodes[..2] {
        replace(&lab, node, "v24.3.0");
    }
    let id = lab.id_of(&nodes[0], &nodes[2]);
    let waits = format!("error: node {id} not running, cannot determine version");
    wait("the leader says whom it waits for", || nodes.iter().any(|node| node.log().contains(&waits)));
    // Until the news of the other's new binary has come around, that one is what stands in the way.
    let unavailable = format!("n{id} required, but unavailable\n");
    wait("only the node that is down stands in the way", || {
        sql(&lab, &nodes[0], "SET CLUSTER SETTING version = '24.3'").unwrap_err().contains(&unavailable)
    });
    let mut command = lab.start_command(&nodes[2], "v24.3.1");
    nodes[2].start(command.env("ROACHSIM_UPGRADE_MS", "3000"));
    wait("it rises", || version(&lab, &nodes[0]) == "24.3");
}

#[test]
fn on_its_way_the_version_is_neither_old_nor_new() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    lab.wait_ready(&node);
    node.signal("TERM");
    node.wait();
    node.start(lab.start_command(&node, "v24.2.0").env("ROACHSIM_UPGRADE_MS", "2500"));
    wait("it is on its way", || version(&lab, &node) == "24.1-upgrading-to-24.2-step-004");
    wait("it has arrived", || version(&lab, &node) == "24.2");
}

#[test]
fn jumps_that_are_too_wide_are_refused_at_start() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v23.1.0"));
    assert!(lab.client("v23.1.0", &node, &["init"]).status.success());
    lab.wait_ready(&node);
    node.signal("TERM");
    node.wait();
    for (release, said) in [
        (
            "v24.1.0",
            "version v23.1 is too old for running version v24.1 (which requires data from v23.2 or later)",
        ),
        ("v22.2.0", "version v23.1 is too high for running version v22.2"),
    ] {
        let output = lab.start_command(&node, release).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&format!("store last used with cockroach {said}")), "{stderr}");
    }
}
