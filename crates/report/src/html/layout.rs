//! Where the boxes of a graph stand and how its lines run, in layers from left to right.
//!
//! The method is that of Sugiyama, Tagawa and Toda (1981), each step at its simplest: break cycles, drop lines that
//! others imply, layers by longest path, points where long lines cross layers, order by mean place of the neighbours.

use std::collections::{BTreeMap, BTreeSet};

/// The height of a box, in pixels.
pub(super) const BOX_HEIGHT: f64 = 42.0;
const GAP_X: f64 = 56.0;
const GAP_Y: f64 = 14.0;
const MARGIN: f64 = 8.0;
/// What a line takes of the height of a layer that it crosses.
const LINE_HEIGHT: f64 = 4.0;
/// How far to the right boxes without lines stand at most, when the others leave room.
const PAGE: f64 = 1100.0;
const SWEEPS: usize = 8;

/// A drawn graph.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// The left upper corner of each box.
    pub(super) corners: Vec<(f64, f64)>,
    /// The lines, as paths of SVG.
    pub(super) paths: Vec<Route>,
    /// The size of the whole.
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A line from one box to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) path: String,
}

/// Something that has a place in a layer: a box, or a point of a long line.
struct Item {
    layer: usize,
    width: f64,
    height: f64,
    y: f64,
    before: Vec<usize>,
    after: Vec<usize>,
}

/// Returns the layout of boxes with these widths, and lines from what is needed to what needs it. Boxes without
/// lines stand below the others, side by side.
pub(super) fn layered(widths: &[f64], edges: &BTreeSet<(usize, usize)>) -> Layout {
    let edges = acyclic(widths.len(), edges);
    let joined: BTreeSet<usize> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let place: BTreeMap<usize, usize> = joined.iter().enumerate().map(|(at, number)| (*number, at)).collect();
    let inner: Vec<f64> = joined.iter().map(|number| widths[*number]).collect();
    let mut layout =
        joined_layers(&inner, &edges.iter().map(|(from, to)| (place[from], place[to])).collect());
    let back: Vec<usize> = joined.iter().copied().collect();
    for route in &mut layout.paths {
        (route.from, route.to) = (back[route.from], back[route.to]);
    }
    let mut corners = vec![(0.0, 0.0); widths.len()];
    for (number, corner) in back.iter().zip(&layout.corners) {
        corners[*number] = *corner;
    }
    let right = layout.width.max(PAGE);
    let (mut x, mut y) = (MARGIN, if joined.is_empty() { MARGIN } else { layout.height + GAP_Y });
    for (number, width) in widths.iter().enumerate().filter(|(number, _)| !joined.contains(number)) {
        if x > MARGIN && x + width + MARGIN > right {
            (x, y) = (MARGIN, y + BOX_HEIGHT + GAP_Y);
        }
        corners[number] = (x, y);
        x += width + GAP_Y;
        layout.width = layout.width.max(x - GAP_Y + MARGIN);
        layout.height = layout.height.max(y + BOX_HEIGHT + MARGIN);
    }
    Layout { corners, ..layout }
}

/// Returns the layout of boxes of which each has a line.
fn joined_layers(widths: &[f64], edges: &BTreeSet<(usize, usize)>) -> Layout {
    let edges = reduced(widths.len(), edges);
    let layers = layers(widths.len(), &edges);
    let mut items: Vec<Item> = widths
        .iter()
        .zip(&layers)
        .map(|(width, layer)| Item {
            layer: *layer,
            width: *width,
            height: BOX_HEIGHT,
            y: 0.0,
            before: Vec::new(),
            after: Vec::new(),
        })
        .collect();
    let chains: Vec<Vec<usize>> = edges.iter().map(|edge| chain(*edge, &mut items)).collect();
    let count = items.iter().map(|item| item.layer + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (number, item) in items.iter().enumerate() {
        rows[item.layer].push(number);
    }
    order(&mut rows, &items);
    place(&rows, &mut items);
    finish(widths.len(), &rows, &items, &chains)
}

/// Drops lines from a box to itself and those that close a circle.
fn acyclic(count: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let mut kept = BTreeSet::new();
    for (from, to) in edges {
        if from != to && *from < count && *to < count && !reaches(*to, *from, &kept) {
            kept.insert((*from, *to));
        }
    }
    kept
}

fn reaches(from: usize, to: usize, edges: &BTreeSet<(usize, usize)>) -> bool {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(edges.range((at, 0)..(at + 1, 0)).map(|(_, next)| *next));
        }
    }
    false
}

/// Drops lines between boxes that are joined through others as well.
fn reduced(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut behind: Vec<Option<BTreeSet<usize>>> = vec![None; count];
    fn gather(at: usize, edges: &BTreeSet<(usize, usize)>, behind: &mut Vec<Option<BTreeSet<usize>>>) {
        if behind[at].is_some() {
            return;
        }
        let mut all = BTreeSet::new();
        for (_, next) in edges.range((at, 0)..(at + 1, 0)) {
            gather(*next, edges, behind);
            all.insert(*next);
            all.extend(behind[*next].iter().flatten());
        }
        behind[at] = Some(all);
    }
    (0..count).for_each(|at| gather(at, edges, &mut behind));
    let implied = |from: usize, to: usize| {
        edges
            .range((from, 0)..(from + 1, 0))
            .any(|(_, next)| *next != to && behind[*next].as_ref().is_some_and(|all| all.contains(&to)))
    };
    edges.iter().copied().filter(|(from, to)| !implied(*from, *to)).collect()
}

/// The layer of each box: behind all that it needs. What needs nothing stands close to what needs it.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0_usize; count];
    // The longest path has fewer lines than there are boxes.
    for _ in 0..count {
        let mut settled = true;
        for (from, to) in edges {
            if layers[*to] <= layers[*from] {
                layers[*to] = layers[*from] + 1;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    for at in 0..count {
        if edges.iter().all(|(_, to)| *to != at) {
            let next = edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| layers[*to]).min();
            layers[at] = next.map_or(0, |layer| layer.saturating_sub(1));
        }
    }
    layers
}

/// Joins two boxes through a point in each layer between them, and returns all of them in order.
fn chain((from, to): (usize, usize), items: &mut Vec<Item>) -> Vec<usize> {
    let mut chain = vec![from];
    for layer in items[from].layer + 1..items[to].layer {
        chain.push(items.len());
        let point =
            Item { layer, width: 0.0, height: LINE_HEIGHT, y: 0.0, before: Vec::new(), after: Vec::new() };
        items.push(point);
    }
    chain.push(to);
    for pair in chain.windows(2) {
        items[pair[0]].after.push(pair[1]);
        items[pair[1]].before.push(pair[0]);
    }
    chain
}

/// Sorts each layer by the mean place of the neighbours in the one before, then in the one behind, some times.
fn order(rows: &mut [Vec<usize>], items: &[Item]) {
    let mut places = vec![0.0; items.len()];
    let remember = |row: &[usize], places: &mut Vec<f64>| {
        for (place, item) in row.iter().enumerate() {
            // In parts of the layer, so that layers of different lengths compare.
            places[*item] = (place as f64 + 0.5) / row.len() as f64;
        }
    };
    rows.iter().for_each(|row| remember(row, &mut places));
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        let count = rows.len();
        for step in 0..count {
            let row = &mut rows[if forward { step } else { count - 1 - step }];
            let wanted = |item: usize, places: &[f64]| {
                let neighbours = if forward { &items[item].before } else { &items[item].after };
                mean(neighbours.iter().map(|other| places[*other])).unwrap_or(places[item])
            };
            let mut keyed: Vec<(f64, usize)> =
                row.iter().map(|item| (wanted(*item, &places), *item)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            *row = keyed.into_iter().map(|(_, item)| item).collect();
            remember(row, &mut places);
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Gives every item its height above the others of its layer, near its neighbours.
fn place(rows: &[Vec<usize>], items: &mut [Item]) {
    for row in rows {
        let mut y = 0.0;
        for item in row {
            items[*item].y = y;
            y += items[*item].height + GAP_Y;
        }
    }
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        for step in 0..rows.len() {
            let row = &rows[if forward { step } else { rows.len() - 1 - step }];
            let wanted: Vec<f64> = row
                .iter()
                .map(|item| {
                    let item = &items[*item];
                    let neighbours = if forward { &item.before } else { &item.after };
                    let middle = |other: &usize| items[*other].y + items[*other].height / 2.0;
                    mean(neighbours.iter().map(middle)).map_or(item.y, |middle| middle - item.height / 2.0)
                })
                .collect();
            settle(row, &wanted, items);
        }
    }
    let top = items.iter().map(|item| item.y).min_by(f64::total_cmp).unwrap_or(0.0);
    for item in items {
        item.y = (item.y - top + MARGIN).round();
    }
}

/// Puts a layer's items where they want to be, as far as they do not overlap.
fn settle(row: &[usize], wanted: &[f64], items: &mut [Item]) {
    let mut lowest = f64::NEG_INFINITY;
    for (item, wanted) in row.iter().zip(wanted) {
        items[*item].y = wanted.max(lowest);
        lowest = items[*item].y + items[*item].height + GAP_Y;
    }
    // All were pushed down only: half of it back up keeps the layer in the middle.
    let pushed = mean(row.iter().zip(wanted).map(|(item, wanted)| items[*item].y - wanted)).unwrap_or(0.0);
    for item in row {
        items[*item].y -= pushed;
    }
}

fn finish(boxes: usize, rows: &[Vec<usize>], items: &[Item], chains: &[Vec<usize>]) -> Layout {
    let mut lefts = Vec::with_capacity(rows.len());
    let mut x = MARGIN;
    for row in rows {
        let width = row.iter().map(|item| items[*item].width).max_by(f64::total_cmp).unwrap_or(0.0);
        lefts.push((x, width));
        x += width + GAP_X;
    }
    let route = |chain: &Vec<usize>| {
        let mut points = Vec::new();
        for (place, item) in chain.iter().enumerate() {
            let (left, width) = lefts[items[*item].layer];
            let middle = items[*item].y + items[*item].height / 2.0;
            if place > 0 {
                points.push((left, middle));
            }
            if place + 1 < chain.len() {
                let width = if place == 0 { items[*item].width } else { width };
                points.push((left + width, middle));
            }
        }
        Route { from: chain[0], to: chain[chain.len() - 1], path: path(&points) }
    };
    let bottom = items.iter().map(|item| item.y + item.height).max_by(f64::total_cmp).unwrap_or(0.0);
    Layout {
        corners: items[..boxes].iter().map(|item| (lefts[item.layer].0, item.y)).collect(),
        paths: chains.iter().map(route).collect(),
        width: (x - GAP_X + MARGIN).max(0.0),
        height: bottom + MARGIN,
    }
}

/// A path that leaves and arrives level.
fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        match at.checked_sub(1).map(|before| points[before]) {
            None => path.push_str(&format!("M{x:.0} {y:.0}")),
            Some((_, before)) if (before - y).abs() < 0.5 => path.push_str(&format!("L{x:.0} {y:.0}")),
            Some((left, before)) => {
                let middle = f64::midpoint(left, *x);
                path.push_str(&format!("C{middle:.0} {before:.0} {middle:.0} {y:.0} {x:.0} {y:.0}"));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(count: usize, edges: &[(usize, usize)]) -> Layout {
        layered(&vec![100.0; count], &edges.iter().copied().collect())
    }

    #[test]
    fn what_rests_on_something_stands_behind_it() {
        let layout = laid_out(4, &[(0, 1), (1, 2), (0, 2), (3, 2)]);
        let x = |at: usize| layout.corners[at].0;
        assert!(x(0) < x(1) && x(1) < x(2));
        assert_eq!(x(3), x(1), "what needs nothing stands close to what needs it");
        let drawn: Vec<(usize, usize)> = layout.paths.iter().map(|route| (route.from, route.to)).collect();
        assert_eq!(drawn, [(0, 1), (1, 2), (3, 2)], "a line that others imply is not drawn");
    }

    #[test]
    fn nothing_to_draw_and_circles_are_drawn_all_the_same() {
        assert_eq!(laid_out(0, &[]).corners, []);
        let circle = laid_out(3, &[(0, 1), (1, 2), (2, 0), (1, 1), (0, 9)]);
        assert_eq!(circle.paths.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn boxes_never_overlap_and_stay_inside(edges in proptest::collection::btree_set((0_usize..12, 0_usize..12), 0..40)) {
            let layout = layered(&[100.0; 12], &edges);
            for (at, (x, y)) in layout.corners.iter().enumerate() {
                proptest::prop_assert!(*x >= 0.0 && *y >= 0.0);
                proptest::prop_assert!(x + 100.0 <= layout.width && y + BOX_HEIGHT <= layout.height);
                for (other_x, other_y) in &layout.corners[at + 1..] {
                    proptest::prop_assert!((x - other_x).abs() >= 100.0 || (y - other_y).abs() >= BOX_HEIGHT);
                }
            }
        }
    }
}
