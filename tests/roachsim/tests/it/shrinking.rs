//! `node decommission` and `node recommission`.

use crate::lab::{Lab, Node, text, wait};

const TAIL: &str =
    "\nNo more data reported on target nodes. Please verify cluster health before removing the nodes.\n";
const HEADER: &str =
    "id,is_live,replicas,is_decommissioning,membership,is_draining,readiness,blocking_ranges";

/// Exit code, stdout and stderr of a command through the first of these nodes.
fn run(lab: &Lab, node: &Node, words: &[&str]) -> (Option<i32>, String, String) {
    let output = lab.client("v24.1.0", node, &[&["node"], words, &["--format=csv"]].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A whole cluster of four: the fourth holds its share.
fn four(lab: &Lab) -> [Node; 4] {
    let [one, two, three] = lab.cluster();
    let mut four = lab.node(4);
    four.start(&mut lab.start_command(&four, "v24.1.0"));
    lab.wait_ready(&four);
    wait("the fourth has its share", || {
        lab.status(&one).iter().all(|row| row["ranges"] == "45" && row["ranges_underreplicated"] == "0")
    });
    [one, two, three, four]
}

fn membership(lab: &Lab, asked: &Node, id: &str) -> String {
    lab.status(asked).into_iter().find(|row| row["id"] == id).unwrap()["membership"].clone()
}

#[test]
fn a_node_is_emptied_drained_removed_and_never_comes_back() {
    let lab = Lab::new();
    let mut nodes = four(&lab);
    let id = lab.id_of(&nodes[0], &nodes[3]);
    let (code, stdout, stderr) = run(&lab, &nodes[0], &["decommission", &id, "--wait=all"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.starts_with(&format!("{HEADER}\n{id},true,45,true,decommissioning,false,ready,0\n{HEADER}\n")),
        "{stdout}"
    );
    assert!(
        stdout.ends_with(&format!("{HEADER}\n{id},true,0,true,decommissioning,false,ready,0\n{TAIL}")),
        "{stdout}"
    );
    assert!(stderr.contains(&format!("draining node n{id}\nnode is draining... remaining: ")), "{stderr}");
    assert!(stderr.ends_with(&format!("node n{id} drained successfully\n")), "{stderr}");
    let row = lab.status(&nodes[0]).into_iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(
        (
            row["membership"].as_str(),
            row["is_live"].as_str(),
            row["address"].as_str(),
            row["ranges"].as_str()
        ),
        ("decommissioned", "false", "NULL", "NULL")
    );
    let ls = lab.client("v24.1.0", &nodes[0], &["node", "ls"]);
    assert_eq!(text(&ls.stdout), "id\n1\n2\n3\n");
    assert_eq!(lab.status(&nodes[1]).iter().filter(|row| row["is_live"] == "true").count(), 3);
    // Its process runs on until it is stopped, and then its store is of no use.
    lab.wait_unready(&nodes[3], "node is shutting down");
    nodes[3].signal("TERM");
    assert_eq!(nodes[3].wait().code(), Some(0));
    nodes[3].start(&mut lab.start_command(&nodes[3], "v24.1.0"));
    assert_eq!(nodes[3].wait().code(), Some(1));
    let said = nodes[3].said("stderr");
    assert!(said.contains(&format!("n{id} was permanently removed from the cluster at ")), "{said}");
    assert!(said.contains("it is not allowed to rejoin the cluster"), "{said}");
    // Once more is a warning and no harm.
    let (code, stdout, stderr) = run(&lab, &nodes[0], &["decommission", &id]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.starts_with(&format!("warning: node {id} is already decommissioning or decommissioned\n"))
    );
    assert!(stderr.contains(&format!("skipping drain step for node n{id}; it is not live\n")), "{stderr}");
    assert!(stdout.contains(",true,decommissioned,true,already decommissioned,0\n"), "{stdout}");
    let (code, _, stderr) = run(&lab, &nodes[0], &["recommission", &id]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        format!(
            "ERROR: can only recommission a decommissioning node; n{id} found to be decommissioned\nFailed running \"node recommission\"\n"
        )
    );
    // The host is of use again with an empty store, under a new id.
    std::fs::remove_dir_all(nodes[3].dir.join("data")).unwrap();
    nodes[3].start(&mut lab.start_command(&nodes[3], "v24.1.0"));
    lab.wait_ready(&nodes[3]);
    assert_eq!(lab.id_of(&nodes[0], &nodes[3]), "5");
}

#[test]
fn three_nodes_keep_all_three() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    wait("all ranges have three replicas", || lab.status(&nodes[0]).iter().all(|row| row["ranges"] == "60"));
    let (code, stdout, stderr) = run(&lab, &nodes[0], &["decommission", "3"]);
    assert_eq!(code, Some(1));
    assert_eq!(stdout, format!("{HEADER}\n3,true,60,false,active,false,allocation errors,60\n"));
    assert_eq!(
        stderr,
        "\n\nranges blocking decommission detected\n\
         n3 has 60 replicas blocked with error: \"0 of 2 live stores are able to take a new replica for the range (2 already have a voter, 0 already have a non-voter); likely not enough nodes in cluster\"\n\n\
         ERROR: Cannot decommission nodes.\nFailed running \"node decommission\"\n"
    );
    assert_eq!(membership(&lab, &nodes[0], "3"), "active", "nothing has changed");
    // Without the checks it never ends.
    let mut command =
        lab.client_command("v24.1.0", &nodes[0], &["node", "decommission", "3", "--checks=skip"]);
    let mut stuck =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait("it is marked", || membership(&lab, &nodes[0], "3") == "decommissioning");
    lab.wait_ready(&nodes[0]);
    assert_eq!(stuck.try_wait().unwrap(), None);
    stuck.kill().unwrap();
    stuck.wait().unwrap();
    assert_eq!(lab.get(&nodes[2], "/health?ready=1").unwrap().0, 200, "a decommissioning node stays ready");
    let (code, stdout, stderr) = run(&lab, &nodes[0], &["recommission", "3"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        stdout,
        "id,is_live,replicas,is_decommissioning,membership,is_draining\n3,true,60,false,active,false\n"
    );
}

#[test]
fn trying_changes_nothing_and_polling_ends_it() {
    let lab = Lab::new();
    let nodes = four(&lab);
    let (code, stdout, _) = run(&lab, &nodes[0], &["decommission", "4", "--dry-run"]);
    assert_eq!((code, stdout), (Some(0), format!("{HEADER}\n4,true,45,false,active,false,ready,0\n")));
    assert_eq!(membership(&lab, &nodes[0], "4"), "active");
    let poll = || run(&lab, &nodes[0], &["decommission", "4", "--wait=none"]);
    let (code, stdout, _) = poll();
    assert_eq!((code, stdout.lines().count()), (Some(0), 2), "{stdout}");
    wait("polling ends it", || poll().1.ends_with(TAIL));
    assert_eq!(membership(&lab, &nodes[0], "4"), "decommissioned");
}

#[test]
fn a_node_that_was_removed_while_it_was_down_is_told_at_its_start() {
    let lab = Lab::new();
    let mut nodes = four(&lab);
    let id = lab.id_of(&nodes[0], &nodes[3]);
    nodes[3].kill();
    wait("it counts as down", || {
        lab.status(&nodes[0]).iter().any(|row| row["id"] == id && row["is_live"] == "false")
    });
    let (code, _, stderr) = run(&lab, &nodes[0], &["decommission", &id]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains(&format!("skipping drain step for node n{id}; it is not live\n")), "{stderr}");
    nodes[3].start(&mut lab.start_command(&nodes[3], "v24.1.0"));
    assert_eq!(nodes[3].wait().code(), Some(1));
    assert!(nodes[3].said("stderr").contains(&format!("n{id} was permanently removed")));
}

#[test]
fn words_for_wrong_calls() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    for (words, said) in [
        (&["decommission"][..], "ERROR: no node ID specified\n"),
        (&["decommission", "9"], "ERROR: node does not exist\n"),
        (&["decommission", "x"], "ERROR: unable to parse x: "),
        (&["decommission", "1", "--self"], "ERROR: cannot use --self with an explicit list of node IDs\n"),
        (&["decommission", "1", "--wait=live"], "invalid argument \"live\" for \"--wait\" flag"),
        (
            &["recommission"],
            "ERROR: no node ID specified; use --self to target the node specified with --host\n",
        ),
        (&["recommission", "9"], "ERROR: node does not exist\n"),
    ] {
        let (code, stdout, stderr) = run(&lab, &nodes[0], words);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{words:?}");
        assert!(stderr.contains(said), "{words:?}: {stderr}");
    }
    assert!(
        run(&lab, &nodes[0], &["recommission", "1"]).2.contains("warning: node 1 is not decommissioned\n")
    );
    let old = lab.client("v22.2.0", &nodes[0], &["node", "decommission", "1", "--dry-run"]);
    assert!(text(&old.stderr).contains("unknown flag: --dry-run"));
}
