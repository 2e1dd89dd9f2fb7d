//! Why one resource is in a plan, or is not.

use std::collections::BTreeSet;

use crdbctl_model::{
    Change, Impact, Plan, Presence, ResourceAddr, ResourceGraph, RolloutStep, UnknownResource, Verdict,
};

use crate::body::body_rows;
use crate::cause::{cause_sentence, cause_words};
use crate::group::{Group, list};
use crate::line::{Line, write_all};
use crate::word::{done, effect, effect_of};
use crate::wrap::wrap;
use crate::{RenderOptions, Role, View};

/// So many names are suggested for one that is not known.
const SUGGESTIONS: usize = 3;

/// Returns why the resource at `addr` is changed, is not, or is unknown; what it rests on and what depends on it; and
/// where the manifest asks for it, in the form line:column. `None` when neither the plan nor the graph knows it;
/// [`nearest`] tells which address may have been meant. Ends in a line feed.
pub fn render_explanation(
    plan: &Plan,
    graph: &ResourceGraph,
    addr: &ResourceAddr,
    options: &RenderOptions,
) -> Option<String> {
    let known = Known { plan, graph };
    let standing = known.standing(addr)?;
    let width = options.columns();
    let mut lines = vec![Line::of(Role::Address, addr.to_string()).plain(" ").then(standing.words())];
    match standing {
        Standing::Changes(change) => lines.extend(why(plan, change, width)),
        Standing::Unknown(Some(unknown)) => lines.extend(reason(unknown)),
        Standing::Unknown(None) => {
            let text = "  What it is compared with could not be read; the plan says what that is.";
            lines.push(Line::of(Role::Plain, text));
        }
        Standing::Carried => lines.extend(carried_by(plan, addr)),
        _ => {}
    }
    for note in plan.notes.iter().filter(|note| note.addr.as_ref() == Some(addr)) {
        lines.push(Line::of(Role::Muted, "  Note: ").plain(&note.text));
    }
    known.section(&mut lines, "Rests on:", &known.dependencies(addr));
    known.section(&mut lines, "Depends on it:", &known.dependents(addr));
    if let Some(resource) = graph.resources.get(addr) {
        let (line, column) = (resource.origin.line, resource.origin.column);
        // What every node has without a word of the manifest comes from its beginning.
        if (line, column) != (1, 1) {
            let text = format!("In the manifest: line {line}, column {column}.");
            lines.extend([Line::new(), Line::of(Role::Muted, text)]);
        }
    }
    let lines: Vec<Line> = lines.into_iter().flat_map(|line| wrap(line, width, 6)).collect();
    Some(write_all(&lines, options.color))
}

/// Returns the addresses that a word which is none of them is most like, best first; at most three.
pub fn nearest<'a>(known: impl IntoIterator<Item = &'a ResourceAddr>, word: &str) -> Vec<ResourceAddr> {
    let known: BTreeSet<&ResourceAddr> = known.into_iter().collect();
    let mut scored: Vec<(f64, &ResourceAddr)> = known
        .into_iter()
        .map(|addr| (strsim::jaro_winkler(word, &addr.to_string()), addr))
        .filter(|(score, _)| *score >= 0.7)
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    scored.into_iter().take(SUGGESTIONS).map(|(_, addr)| addr.clone()).collect()
}

/// How a resource stands in a plan.
#[derive(Clone, Copy)]
enum Standing<'a> {
    Changes(&'a Change),
    Same,
    PutOff,
    Carried,
    Unknown(Option<&'a UnknownResource>),
    /// It shall not be there, and nothing is done about it.
    Unwanted,
    /// The manifest has it, and the plan, a part of one, says nothing of it.
    LeftOut,
}

impl Standing<'_> {
    fn words(self) -> Line {
        match self {
            Self::Changes(change) => {
                let (role, done) = done(change.action);
                let line = Line::of(Role::Plain, "will be ").with(role, done);
                match (change.impact, effect_of(change)) {
                    (_, None) => line,
                    (Impact::None, Some(effect)) => line.plain(", ").with(Role::Delete, effect),
                    (Impact::Reload, Some(effect)) => line.plain(", ").with(Role::Reload, effect),
                    (Impact::Restart, Some(effect)) => line.plain(", ").with(Role::Restart, effect),
                }
            }
            Self::Same => Line::of(Role::Success, "is as desired"),
            Self::PutOff => Line::of(Role::Unknown, "differs, and this plan leaves it alone"),
            Self::Carried => Line::of(Role::Update, "differs, and changes of other resources mend it"),
            Self::Unknown(_) => Line::of(Role::Unknown, "is unknown"),
            Self::Unwanted => {
                Line::of(Role::Muted, "shall not be there, and this plan does nothing about it")
            }
            Self::LeftOut => Line::of(Role::Muted, "is left out of this plan"),
        }
    }
}

struct Known<'a> {
    plan: &'a Plan,
    graph: &'a ResourceGraph,
}

impl<'a> Known<'a> {
    fn standing(&self, addr: &ResourceAddr) -> Option<Standing<'a>> {
        if let Some(change) = self.plan.changes.iter().find(|change| change.addr == *addr) {
            return Some(Standing::Changes(change));
        }
        let of = |unknown: &&UnknownResource| unknown.addr.as_ref() == Some(addr);
        let of_node =
            |unknown: &&UnknownResource| unknown.addr.is_none() && unknown.node.as_ref() == addr.node();
        let unknown = self.plan.unknown.iter().find(of);
        match (self.plan.compared.get(addr), self.graph.resources.get(addr)) {
            (Some(Verdict::Unknown), _) => Some(Standing::Unknown(unknown)),
            (_, _) if unknown.is_some() => Some(Standing::Unknown(unknown)),
            (Some(Verdict::Same), _) => Some(Standing::Same),
            (Some(Verdict::Differs | Verdict::PutOff), _) => Some(Standing::PutOff),
            (Some(Verdict::Carried), _) => Some(Standing::Carried),
            (None, Some(resource)) => Some(match self.plan.unknown.iter().find(of_node) {
                Some(unknown) => Standing::Unknown(Some(unknown)),
                None if resource.presence == Presence::Absent => Standing::Unwanted,
                None => Standing::LeftOut,
            }),
            (None, None) => None,
        }
    }

    fn dependencies(&self, addr: &ResourceAddr) -> BTreeSet<ResourceAddr> {
        let wanted = self.graph.resources.get(addr).into_iter().flat_map(|resource| &resource.depends_on);
        // Of what is in no graph, such as a drop-in, the plan alone tells.
        let planned = self.plan.changes.iter().filter(|change| change.addr == *addr);
        let planned = planned.flat_map(|change| &change.depends_on);
        let known: BTreeSet<ResourceAddr> = wanted.cloned().collect();
        if known.is_empty() { planned.cloned().collect() } else { known }
    }

    fn dependents(&self, addr: &ResourceAddr) -> BTreeSet<ResourceAddr> {
        let wanted = self.graph.resources.values().filter(|resource| resource.depends_on.contains(addr));
        let wanted: BTreeSet<ResourceAddr> = wanted.map(|resource| resource.addr.clone()).collect();
        let planned = self.plan.changes.iter().filter(|change| change.depends_on.contains(addr));
        if self.graph.resources.contains_key(addr) {
            wanted
        } else {
            planned.map(|change| change.addr.clone()).collect()
        }
    }

    fn section(&self, lines: &mut Vec<Line>, heading: &str, addresses: &BTreeSet<ResourceAddr>) {
        lines.push(Line::new());
        if addresses.is_empty() {
            lines.push(Line::of(Role::Title, heading).plain(" nothing."));
            return;
        }
        lines.push(Line::of(Role::Title, heading));
        let column = addresses.iter().map(|addr| addr.to_string().chars().count()).max().unwrap_or(0) + 4;
        for addr in addresses {
            let mut line = Line::indent(2).plain(addr.to_string());
            line.pad_to(column);
            let words = self.standing(addr).map(Standing::words).unwrap_or_default();
            lines.push(line.then(words));
        }
    }
}

/// Why a change is there, what it is, and what it does to its node.
fn why(plan: &Plan, change: &Change, width: usize) -> Vec<Line> {
    let cause = cause_sentence(change.cause);
    let words = cause_words(change, View::Plan);
    let group = Group::of(change, words.clone(), plan);
    let mut lines =
        vec![Line::of(Role::Plain, format!("  {cause}")).with(Role::Muted, format!(" ({words})"))];
    lines.extend(body_rows(&group, width).into_iter().flat_map(|row| row.lay_out(width, 0)));
    let step = plan.rollout.iter().find(|step| step.because.contains(&change.addr));
    if let Some(step) = step.filter(|_| change.impact != Impact::None) {
        let turns = plan.rollout.iter().map(|step| step.batch).max().unwrap_or(step.batch);
        let effect = effect(step.impact).unwrap_or_default();
        let because: Vec<String> =
            step.because.iter().filter(|addr| **addr != change.addr).map(ToString::to_string).collect();
        let line = format!("  {} {effect} in turn {} of {turns}", step.node, step.batch);
        let mut line = Line::of(Role::Restart, line);
        if !because.is_empty() {
            line = line.plain(", also for ").then(list(Role::Address, because));
        }
        lines.push(line.plain("."));
    }
    lines
}

/// Which changes restart the node, and so mend a service that has no change of its own.
fn carried_by(plan: &Plan, addr: &ResourceAddr) -> Option<Line> {
    let restarts = |step: &&RolloutStep| Some(&step.node) == addr.node() && step.impact == Impact::Restart;
    let step = plan.rollout.iter().find(restarts)?;
    let changes = list(Role::Address, step.because.iter().map(ToString::to_string));
    Some(Line::of(Role::Restart, format!("  {} restarts for ", step.node)).then(changes).plain("."))
}

fn reason(unknown: &UnknownResource) -> Vec<Line> {
    let mut lines: Vec<Line> = unknown
        .reason
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| Line::indent(2).plain(line))
        .collect();
    if !unknown.hint.is_empty() {
        lines.push(Line::indent(2).with(Role::Hint, format!("hint: {}", unknown.hint)));
    }
    lines
}
