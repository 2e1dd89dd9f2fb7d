use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AttributeDiff, Desired, Dropped, Fact, FileKind, HostPath, Listing, Mark, NodeName, Observed, PathFact,
    Reading, Removal, ResourceAddr, ResourceGraph, ResourceKind, UnitName,
};

use super::removals::{Fate, Removals, delete};
use super::{held, package};
use crate::kinds;

/// What becomes of what crdbctl applied on a node and the manifest no longer has there.
pub(crate) struct Clearance<'a> {
    graph: &'a ResourceGraph,
    node: &'a NodeName,
    reading: &'a Reading,
    dropped: Vec<Dropped>,
    /// What the manifest has on the node.
    wanted: BTreeSet<HostPath>,
    pub(crate) removals: Removals,
    /// The paths that are removed.
    pub(crate) going: BTreeSet<HostPath>,
    /// The directories that stay.
    pub(crate) staying: Vec<(HostPath, PathFact)>,
}

impl<'a> Clearance<'a> {
    pub(crate) fn of(graph: &'a ResourceGraph, node: &'a NodeName, reading: &'a Reading) -> Self {
        let mut dropped = Dropped::on(graph, node, reading.record.as_ref(), &reading.footprint.begun);
        dropped.sort_by_key(order);
        let wanted = graph.of_node(node).flat_map(|resource| resource.desired.paths()).collect();
        Self {
            graph,
            node,
            reading,
            dropped,
            wanted,
            removals: Removals::default(),
            going: BTreeSet::new(),
            staying: Vec::new(),
        }
    }

    /// Decides about everything but accounts.
    pub(crate) fn things(&mut self) {
        let is_account = |it: &&Dropped| is_account(it.addr.kind);
        for dropped in self.dropped.iter().filter(|it| !is_account(it)).cloned().collect::<Vec<_>>() {
            self.one(&dropped);
        }
    }

    /// Decides about accounts, when it is known which directories stay.
    pub(crate) fn accounts(&mut self) {
        for dropped in self.dropped.iter().filter(|it| is_account(it.addr.kind)).cloned().collect::<Vec<_>>()
        {
            self.one(&dropped);
        }
    }

    fn one(&mut self, dropped: &Dropped) {
        // Whatever becomes of it, an account stays while a directory belongs to it that is not removed.
        if let (Some(path), Some(Observed::Present(fact))) =
            (dropped.paths.first(), self.reading.resources.get(&dropped.addr))
            && let Fact::Directory(found) = fact.as_ref()
            && !self.is_live(dropped)
            && !(dropped.created && dropped.is_proper())
        {
            self.staying.push((path.clone(), found.clone()));
        }
        // Of what it did not make, only what may start a second CockroachDB concerns it.
        if !dropped.created && dropped.addr.kind != ResourceKind::Service {
            return;
        }
        let addr = &dropped.addr;
        if self.is_live(dropped) {
            return;
        }
        let fact = match self.reading.resources.get(addr) {
            Some(Observed::Absent) => return,
            Some(Observed::Present(fact)) => fact.as_ref(),
            Some(Observed::Unknown { reason } | Observed::Deferred { reason }) => {
                let reason = reason.clone();
                return self.removals.unknown(self.node, addr, &reason);
            }
            None => return self.removals.unknown(self.node, addr, "it was not asked for"),
        };
        if !dropped.is_proper() {
            let place = dropped.paths.first().map_or_else(String::new, |path| format!(": {path}"));
            let why = format!("the record names a place where crdbctl puts no such thing{place}");
            return self.removals.stays(addr, &why);
        }
        match self.fate(dropped, fact) {
            Fate::Gone => {}
            Fate::Stays(why) => {
                if let (Some(path), Fact::Directory(found)) = (dropped.paths.first(), fact) {
                    self.staying.push((path.clone(), found.clone()));
                }
                self.removals.stays(addr, &why);
            }
            Fate::Goes(mut difference) => {
                difference.reason = Some(self.reason(dropped));
                let before = self.before(dropped);
                self.going.extend(paths_of(difference.removal.as_ref()));
                self.removals.before.insert(addr.clone(), fact.clone());
                self.removals.after.insert(addr.clone(), before);
                self.removals.differences.insert(addr.clone(), difference);
            }
        }
    }

    /// Whether the manifest has what stands there, by this path or, over a link, by another.
    fn is_live(&self, dropped: &Dropped) -> bool {
        let mut real = dropped.paths.iter().filter_map(|path| self.reading.footprint.places.get(path));
        dropped.is_superseded
            || !self.graph.is_leaving(self.node) && real.any(|real| self.wanted.contains(real))
    }

    fn fate(&mut self, dropped: &Dropped, fact: &Fact) -> Fate {
        match (dropped.addr.kind, fact, dropped.paths.as_slice()) {
            (ResourceKind::Service, Fact::Service(found), _) => self.service(dropped, found),
            (ResourceKind::Firewall, Fact::Firewall(found), _) => match &dropped.mark {
                Some(Mark::Rules(rules)) => kinds::firewall::remove(rules, found),
                _ => Fate::Stays(
                    "an older crdbctl did not note which rules it added: see `ufw show added`, and delete those \
                     that are not wanted by hand"
                        .to_owned(),
                ),
            },
            (ResourceKind::Link, Fact::Link(found), [path, ..]) => self.link(dropped, path, found),
            (ResourceKind::Certificate, Fact::Ca(found), [path]) => {
                let is_ours = content(dropped) == Some(crdbctl_model::Digest::of(&found.pem));
                kinds::ca::drop(path, found, is_ours)
            }
            (ResourceKind::Certificate, Fact::Certificate(found), [certificate, key]) => {
                kinds::node_certificate::drop(certificate, key, found)
            }
            (ResourceKind::File, Fact::File(found), [path]) => {
                kinds::file::drop(path, found, content(dropped), None)
            }
            (ResourceKind::Unit, Fact::Unit(found), [path]) => match UnitName::new(dropped.name()) {
                Ok(unit) => kinds::file::drop(path, &found.file, content(dropped), Some(unit)),
                Err(error) => Fate::Stays(error.to_string()),
            },
            (ResourceKind::Directory, Fact::Directory(found), [path]) => {
                self.directory(dropped, path, found)
            }
            (ResourceKind::Package, Fact::Directory(found), [path, ..]) => {
                self.package(dropped, path, found)
            }
            (ResourceKind::Group | ResourceKind::User, _, _) => self.account(dropped),
            _ => Fate::Stays("what was observed is of another kind than what was made".to_owned()),
        }
    }

    /// One that runs is for a person: [`kinds::service::compare`] refuses to start another beside it.
    fn service(&self, dropped: &Dropped, found: &crdbctl_model::ServiceFact) -> Fate {
        let is_leaving = self.graph.is_leaving(self.node);
        match UnitName::new(dropped.name()) {
            Ok(_) if kinds::service::is_up(found) && !is_leaving => {
                Fate::Stays("it runs: nothing is stopped because it has another name now".to_owned())
            }
            Ok(unit) => kinds::service::remove(&unit, found),
            Err(error) => Fate::Stays(error.to_string()),
        }
    }

    /// Where it is not known where crdbctl led a link, it is its own only if it leads to something of its own.
    fn link(&self, dropped: &Dropped, path: &HostPath, found: &crdbctl_model::LinkFact) -> Fate {
        let Some(target) = &found.target else {
            return Fate::Stays(format!("{path} is no longer a link"));
        };
        let is_ours = match &dropped.mark {
            Some(Mark::Target(made)) => made.as_str() == target,
            _ => HostPath::new(target.clone()).is_ok_and(|target| self.is_known(&target)),
        };
        if is_ours {
            kinds::link::drop(path, target)
        } else {
            Fate::Stays(format!("{path} leads to {target}, which is not where crdbctl led it"))
        }
    }

    /// Whether crdbctl has, or had, something at a path.
    fn is_known(&self, path: &HostPath) -> bool {
        let record = self.reading.record.iter().flat_map(|record| record.resources.values());
        self.wanted.contains(path)
            || record.flat_map(|entry| &entry.paths).any(|known| known == path)
            || self.reading.footprint.begun.values().flatten().any(|known| known == path)
    }

    fn directory(&mut self, dropped: &Dropped, path: &HostPath, found: &PathFact) -> Fate {
        if found.kind != FileKind::Directory {
            return Fate::Stays(format!("{path} is no longer a directory"));
        }
        // It is a way to what the manifest has, not something that was left.
        let real = self.reading.footprint.places.get(path).unwrap_or(path);
        let is_way = |wanted: &HostPath| wanted.is_below(path) || wanted.is_below(real);
        if self.wanted.iter().any(is_way) && !self.graph.is_leaving(self.node) {
            self.staying.push((path.clone(), found.clone()));
            return Fate::Gone;
        }
        if dropped.is_data() {
            match self.reading.footprint.stores.get(path) {
                Some(false) => {}
                _ => {
                    let now = super::remains::store(self.graph, self.node)
                        .filter(|_| !self.graph.is_leaving(self.node))
                        .map_or_else(String::new, |store| format!("; the manifest has {store} now"));
                    return Fate::Stays(format!(
                        "{path} was the directory of data and is left, WITH ALL DATA: crdbctl never deletes it{now}"
                    ));
                }
            }
        } else {
            match self.reading.footprint.listing(path) {
                // More than crdbctl could have put there.
                Listing::Unknown { reason } => return Fate::Stays(format!("{path}: {reason}")),
                Listing::Entries(entries) => {
                    if let Some(why) = held(path, &entries, &self.going) {
                        return Fate::Stays(why);
                    }
                }
            }
        }
        if self.reading.footprint.mount_points.contains(path) {
            return Fate::Stays(format!("{path} is a mount point"));
        }
        let attributes = vec![AttributeDiff::words("path", Some(path), None::<&str>)];
        Fate::Goes(delete(Removal::Directory { path: path.clone() }, attributes))
    }

    fn package(&self, dropped: &Dropped, path: &HostPath, found: &PathFact) -> Fate {
        if found.kind != FileKind::Directory {
            return Fate::Stays(format!("{path} is no longer a directory"));
        }
        if self.reading.footprint.packages_in_use.contains(path.as_str()) {
            return Fate::Stays(format!("a process runs a program of {path}"));
        }
        let name = path.file_name();
        let entries = match self.reading.footprint.listing(path) {
            Listing::Unknown { reason } => return Fate::Stays(format!("{path}: {reason}")),
            Listing::Entries(entries) => entries,
        };
        let below = entries.into_iter().map(|(entry, kind)| (format!("{name}/{entry}"), kind));
        let entries: BTreeMap<String, FileKind> =
            below.chain([(name.to_owned(), FileKind::Directory)]).collect();
        package::fate(&path.parent(), name, &dropped.paths, &entries)
    }

    fn account(&self, dropped: &Dropped) -> Fate {
        let name = dropped.name();
        let Ok(owner) = crdbctl_model::OwnerName::new(name) else {
            return Fate::Stays("it is not the name of an account that crdbctl would make".to_owned());
        };
        let is_group = dropped.addr.kind == ResourceKind::Group;
        if !self.graph.is_leaving(self.node) && self.is_used(&owner, is_group) {
            return Fate::Stays(format!(
                "the manifest no longer makes {name}, and still uses it; `destroy` removes it with the rest"
            ));
        }
        let owns = |found: &PathFact| if is_group { found.group == name } else { found.owner == name };
        if let Some((path, _)) = self.staying.iter().find(|(_, found)| owns(found)) {
            return Fate::Stays(format!("{path} belongs to it, and stays"));
        }
        let removal = if is_group { Removal::Group { name: owner } } else { Removal::User { name: owner } };
        Fate::Goes(delete(removal, vec![AttributeDiff::words("name", Some(name), None::<&str>)]))
    }

    /// Whether anything that the manifest has on the node, or the process that runs there, goes by the account.
    fn is_used(&self, name: &crdbctl_model::OwnerName, is_group: bool) -> bool {
        let by = |owner, group| if is_group { group == name } else { owner == name };
        let wanted = self.graph.of_node(self.node).any(|resource| match &resource.desired {
            Desired::Directory(it) => by(&it.owner, &it.group),
            Desired::Ca(it) => by(&it.owner, &it.group),
            Desired::NodeCertificate(it) => by(&it.owner, &it.group),
            Desired::File(it) => by(&it.owner, &it.group),
            Desired::Unit(it) => by(&it.file.owner, &it.file.group),
            Desired::User(it) => is_group && it.group == *name,
            Desired::Service(it) => !is_group && it.user == *name,
            _ => false,
        });
        let found = self.reading.resources.values().any(|observed| match observed {
            Observed::Present(fact) => match fact.as_ref() {
                Fact::Service(service) => {
                    !is_group && service.process.as_ref().is_some_and(|process| process.user == name.as_str())
                }
                // The primary group of an account that stays.
                Fact::User(user) => is_group && user.group == name.as_str() && !self.going_user(name),
                _ => false,
            },
            _ => false,
        });
        wanted || found
    }

    fn going_user(&self, group: &crdbctl_model::OwnerName) -> bool {
        self.removals.differences.iter().any(|(addr, difference)| {
            matches!(difference.removal, Some(Removal::User { .. }))
                && matches!(self.reading.resources.get(addr), Some(Observed::Present(fact))
                    if matches!(fact.as_ref(), Fact::User(user) if user.group == group.as_str()))
        })
    }

    fn reason(&self, dropped: &Dropped) -> String {
        let elsewhere = self
            .graph
            .of_node(self.node)
            .find(|resource| resource.addr.local() == dropped.key && resource.addr != dropped.addr)
            .and_then(|resource| resource.desired.paths().first().cloned());
        match elsewhere {
            Some(path) => format!("no longer in the manifest, which has it at {path} now"),
            None => "no longer in the manifest".to_owned(),
        }
    }

    /// What of the removed must be gone before it.
    fn before(&self, dropped: &Dropped) -> BTreeSet<ResourceAddr> {
        let kind = dropped.addr.kind;
        let comes_first = |addr: &ResourceAddr, removal: Option<&Removal>| match kind {
            ResourceKind::Directory => {
                let inside = |path: &HostPath| dropped.paths.first().is_some_and(|at| path.is_below(at));
                paths_of(removal).iter().any(inside)
            }
            ResourceKind::File => addr.kind == ResourceKind::Firewall,
            ResourceKind::Unit | ResourceKind::Link => addr.kind == ResourceKind::Service,
            ResourceKind::Package => {
                matches!(addr.kind, ResourceKind::Service | ResourceKind::Link | ResourceKind::Unit)
            }
            ResourceKind::User | ResourceKind::Group => true,
            _ => false,
        };
        self.removals
            .differences
            .iter()
            .filter(|(addr, difference)| comes_first(addr, difference.removal.as_ref()))
            .map(|(addr, _)| addr.clone())
            .collect()
    }
}

/// Returns whether something that the manifest no longer has is still to be remembered: it is there, or that is not known.
pub fn is_left(dropped: &Dropped, reading: &Reading) -> bool {
    if dropped.is_superseded {
        return false;
    }
    let fact = match reading.resources.get(&dropped.addr) {
        Some(Observed::Absent) => return false,
        Some(Observed::Present(fact)) => fact.as_ref(),
        _ => return dropped.created || dropped.addr.kind == ResourceKind::Service,
    };
    match (fact, &dropped.mark) {
        (Fact::Service(service), _) => kinds::service::is_up(service) || service.unit_file_state == "enabled",
        (Fact::Firewall(found), Some(Mark::Rules(rules))) => {
            dropped.created && matches!(kinds::firewall::remove(rules, found), Fate::Goes(_))
        }
        // Where it is not known which rules were added, one day nothing is.
        (Fact::Firewall(_), _) => false,
        // The data of another place are to be known as long as they are there, whoever made the directory.
        (Fact::Directory(_), _) if dropped.is_data() => true,
        _ => dropped.created,
    }
}

const fn is_account(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::User | ResourceKind::Group)
}

/// What is inside goes before what holds it: services first, then files, then directories from the inside out, then accounts.
fn order(dropped: &Dropped) -> (u8, std::cmp::Reverse<usize>, ResourceAddr) {
    let rank = match dropped.addr.kind {
        ResourceKind::Service => 0,
        ResourceKind::Firewall => 1,
        ResourceKind::Link => 2,
        ResourceKind::Unit => 3,
        ResourceKind::Directory => 5,
        ResourceKind::Package => 6,
        ResourceKind::User => 7,
        ResourceKind::Group => 8,
        _ => 4,
    };
    let depth = dropped.paths.first().map_or(0, |path| path.as_str().matches('/').count());
    (rank, std::cmp::Reverse(depth), dropped.addr.clone())
}

fn content(dropped: &Dropped) -> Option<crdbctl_model::Digest> {
    match dropped.mark {
        Some(Mark::Content(digest)) => Some(digest),
        _ => None,
    }
}

fn paths_of(removal: Option<&Removal>) -> Vec<HostPath> {
    match removal {
        Some(Removal::Files { paths, .. }) => paths.clone(),
        Some(
            Removal::Link { path, .. }
            | Removal::Directory { path }
            | Removal::Package { path, directory: true, .. },
        ) => vec![path.clone()],
        _ => Vec::new(),
    }
}
