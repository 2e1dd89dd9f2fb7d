use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Action, ResourceAddr, ResourceGraph};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::card::predecessors;
use super::layout::{BOX_HEIGHT, layered};
use crate::count;
use crate::group::Group;
use crate::word::{effect_of, word};

/// More boxes than this help nobody.
const MOST: usize = 90;
/// The width of a character in a box, in pixels, and what stands around the text.
const CHARACTER: f64 = 7.3;
const PADDING: f64 = 24.0;
/// The longest name in a box, in columns.
const LONGEST_NAME: usize = 34;

/// The graph of a plan, drawn.
#[derive(Serialize)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Box>,
    pub(super) lines: Vec<Line>,
    /// The classes of its boxes, each once.
    pub(super) classes: BTreeSet<String>,
    /// Whether changes of one resource on different nodes share a box although they do not read the same.
    pub(super) merged: bool,
}

/// A resource, or the same one of several nodes.
#[derive(Serialize)]
pub(super) struct Box {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) name: String,
    pub(super) place: String,
    /// An action, or `same` for what does not change.
    pub(super) class: String,
    pub(super) effect: &'static str,
    /// The card that tells more.
    pub(super) card: Option<usize>,
}

/// A line from what is needed to what needs it, both numbers of boxes.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) path: String,
}

/// A box that has no place yet.
#[derive(Default)]
struct Vertex {
    name: String,
    nodes: BTreeSet<String>,
    class: String,
    effect: &'static str,
    card: Option<usize>,
}

/// Returns the changes and what they rest on directly, drawn; `None` when there is nothing to draw, or too much.
///
/// Without a graph the plan alone tells what rests on what, and resources that do not change are not drawn.
pub(super) fn draw(groups: &[Group<'_>], graph: Option<&ResourceGraph>) -> Option<Drawing> {
    let (mut vertices, mut edges) = changes(groups);
    let mut merged = false;
    if vertices.len() > MOST {
        (vertices, edges) = merge(groups, &vertices, &edges);
        merged = true;
    }
    if vertices.is_empty() || vertices.len() > MOST {
        return None;
    }
    if let Some(graph) = graph.filter(|_| !merged) {
        let kept = vertices.len();
        let mut more = edges.clone();
        add_unchanged(groups, graph, &mut vertices, &mut more);
        if vertices.len() <= MOST {
            edges = more;
        } else {
            vertices.truncate(kept);
        }
    }
    let widths: Vec<f64> = vertices.iter().map(Vertex::width).collect();
    let layout = layered(&widths, &edges);
    let classes = vertices.iter().map(|vertex| vertex.class.clone()).collect();
    let boxes = vertices.into_iter().zip(&layout.corners).zip(&widths);
    Some(Drawing {
        classes,
        width: layout.width,
        height: layout.height,
        boxes: boxes.map(|((vertex, (x, y)), width)| vertex.at(*x, *y, *width)).collect(),
        lines: layout
            .paths
            .into_iter()
            .map(|route| Line { from: route.from, to: route.to, path: route.path })
            .collect(),
        merged,
    })
}

impl Vertex {
    fn place(&self) -> String {
        match self.nodes.len() {
            0 => "cluster-wide".to_owned(),
            1 => self.nodes.iter().next().cloned().unwrap_or_default(),
            several => count(several, "node"),
        }
    }

    fn shown_place(&self) -> String {
        match self.effect {
            "" => self.place(),
            effect => format!("{} · {effect}", self.place()),
        }
    }

    fn width(&self) -> f64 {
        let columns = short(&self.name).width().max(self.shown_place().width());
        (f64::from(u32::try_from(columns).unwrap_or(u32::MAX)) * CHARACTER + PADDING).round()
    }

    fn at(self, x: f64, y: f64, width: f64) -> Box {
        Box {
            x,
            y,
            width,
            height: BOX_HEIGHT,
            place: self.shown_place(),
            name: short(&self.name),
            class: self.class,
            effect: self.effect,
            card: self.card,
        }
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

fn changes(groups: &[Group<'_>]) -> (Vec<Vertex>, BTreeSet<(usize, usize)>) {
    let vertex = |(number, group): (usize, &Group<'_>)| {
        let change = group.first();
        Vertex {
            name: change.addr.local(),
            nodes: group.nodes().iter().map(ToString::to_string).collect(),
            class: word(change.action),
            effect: effect_of(change).unwrap_or_default(),
            card: Some(number),
        }
    };
    let before = predecessors(groups);
    let edges = before.iter().enumerate().flat_map(|(to, all)| all.iter().map(move |from| (*from, to)));
    (groups.iter().enumerate().map(vertex).collect(), edges.collect())
}

/// Puts into one box what is done alike to one resource on different nodes.
fn merge(
    groups: &[Group<'_>],
    vertices: &[Vertex],
    edges: &BTreeSet<(usize, usize)>,
) -> (Vec<Vertex>, BTreeSet<(usize, usize)>) {
    let mut places: BTreeMap<(bool, String, Action), usize> = BTreeMap::new();
    let mut merged: Vec<Vertex> = Vec::new();
    let mut new: Vec<usize> = Vec::new();
    for (group, vertex) in groups.iter().zip(vertices) {
        let change = group.first();
        let key = (change.addr.node().is_none(), change.addr.local(), change.action);
        let at = *places.entry(key).or_insert(merged.len());
        if at == merged.len() {
            merged.push(Vertex {
                name: vertex.name.clone(),
                class: vertex.class.clone(),
                card: vertex.card,
                ..Vertex::default()
            });
        }
        merged[at].nodes.extend(vertex.nodes.iter().cloned());
        if merged[at].effect.is_empty() || vertex.effect == "restarts" {
            merged[at].effect = vertex.effect;
        }
        new.push(at);
    }
    (merged, edges.iter().map(|(from, to)| (new[*from], new[*to])).collect())
}

/// Adds what changes rest on and what does not change itself.
fn add_unchanged(
    groups: &[Group<'_>],
    graph: &ResourceGraph,
    vertices: &mut Vec<Vertex>,
    edges: &mut BTreeSet<(usize, usize)>,
) {
    let changed: BTreeSet<&ResourceAddr> =
        groups.iter().flat_map(|group| &group.changes).map(|change| &change.addr).collect();
    let mut places: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        for change in &group.changes {
            let dependencies = graph.resources.get(&change.addr).into_iter().flat_map(|it| &it.depends_on);
            for addr in dependencies.filter(|addr| !changed.contains(addr)) {
                let key = (addr.node().is_none(), addr.local());
                let at = *places.entry(key).or_insert(vertices.len());
                if at == vertices.len() {
                    let class = "same".to_owned();
                    vertices.push(Vertex { name: addr.local(), class, ..Vertex::default() });
                }
                vertices[at].nodes.extend(addr.node().map(ToString::to_string));
                edges.insert((at, number));
            }
        }
    }
}
