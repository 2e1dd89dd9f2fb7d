use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AttributeDiff, Desired, DesiredLink, Digest, Impact, NodeName, ResourceAddr, ResourceGraph, ResourceKind,
    Value,
};

use crate::comparison::Difference;
use crate::context::Context;
use crate::kinds::service::{BINARY, ENVIRONMENT, FLAGS, LOADED, NOFILE, USER};

/// Moves what a restart settles from the service to the change that explains it, so that one cause is
/// told once: a changed `ExecStart` carries the flags, a switched link the binary.
///
/// Only what is explained moves, and only to what is changed when the node is restarted: a package alone is put in place
/// beforehand, on all nodes at once. A process with flags of its own stays a difference of the service.
///
/// Returns the service, with what its differences moved to, when all of them did.
pub(crate) fn carry(
    node: &NodeName,
    graph: &ResourceGraph,
    differences: &mut BTreeMap<ResourceAddr, Difference>,
) -> Option<(ResourceAddr, BTreeSet<ResourceAddr>)> {
    let of = |wanted: fn(&Desired) -> bool| {
        graph.of_node(node).filter(move |resource| wanted(&resource.desired)).map(|resource| &resource.addr)
    };
    let service = of(|desired| matches!(desired, Desired::Service(_))).next()?;
    let mut settled = differences.remove(service)?;
    let unit = of(|desired| matches!(desired, Desired::Unit(_))).next();
    let program = graph.resources.get(service).and_then(|resource| match &resource.desired {
        Desired::Service(service) => Some(&service.program),
        _ => None,
    });
    // The program is reached through one link; the other links of a node have nothing to do with it.
    let switch = graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Link(link) if Some(&link.path) == program => Some(&resource.addr),
        _ => None,
    });
    let is_unit_file = |addr: &&ResourceAddr| {
        let is_systemd_link = |link: &DesiredLink| link.path.as_str().starts_with("/etc/systemd/system/");
        match graph.resources.get(*addr).map(|resource| &resource.desired) {
            Some(Desired::Unit(_)) => true,
            Some(Desired::Link(link)) => is_systemd_link(link),
            _ => addr.kind == ResourceKind::DropIn,
        }
    };
    let unit_files: BTreeSet<ResourceAddr> =
        of_node(differences, node).filter(is_unit_file).cloned().collect();
    let mut carriers = BTreeSet::new();
    let carried = settled.attributes.clone();
    settled.attributes.retain(|attribute| {
        if attribute.name == LOADED {
            carriers.extend(unit_files.iter().cloned());
            return unit_files.is_empty();
        }
        if attribute.impact != Impact::Restart {
            return true;
        }
        if attribute.name == BINARY {
            let is_carried = switch
                .and_then(|addr| differences.get_mut(addr))
                .and_then(target_attribute)
                .is_some_and(|carrier| mark(carrier, node));
            carriers.extend(switch.filter(|_| is_carried).cloned());
            return !is_carried;
        }
        let Some(directive) = directive_of(&attribute.name) else { return true };
        let is_carried = unit
            .and_then(|addr| differences.get_mut(addr))
            .and_then(|difference| content_with(difference, directive))
            .is_some_and(|carrier| mark(carrier, node));
        carriers.extend(unit.filter(|_| is_carried).cloned());
        !is_carried
    });
    settled.unchanged += carried.len() - settled.attributes.len();
    if settled.attributes.is_empty() {
        return Some((service.clone(), carriers));
    }
    differences.insert(service.clone(), settled);
    None
}

/// Marks the unit of a running node from which the manifest took a variable: the process has it still, and the
/// probe asks only for variables that the manifest has. What somebody added to the file by hand and never started
/// is no reason to restart, so the record must say that the manifest is what changed.
///
/// Returns the service, which is not as it shall be although the probe cannot tell, with the unit that mends it.
pub(crate) fn restart_for_removed_variables(
    node: &NodeName,
    context: &Context<'_>,
    differences: &mut BTreeMap<ResourceAddr, Difference>,
) -> Option<(ResourceAddr, BTreeSet<ResourceAddr>)> {
    let of_kind = |kind| context.graph.of_node(node).find(move |resource| resource.addr.kind == kind);
    let (Some(unit), Some(service)) = (of_kind(ResourceKind::Unit), of_kind(ResourceKind::Service)) else {
        return None;
    };
    let is_of_manifest =
        context.applied(&service.addr).is_some_and(|applied| applied != Digest::of_json(&service.desired));
    if !is_of_manifest || !context.is_running(node) {
        return None;
    }
    let content = differences
        .get_mut(&unit.addr)?
        .attributes
        .iter_mut()
        .find(|attribute| attribute.name == "content")?;
    let (Some(Value::Text(before)), Some(Value::Text(after))) = (&content.before, &content.after) else {
        return None;
    };
    if variables(before).is_subset(&variables(after)) {
        return None;
    }
    mark(content, node);
    Some((service.addr.clone(), BTreeSet::from([unit.addr.clone()])))
}

/// The names of the variables that a unit sets.
fn variables(unit: &str) -> BTreeSet<String> {
    let words = settings(unit, "Environment");
    words
        .iter()
        .flat_map(|value| value.split_whitespace())
        .filter_map(|word| word.trim_start_matches(['"', '\'']).split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Returns the addresses of a node among those that differ, without a look at those of others.
pub(crate) fn of_node<'a>(
    differences: &'a BTreeMap<ResourceAddr, Difference>,
    node: &NodeName,
) -> impl Iterator<Item = &'a ResourceAddr> {
    let from_there_on = differences.range(ResourceAddr::first_of(node)..).map(|(addr, _)| addr);
    from_there_on.take_while(move |addr| addr.node() == Some(node))
}

fn mark(carrier: &mut AttributeDiff, node: &NodeName) -> bool {
    carrier.impact = Impact::Restart;
    carrier.remark = Some(format!("restarts cockroach on {node}"));
    true
}

/// The attribute of a link through which the running binary becomes another one.
fn target_attribute(difference: &mut Difference) -> Option<&mut AttributeDiff> {
    difference.attributes.iter_mut().find(|attribute| attribute.name == "target")
}

fn directive_of(attribute: &str) -> Option<&'static str> {
    match attribute {
        name if name.starts_with(FLAGS) => Some("ExecStart"),
        name if name.starts_with(ENVIRONMENT) => Some("Environment"),
        NOFILE => Some("LimitNOFILE"),
        USER => Some("User"),
        _ => None,
    }
}

/// The unit's content, when `directive` is among what differs in it.
fn content_with<'a>(difference: &'a mut Difference, directive: &str) -> Option<&'a mut AttributeDiff> {
    difference.attributes.iter_mut().find(|attribute| match (&attribute.before, &attribute.after) {
        (Some(Value::Text(before)), Some(Value::Text(after))) => {
            attribute.name == "content" && settings(before, directive) != settings(after, directive)
        }
        _ => false,
    })
}

/// The values of a directive in a unit file, continuation lines joined (systemd.syntax(7)).
pub(crate) fn settings(unit: &str, directive: &str) -> Vec<String> {
    let joined = unit.replace("\\\n", " ");
    let value = |line: &str| {
        let (name, value) = line.trim().split_once('=')?;
        (name.trim() == directive).then(|| value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    joined.lines().filter_map(value).collect()
}
