use std::collections::BTreeMap;

use crdbctl_model::{Digest, NodeName, NodeObservation, Observations, UnknownResource};

/// Returns the nodes that are one and the same machine under several names: none of them may be changed.
pub(crate) fn unknown(observations: &Observations) -> Vec<UnknownResource> {
    let mut machines: BTreeMap<Digest, Vec<&NodeName>> = BTreeMap::new();
    for (node, observation) in &observations.nodes {
        if let NodeObservation::Read(reading) = observation
            && let Some(machine) = reading.host.machine_id
        {
            machines.entry(machine).or_default().push(node);
        }
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
                hint:
                    "mend the addresses in the manifest; on cloned machines run `systemd-machine-id-setup` \
                       after removing /etc/machine-id"
                        .to_owned(),
            })
        })
        .collect()
}
