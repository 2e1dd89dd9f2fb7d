use std::collections::BTreeMap;

use crdbctl_model::{NodeName, NodeOutcome, Outcome, ResourceAddr, RunSummary};

use crate::group::list;
use crate::line::{Line, write_all};
use crate::prose::wrap_prose;
use crate::wrap::wrap;
use crate::{RenderOptions, Role, count, duration};

/// So many nodes are told with their times after a run that went well; of more, the slowest.
const NODES_TOLD: usize = 6;

/// How a run ended, with what its summary does not say.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    /// What became of every change.
    pub summary: &'a RunSummary,
    /// The command that ran: `apply`, `destroy`, `certs rotate-ca`.
    pub command: &'a str,
    /// What the program ends with: 5 when all converged but what could not be read, 130 when it was interrupted.
    pub exit_code: u8,
    /// How long each node was worked on, in milliseconds.
    pub node_milliseconds: &'a BTreeMap<NodeName, u64>,
    /// The run's id, when a log of it was written.
    pub log: Option<&'a str>,
}

/// Returns how a run ended, for people: per node what converged, failed and was skipped, then why, then
/// what to do next, and where its log is. Ends in a line feed.
pub fn render_run(report: &RunReport<'_>, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut lines =
        if report.summary.is_complete() { complete_lines(report, width) } else { part_lines(report, width) };
    if let Some(run) = report.log {
        lines.push(Line::of(Role::Muted, format!("Log of this run: crdbctl log {run}")));
    }
    write_all(&lines, options.color)
}

/// Returns how many changes converged.
pub(crate) fn converged(run: &RunSummary) -> usize {
    run.nodes.iter().flat_map(|node| &node.changes).filter(|(_, o)| *o == Outcome::Converged).count()
}

fn complete_lines(report: &RunReport<'_>, width: usize) -> Vec<Line> {
    let run = report.summary;
    let changed: Vec<&NodeName> = run
        .nodes
        .iter()
        .filter(|node| !node.changes.is_empty())
        .filter_map(|node| node.node.as_ref())
        .collect();
    let on = if changed.is_empty() { String::new() } else { format!(" on {}", count(changed.len(), "node")) };
    let (total, time) = (count(converged(run), "change"), duration(run.milliseconds));
    let line = Line::of(Role::Success, "Applied.");
    let mut lines = vec![line.plain(format!(" {total}{on} in {time}."))];
    if changed.len() > 1 {
        lines.extend(wrap(times(&changed, report.node_milliseconds), width, 2));
    }
    lines.extend(note_lines(run, width));
    if report.exit_code == 5 {
        let line = Line::of(Role::Unknown, "Incomplete:");
        let words =
            format!(" what could not be read was left alone. Mend that and run {} again.", again(report));
        lines.extend(wrap(line.plain(words), width, 2));
    }
    lines
}

/// What each node took, or the slowest of many. They work side by side, so these are no parts of the whole.
fn times(nodes: &[&NodeName], milliseconds: &BTreeMap<NodeName, u64>) -> Line {
    let mut timed: Vec<(&NodeName, u64)> =
        nodes.iter().filter_map(|node| Some((*node, *milliseconds.get(*node)?))).collect();
    let all = timed.len() == nodes.len() && timed.len() <= NODES_TOLD;
    if !all {
        timed.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        timed.truncate(NODES_TOLD / 2);
    }
    let of = |(node, time): &(&NodeName, u64)| format!("{node} in {}", duration(*time));
    if timed.is_empty() {
        return Line::new();
    }
    Line::indent(2).plain(if all { "" } else { "slowest: " }).then(list(Role::Plain, timed.iter().map(of)))
}

fn part_lines(report: &RunReport<'_>, width: usize) -> Vec<Line> {
    let run = report.summary;
    let all = || run.nodes.iter().flat_map(|node| &node.changes);
    let failed: Vec<_> = all().filter_map(reason_of(|o| matches!(o, Outcome::Failed(_)))).collect();
    let skipped: Vec<_> = all().filter_map(reason_of(|o| matches!(o, Outcome::Skipped(_)))).collect();
    let (total, time) = (count(all().count(), "change"), duration(run.milliseconds));
    let interrupted = report.exit_code == 130;
    let heading = if interrupted { "Interrupted, and applied in part." } else { "Applied in part." };
    let line = Line::of(Role::Failure, heading);
    let mut lines = vec![line.plain(format!(" {} of {total} converged in {time}.", converged(run)))];
    lines.extend(node_lines(&run.nodes, report.node_milliseconds));
    section(&mut lines, Role::Failure, "Failed:", &failed, width);
    if !run.failures.is_empty() {
        lines.extend([Line::new(), Line::of(Role::Failure, "Failed beside the changes:")]);
        for failure in &run.failures {
            lines.extend(wrap_prose(Line::indent(2).plain(failure), width, 4));
        }
    }
    section(&mut lines, Role::Unknown, "Skipped:", &skipped, width);
    if !run.notes.is_empty() {
        lines.push(Line::new());
        lines.extend(note_lines(run, width));
    }
    lines.push(Line::new());
    let mend = if failed.is_empty() && run.failures.is_empty() { "Run" } else { "Mend what failed and run" };
    let next = format!("What converged stays. {mend} {} again: it does what is left.", again(report));
    lines.extend(wrap(Line::of(Role::Hint, next), width, 2));
    lines
}

/// What to run again. To apply after `destroy` would build anew what was just taken down.
fn again(report: &RunReport<'_>) -> &'static str {
    if report.command == "apply" { "apply" } else { "the same command" }
}

fn note_lines(run: &RunSummary, width: usize) -> Vec<Line> {
    let line = |note: &String| Line::of(Role::Unknown, "Note: ").plain(note);
    run.notes.iter().flat_map(|note| wrap_prose(line(note), width, 6)).collect()
}

type Change = (ResourceAddr, Outcome);

fn reason_of<'a>(
    is: impl Fn(&Outcome) -> bool,
) -> impl Fn(&'a Change) -> Option<(&'a ResourceAddr, &'a str)> {
    move |(addr, outcome)| match outcome {
        Outcome::Failed(reason) | Outcome::Skipped(reason) if is(outcome) => Some((addr, reason.as_str())),
        _ => None,
    }
}

fn node_lines(nodes: &[NodeOutcome], milliseconds: &BTreeMap<NodeName, u64>) -> Vec<Line> {
    let name = |node: &NodeOutcome| node.node.as_ref().map_or("cluster".to_owned(), ToString::to_string);
    let column = nodes.iter().map(|node| name(node).chars().count()).max().unwrap_or(0) + 4;
    let line = |node: &NodeOutcome| {
        let number =
            |is: fn(&Outcome) -> bool| node.changes.iter().filter(|(_, outcome)| is(outcome)).count();
        let mut line = Line::indent(2).with(Role::Address, name(node));
        line.pad_to(column);
        let mut separator = "";
        for (number, word, role) in [
            (number(|o| *o == Outcome::Converged), "converged", Role::Success),
            (number(|o| matches!(o, Outcome::Failed(_))), "failed", Role::Failure),
            (number(|o| matches!(o, Outcome::Skipped(_))), "skipped", Role::Unknown),
        ] {
            if number > 0 {
                line.push(Role::Plain, separator);
                line.push(role, format!("{number} {word}"));
                separator = ", ";
            }
        }
        let time = node.node.as_ref().and_then(|node| milliseconds.get(node)).filter(|time| **time > 0);
        if let Some(time) = time {
            line.push(Role::Muted, format!(" in {}", duration(*time)));
        }
        line
    };
    nodes.iter().filter(|node| !node.changes.is_empty()).map(line).collect()
}

/// Adds the changes under a heading, those with the same reason together.
fn section(
    lines: &mut Vec<Line>,
    role: Role,
    heading: &str,
    changes: &[(&ResourceAddr, &str)],
    width: usize,
) {
    if changes.is_empty() {
        return;
    }
    lines.extend([Line::new(), Line::of(role, heading)]);
    let mut reasons: Vec<&str> = Vec::new();
    for (_, reason) in changes {
        if !reasons.contains(reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let of_reason = changes.iter().filter(|(_, other)| *other == reason);
        let addresses = list(Role::Address, of_reason.map(|(addr, _)| addr.to_string()));
        lines.extend(wrap(Line::indent(2).then(addresses), width, 2));
        for line in reason.lines().filter(|line| !line.trim().is_empty()) {
            lines.extend(wrap_prose(Line::indent(4).plain(line), width, 6));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `apply` tells it, with a log.
    fn render(run: &RunSummary, exit_code: u8, times: &[(&str, u64)], width: usize) -> String {
        let times = times.iter().map(|(node, time)| (NodeName::new(*node).unwrap(), *time)).collect();
        let report = RunReport {
            summary: run,
            command: "apply",
            exit_code,
            node_milliseconds: &times,
            log: Some("20261204-101500-1a2b3c4d"),
        };
        render_run(&report, &RenderOptions::plain(width))
    }

    fn node(name: Option<&str>, changes: &[(&str, Outcome)]) -> NodeOutcome {
        NodeOutcome {
            node: name.map(|name| NodeName::new(name).unwrap()),
            changes: changes.iter().map(|(addr, outcome)| (addr.parse().unwrap(), outcome.clone())).collect(),
        }
    }

    #[test]
    fn all_well_is_one_line_and_where_the_log_is() {
        let nodes = vec![
            node(None, &[("cluster/authority.store", Outcome::Converged)]),
            node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)]),
            node(Some("store-2"), &[]),
        ];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 14_230 };
        let text = render(&run, 0, &[("store-1", 14_000)], 80);
        assert_eq!(
            text,
            "Applied. 2 changes on 1 node in 14.2s.\nLog of this run: crdbctl log 20261204-101500-1a2b3c4d\n"
        );
    }

    #[test]
    fn notes_stand_at_the_end() {
        let nodes = vec![node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)])];
        let notes = vec!["the gates of store-1 were skipped".to_owned()];
        let run = RunSummary { nodes, failures: Vec::new(), notes, milliseconds: 900 };
        insta::assert_snapshot!(render(&run, 0, &[], 80), @"
        Applied. 1 change on 1 node in 0.9s.
        Note: the gates of store-1 were skipped
        Log of this run: crdbctl log 20261204-101500-1a2b3c4d
        ");
    }

    #[test]
    fn an_interrupted_run_has_nothing_to_mend() {
        let skipped = Outcome::Skipped("the run was interrupted".to_owned());
        let nodes = vec![node(Some("store-1"), &[("store-1/user.cockroach", skipped)])];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 900 };
        insta::assert_snapshot!(render(&run, 130, &[], 80), @r"
        Interrupted, and applied in part. 0 of 1 change converged in 0.9s.
          store-1  1 skipped

        Skipped:
          store-1/user.cockroach
            the run was interrupted

        What converged stays. Run apply again: it does what is left.
        Log of this run: crdbctl log 20261204-101500-1a2b3c4d
        ");
    }

    #[test]
    fn failures_say_where_why_and_what_next() {
        let skipped = || Outcome::Skipped("it needs store-2/package.v24.1.0".to_owned());
        let reason = "storing the package ended with status 1:\ntar: no space left on device\n\x1b[2J";
        let nodes = vec![
            node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)]),
            node(
                Some("store-2"),
                &[
                    ("store-2/user.cockroach", Outcome::Converged),
                    ("store-2/package.v24.1.0", Outcome::Failed(reason.to_owned())),
                    ("store-2/link.cockroach", skipped()),
                    ("store-2/service.cockroach", skipped()),
                ],
            ),
        ];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 3_000 };
        insta::assert_snapshot!(render(&run, 4, &[("store-1", 140), ("store-2", 2_900)], 60), @r"
        Applied in part. 2 of 5 changes converged in 3.0s.
          store-1  1 converged in 0.1s
          store-2  1 converged, 1 failed, 2 skipped in 2.9s

        Failed:
          store-2/package.v24.1.0
            storing the package ended with status 1:
            tar: no space left on device
            \x1b[2J

        Skipped:
          store-2/link.cockroach, store-2/service.cockroach
            it needs store-2/package.v24.1.0

        What converged stays. Mend what failed and run apply again:
          it does what is left.
        Log of this run: crdbctl log 20261204-101500-1a2b3c4d
        ");
    }

    #[test]
    fn what_failed_beside_the_changes_is_no_success() {
        let nodes = vec![node(Some("store-1"), &[("store-1/unit.cockroach", Outcome::Converged)])];
        let failures = vec!["hooks.after_node of store-1 (`false`) ended with exit status: 1".to_owned()];
        let run = RunSummary { nodes, failures, notes: Vec::new(), milliseconds: 900 };
        assert!(!run.is_complete());
        insta::assert_snapshot!(render(&run, 4, &[("store-1", 700)], 80), @r"
        Applied in part. 1 of 1 change converged in 0.9s.
          store-1  1 converged in 0.7s

        Failed beside the changes:
          hooks.after_node of store-1 (`false`) ended with exit status: 1

        What converged stays. Mend what failed and run apply again: it does what is
          left.
        Log of this run: crdbctl log 20261204-101500-1a2b3c4d
        ");
    }

    #[test]
    fn several_nodes_are_told_with_their_times_and_of_many_the_slowest() {
        let name = |number: u64| format!("store-{number}");
        let run = |nodes: u64| {
            let one = |number| node(Some(&name(number)), &[("store-1/unit.cockroach", Outcome::Converged)]);
            let nodes = (1..=nodes).map(one).collect();
            let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 61_000 };
            let names: Vec<String> = (1..=run.nodes.len() as u64).map(name).collect();
            let times: Vec<(&str, u64)> =
                names.iter().enumerate().map(|(at, name)| (name.as_str(), 1_000 * (at as u64 + 1))).collect();
            render(&run, 0, &times, 80)
        };
        let second = |text: String| text.lines().nth(1).unwrap().to_owned();
        assert_eq!(second(run(2)), "  store-1 in 1.0s, store-2 in 2.0s");
        assert_eq!(second(run(30)), "  slowest: store-30 in 30.0s, store-29 in 29.0s, store-28 in 28.0s");
    }

    #[test]
    fn what_was_left_alone_is_told_with_the_success() {
        let nodes = vec![node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)])];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 900 };
        assert!(render(&run, 5, &[], 80).contains("Incomplete: what could not be read was left alone."));
        assert!(!render(&run, 0, &[], 80).contains("Incomplete"));
        let next = |command| {
            let times = BTreeMap::new();
            let report =
                RunReport { summary: &run, command, exit_code: 5, node_milliseconds: &times, log: None };
            render_run(&report, &RenderOptions::plain(120)).lines().last().unwrap().to_owned()
        };
        assert!(next("apply").ends_with("Mend that and run apply again."), "{}", next("apply"));
        for command in ["destroy", "certs rotate-ca"] {
            let next = next(command);
            assert!(next.ends_with("Mend that and run the same command again."), "{command}: {next}");
        }
    }
}
