//! A node that would not start is not restarted and not started.

use crdbctl_model::{Observed, PathProblem, StartBlocker};

use crate::world::{World, addr, node, summary};

fn missing() -> StartBlocker {
    StartBlocker::Path {
        needed_by: "--log-config-file".to_owned(),
        path: "/etc/crdb/log.yaml".to_owned(),
        problem: PathProblem::Missing,
    }
}

fn condition() -> StartBlocker {
    StartBlocker::Condition {
        line: "ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run".to_owned(),
        file: "/etc/systemd/system/cockroach.service".to_owned(),
    }
}

#[test]
fn a_restart_of_a_node_that_would_not_start_is_unknown() {
    let mut world = World::converged();
    world.process(2).argv.push("--cache=.99".to_owned());
    world.reading(&node(2)).start_blockers = vec![condition(), missing()];
    world.reading(&node(3)).start_blockers = vec![missing()];
    let plan = world.plan();
    assert!(plan.rollout.is_empty(), "{:?}", summary(&plan));
    let [unknown] = &plan.unknown[..] else { panic!("{:?}", summary(&plan)) };
    assert_eq!(unknown.addr, Some(addr("store-2/service.cockroach")));
    assert_eq!(
        unknown.reason,
        "CockroachDB would not start: ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run in \
         /etc/systemd/system/cockroach.service does not hold; \
         --log-config-file needs /etc/crdb/log.yaml, which does not exist"
    );
    assert_eq!(
        unknown.hint,
        "remove /opt/cockroach/cockroach_not_to_be_run, or take the line out of \
         /etc/systemd/system/cockroach.service; \
         create /etc/crdb/log.yaml, or mount what holds it"
    );
    // A node that is left as it is runs on, with a note.
    let notes: Vec<&str> = plan.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(
        notes.iter().any(|note| note.starts_with("would not start again: --log-config-file needs")),
        "{notes:?}"
    );
    assert_eq!(
        plan.notes.iter().filter(|note| note.text.contains("would not start")).count(),
        1,
        "{notes:?}"
    );
}

#[test]
fn a_restart_that_another_resource_brings_is_refused_too_and_skipped_as_a_whole() {
    for skip_unknown in [false, true] {
        let mut world = World::converged();
        world.manifest("cockroach:\n", "cockroach:\n  flags: {cache: '.4'}\n");
        for number in [1, 2, 3] {
            world.reading(&node(number)).start_blockers = if number == 1 { vec![missing()] } else { vec![] };
        }
        world.skip_unknown = skip_unknown;
        let plan = world.plan();
        let unknown: Vec<_> = plan.unknown.iter().filter_map(|it| it.addr.clone()).collect();
        assert_eq!(unknown, [addr("store-1/service.cockroach")], "{:?}", summary(&plan));
        let touched = plan.changes.iter().any(|change| change.addr.node() == Some(&node(1)));
        assert_eq!(touched, !skip_unknown, "{:?}", summary(&plan));
        assert_eq!(plan.rollout.iter().any(|step| step.node == node(1)), !skip_unknown);
    }
}

#[test]
fn a_node_that_is_down_or_new_is_not_started_either() {
    let mut world = World::converged();
    world.service(1).process = None;
    world.service(1).active_state = "inactive".to_owned();
    world.reading(&node(1)).start_blockers = vec![condition()];
    let plan = world.plan();
    assert_eq!(plan.unknown[0].addr, Some(addr("store-1/service.cockroach")), "{:?}", summary(&plan));
    let mut world = World::bare();
    world.reading(&node(1)).start_blockers = vec![missing()];
    let plan = world.plan();
    assert_eq!(plan.unknown[0].addr, Some(addr("store-1/service.cockroach")), "{:?}", summary(&plan));
}

#[test]
fn what_could_not_be_checked_and_what_restarts_nothing_is_a_note() {
    let unjudged = StartBlocker::UnjudgedCondition {
        line: "ConditionSecurity=selinux".to_owned(),
        file: "/etc/systemd/system/cockroach.service".to_owned(),
    };
    let mut world = World::converged();
    world.reading(&node(1)).start_blockers = vec![unjudged.clone(), missing()];
    world.set("store-1/file.ufw-profile", Observed::Absent);
    let plan = world.plan();
    assert!(plan.unknown.is_empty(), "{:?}", summary(&plan));
    assert_eq!(plan.changes.len(), 1);
    let unanswered = StartBlocker::UnjudgedPaths {
        paths: vec!["/mnt/d2".to_owned()],
        user: "root".to_owned(),
        reason: "a file system did not answer within 10 seconds".to_owned(),
    };
    world.reading(&node(1)).start_blockers = vec![unjudged, unanswered];
    world.process(1).argv.push("--cache=.99".to_owned());
    let plan = world.plan();
    assert!(plan.unknown.is_empty() && plan.rollout.len() == 1, "{:?}", summary(&plan));
    assert!(
        plan.notes.iter().any(|note| note.text.contains("ConditionSecurity=selinux")),
        "{:?}",
        plan.notes
    );
    let note = plan.notes.iter().find(|note| note.text.contains("/mnt/d2"));
    assert!(note.is_some_and(|note| note.text.contains("could not be judged")), "{:?}", plan.notes);
}
