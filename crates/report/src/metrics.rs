//! A plan as metrics, for Prometheus's textfile collector.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crdbctl_model::{Action, Cause, NodeName, Plan, ResourceKind, Verdict};

use crate::tally::Tally;
use crate::word::word;
use crate::{CertificateListing, clean};

/// Returns a plan's numbers, and when certificates end, in the Prometheus and OpenMetrics text form.
///
/// A node that could not be read has no samples of resources: could not read is not zero. Timestamps of samples are
/// left to whoever reads the file. The moment of the last run is that of the probe, so that a plan from old
/// observations looks old. Ends in a line feed.
pub fn render_metrics(plan: &Plan, certificates: &CertificateListing) -> String {
    let tally = Tally::of(plan);
    let mut out = Exposition { text: String::new(), cluster: plan.cluster.to_string(), family: "" };
    out.drifted_resources(plan);
    out.family("crdbctl_compared_resources", "Resources that were compared with the manifest.");
    out.sample(&[], tally.compared);
    out.family("crdbctl_unknown_nodes", "Nodes that could not be read, or on which something could not be.");
    let nodes: BTreeSet<&NodeName> =
        plan.unknown.iter().filter_map(|unknown| unknown.node.as_ref()).collect();
    out.sample(&[], nodes.len());
    out.family("crdbctl_plan_unknown", "Nodes and single resources that could not be read.");
    out.sample(&[], tally.unknown);
    let counts = tally.counts;
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
    out.family("crdbctl_plan_bytes", "Bytes that apply would send.");
    out.sample(&[], counts.bytes);
    out.certificates(certificates);
    out.family("crdbctl_last_run_timestamp_seconds", "When the nodes were read.");
    out.sample(&[], certificates.taken_at.as_unix());
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

    fn drifted_resources(&mut self, plan: &Plan) {
        let help = "Resources that are not as the manifest says, by node and kind.";
        self.family("crdbctl_drifted_resources", help);
        let mut numbers: BTreeMap<(&str, ResourceKind), usize> = BTreeMap::new();
        for (addr, verdict) in &plan.compared {
            let node = addr.node().map_or("cluster", NodeName::as_str);
            // What could not be told is neither drifted nor as desired.
            if *verdict != Verdict::Unknown {
                *numbers.entry((node, addr.kind)).or_default() += usize::from(*verdict != Verdict::Same);
            }
        }
        for ((node, kind), number) in numbers {
            self.sample(&[("node", node), ("kind", kind.word())], number);
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

/// Returns a label's value as it is written between quotes.
fn escaped(value: &str) -> String {
    clean(value).replace('\\', "\\\\").replace('"', "\\\"")
}
