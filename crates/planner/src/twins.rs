use std::collections::BTreeMap;

use crdbctl_model::{Digest, NodeName, NodeObservation, Observations, UnknownResource};

const HINT: &str = "mend the addresses in the manifest; on cloned machines run `systemd-machine-id-setup` after removing \
                    /etc/machine-id";

/// Returns the nodes that are one and the same machine under several names: none of them may be changed.
pub(crate) fn unknown(observations: &Observations) -> Vec<UnknownResource> {
    among(observations.nodes.iter().filter_map(|(node, observation)| match observation {
        NodeObservation::Read(reading) => Some((node, reading.host.machine_id?)),
        NodeObservation::Unreadable(_) => None,
    }))
}

/// Returns the same for nodes with the digests of their machine ids.
pub(crate) fn among<'a>(nodes: impl IntoIterator<Item = (&'a NodeName, Digest)>) -> Vec<UnknownResource> {
    let mut machines: BTreeMap<Digest, Vec<&NodeName>> = BTreeMap::new();
    for (node, machine) in nodes {
        machines.entry(machine).or_default().push(node);
    }
    machines
        .into_values()
        .filter(|nodes| nodes.len() > 1)
        .flat_map(|nodes| {
            let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            let names = names.join(" and ");
            nodes.into_iter().map(move |node| UnknownResource {
                node: Some(node.clone()),
                addr: None,
                reason: format!("{names} are the same machine: their /etc/machine-id is equal"),
                hint: HINT.to_owned(),
            })
        })
        .collect()
}

/// Returns whether this tells of a machine with several names.
pub(crate) fn is_one(unknown: &UnknownResource) -> bool {
    unknown.addr.is_none() && unknown.hint == HINT
}
