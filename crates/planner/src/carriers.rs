use std::collections::BTreeMap;

use crdbctl_model::{AttributeDiff, Desired, Impact, NodeName, ResourceAddr, ResourceGraph, Value};

use crate::comparison::Difference;
use crate::kinds::service::{BINARY, ENVIRONMENT, FLAGS, NOFILE, USER};

/// Moves what a restart settles from the service to the change that explains it, so that one cause is
/// told once: a changed `ExecStart` carries the flags, a switched link or new package the binary.
///
/// Only what is explained moves. A process with flags of its own stays a difference of the service.
pub(crate) fn carry(
    node: &NodeName,
    graph: &ResourceGraph,
    differences: &mut BTreeMap<ResourceAddr, Difference>,
) {
    let of = |wanted: fn(&Desired) -> bool| {
        graph.of_node(node).filter(move |resource| wanted(&resource.desired)).map(|resource| &resource.addr)
    };
    let Some(service) = of(|desired| matches!(desired, Desired::Service(_))).next() else { return };
    let Some(mut settled) = differences.remove(service) else { return };
    let unit = of(|desired| matches!(desired, Desired::Unit(_))).next();
    let binaries: Vec<&ResourceAddr> =
        of(|desired| matches!(desired, Desired::Link(_) | Desired::Package(_))).collect();
    let carried = settled.attributes.clone();
    settled.attributes.retain(|attribute| {
        if attribute.impact != Impact::Restart {
            return true;
        }
        if attribute.name == BINARY {
            return !binaries.iter().any(|addr| {
                differences
                    .get_mut(*addr)
                    .and_then(binary_attribute)
                    .is_some_and(|carrier| mark(carrier, node))
            });
        }
        let Some(directive) = directive_of(&attribute.name) else { return true };
        !unit
            .and_then(|addr| differences.get_mut(addr))
            .and_then(|difference| content_with(difference, directive))
            .is_some_and(|carrier| mark(carrier, node))
    });
    settled.unchanged += carried.len() - settled.attributes.len();
    if !settled.attributes.is_empty() {
        differences.insert(service.clone(), settled);
    }
}

fn mark(carrier: &mut AttributeDiff, node: &NodeName) -> bool {
    carrier.impact = Impact::Restart;
    carrier.remark = Some(format!("restarts cockroach on {node}"));
    true
}

/// The attribute of a package or link through which the running binary becomes another one.
fn binary_attribute(difference: &mut Difference) -> Option<&mut AttributeDiff> {
    difference.attributes.iter_mut().find(|attribute| {
        let names_program =
            |value: &Option<Value>| matches!(value, Some(Value::Word(word)) if word.contains("cockroach"));
        attribute.name == "cockroach" || (attribute.name == "target" && names_program(&attribute.after))
    })
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
fn settings(unit: &str, directive: &str) -> Vec<String> {
    let joined = unit.replace("\\\n", " ");
    let value = |line: &str| {
        let (name, value) = line.trim().split_once('=')?;
        (name.trim() == directive).then(|| value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    joined.lines().filter_map(value).collect()
}
