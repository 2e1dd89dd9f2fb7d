//! A plan as a comment of a pull request.

use std::collections::BTreeMap;

use crdbctl_model::{Action, Impact, NodeName, Plan, PlanState};

use crate::body::body_rows;
use crate::create::create_rows;
use crate::group::{Group, groups};
use crate::line::Line;
use crate::omission::{no_changes, omissions, shard};
use crate::summary::{batches, emptied, least_time, stopped};
use crate::tally::Tally;
use crate::unknown::{Unread, unread};
use crate::word::{done, effect_of, word};
use crate::{Role, View, bytes, clean, count, drift, drift_sentence};

/// The longest text that is written, in bytes. Forges take comments of 65,536 characters, and an action may add its own.
const LONGEST: usize = 60_000;
/// What is kept free for what is said last.
const LAST_WORDS: usize = 2_000;
/// The longest body of one section, in bytes: one large file shall not push all else out.
const LONGEST_BODY: usize = 16_000;
/// The longest line of a difference, in characters.
const LONGEST_LINE: usize = 400;
/// So many names are listed.
const NAMES: usize = 60;
const WIDTH: usize = 100;

/// Returns a plan in GitHub's and GitLab's dialect of Markdown: the numbers, the order of restarts and what could not
/// be read; then the changes, folded, by the nodes that they are on; then notes. Ends in a line feed.
///
/// It has fewer than 60,000 bytes. What does not fit is counted, with where to see it. Text of hosts and of the
/// manifest stands in code alone, where neither Markdown nor mentions nor references mean anything.
pub fn render_markdown(plan: &Plan) -> String {
    render(plan, View::Plan)
}

/// Returns a plan as [`render_markdown`] does, as what `drift` found: its sentence first, then what moved on the hosts before what
/// the manifest is ahead by.
pub fn render_drift_markdown(plan: &Plan) -> String {
    render(plan, View::Drift)
}

fn render(plan: &Plan, view: View) -> String {
    let mut text = head(plan, view);
    let mut no_room = NoRoom::default();
    let budget = LONGEST - LAST_WORDS;
    no_room.unknown = push_unknown(&mut text, plan, budget);
    match view {
        View::Plan => no_room.changes = push_changes(&mut text, plan, view, budget),
        View::Drift => {
            for (divergence, side) in drift::sides(plan) {
                text.push_str(&format!("**{}**\n\n", drift::heading(divergence, &side)));
                no_room.changes += push_changes(&mut text, &side, view, budget);
            }
        }
    }
    for note in &plan.notes {
        let addr =
            note.addr.as_ref().map(|addr| format!("{}: ", code(&addr.to_string()))).unwrap_or_default();
        let line = format!("Note: {addr}{}\n\n", code(&note.text));
        if text.len() + line.len() <= budget {
            text.push_str(&line);
        } else {
            no_room.notes += 1;
        }
    }
    if let Some(shard) = shard(plan) {
        text.push_str(&format!("{shard}\n\n"));
    }
    for omission in omissions(plan) {
        let (named, more) = omission.named();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let line = format!("{}: {}: {}{more}.\n\n", code(&omission.why), omission.number(), names(named));
        if text.len() + line.len() <= budget {
            text.push_str(&line);
        } else {
            no_room.omissions += omission.subjects.len();
        }
    }
    text.push_str(&no_room.words(view));
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Adds the changes, by the nodes that they are on, and returns how many found no room.
fn push_changes(text: &mut String, plan: &Plan, view: View, budget: usize) -> usize {
    let mut left_out = 0;
    for section in sections(plan, view) {
        let folded = folded(&section, view);
        if text.len() + folded.len() <= budget {
            text.push_str(&folded);
        } else {
            left_out += section.groups.iter().map(|group| group.changes.len()).sum::<usize>();
        }
    }
    left_out
}

/// What found no room.
#[derive(Default)]
struct NoRoom {
    changes: usize,
    unknown: usize,
    notes: usize,
    omissions: usize,
}

impl NoRoom {
    fn words(&self, view: View) -> String {
        let parts = [
            (self.changes, "change"),
            (self.unknown, "unknown thing"),
            (self.notes, "note"),
            (self.omissions, "left-out change"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| count(*number, noun))
            .collect();
        if parts.is_empty() {
            return String::new();
        }
        format!(
            "**Left out, because a comment must be short: {}.** See all with `crdbctl {name}`, or in a file with \
             `crdbctl {name} --format html`.\n",
            parts.join(", "),
            name = view.name()
        )
    }
}

fn head(plan: &Plan, view: View) -> String {
    let tally = Tally::of(plan);
    let counts = tally.counts;
    let mut text = format!("### crdbctl {}: {}\n\n**", view.name(), code(plan.cluster.as_str()));
    if view == View::Drift {
        let mark = if plan.state() == PlanState::Clean { "" } else { "**" };
        text.truncate(text.len() - 2);
        text.push_str(&format!("{mark}{}{mark}\n\n", drift_sentence(plan)));
        return text;
    }
    let actions = [
        (counts.create, "to create"),
        (counts.update, "to update"),
        (counts.replace, "to replace"),
        (counts.delete, "to delete"),
    ];
    let told: Vec<String> = actions
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    text.push_str(&match (plan.is_empty(), plan.is_complete()) {
        (false, _) => told.join(", "),
        (true, true) => no_changes(plan).to_owned(),
        (true, false) => "No changes to what could be read".to_owned(),
    });
    text.push_str(".**");
    let disrupted = [(counts.restart, "restart"), (counts.reload, "reload"), (counts.stop, "stop")];
    for (number, noun) in disrupted {
        if number > 0 {
            text.push_str(&format!(" **{}.**", count(number, noun)));
        }
    }
    if !plan.is_complete() {
        text.push_str(" **Incomplete: not everything could be read.**");
    }
    text.push_str(
        "\n\n| create | update | replace | delete | restarts | reloads | stops | to send | unknown | compared | as desired |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    text.push_str(&format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n\n",
        counts.create,
        counts.update,
        counts.replace,
        counts.delete,
        counts.restart,
        counts.reload,
        counts.stop,
        bytes(counts.bytes),
        tally.unknown,
        tally.compared,
        tally.same
    ));
    let restarted = batches(plan);
    if !restarted.is_empty() {
        text.push_str(&format!("Rolling order: {}.\n\n", names(&restarted)));
    }
    if let Some((time, why)) = least_time(plan) {
        text.push_str(&format!("**{time}:** {why}.\n\n"));
    }
    let stopped = stopped(plan);
    if !stopped.is_empty() {
        text.push_str(&format!("**Stops for good:** {}.\n\n", names(&stopped)));
    }
    let emptied = emptied(plan);
    if !emptied.is_empty() {
        text.push_str(&format!("**DELETES ALL DATA** of {}.\n\n", names(&emptied)));
    }
    text
}

/// Adds what could not be read, each reason once, and returns how many found no room.
fn push_unknown(text: &mut String, plan: &Plan, budget: usize) -> usize {
    // Half of the room is for changes.
    let budget = budget / 2;
    let mut left_out = 0;
    if !plan.unknown.is_empty() {
        text.push_str("**Could not be read, or is refused, so nothing is planned for:**\n\n");
    }
    for Unread { subjects, reason, hint } in unread(plan) {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let hint =
            if hint.is_empty() { String::new() } else { format!(" — {}", code(&cut(&hint, LONGEST_LINE))) };
        let item = format!("- {}: {}{hint}\n", names(&subjects), code(&cut(&reason, LONGEST_LINE * 2)));
        if text.len() + item.len() <= budget {
            text.push_str(&item);
        } else {
            left_out += subjects.len();
        }
    }
    if !plan.unknown.is_empty() {
        text.push('\n');
    }
    left_out
}

/// The groups that are on the same nodes.
struct Section<'a> {
    nodes: Vec<&'a NodeName>,
    groups: Vec<Group<'a>>,
}

/// Returns the groups by their nodes, in the order in which a reader of the plan meets these.
fn sections(plan: &Plan, view: View) -> Vec<Section<'_>> {
    let mut places: BTreeMap<Vec<&NodeName>, usize> = BTreeMap::new();
    let mut sections: Vec<Section<'_>> = Vec::new();
    for group in groups(plan, view) {
        let nodes = group.nodes();
        let at = *places.entry(nodes.clone()).or_insert(sections.len());
        match sections.get_mut(at) {
            Some(section) => section.groups.push(group),
            None => sections.push(Section { nodes, groups: vec![group] }),
        }
    }
    sections
}

/// Returns a section, folded, with its numbers in view.
fn folded(section: &Section<'_>, view: View) -> String {
    let names_of: Vec<&str> = section.nodes.iter().map(|node| node.as_str()).collect();
    // In HTML, where Markdown means nothing; these words hold nothing that HTML minds.
    let place = match names_of[..] {
        [] => "the cluster".to_owned(),
        [_] | [_, _] | [_, _, _] => {
            names_of.iter().map(|name| format!("<code>{name}</code>")).collect::<Vec<_>>().join(", ")
        }
        _ => count(names_of.len(), "node"),
    };
    let number = |action| section.groups.iter().filter(|group| group.first().action == action).count();
    let mut numbers: Vec<String> = [Action::Create, Action::Update, Action::Replace, Action::Delete]
        .into_iter()
        .filter(|action| number(*action) > 0)
        .map(|action| format!("{} to {}", number(action), word(action)))
        .collect();
    let mut effects: Vec<&str> = Vec::new();
    // A restart includes a reload.
    let impact = section.groups.iter().map(|group| group.first().impact).max().unwrap_or(Impact::None);
    for change in section.groups.iter().map(Group::first) {
        let is_lesser = change.impact != Impact::None && change.impact < impact;
        effects.extend(effect_of(change).filter(|effect| !is_lesser && !effects.contains(effect)));
    }
    numbers.extend(effects.into_iter().map(|effect| format!("<b>{effect}</b>")));
    let each = if section.nodes.len() > 1 { " on each" } else { "" };
    let mut text = format!("<details><summary>{place}: {}{each}</summary>\n\n", numbers.join(", "));
    if section.nodes.len() > 3 {
        text.push_str(&format!("{}\n\n", names(&names_of)));
    }
    text.push_str(&fenced(&section_lines(&section.groups, view)));
    text.push_str("</details>\n\n");
    text
}

fn section_lines(groups: &[Group<'_>], view: View) -> Vec<String> {
    let mut lines = Vec::new();
    let new: Vec<Group<'_>> =
        groups.iter().filter(|group| group.first().action == Action::Create).cloned().collect();
    let mut told = Vec::new();
    for group in groups {
        let change = group.first();
        if change.action == Action::Create {
            // What is new for the same cause stands together, aligned, where the first of them would stand.
            if told.contains(&&group.cause) {
                continue;
            }
            told.push(&group.cause);
            let alike: Vec<Group<'_>> =
                new.iter().filter(|other| other.cause == group.cause).cloned().collect();
            lines.push(
                clean(&format!("# {} created ({})", view.verb(change.cause, alike.len()), group.cause))
                    .into_owned(),
            );
            lines.extend(create_rows(&alike).into_iter().map(|row| diff_line(&row.into_line())));
            continue;
        }
        let name = match group.changes[..] {
            [only] => only.addr.to_string(),
            _ => change.addr.local(),
        };
        let (_, done) = done(change.action);
        lines.push(
            clean(&format!("# {name} {} {done} ({})", view.verb(change.cause, 1), group.cause)).into_owned(),
        );
        lines.extend(body_rows(group, WIDTH).into_iter().map(|row| diff_line(&row.into_line())));
    }
    lines
}

/// Returns a line with its sign in the first column, where highlighting of differences looks for it.
fn diff_line(line: &Line) -> String {
    let text = line.text();
    let role = line.spans.iter().find(|(_, piece)| !piece.trim().is_empty()).map(|(role, _)| *role);
    let rest = text.trim_start_matches(' ');
    let indent = text.len() - rest.len();
    let sign = match role {
        Some(Role::Create | Role::After | Role::AfterWord) if rest.starts_with('+') => "+",
        Some(Role::Delete | Role::Before | Role::BeforeWord) if rest.starts_with('-') => "-",
        Some(Role::Update | Role::Replace) if rest.starts_with('~') => "!",
        Some(Role::Create | Role::Delete | Role::Update | Role::Replace) => "!",
        _ => return cut(&text, LONGEST_LINE),
    };
    let rest = rest.get(1..).unwrap_or_default();
    cut(&format!("{sign}{}{rest}", " ".repeat(indent.saturating_sub(1))), LONGEST_LINE)
}

/// Returns the lines as code that is highlighted as a difference, and that nothing in it can end.
fn fenced(lines: &[String]) -> String {
    let mut body = String::new();
    for (at, line) in lines.iter().enumerate() {
        if body.len() + line.len() > LONGEST_BODY {
            body.push_str(&format!("# {} left out here\n", count(lines.len() - at, "more line")));
            break;
        }
        body.push_str(line);
        body.push('\n');
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    format!("{fence}diff\n{body}{fence}\n\n")
}

/// Returns text as a span of code that nothing in it can end, in one line.
fn code(text: &str) -> String {
    let text = clean(text);
    let text = text.trim();
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    // Next to a backtick a space is needed, and both are taken off again.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

fn names(all: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = all.iter().take(NAMES).map(|name| code(name.as_ref())).collect();
    let more = all.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Returns text that has no more than `most` characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => {
            format!("{}… ({} more)", &text[..at], count(text[at..].chars().count(), "character"))
        }
        None => text.to_owned(),
    }
}
