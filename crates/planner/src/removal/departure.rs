use std::collections::BTreeSet;

use crdbctl_model::{
    AttributeDiff, Desired, DesiredDirectory, Dropped, Fact, FileKind, HostPath, Listing, NodeName, Observed,
    PathFact, Reading, Removal, Resource, ResourceAddr, ResourceGraph, ResourceKind, ResourceName, Verdict,
};

use super::remains::{is_store_used, store};
use super::surplus::package_addr;
use super::{Clearance, Fate, Ownership, Removals, delete, held, is_left, package, remains};
use crate::kinds;

/// Returns what is removed from a node that leaves: all that crdbctl made there and that holds nothing of others'.
pub(crate) fn depart(
    graph: &ResourceGraph,
    node: &NodeName,
    reading: &Reading,
    delete_data: bool,
) -> Removals {
    // What an earlier manifest had elsewhere goes first: it may lie in what goes then.
    let mut clearance = Clearance::of(graph, node, reading);
    clearance.things();
    let mut departure = Departure {
        graph,
        node,
        reading,
        ownership: Ownership::of(reading),
        delete_data,
        store: store(graph, node),
        removals: Removals::default(),
        going: clearance.going.clone(),
        staying: clearance.staying.clone(),
        foreign: Vec::new(),
    };
    for addr in graph.order().unwrap_or_default().iter().filter(|addr| addr.node() == Some(node)) {
        if let Some(resource) = graph.resources.get(addr) {
            departure.resource(resource);
        }
    }
    departure.packages();
    clearance.staying.clone_from(&departure.staying);
    clearance.accounts();
    departure.clear(clearance.removals);
    departure.record();
    departure.notes();
    // Where nobody stays, there is no cluster left to leave.
    let why = match graph.staying().next() {
        Some(_) => "the node leaves the cluster",
        None => "the cluster is destroyed",
    };
    for difference in departure.removals.differences.values_mut() {
        difference.reason = Some(why.to_owned());
    }
    departure.removals
}

struct Departure<'a> {
    graph: &'a ResourceGraph,
    node: &'a NodeName,
    reading: &'a Reading,
    ownership: Ownership<'a>,
    delete_data: bool,
    store: Option<&'a HostPath>,
    removals: Removals,
    /// The paths that are removed.
    going: BTreeSet<HostPath>,
    /// The directories that stay.
    staying: Vec<(HostPath, PathFact)>,
    /// What stays because crdbctl did not make it.
    foreign: Vec<String>,
}

impl Departure<'_> {
    fn resource(&mut self, resource: &Resource) {
        let (addr, local) = (&resource.addr, resource.addr.local());
        // Packages are found by the record: those of other versions go too.
        if matches!(resource.desired, Desired::Package(_)) {
            return;
        }
        self.removals.compared.insert(addr.clone(), Verdict::Same);
        let fact = match self.reading.resources.get(addr) {
            None | Some(Observed::Absent) => return,
            Some(Observed::Unknown { reason } | Observed::Deferred { reason }) => {
                // What others made stays, whatever it is.
                if self.ownership.manages(&local, &resource.desired) {
                    self.removals.unknown(self.node, addr, reason);
                }
                return;
            }
            Some(Observed::Present(fact)) => fact.as_ref(),
        };
        let made = self.ownership.made(&local, &resource.desired);
        let fate = match (&resource.desired, fact) {
            (Desired::Service(desired), Fact::Service(found)) => {
                if self.ownership.manages(&local, &resource.desired) {
                    kinds::service::remove(&desired.unit, found)
                } else {
                    if found.process.is_some() {
                        self.removals.note(addr, "runs and is left alone: crdbctl never applied here");
                    }
                    return;
                }
            }
            (Desired::Directory(desired), Fact::Directory(found)) if Some(&desired.path) == self.store => {
                self.data(resource, desired, found, made)
            }
            (Desired::Firewall(desired), Fact::Firewall(found)) => {
                let rules = self.ownership.rules(&local, desired);
                match kinds::firewall::remove(&rules, found) {
                    Fate::Gone => {
                        let all = [(desired.profile.clone(), desired.allow_from.clone())].into();
                        if let Fate::Goes(_) = kinds::firewall::remove(&all, found) {
                            self.foreign.push(local);
                        }
                        return;
                    }
                    fate => fate,
                }
            }
            (_, fact) if !made => {
                if let (Desired::Directory(desired), Fact::Directory(found)) = (&resource.desired, fact) {
                    self.staying.push((desired.path.clone(), found.clone()));
                }
                let paths = resource.desired.paths();
                let place = paths.first().map(|path| format!(" ({path})")).unwrap_or_default();
                return self.foreign.push(local + &place);
            }
            (Desired::Directory(desired), Fact::Directory(found)) => self.directory(desired, found, addr),
            (Desired::User(desired), Fact::User(_)) => self.account(
                |found| found.owner == desired.name.as_str(),
                Removal::User { name: desired.name.clone() },
                desired.name.as_str(),
            ),
            (Desired::Group(desired), Fact::Group(_)) => self.account(
                |found| found.group == desired.name.as_str(),
                Removal::Group { name: desired.name.clone() },
                desired.name.as_str(),
            ),
            (desired, fact) => kinds::remove(desired, fact),
        };
        self.settle(addr, fate, fact);
    }

    fn settle(&mut self, addr: &ResourceAddr, fate: Fate, fact: &Fact) {
        match fate {
            Fate::Gone => {}
            Fate::Stays(why) => self.removals.stays(addr, &why),
            Fate::Goes(difference) => {
                match &difference.removal {
                    Some(Removal::Files { paths, .. }) => self.going.extend(paths.iter().cloned()),
                    Some(
                        Removal::Link { path, .. }
                        | Removal::Directory { path }
                        | Removal::Data { path, directory: true },
                    ) => {
                        self.going.insert(path.clone());
                    }
                    _ => {}
                }
                self.removals.before.insert(addr.clone(), fact.clone());
                self.removals.differences.insert(addr.clone(), difference);
            }
        }
    }

    fn data(
        &mut self,
        resource: &Resource,
        desired: &DesiredDirectory,
        found: &PathFact,
        made: bool,
    ) -> Fate {
        let path = &desired.path;
        let is_managed = self.ownership.manages(&resource.addr.local(), &resource.desired);
        if found.kind != FileKind::Directory {
            return Fate::Stays(format!("{path} is no longer a directory"));
        }
        let is_mount_point = self.reading.footprint.mount_points.contains(path);
        let directory = made && !is_mount_point;
        let is_empty = is_store_used(self.graph, self.node, self.reading) == Some(false);
        if !(is_managed && self.delete_data && directory) {
            self.staying.push((path.clone(), found.clone()));
        }
        if !is_managed {
            self.foreign.push(format!("{} ({path})", resource.addr.local()));
            return Fate::Gone;
        }
        if !self.delete_data {
            let what = if is_empty { "empty" } else { "with all data" };
            return Fate::Stays(format!("{path} is left, {what}; --delete-data deletes it"));
        }
        if is_empty && !directory {
            return Fate::Gone;
        }
        let mut attributes = vec![
            AttributeDiff::words("data", Some(format!("all in {path}")), None::<&str>)
                .with_remark("ALL DATA of this node is deleted"),
        ];
        if directory {
            attributes.push(AttributeDiff::words("path", Some(path), None::<&str>));
        } else {
            let why = if is_mount_point { "is a mount point" } else { "was there before crdbctl" };
            attributes[0].remark =
                Some(format!("ALL DATA of this node is deleted; {path} {why}, and stays empty"));
        }
        Fate::Goes(delete(Removal::Data { path: path.clone(), directory }, attributes))
    }

    fn directory(&mut self, desired: &DesiredDirectory, found: &PathFact, addr: &ResourceAddr) -> Fate {
        let path = &desired.path;
        if found.kind != FileKind::Directory {
            return Fate::Stays(format!("{path} is no longer a directory"));
        }
        let why = match self.reading.footprint.listing(path) {
            Listing::Unknown { reason } => {
                self.removals.unknown(self.node, addr, &reason);
                self.staying.push((path.clone(), found.clone()));
                return Fate::Gone;
            }
            Listing::Entries(entries) => held(path, &entries, &self.going),
        };
        let is_mount_point = self.reading.footprint.mount_points.contains(path);
        let Some(why) = why.or_else(|| is_mount_point.then(|| format!("{path} is a mount point"))) else {
            let attributes = vec![AttributeDiff::words("path", Some(path), None::<&str>)];
            return Fate::Goes(delete(Removal::Directory { path: path.clone() }, attributes));
        };
        self.staying.push((path.clone(), found.clone()));
        Fate::Stays(why)
    }

    /// Who owns a directory that stays, stays: a number without a name could become somebody else's.
    fn account(&self, owns: impl Fn(&PathFact) -> bool, removal: Removal, name: &str) -> Fate {
        match self.staying.iter().find(|(_, found)| owns(found)) {
            Some((path, _)) => Fate::Stays(format!("{path} belongs to it, and stays")),
            None => {
                let attributes = vec![AttributeDiff::words("name", Some(name), None::<&str>)];
                Fate::Goes(delete(removal, attributes))
            }
        }
    }

    fn packages(&mut self) {
        let packages = self.ownership.packages(&self.graph.packages);
        let entries = match self.reading.footprint.listing(&self.graph.packages) {
            Listing::Entries(entries) => entries,
            Listing::Unknown { reason } => {
                for (name, _) in packages {
                    self.removals.unknown(self.node, &package_addr(self.node, name), &reason);
                }
                return;
            }
        };
        let users: BTreeSet<ResourceAddr> = self
            .removals
            .differences
            .keys()
            .filter(|addr| {
                matches!(addr.kind, ResourceKind::Service | ResourceKind::Link | ResourceKind::Unit)
            })
            .cloned()
            .collect();
        for (name, paths) in packages {
            let addr = package_addr(self.node, name);
            self.removals.compared.insert(addr.clone(), Verdict::Same);
            match package::fate(&self.graph.packages, name, paths, &entries) {
                Fate::Gone => {}
                Fate::Stays(why) => self.removals.stays(&addr, &why),
                Fate::Goes(difference) => {
                    self.removals.after.insert(addr.clone(), users.clone());
                    self.removals.differences.insert(addr, difference);
                }
            }
        }
    }

    /// Adds what an earlier manifest had elsewhere. What is removed of it waits for CockroachDB to stop, and its accounts for
    /// everything.
    fn clear(&mut self, mut cleared: Removals) {
        let own: BTreeSet<ResourceAddr> = self.removals.differences.keys().cloned().collect();
        for (addr, before) in &mut cleared.after {
            let is_account = matches!(addr.kind, ResourceKind::User | ResourceKind::Group);
            let comes_first = |other: &&ResourceAddr| is_account || other.kind == ResourceKind::Service;
            before.extend(own.iter().filter(comes_first).cloned());
        }
        // A directory of the manifest's in which something of before lies goes after it.
        let inside: BTreeSet<ResourceAddr> = cleared.differences.keys().cloned().collect();
        for addr in own.iter().filter(|addr| addr.kind == ResourceKind::Directory && !inside.is_empty()) {
            self.removals.after.entry(addr.clone()).or_default().extend(
                inside
                    .iter()
                    .filter(|it| !matches!(it.kind, ResourceKind::User | ResourceKind::Group))
                    .cloned(),
            );
        }
        self.removals.add(cleared);
    }

    /// The record goes when it has nothing to tell any more, after everything else.
    fn record(&mut self) {
        let footprint = &self.reading.footprint;
        let is_there =
            self.reading.record.is_some() || !footprint.begun.is_empty() || !footprint.noted.is_empty();
        let dropped =
            Dropped::on(self.graph, self.node, self.reading.record.as_ref(), &self.reading.footprint.begun);
        let goes = |local: &String| {
            let mut elsewhere = dropped.iter().filter(|it| it.key == *local).peekable();
            match elsewhere.peek() {
                Some(_) => elsewhere
                    .all(|it| self.removals.differences.contains_key(&it.addr) || !is_left(it, self.reading)),
                None => self.removals.differences.keys().any(|addr| addr.local() == *local),
            }
        };
        let mut left = remains(self.graph, self.node, self.reading);
        left.retain(|local| !goes(local));
        if !is_there || !self.removals.unknown.is_empty() || !left.is_empty() {
            return;
        }
        let name = ResourceName::encode(self.graph.cluster.as_str().as_bytes());
        let addr = ResourceAddr::on_node(self.node.clone(), ResourceKind::Record, name);
        let path = format!("/var/lib/crdbctl/{}.json", self.graph.cluster);
        let attributes = vec![
            AttributeDiff::words("path", Some(path), None::<&str>)
                .with_remark("what was set aside stays below /var/lib/crdbctl/set-aside"),
        ];
        self.removals.after.insert(addr.clone(), self.removals.differences.keys().cloned().collect());
        self.removals.differences.insert(addr, delete(Removal::Record, attributes));
    }

    fn notes(&mut self) {
        for drop_in in &self.reading.drop_ins {
            self.foreign.push(drop_in.path.clone());
        }
        if !self.foreign.is_empty() {
            let text = format!("{}: what crdbctl did not make stays: {}", self.node, self.foreign.join(", "));
            self.removals.notes.push(crdbctl_model::Note { addr: None, text });
        }
    }
}
