use crdbctl_model::{NodeOutcome, Outcome, ResourceAddr, RunSummary};

use crate::group::list;
use crate::line::{Line, write_all};
use crate::wrap::wrap;
use crate::{RenderOptions, Role, count, duration};

/// Returns how a run ended, for people: per node what converged, failed and was skipped, then why, then
/// what to do next. Ends in a line feed.
pub fn render_run(run: &RunSummary, options: &RenderOptions) -> String {
    let width = options.columns();
    let all = || run.nodes.iter().flat_map(|node| &node.changes);
    let failed: Vec<_> = all().filter_map(reason_of(|o| matches!(o, Outcome::Failed(_)))).collect();
    let skipped: Vec<_> = all().filter_map(reason_of(|o| matches!(o, Outcome::Skipped(_)))).collect();
    let (total, time) = (all().count(), duration(run.milliseconds));
    let mut lines = Vec::new();
    if run.is_complete() {
        let nodes = run.nodes.iter().filter(|node| node.node.is_some() && !node.changes.is_empty()).count();
        let on = if nodes == 0 { String::new() } else { format!(" on {}", count(nodes, "node")) };
        let line = Line::of(Role::Success, "Applied.");
        lines.push(line.plain(format!(" {}{on} in {time}.", count(total, "change"))));
        lines.extend(note_lines(run, width));
        return write_all(&lines, options.color);
    }
    let converged = total - failed.len() - skipped.len();
    let line = Line::of(Role::Failure, "Applied in part.");
    lines.push(line.plain(format!(" {converged} of {} converged in {time}.", count(total, "change"))));
    lines.extend(node_lines(&run.nodes));
    section(&mut lines, Role::Failure, "Failed:", &failed, width);
    if !run.failures.is_empty() {
        lines.extend([Line::new(), Line::of(Role::Failure, "Failed beside the changes:")]);
        for failure in &run.failures {
            lines.extend(wrap(Line::indent(2).plain(failure), width, 4));
        }
    }
    section(&mut lines, Role::Unknown, "Skipped:", &skipped, width);
    if !run.notes.is_empty() {
        lines.push(Line::new());
        lines.extend(note_lines(run, width));
    }
    lines.push(Line::new());
    let mend = if failed.is_empty() && run.failures.is_empty() { "Run" } else { "Mend what failed and run" };
    let next = format!("What converged stays. {mend} apply again: it does what is left.");
    lines.extend(wrap(Line::of(Role::Hint, next), width, 2));
    write_all(&lines, options.color)
}

fn note_lines(run: &RunSummary, width: usize) -> Vec<Line> {
    let line = |note: &String| Line::of(Role::Unknown, "Note: ").plain(note);
    run.notes.iter().flat_map(|note| wrap(line(note), width, 6)).collect()
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

fn node_lines(nodes: &[NodeOutcome]) -> Vec<Line> {
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
            lines.extend(wrap(Line::indent(4).plain(line), width, 6));
        }
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::NodeName;

    use super::*;

    fn node(name: Option<&str>, changes: &[(&str, Outcome)]) -> NodeOutcome {
        NodeOutcome {
            node: name.map(|name| NodeName::new(name).unwrap()),
            changes: changes.iter().map(|(addr, outcome)| (addr.parse().unwrap(), outcome.clone())).collect(),
        }
    }

    #[test]
    fn all_well_is_one_line() {
        let nodes = vec![
            node(None, &[("cluster/authority.store", Outcome::Converged)]),
            node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)]),
            node(Some("store-2"), &[]),
        ];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 14_230 };
        assert_eq!(render_run(&run, &RenderOptions::plain(80)), "Applied. 2 changes on 1 node in 14.2s.\n");
    }

    #[test]
    fn notes_stand_at_the_end() {
        let nodes = vec![node(Some("store-1"), &[("store-1/user.cockroach", Outcome::Converged)])];
        let notes = vec!["the gates of store-1 were skipped".to_owned()];
        let run = RunSummary { nodes, failures: Vec::new(), notes, milliseconds: 900 };
        insta::assert_snapshot!(render_run(&run, &RenderOptions::plain(80)), @"
        Applied. 1 change on 1 node in 0.9s.
        Note: the gates of store-1 were skipped
        ");
    }

    #[test]
    fn an_interrupted_run_has_nothing_to_mend() {
        let skipped = Outcome::Skipped("the run was interrupted".to_owned());
        let nodes = vec![node(Some("store-1"), &[("store-1/user.cockroach", skipped)])];
        let run = RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 900 };
        insta::assert_snapshot!(render_run(&run, &RenderOptions::plain(80)), @r"
        Applied in part. 0 of 1 change converged in 0.9s.
          store-1  1 skipped

        Skipped:
          store-1/user.cockroach
            the run was interrupted

        What converged stays. Run apply again: it does what is left.
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
        insta::assert_snapshot!(render_run(&run, &RenderOptions::plain(60)), @r"
        Applied in part. 2 of 5 changes converged in 3.0s.
          store-1  1 converged
          store-2  1 converged, 1 failed, 2 skipped

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
        ");
    }

    #[test]
    fn what_failed_beside_the_changes_is_no_success() {
        let nodes = vec![node(Some("store-1"), &[("store-1/unit.cockroach", Outcome::Converged)])];
        let failures = vec!["hooks.after_node of store-1 (`false`) ended with exit status: 1".to_owned()];
        let run = RunSummary { nodes, failures, notes: Vec::new(), milliseconds: 900 };
        assert!(!run.is_complete());
        insta::assert_snapshot!(render_run(&run, &RenderOptions::plain(80)), @r"
        Applied in part. 1 of 1 change converged in 0.9s.
          store-1  1 converged

        Failed beside the changes:
          hooks.after_node of store-1 (`false`) ended with exit status: 1

        What converged stays. Mend what failed and run apply again: it does what is
          left.
        ");
    }
}
