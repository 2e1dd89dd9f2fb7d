//! A plan as metrics, for Prometheus's textfile collector.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crdbctl_model::{
    Acceptance, Action, Cause, Day, Divergence, LeftOut, LeftOutWhy, NodeName, Plan, ResourceAddr,
    ResourceKind, Timestamp, Verdict,
};

use crate::tally::Tally;
use crate::word::word;
use crate::{CertificateListing, clean, drift};

/// What metrics tell of a run beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct RunFigures<'a> {
    /// The number that it ends with.
    pub exit_code: u8,
    /// What it was told to accept; `None` when nothing was, and metrics say nothing of it.
    pub acceptance: Option<&'a Acceptance>,
}

/// Returns a plan's numbers, and when certificates end, in the Prometheus and OpenMetrics text form.
///
/// A node that could not be read has no samples of resources: could not read is not zero. Timestamps of samples are
/// left to whoever reads the file. The moment of the last run is that of the probe, so that a plan from old
/// observations looks old. Ends in a line feed.
pub fn render_metrics(plan: &Plan, certificates: &CertificateListing, run: &RunFigures<'_>) -> String {
    let tally = Tally::of(plan);
    let mut out = Exposition { text: String::new(), cluster: plan.cluster.to_string(), family: "" };
    out.drifted_resources(plan);
    if let Some(acceptance) = run.acceptance {
        out.accepted(plan, acceptance, certificates.taken_at);
    }
    out.family("crdbctl_compared_resources", "Resources that were compared with the manifest.");
    out.sample(&[], tally.compared);
    out.family("crdbctl_unknown_nodes", "Nodes that could not be read, or on which something could not be.");
    let nodes: BTreeSet<&NodeName> =
        plan.unknown.iter().filter_map(|unknown| unknown.node.as_ref()).collect();
    out.sample(&[], nodes.len());
    out.family("crdbctl_plan_unknown", "Nodes and single resources that could not be read.");
    out.sample(&[], tally.unknown);
    let counts = tally.counts;
    out.family(
        "crdbctl_plan_left_alone",
        "Resources that differ and that are left alone: put off, left out or accepted.",
    );
    out.sample(&[], tally.put_off);
    out.family(
        "crdbctl_plan_left_out",
        "Changes of the whole plan, or attributes of one, that are left out of it.",
    );
    for why in ["selection", "only", "accepted"] {
        let is_it = |left: &&LeftOut| match left.why {
            LeftOutWhy::Selection => why == "selection",
            LeftOutWhy::Only => why == "only",
            LeftOutWhy::Accepted { .. } => why == "accepted",
        };
        out.sample(&[("why", why)], plan.left_out.iter().filter(is_it).count());
    }
    out.family("crdbctl_plan_changes", "Changes that apply would make, by action.");
    for (action, number) in [
        (Action::Create, counts.create),
        (Action::Update, counts.update),
        (Action::Replace, counts.replace),
        (Action::Delete, counts.delete),
    ] {
        out.sample(&[("action", &word(action))], number);
    }
    out.family("crdbctl_plan_causes", "Changes that apply would make, by cause.");
    let mut causes: BTreeMap<Cause, usize> = Cause::ALL.into_iter().map(|cause| (cause, 0)).collect();
    for change in &plan.changes {
        *causes.entry(change.cause).or_default() += 1;
    }
    for (cause, number) in causes {
        out.sample(&[("cause", &word(cause))], number);
    }
    out.family("crdbctl_plan_disrupted_nodes", "Nodes that apply would restart, reload, or stop for good.");
    for (impact, number) in [("restart", counts.restart), ("reload", counts.reload), ("stop", counts.stop)] {
        out.sample(&[("impact", impact)], number);
    }
    if let Some(least) = plan.least_seconds() {
        out.family("crdbctl_plan_least_seconds", "How long the pauses between restarts take together.");
        out.sample(&[], least);
    }
    out.family("crdbctl_plan_bytes", "Bytes that apply would send.");
    out.sample(&[], counts.bytes);
    out.certificates(certificates);
    out.family("crdbctl_last_run_timestamp_seconds", "When the nodes were read.");
    out.sample(&[], certificates.taken_at.as_unix());
    out.family("crdbctl_last_run_exit_code", "The exit code of that run.");
    out.sample(&[], run.exit_code);
    out.text + "# EOF\n"
}

struct Exposition {
    text: String,
    cluster: String,
    /// The family that samples are added to.
    family: &'static str,
}

impl Exposition {
    fn family(&mut self, name: &'static str, help: &str) {
        self.family = name;
        let _ = writeln!(self.text, "# TYPE {name} gauge\n# HELP {name} {help}");
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let mut line = format!("{}{{cluster=\"{}\"", self.family, escaped(&self.cluster));
        for (key, value) in labels {
            let _ = write!(line, ",{key}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "{line}}} {value}");
    }

    /// What was looked at and could be told has a sample, also when it is zero; a side that was not asked for has none.
    fn drifted_resources(&mut self, plan: &Plan) {
        let help = "Resources that are not as the manifest says and are not accepted, by node, kind and the side that moved.";
        self.family("crdbctl_drifted_resources", help);
        let sides = [Divergence::Drift, Divergence::Change];
        let asked = || sides.into_iter().filter(|side| plan.part.only.is_none_or(|only| only == *side));
        let mut numbers: BTreeMap<(&str, ResourceKind, Divergence), usize> = BTreeMap::new();
        // What could not be told is neither drifted nor as desired.
        for (addr, _) in plan.compared.iter().filter(|(_, verdict)| **verdict != Verdict::Unknown) {
            for side in asked() {
                numbers.entry((place(addr), addr.kind, side)).or_default();
            }
        }
        for change in &plan.changes {
            // Where both sides moved, it is of the side that was asked for.
            let asked = plan.part.only.filter(|side| change.cause.is_of(*side));
            let side = asked.unwrap_or_else(|| change.cause.divergence());
            *numbers.entry((place(&change.addr), change.addr.kind, side)).or_default() += 1;
        }
        for ((node, kind, side), number) in numbers {
            self.sample(&[("node", node), ("kind", kind.word()), ("divergence", &side.to_string())], number);
        }
    }

    fn accepted(&mut self, plan: &Plan, acceptance: &Acceptance, now: Timestamp) {
        self.family("crdbctl_accepted_resources", "Resources of which drift is accepted, by node.");
        let nodes = plan.basis.nodes.keys().map(NodeName::as_str);
        let mut numbers: BTreeMap<&str, usize> = nodes.chain(["cluster"]).map(|node| (node, 0)).collect();
        for addr in drift::accepted(plan) {
            *numbers.entry(place(addr)).or_default() += 1;
        }
        for (node, number) in numbers {
            self.sample(&[("node", node)], number);
        }
        let today = Day::of(now);
        self.family(
            "crdbctl_accept_entries",
            "Entries of the file of accepted drift, by whether they still hold.",
        );
        let expired = acceptance.expired(today).count();
        let holding = acceptance.entries.len() - expired;
        for (state, number) in [("holds", holding), ("expired", expired)] {
            self.sample(&[("state", state)], number);
        }
        if let Some(end) = acceptance.next_end(today) {
            let name = "crdbctl_accept_next_end_timestamp_seconds";
            self.family(name, "When the next entry of the file of accepted drift ends.");
            self.sample(&[], end.as_unix());
        }
    }

    fn certificates(&mut self, listing: &CertificateListing) {
        let name = "crdbctl_certificate_expiry_timestamp_seconds";
        self.family(name, "When a certificate ends; node is cluster on the control host.");
        // The same certificate twice in a file would be the same sample twice, which no reader takes.
        let samples: BTreeMap<[&str; 4], i64> = listing
            .certificates
            .iter()
            .map(|entry| {
                let node = entry.node.as_ref().map_or("cluster", NodeName::as_str);
                ([node, &entry.file, &entry.name, &entry.serial], entry.not_after.as_unix())
            })
            .collect();
        for ([node, file, subject, serial], end) in samples {
            let labels = [("node", node), ("file", file), ("subject", subject), ("serial", serial)];
            self.sample(&labels, end);
        }
    }
}

/// The node of a resource; `cluster` for what is cluster-wide.
fn place(addr: &ResourceAddr) -> &str {
    addr.node().map_or("cluster", NodeName::as_str)
}

/// Returns a label's value as it is written between quotes.
fn escaped(value: &str) -> String {
    clean(value).replace('\\', "\\\\").replace('"', "\\\"")
}
