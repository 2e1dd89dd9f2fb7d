use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crdbctl_model::{
    Basis, ClusterName, Digest, HostPath, Observations, OwnerName, Plan, ResourceGraph, Rollout, Timestamp,
};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::run::Run;

fn applier(
    directory: &Path,
    timeout: u64,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Applier {
    let (cluster, digest) = (ClusterName::new("store").unwrap(), Digest::of("x"));
    let graph = ResourceGraph {
        cluster: cluster.clone(),
        manifest: digest,
        version: "v24.1.0".to_owned(),
        nodes: BTreeMap::new(),
        resources: BTreeMap::new(),
        rollout: Rollout {
            max_unavailable: 1,
            settle: 0,
            drain_timeout: 1,
            health_timeout: 1,
            ranges_pause: 1,
        },
        hooks: crdbctl_model::Hooks { before_node: None, after_node: None, timeout },
        user: OwnerName::new("cockroach").unwrap(),
        packages: HostPath::new("/opt").unwrap(),
        keep_packages: 2,
    };
    let basis = Basis { manifest: digest, cluster: digest, nodes: BTreeMap::new() };
    let now = Timestamp::from_unix(0);
    Applier {
        plan: Plan {
            format_version: Plan::FORMAT_VERSION,
            cluster,
            basis,
            changes: Vec::new(),
            rollout: Vec::new(),
            transfers: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            compared: BTreeMap::new(),
            pace: crdbctl_model::Pace::default(),
            part: crdbctl_model::Part::default(),
            left_out: Vec::new(),
        },
        graph: Arc::new(graph),
        observations: Observations {
            format_version: Observations::FORMAT_VERSION,
            taken_at: now,
            cluster: BTreeMap::new(),
            nodes: BTreeMap::new(),
        },
        connections: BTreeMap::new(),
        authority: directory.to_owned(),
        passphrase: None,
        delete_data: false,
        archives: BTreeMap::new(),
        indexes: BTreeMap::new(),
        force_gates: BTreeSet::new(),
        directory: directory.to_owned(),
        run: Run { command: "apply", id: "run".to_owned(), by: "tester".to_owned(), started: now },
        events,
        stop,
        clock: || Timestamp::from_unix(0),
    }
}

/// Runs a hook; returns how it ended, what it said, and how long it took.
async fn run(hook: Hook, command: &str, timeout: u64, stopped: bool) -> (HookEnd, Vec<String>, Duration) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("here.txt"), "beside the manifest\n").unwrap();
    let (events, mut received) = mpsc::unbounded_channel();
    let (stop, wanted) = watch::channel(false);
    if stopped {
        stop.send_replace(true);
    }
    let applier = applier(directory.path(), timeout, events, wanted);
    let occasion = Occasion {
        cluster: "store".to_owned(),
        node: NodeName::new("store-1").unwrap(),
        reason: "unit.cockroach: manifest changed".to_owned(),
        impact: "restart",
        result: (hook == Hook::AfterNode).then_some(false),
    };
    let began = Instant::now();
    let end = applier.hook(hook, command, &occasion).await;
    let took = began.elapsed();
    let mut lines = Vec::new();
    while let Ok(event) = received.try_recv() {
        let Event::Hook { node, hook, line } = event else { panic!("{event:?}") };
        lines.push(format!("{node} {hook} {line}"));
    }
    (end, lines, took)
}

#[tokio::test]
async fn it_runs_beside_the_manifest_and_knows_the_occasion() {
    let command = "cat here.txt; echo \"$CRDBCTL_CLUSTER $CRDBCTL_NODE $CRDBCTL_IMPACT ${CRDBCTL_RESULT-none}\"; echo \"$CRDBCTL_REASON\"";
    let (end, lines, _) = run(Hook::BeforeNode, command, 10, false).await;
    assert_eq!(end, HookEnd::Ok);
    assert_eq!(
        lines,
        [
            "store-1 before_node beside the manifest",
            "store-1 before_node store store-1 restart none",
            "store-1 before_node unit.cockroach: manifest changed",
        ]
    );
    let (end, lines, _) = run(Hook::AfterNode, "echo $CRDBCTL_RESULT >&2; exit 3", 10, false).await;
    assert_eq!(lines, ["store-1 after_node failed"]);
    assert!(matches!(&end, HookEnd::Failed(why) if why.contains("exit status: 3")), "{end:?}");
}

#[tokio::test]
async fn one_that_takes_too_long_is_ended_with_its_children() {
    let (end, lines, took) = run(Hook::BeforeNode, "sleep 600 & echo $! ; wait", 1, false).await;
    assert!(matches!(&end, HookEnd::Failed(why) if why.contains("hooks.timeout (1s)")), "{end:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    is_gone(&lines[0]);
}

#[tokio::test]
async fn one_that_nobody_waits_for_any_more_is_ended_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let (events, mut received) = mpsc::unbounded_channel();
    let (_stop, wanted) = watch::channel(false);
    let applier = applier(directory.path(), 600, events, wanted);
    let occasion = Occasion {
        cluster: "store".to_owned(),
        node: NodeName::new("store-1").unwrap(),
        reason: String::new(),
        impact: "restart",
        result: None,
    };
    let child = tokio::select! {
        end = applier.hook(Hook::BeforeNode, "sleep 600 & echo $! ; wait", &occasion) => panic!("{end:?}"),
        event = received.recv() => match event {
            Some(Event::Hook { line, .. }) => line,
            other => panic!("{other:?}"),
        },
    };
    is_gone(&child);
}

/// Sees that a process, the last word of a line, has ended; somebody may have yet to hear of it.
#[track_caller]
fn is_gone(line: &str) {
    let stat = format!("/proc/{}/stat", line.rsplit(' ').next().unwrap());
    let runs = || {
        std::fs::read_to_string(&stat)
            .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
    };
    let began = Instant::now();
    while runs() {
        assert!(began.elapsed() < Duration::from_secs(3), "{line} still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_process_left_in_the_background_is_not_waited_for() {
    let (end, lines, took) = run(Hook::BeforeNode, "echo on; sleep 4 &", 60, false).await;
    assert_eq!((end, lines.len()), (HookEnd::Ok, 1));
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn an_interrupt_ends_the_one_before_and_not_the_one_after() {
    let (end, _, took) = run(Hook::BeforeNode, "sleep 600", 600, true).await;
    assert_eq!(end, HookEnd::Interrupted);
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (end, lines, _) = run(Hook::AfterNode, "sleep 0.2; echo undone", 600, true).await;
    assert_eq!((end, lines), (HookEnd::Ok, vec!["store-1 after_node undone".to_owned()]));
}
