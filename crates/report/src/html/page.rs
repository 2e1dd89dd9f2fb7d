use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{Impact, Plan, PlanState, ResourceGraph};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::card::{Card, cards};
use super::drawing::{Drawing, draw};
use crate::group::groups;
use crate::omission::{no_changes, omissions, shard};
use crate::summary::{emptied, least_time, stopped};
use crate::tally::Tally;
use crate::word::effect;
use crate::{View, bytes, clean, count, drift, drift_sentence, unknown};

const TEMPLATE: &str = include_str!("page.html.j2");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Up to this many cards are open from the start.
const OPEN: usize = 12;

/// What a page shows beside the plan itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct HtmlOptions<'a> {
    /// What stands under the title, such as how many nodes were read, and how fast.
    pub subtitle: &'a str,
    /// The graph that the plan was made from; with it, what changes rest on is drawn too.
    pub graph: Option<&'a ResourceGraph>,
    /// What the plan is shown as. As drift, what moved on the hosts comes first, and
    /// nothing is said of what apply would disrupt.
    pub view: View,
}

#[derive(Serialize)]
struct Page<'a> {
    /// The command's name.
    name: &'static str,
    policy: String,
    style: &'a str,
    script: &'a str,
    cluster: &'a str,
    subtitle: String,
    headline: String,
    state: &'static str,
    stopped: Vec<&'a str>,
    emptied: Vec<&'a str>,
    tiles: Vec<Tile>,
    facets: Vec<Facet>,
    /// How many changes there are, with the noun.
    total: String,
    number: usize,
    open: bool,
    cards: Vec<Card>,
    drawing: Option<Drawing>,
    rollout: Vec<Step>,
    least: Option<String>,
    unknown: Vec<Unread>,
    shard: Option<String>,
    omissions: Vec<Omitted>,
    notes: Vec<Remark>,
}

/// All that is left out for one reason.
#[derive(Serialize)]
struct Omitted {
    why: String,
    number: String,
    subjects: Vec<String>,
}

/// A number with its name.
#[derive(Serialize)]
struct Tile {
    id: &'static str,
    label: &'static str,
    class: &'static str,
    value: String,
    count: u64,
}

/// Something to filter by, with the values that occur.
#[derive(Serialize)]
struct Facet {
    id: &'static str,
    label: &'static str,
    all: &'static str,
    options: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    count: usize,
}

#[derive(Serialize)]
struct Step {
    node: String,
    batch: usize,
    effect: &'static str,
    because: Vec<String>,
}

#[derive(Serialize)]
struct Unread {
    subjects: Vec<String>,
    reason: Vec<String>,
    hint: String,
}

#[derive(Serialize)]
struct Remark {
    addr: String,
    text: String,
}

/// Returns a plan as one HTML file: numbers, filters by node, kind, action, impact and cause, a search, the graph of
/// what changes and what that rests on, and every change with its difference. Ends in a line feed.
///
/// It asks for nothing from anywhere, and its content security policy allows no script and no style but its own.
/// Without scripts everything is shown, and only filters are missing.
///
/// # Panics
/// Never: the template is part of the program, and is tested.
pub fn render_html(plan: &Plan, options: &HtmlOptions<'_>) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("blocks keep their usual marks"));
    let page = Serde(page(plan, options));
    let rendered = environment.render_str(TEMPLATE, page).expect("the template fits its page");
    rendered.trim_end().to_owned() + "\n"
}

fn page<'a>(plan: &'a Plan, options: &HtmlOptions<'_>) -> Page<'a> {
    let tally = Tally::of(plan);
    let is_drift = options.view == View::Drift;
    let shown = match options.view {
        View::Plan => Cow::Borrowed(plan),
        View::Drift => Cow::Owned(drift::drift_first(plan)),
    };
    let groups = groups(&shown, options.view);
    let cards = cards(&groups, options.view);
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    Page {
        name: options.view.name(),
        policy: format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
            hash(SCRIPT),
            hash(STYLE)
        ),
        style: STYLE,
        script: SCRIPT,
        cluster: plan.cluster.as_str(),
        subtitle: clean(options.subtitle).into_owned(),
        headline: match options.view {
            View::Plan => headline(plan),
            View::Drift => drift_sentence(plan),
        },
        state: match plan.state() {
            PlanState::Incomplete => "incomplete",
            PlanState::Clean => "clean",
            PlanState::Diverged => "changes",
        },
        stopped: if is_drift { Vec::new() } else { stopped(plan) },
        emptied: if is_drift { Vec::new() } else { emptied(plan) },
        tiles: tiles(&tally),
        facets: facets(&cards),
        total: count(plan.changes.len(), "change"),
        number: plan.changes.len(),
        open: cards.len() <= OPEN,
        drawing: draw(&groups, options.graph),
        cards,
        rollout: if is_drift { Vec::new() } else { rollout(plan) },
        least: least_time(plan).map(|(time, why)| format!("{time}: {why}.")),
        unknown: unknown(plan),
        shard: shard(plan),
        omissions: omissions(plan)
            .into_iter()
            .map(|it| Omitted {
                number: it.number(),
                why: clean(&it.why).into_owned(),
                subjects: it.subjects,
            })
            .collect(),
        notes: plan
            .notes
            .iter()
            .map(|note| Remark {
                addr: note.addr.as_ref().map(ToString::to_string).unwrap_or_default(),
                text: clean(&note.text).into_owned(),
            })
            .collect(),
    }
}

fn headline(plan: &Plan) -> String {
    let unread = match plan.unknown.len() {
        0 => String::new(),
        number => format!(" {} could not be read.", count(number, "thing")),
    };
    if plan.is_empty() {
        let what = if plan.is_complete() { no_changes(plan) } else { "No changes to what could be read" };
        return format!("{what}.{unread}");
    }
    let counts = plan.counts();
    let mut effects = Vec::new();
    if counts.restart > 0 {
        effects.push(format!("{} will restart.", count(counts.restart, "node")));
    }
    match counts.stop {
        0 => {}
        1 => effects.push("1 node stops for good.".to_owned()),
        several => effects.push(format!("{several} nodes stop for good.")),
    }
    if effects.is_empty() {
        effects.push("Nothing restarts.".to_owned());
    }
    format!("{}. {}{unread}", count(plan.changes.len(), "change"), effects.join(" "))
}

fn tiles(tally: &Tally) -> Vec<Tile> {
    let counts = tally.counts;
    let tile = |id, label, class, number: usize| Tile {
        id,
        label,
        class: if number == 0 { "none" } else { class },
        value: number.to_string(),
        count: number as u64,
    };
    vec![
        tile("create", "to create", "create", counts.create),
        tile("update", "to update", "update", counts.update),
        tile("replace", "to replace", "replace", counts.replace),
        tile("delete", "to delete", "delete", counts.delete),
        tile("restart", "restarts", "restart", counts.restart),
        tile("reload", "reloads", "reload", counts.reload),
        tile("stop", "stops", "delete", counts.stop),
        tile("unknown", "unknown", "unknown", tally.unknown),
        tile("left_out", "left out", "plain", tally.left_out),
        tile("same", "as desired", "plain", tally.same),
        tile("compared", "compared", "plain", tally.compared),
        Tile {
            id: "bytes",
            label: "to send",
            class: if counts.bytes == 0 { "none" } else { "plain" },
            value: bytes(counts.bytes),
            count: counts.bytes,
        },
    ]
}

fn facets(cards: &[Card]) -> Vec<Facet> {
    let one = |id, label, all, value: fn(&Card) -> &str| {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for card in cards {
            *numbers.entry(value(card)).or_default() += card.nodes.len();
        }
        Facet { id, label, all, options: choices(numbers) }
    };
    let mut by_node: BTreeMap<&str, usize> = BTreeMap::new();
    for node in cards.iter().flat_map(|card| &card.nodes) {
        *by_node.entry(node).or_default() += 1;
    }
    vec![
        Facet { id: "node", label: "Node", all: "all nodes", options: choices(by_node) },
        one("kind", "Kind", "all kinds", |card| &card.kind),
        one("action", "Action", "all actions", |card| &card.action),
        one("impact", "Impact", "all impacts", |card| &card.impact),
        one("cause", "Cause", "all causes", |card| &card.cause),
    ]
}

fn choices(numbers: BTreeMap<&str, usize>) -> Vec<Choice> {
    numbers.into_iter().map(|(value, count)| Choice { value: value.to_owned(), count }).collect()
}

fn rollout(plan: &Plan) -> Vec<Step> {
    let steps = plan.rollout.iter().filter(|step| step.impact != Impact::None);
    steps
        .map(|step| Step {
            node: step.node.to_string(),
            batch: step.batch,
            effect: effect(step.impact).unwrap_or_default(),
            because: step.because.iter().map(|addr| addr.local()).collect(),
        })
        .collect()
}

fn unknown(plan: &Plan) -> Vec<Unread> {
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| clean(line).into_owned()).collect()
    };
    let read = |it: unknown::Unread| Unread {
        subjects: it.subjects,
        reason: lines(&it.reason),
        hint: clean(&it.hint).into_owned(),
    };
    unknown::unread(plan).into_iter().map(read).collect()
}
