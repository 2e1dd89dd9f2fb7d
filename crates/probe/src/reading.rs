use crdbctl_model::{
    Dropped, HostFact, NodeName, NodeObservation, Reading, Record, ResourceGraph, Unreadable, UnreadableKind,
};

use crate::footprint::footprint;
use crate::{Answer, kinds, start};

/// Returns the observation that `answer` amounts to: every resource of `node` present, absent or unknown.
///
/// A machine of another architecture than the manifest's is unreadable as a whole: every path would be
/// that of a wrong package.
pub fn reading(graph: &ResourceGraph, node: &NodeName, answer: &Answer) -> NodeObservation {
    let expected = graph.nodes.get(node).map(|spec| spec.arch.as_str()).unwrap_or_default();
    let found = match answer.host.machine.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    if found != expected {
        return NodeObservation::Unreadable(Unreadable {
            kind: UnreadableKind::Host,
            reason: format!(
                "the machine is {found} (uname -m says {}), the manifest says {expected}",
                answer.host.machine
            ),
            hint: format!(
                "give node {node} `arch: {found}`, or see that its address is that of the right machine"
            ),
        });
    }
    // Two clusters on one host would each undo the other, and lock each other out by no lock.
    if let Some(other) = answer.other_records.first() {
        let other = other.trim_end_matches(".json");
        return NodeObservation::Unreadable(Unreadable {
            kind: UnreadableKind::Host,
            reason: format!(
                "the host is a node of the cluster {other}: /var/lib/crdbctl/{other}.json says so"
            ),
            hint: format!(
                "see that the node's address is that of the right machine, or give the manifest `name: {other}`; if that cluster is \
                 gone, move its record away"
            ),
        });
    }
    let record = match &answer.record {
        None => None,
        Some(bytes) => match bytes.clone().and_then(|bytes| parse_record(graph, &bytes)) {
            Ok(record) => Some(record),
            Err(why) => {
                return NodeObservation::Unreadable(Unreadable {
                    kind: UnreadableKind::Host,
                    reason: format!(
                        "the record /var/lib/crdbctl/{}.json cannot be used: {why}",
                        graph.cluster
                    ),
                    hint: "if a newer crdbctl wrote it, use that one; if it is damaged, move it away: \
                           the next apply writes it anew"
                        .to_owned(),
                });
            }
        },
    };
    let footprint = match footprint(graph, node, record.as_ref(), answer) {
        Ok(footprint) => footprint,
        Err(reason) => {
            return NodeObservation::Unreadable(Unreadable {
                kind: UnreadableKind::Host,
                reason,
                hint: "mend what keeps it from being read, then try again".to_owned(),
            });
        }
    };
    let resources =
        graph.of_node(node).map(|resource| (resource.addr.clone(), kinds::read(&resource.desired, answer)));
    let dropped = Dropped::on(graph, node, record.as_ref(), &footprint.begun);
    let dropped = dropped.iter().map(|dropped| (dropped.addr.clone(), kinds::read_dropped(dropped, answer)));
    let resources = resources.chain(dropped).collect();
    NodeObservation::Read(Box::new(Reading {
        host: HostFact {
            machine: answer.host.machine.clone(),
            kernel: answer.host.kernel.clone(),
            os: answer.host.os.clone(),
            hostname: answer.host.hostname.clone(),
            machine_id: answer.host.machine_id,
            clock: answer.clock,
            clock_millis: answer.clock_millis,
        },
        resources,
        drop_ins: kinds::drop_ins(answer),
        record,
        footprint,
        start_blockers: start::blockers(graph, node, answer),
        room: answer.room.clone(),
        digest: answer.digest,
    }))
}

fn parse_record(graph: &ResourceGraph, bytes: &[u8]) -> Result<Record, String> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if record.format_version != Record::FORMAT_VERSION {
        return Err(format!(
            "its format is {}, this crdbctl reads {}",
            record.format_version,
            Record::FORMAT_VERSION
        ));
    }
    if record.cluster != graph.cluster {
        return Err(format!("it is of the cluster {}", record.cluster));
    }
    Ok(record)
}
