//! Cluster settings: what they take, how they are shown, and who knows of them.

use crate::lab::{Lab, Node, text, wait};

fn sql(lab: &Lab, release: &str, node: &Node, statement: &str) -> Result<String, String> {
    let output = lab.client(release, node, &["sql", "--format=csv", "-e", statement]);
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        _ => Err(text(&output.stderr)),
    }
}

#[test]
fn values_are_shown_in_one_spelling() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    let run = |statement: &str| sql(&lab, "v24.1.0", &node, statement);
    for (name, value, alone, listed) in [
        ("kv.snapshot_rebalance.max_rate", "'64MiB'", "64 MiB", "64 MiB"),
        ("server.time_until_store_dead", "'90s'", "00:01:30", "1m30s"),
        ("diagnostics.reporting.enabled", "off", "f", "false"),
        ("sql.defaults.distsql", "always", "always", "always"),
        ("server.max_connections_per_gateway", "100", "100", "100"),
        ("cluster.organization", "'Acme'", "Acme", "Acme"),
    ] {
        assert_eq!(run(&format!("SET CLUSTER SETTING {name} = {value}")).unwrap(), "SET CLUSTER SETTING\n");
        assert_eq!(run(&format!("SHOW CLUSTER SETTING {name}")).unwrap(), format!("{name}\n{alone}\n"));
        let all = run("SHOW ALL CLUSTER SETTINGS").unwrap();
        assert!(all.lines().any(|line| line.starts_with(&format!("{name},{listed},"))), "{all}");
        assert_eq!(run(&format!("RESET CLUSTER SETTING {name}")).unwrap(), "RESET CLUSTER SETTING\n");
    }
    let all = run("SHOW CLUSTER SETTINGS").unwrap();
    assert_eq!(all.lines().next(), Some("variable,value,setting_type,description,default_value,origin"));
    assert!(all.contains("\nserver.time_until_store_dead,5m0s,d,"), "{all}");
    for (statement, words) in [
        ("SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = 1", "SQLSTATE: 42804"),
        ("SET CLUSTER SETTING server.time_until_store_dead = '1s'", "to less than 15s: 1s"),
        ("SET CLUSTER SETTING sql.defaults.distsql = 'blue'", "HINT: Available values: 0: off"),
        ("SELECT 1; RESET CLUSTER SETTING cluster.organization", "inside a multi-statement transaction"),
        ("RESET CLUSTER SETTING version", "cannot RESET cluster version setting"),
    ] {
        let why = run(statement).unwrap_err();
        assert!(why.contains(words), "{statement}: {why}");
    }
}

#[test]
fn names_that_have_changed_still_work_and_say_so() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    assert!(lab.client("v24.1.0", &node, &["init"]).status.success());
    let old = "server.shutdown.drain_wait";
    let output = lab.client("v24.1.0", &node, &["sql", "-e", &format!("SET CLUSTER SETTING {old} = '1s'")]);
    assert_eq!(
        text(&output.stderr),
        format!("NOTICE: the name \"{old}\" is deprecated; use \"server.shutdown.initial_wait\" instead\n")
    );
    let shown = sql(&lab, "v24.1.0", &node, &format!("SHOW CLUSTER SETTING {old}"));
    assert_eq!(shown.unwrap(), "server.shutdown.initial_wait\n00:00:01\n");
}

#[test]
fn settings_reach_all_nodes_and_survive_them() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    let show = |node: &Node| sql(&lab, "v24.1.0", node, "SHOW CLUSTER SETTING cluster.organization").unwrap();
    sql(&lab, "v24.1.0", &nodes[0], "SET CLUSTER SETTING cluster.organization = 'Acme'").unwrap();
    for node in &nodes {
        wait("the others know", || show(node) == "cluster.organization\nAcme\n");
    }
    for node in &mut nodes {
        node.kill();
    }
    for node in &mut nodes {
        node.start(&mut lab.start_command(node, "v24.1.0"));
    }
    for node in &nodes {
        lab.wait_ready(node);
        assert_eq!(show(node), "cluster.organization\nAcme\n");
    }
}
