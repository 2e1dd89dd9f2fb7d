//! What a part of a plan leaves out, and why, in words.

use std::collections::BTreeMap;

use crdbctl_model::{LeftOut, LeftOutWhy, Plan};

use crate::line::Line;
use crate::wrap::wrap;
use crate::{Role, count};

/// How many resources are named to people; the rest is counted.
const NAMED: usize = 8;

/// All that is left out for one reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Omission {
    /// Why, as the beginning of a sentence: `Left out by --only drift`.
    pub(crate) why: String,
    /// Each resource, with the attributes that are meant when others of its change are not.
    pub(crate) subjects: Vec<String>,
}

/// Returns why a change, or some of its attributes, is left out, as the beginning of a sentence.
pub(crate) fn why(left: &LeftOut, plan: &Plan) -> String {
    match &left.why {
        LeftOutWhy::Selection => format!("Left out by {}", plan.part.selection),
        LeftOutWhy::Only => match plan.part.only {
            Some(only) => format!("Left out by --only {only}"),
            None => "Left out by --only".to_owned(),
        },
        LeftOutWhy::Accepted { until, reason } => format!("Accepted until {until} ({reason})"),
    }
}

/// Returns what is left out, by reason, in the plan's order.
pub(crate) fn omissions(plan: &Plan) -> Vec<Omission> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut omissions: Vec<Omission> = Vec::new();
    for left in &plan.left_out {
        let why = why(left, plan);
        let at = *places.entry(why.clone()).or_insert(omissions.len());
        match omissions.get_mut(at) {
            Some(omission) => omission.subjects.push(subject(left)),
            None => omissions.push(Omission { why, subjects: vec![subject(left)] }),
        }
    }
    omissions
}

fn subject(left: &LeftOut) -> String {
    match left.attributes.split_last() {
        None => left.addr.to_string(),
        Some((only, [])) => format!("{} {only}", left.addr),
        Some((last, others)) => format!("{} {} and {last}", left.addr, others.join(", ")),
    }
}

impl Omission {
    /// Returns how many there are, with the noun.
    pub(crate) fn number(&self) -> String {
        count(self.subjects.len(), "change")
    }

    /// Returns the subjects that are named where there is little room, and how many are not.
    pub(crate) fn named(&self) -> (&[String], usize) {
        // A last one is named before it is counted.
        let named = if self.subjects.len() <= NAMED + 1 { self.subjects.len() } else { NAMED };
        (&self.subjects[..named], self.subjects.len() - named)
    }
}

/// Returns whether something is not in the plan that the whole one may have: of that nobody says that it is as the manifest wants it.
pub(crate) fn is_part(plan: &Plan) -> bool {
    !plan.part.is_whole() || !plan.left_out.is_empty()
}

/// Returns what is said of a plan without changes.
pub(crate) fn no_changes(plan: &Plan) -> &'static str {
    if is_part(plan) { "No changes in this part of the plan" } else { "No changes" }
}

/// Returns which shard this is, when it is one.
pub(crate) fn shard(plan: &Plan) -> Option<String> {
    plan.part.shard.map(|shard| format!("Shard {shard}: the nodes of other shards were not read."))
}

/// Returns what is left out, for people, and which shard this is.
pub(crate) fn lines(plan: &Plan, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(shard) = shard(plan) {
        lines.extend(wrap(Line::of(Role::Muted, shard), width, 2));
    }
    for omission in omissions(plan) {
        let (named, more) = omission.named();
        let mut line =
            Line::of(Role::Muted, format!("{}: ", omission.why)).plain(format!("{}: ", omission.number()));
        line = line.then(crate::group::list(Role::Address, named));
        line = line.plain(if more > 0 { format!(" and {more} more.") } else { ".".to_owned() });
        lines.extend(wrap(line, width, 2));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::corpus;

    #[test]
    fn what_is_left_out_is_told_by_reason_and_a_long_list_is_counted() {
        let mut plan = corpus().remove("left-out").unwrap();
        let told = |plan: &Plan| {
            let lines = lines(plan, 200).iter().map(Line::text).collect::<Vec<_>>();
            lines.join("\n")
        };
        insta::assert_snapshot!(told(&plan), @r"
        Left out by --node store-1 --node store-2 --target '*/*': 2 changes: store-3/directory.root, store-3/unit.cockroach.
        Left out by --only drift: 1 change: store-1/unit.cockroach.
        Accepted until 2027-01-31 (the backup tool <resets> it): 2 changes: store-2/directory.certs owner and group, store-1/directory.certs.
        ");
        let one = plan.left_out[0].clone();
        plan.left_out = vec![one.clone(); NAMED + 1];
        assert!(!told(&plan).contains("more"), "one more is named, not counted");
        plan.left_out = vec![one; NAMED + 2];
        assert!(told(&plan).contains(" and 2 more."), "{}", told(&plan));
    }
}
