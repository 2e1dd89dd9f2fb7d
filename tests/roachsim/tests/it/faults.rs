//! Faults on demand, put and lifted.

use crate::lab::{Lab, text, wait};

#[test]
fn words_that_are_no_faults_are_refused() {
    let lab = Lab::new();
    let node = lab.node(1);
    node.fault("never-ready\nslow-drane 3s\n");
    let output = lab.start_command(&node, "v24.1.0").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("data.faults:2: \"slow-drane 3s\" is no fault; there are "), "{said}");
}

#[test]
fn a_start_that_crashes_works_once_the_fault_is_lifted() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.fault("crash-at-start");
    let output = lab.start_command(&node, "v24.1.0").output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(text(&output.stderr).contains("ERROR: roachsim: told to crash at start\n"));
    node.fault("");
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    lab.wait_unready(&node, "node is waiting for cluster initialization");
}

#[test]
fn a_node_that_is_never_ready_runs_otherwise() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    nodes[2].signal("TERM");
    nodes[2].wait();
    nodes[2].fault("never-ready");
    nodes[2].start(&mut lab.start_command(&nodes[2], "v24.1.0"));
    wait("the banner is out", || nodes[2].said("stdout").contains("restarted pre-existing node"));
    lab.wait_unready(&nodes[2], "node is not healthy");
    wait("others find it live", || lab.status(&nodes[0]).iter().all(|row| row["is_live"] == "true"));
    lab.wait_unready(&nodes[2], "node is not healthy");
    nodes[2].fault("# lifted");
    lab.wait_ready(&nodes[2]);
}

#[test]
fn a_node_dies_when_it_would_be_ready() {
    let lab = Lab::new();
    let mut nodes = lab.cluster();
    nodes[1].signal("TERM");
    nodes[1].wait();
    nodes[1].fault("dies-at-readiness");
    nodes[1].start(&mut lab.start_command(&nodes[1], "v24.1.0"));
    assert_eq!(nodes[1].wait().code(), Some(7));
    let said = nodes[1].said("stderr");
    assert!(
        said.contains("cockroach server exited with error: roachsim: told to die at readiness"),
        "{said}"
    );
    nodes[1].fault("");
    nodes[1].start(&mut lab.start_command(&nodes[1], "v24.1.0"));
    lab.wait_ready(&nodes[1]);
}

#[test]
fn ranges_stay_short_as_long_as_they_are_stuck() {
    let lab = Lab::new();
    let nodes = lab.cluster();
    let short = || lab.metric(&nodes[1], "ranges_underreplicated");
    wait("all ranges are whole", || {
        lab.status(&nodes[0]).iter().all(|row| row["ranges"] == "60" && row["ranges_underreplicated"] == "0")
    });
    nodes[1].fault("stuck-ranges");
    wait("the metric says so", || short() == 3);
    let id = lab.id_of(&nodes[0], &nodes[1]);
    wait("node status says so", || {
        lab.status(&nodes[0]).iter().any(|row| row["id"] == id && row["ranges_underreplicated"] == "3")
    });
    nodes[1].fault("");
    wait("they heal", || short() == 0);
}

#[test]
fn a_rejected_sighup_keeps_the_old_certificate() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    node.start(&mut lab.start_command(&node, "v24.1.0"));
    let serial = || crate::https::served_serial(&lab.authority.pem(), &node.ip, 8080);
    wait("it serves", || serial() == Ok(101));
    crate::pki::write_pair(&node.dir.join("certs"), "node", &lab.authority.issue("node", &[&node.ip], 202));
    node.fault("rejects-sighup");
    node.signal("HUP");
    wait("the log says so", || node.log().contains("could not reload certificates: roachsim: told to"));
    assert_eq!(serial(), Ok(101));
    node.fault("");
    node.signal("HUP");
    wait("the new one is served", || serial() == Ok(202));
}
