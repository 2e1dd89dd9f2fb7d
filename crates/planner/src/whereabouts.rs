//! Where a node's data are, and under which name it runs: what must not change behind a manifest's back.

use std::collections::BTreeSet;

use crdbctl_cockroach::start::CanonicalArgs;
use crdbctl_model::{
    Desired, DesiredLink, DesiredService, Dropped, Fact, NodeName, Observed, ResourceKind, ServiceFact,
};

use crate::carriers::settings;
use crate::context::Context;
use crate::kinds::service::is_up;

/// Returns why the service may not be started as the manifest says, and what to do: it would be the second one on its store, or
/// it would begin an empty store while the data lie elsewhere.
pub(crate) fn refusal(
    desired: &DesiredService,
    found: &ServiceFact,
    node: &NodeName,
    context: &Context<'_>,
) -> Option<(String, String)> {
    let reading = context.observations.reading(node)?;
    let dropped = Dropped::on(context.graph, node, reading.record.as_ref(), &reading.footprint.begun);
    renamed(desired, &dropped, reading).or_else(|| moved(desired, found, node, &dropped, context))
}

fn renamed(
    desired: &DesiredService,
    dropped: &[Dropped],
    reading: &crdbctl_model::Reading,
) -> Option<(String, String)> {
    let new = desired.unit.file_name();
    dropped.iter().filter(|it| it.addr.kind == ResourceKind::Service).find_map(|it| {
        let old = format!("{}.service", it.name());
        let what = match reading.resources.get(&it.addr) {
            Some(Observed::Absent) => return None,
            Some(Observed::Present(fact)) => match fact.as_ref() {
                Fact::Service(service) if is_up(service) => format!("CockroachDB runs as {old}"),
                Fact::Service(_) => return None,
                _ => format!("whether CockroachDB runs as {old} is not known"),
            },
            _ => format!("whether CockroachDB runs as {old} is not known"),
        };
        let reason = format!(
            "{what}, as an earlier manifest named it: {new} would be a second one on the same store, {}",
            desired.store
        );
        let hint = format!(
            "write `service: {{name: {}}}`; or, one node after the other: drain it (`cockroach node drain`), run \
             `systemctl disable --now {old}` on it, and apply with --skip-unknown, which starts {new} there",
            it.name()
        );
        Some((reason, hint))
    })
}

fn moved(
    desired: &DesiredService,
    found: &ServiceFact,
    node: &NodeName,
    dropped: &[Dropped],
    context: &Context<'_>,
) -> Option<(String, String)> {
    let new = &desired.store;
    let is_new_used = found.store_used == Some(true);
    if let Some(old) = running_elsewhere(desired, found, node, context) {
        return Some(refused(
            format!("CockroachDB runs with its data in {old}, and the manifest has {new}"),
            &old,
            desired,
        ));
    }
    if is_new_used || found.process.is_some() {
        return None;
    }
    let reading = context.observations.reading(node)?;
    for it in dropped.iter().filter(|it| it.is_data()) {
        let Some(old) = it.paths.first() else { continue };
        let what = match (reading.footprint.stores.get(old), reading.resources.get(&it.addr)) {
            (Some(true), _) => format!("the data of this node are in {old}"),
            (Some(false), _) | (None, Some(Observed::Absent)) => continue,
            // What became of it is for a person to see.
            (None, Some(Observed::Present(_))) => {
                format!("{old}, where the data of this node were, is no longer a directory")
            }
            (None, _) => format!("whether the data of this node are in {old} is not known"),
        };
        return Some(refused(
            format!("{what}, and the manifest has {new}, which is empty: it would join as a new node"),
            old.as_str(),
            desired,
        ));
    }
    if let Some(old) = unit_elsewhere(desired, node, context) {
        let unit = &desired.unit.file_name();
        let (reason, hint) = refused(
            format!("{unit} on the host has its data in {old}, and the manifest has {new}, which is empty"),
            &old,
            desired,
        );
        return Some((
            reason,
            format!("{hint}; if there are no data in {old}, remove {unit} from the host first"),
        ));
    }
    let link = data_link(node, context)?;
    let leads = leads_to(node, context)?;
    let unread = context.observations.reading(node)?.record.is_none();
    // Somebody's choice of a disk, on a host that crdbctl has not applied to.
    (unread && leads != link.target.as_str()).then(|| {
        refused(
            format!("{} leads to {leads}, and the manifest has {new}, which is empty", link.path),
            &leads,
            desired,
        )
    })
}

fn refused(reason: String, old: &str, desired: &DesiredService) -> (String, String) {
    let new = &desired.store;
    let hint = format!(
        "write `install: {{data: {old}}}`; or, one node after the other: drain it (`cockroach node drain`), run `systemctl \
         stop {}` on it, move the data to {new}, and apply with --skip-unknown",
        desired.unit.file_name()
    );
    (reason, hint)
}

/// Where the running process has a store that the manifest does not have, links followed as they are.
fn running_elsewhere(
    desired: &DesiredService,
    found: &ServiceFact,
    node: &NodeName,
    context: &Context<'_>,
) -> Option<String> {
    let process = found.process.as_ref()?;
    let link = data_link(node, context);
    let through = |stores: BTreeSet<String>, leads: Option<String>| -> BTreeSet<String> {
        let resolve = |store: String| match (&link, &leads) {
            (Some(link), Some(leads)) if store == link.path.as_str() => leads.clone(),
            _ => store,
        };
        stores.into_iter().map(resolve).collect()
    };
    let wanted = through(stores(&desired.argv)?, link.map(|link| link.target.to_string()));
    let running = through(stores(&process.argv)?, leads_to(node, context));
    running.into_iter().find(|store| !wanted.contains(store) && *store != desired.store.as_str())
}

/// A store that the unit on a host has and the manifest does not, on a host to which crdbctl has not applied: its data may be there.
fn unit_elsewhere(desired: &DesiredService, node: &NodeName, context: &Context<'_>) -> Option<String> {
    let reading = context.observations.reading(node)?;
    if reading.record.is_some() {
        return None;
    }
    let unit = context.graph.of_node(node).find(|it| matches!(it.desired, Desired::Unit(_)))?;
    let Some(Observed::Present(fact)) = reading.resources.get(&unit.addr) else { return None };
    let Fact::Unit(found) = fact.as_ref() else { return None };
    let command_lines = settings(found.file.content.as_deref()?, "ExecStart");
    let link = data_link(node, context);
    let wanted = stores(&desired.argv)?;
    let is_wanted = |store: &String| {
        wanted.contains(store)
            || *store == desired.store.as_str()
            || link.is_some_and(|link| *store == link.path.as_str())
    };
    let words = |line: &String| -> Vec<String> {
        line.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
    };
    command_lines.iter().filter_map(|line| stores(&words(line))).flatten().find(|store| !is_wanted(store))
}

/// The paths of the stores of a command line; `None` when it is not one of `cockroach start`, or names none.
fn stores(argv: &[String]) -> Option<BTreeSet<String>> {
    let arguments = CanonicalArgs::parse(argv).ok()?;
    arguments.flags.contains_key("store").then(|| arguments.store_paths().map(str::to_owned).collect())
}

fn data_link<'a>(node: &NodeName, context: &Context<'a>) -> Option<&'a DesiredLink> {
    let graph = context.graph;
    let store = graph.service(node).map(|service| &service.store);
    graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Link(link) if Some(&link.target) == store => Some(link),
        _ => None,
    })
}

/// Where that link leads on the host.
fn leads_to(node: &NodeName, context: &Context<'_>) -> Option<String> {
    let graph = context.graph;
    let link = data_link(node, context)?;
    let resource = graph
        .of_node(node)
        .find(|resource| matches!(&resource.desired, Desired::Link(it) if it.path == link.path))?;
    match context.observations.reading(node)?.resources.get(&resource.addr)? {
        Observed::Present(fact) => match fact.as_ref() {
            Fact::Link(found) => found.target.clone(),
            _ => None,
        },
        _ => None,
    }
}
