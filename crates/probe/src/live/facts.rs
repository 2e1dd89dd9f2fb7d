use std::collections::BTreeMap;

use crdbctl_cockroach::output::{self, Failure, Membership, NodeStatus, is_unknown_setting};
use crdbctl_cockroach::upgrade::Hold;
use crdbctl_model::{
    Desired, Fact, HealthFact, MemberFact, MemberFigures, MembersFact, MembershipFact, NodeName,
    NodeObservation, Observed, ResourceAddr, ResourceGraph, SettingFact, VersionFact,
};

use super::Query;
use crate::ClientOutput;
use crate::init::{observe_init, service_of};

/// Whom to ask what CockroachDB alone can tell, or what is known without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// Nobody need be asked.
    Known(BTreeMap<ResourceAddr, Observed>),
    /// One of these ready nodes; the next one when it fails.
    Ask {
        /// The nodes, in order.
        nodes: Vec<NodeName>,
        /// The questions.
        queries: Vec<Query>,
    },
}

/// Returns whom to ask, after all nodes have answered.
///
/// A cluster that was never initialised has nothing to tell. One that runs nowhere cannot be asked, and that is no fault:
/// an apply may be what starts it.
pub fn inquiry(graph: &ResourceGraph, nodes: &BTreeMap<NodeName, NodeObservation>) -> Inquiry {
    let known = |observed: Observed| {
        Inquiry::Known(live(graph).map(|(addr, _)| (addr.clone(), observed.clone())).collect())
    };
    match observe_init(graph, nodes) {
        Observed::Absent => return known(Observed::Absent),
        Observed::Present(_) => {}
        other => return known(other),
    }
    let services: Vec<_> = graph
        .staying()
        .filter_map(|node| Some((node, service_of(graph, nodes, node).ok().flatten()?)))
        .collect();
    let ready: Vec<NodeName> = services
        .iter()
        .filter(|(_, service)| service.health == HealthFact::Ready)
        .map(|(node, _)| (*node).clone())
        .collect();
    if !ready.is_empty() {
        let settings = live(graph).filter_map(|(_, desired)| match desired {
            Desired::Setting(desired) => Some(Query::Setting(desired.name.clone())),
            _ => None,
        });
        let always = [
            Query::Members,
            Query::Version,
            Query::Hold(Hold::AutoUpgrade),
            Query::Hold(Hold::PreserveDowngrade),
        ];
        return Inquiry::Ask { nodes: ready, queries: always.into_iter().chain(settings).collect() };
    }
    let running: Vec<&str> = services
        .iter()
        .filter(|(_, service)| service.process.is_some())
        .map(|(node, _)| node.as_str())
        .collect();
    if running.is_empty() {
        let reason = "CockroachDB runs on no node; it is looked at once one runs".to_owned();
        return known(Observed::Deferred { reason });
    }
    let reason = format!("CockroachDB runs on {}, and no node is ready to be asked", running.join(", "));
    known(Observed::Deferred { reason })
}

/// Returns what the outputs of the queries' commands say, for every resource that CockroachDB alone can tell of.
///
/// # Errors
/// When the node did not answer what every node must answer: another may.
pub fn read_live(
    graph: &ResourceGraph,
    queries: &[Query],
    outputs: &[ClientOutput],
) -> Result<BTreeMap<ResourceAddr, Observed>, String> {
    let answers: Vec<(&Query, &ClientOutput)> = queries.iter().zip(outputs).collect();
    let of = |query: &Query| {
        let found = answers.iter().find(|(asked, _)| *asked == query).map(|(_, output)| *output);
        found.ok_or_else(|| format!("there is no answer to {query:?}"))
    };
    let members = members(of(&Query::Members)?)?;
    let version = Fact::Version(VersionFact {
        version: required(of(&Query::Version)?)?,
        auto_upgrade: match optional(of(&Query::Hold(Hold::AutoUpgrade))?)?.as_deref() {
            None => None,
            Some("true" | "t") => Some(true),
            Some("false" | "f") => Some(false),
            Some(other) => return Err(format!("{} is {other:?}", Hold::AutoUpgrade)),
        },
        preserve_downgrade: optional(of(&Query::Hold(Hold::PreserveDowngrade))?)?,
    });
    let observed = live(graph).map(|(addr, desired)| {
        let found = match desired {
            Desired::Members(_) => present(Fact::Members(members.clone())),
            Desired::Setting(desired) => match of(&Query::Setting(desired.name.clone())).and_then(required) {
                Ok(value) => present(Fact::Setting(SettingFact { value })),
                Err(reason) => Observed::Unknown { reason },
            },
            _ => present(version.clone()),
        };
        (addr.clone(), found)
    });
    Ok(observed.collect())
}

/// Returns whether a member that has not left is dead and does not tell its address.
pub(super) fn lacks_addresses(observed: &BTreeMap<ResourceAddr, Observed>) -> bool {
    observed.values().any(|observed| match observed {
        Observed::Present(fact) => match fact.as_ref() {
            Fact::Members(members) => members.standing().any(is_nowhere),
            _ => false,
        },
        _ => false,
    })
}

/// Gives dead members without an address the one that they had when they last ran.
pub(super) fn add_addresses(
    observed: &mut BTreeMap<ResourceAddr, Observed>,
    addresses: &BTreeMap<u32, String>,
) {
    for observed in observed.values_mut() {
        let Observed::Present(fact) = observed else { continue };
        let Fact::Members(members) = fact.as_mut() else { continue };
        for member in members.members.iter_mut().filter(|member| !member.has_left() && is_nowhere(member)) {
            member.address = addresses.get(&member.id).cloned();
        }
    }
}

fn is_nowhere(member: &MemberFact) -> bool {
    member.address.is_none() && member.figures.live == Some(false)
}

/// The resources that CockroachDB alone can tell of.
pub(super) fn live(graph: &ResourceGraph) -> impl Iterator<Item = (&ResourceAddr, &Desired)> {
    let is_live = |desired: &Desired| {
        matches!(desired, Desired::Setting(_) | Desired::Members(_) | Desired::Version(_))
    };
    graph
        .resources
        .values()
        .filter(move |resource| is_live(&resource.desired))
        .map(|resource| (&resource.addr, &resource.desired))
}

fn present(fact: Fact) -> Observed {
    Observed::Present(Box::new(fact))
}

fn required(output: &ClientOutput) -> Result<String, String> {
    if !output.is_success() {
        return Err(failed(output));
    }
    output::setting(output.stdout.as_bytes()).map_err(|error| error.to_string())
}

/// A setting that not every version has.
fn optional(output: &ClientOutput) -> Result<Option<String>, String> {
    if !output.is_success() && is_unknown_setting(&output.stderr) {
        return Ok(None);
    }
    required(output).map(Some)
}

fn failed(output: &ClientOutput) -> String {
    if output.status == ClientOutput::TIMED_OUT {
        return "cockroach gave no answer in time".to_owned();
    }
    let failure = Failure::of(&output.stderr);
    if failure.message.is_empty() {
        format!("cockroach ended with status {} and said nothing", output.status)
    } else {
        format!("cockroach: {}", failure.message)
    }
}

fn members(output: &ClientOutput) -> Result<MembersFact, String> {
    if !output.is_success() {
        return Err(failed(output));
    }
    let rows = output::node_status(output.stdout.as_bytes()).map_err(|error| error.to_string())?;
    Ok(MembersFact { members: rows.into_iter().map(member).collect() })
}

fn member(row: NodeStatus) -> MemberFact {
    let membership = match (&row.membership, row.is_decommissioning) {
        // Before v20.2 there is no word of it.
        (None, _) if row.is_gone() => MembershipFact::Decommissioned,
        (Some(Membership::Active), _) | (None, Some(false) | None) => MembershipFact::Active,
        (Some(Membership::Decommissioning), _) | (None, Some(true)) => MembershipFact::Decommissioning,
        (Some(Membership::Decommissioned), _) => MembershipFact::Decommissioned,
        (Some(Membership::Other(_)), _) => MembershipFact::Other,
    };
    MemberFact {
        id: row.id,
        membership,
        figures: MemberFigures {
            live: row.is_live.map(|_| row.is_healthy()),
            draining: row.is_draining,
            started_at: row.started_at,
            ranges: row.ranges,
            unavailable: row.ranges_unavailable,
            underreplicated: row.ranges_underreplicated,
            replicas: row.gossiped_replicas,
        },
        address: row.address,
        build: row.build,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_there_was_a_membership_who_is_decommissioned_and_dead_has_left() {
        let rows = output::node_status(
            b"id,address,build,is_available,is_live,is_decommissioning\n1,a:1,v19.2.0,true,true,false\n\
              2,b:1,v19.2.0,true,true,true\n3,c:1,v19.2.0,false,false,true\n4,d:1,v19.2.0,false,false,false\n",
        );
        let found: Vec<MembershipFact> =
            rows.unwrap().into_iter().map(|row| member(row).membership).collect();
        assert_eq!(
            found,
            [
                MembershipFact::Active,
                MembershipFact::Decommissioning,
                MembershipFact::Decommissioned,
                MembershipFact::Active
            ]
        );
    }
}
