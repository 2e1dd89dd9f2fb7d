use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AllowFrom, Desired, DesiredFirewall, HostPath, Mark, NodeName, Record, ResourceAddr, ResourceGraph,
    ResourceKind, ResourceName,
};

/// Something that crdbctl applied on a node and that the manifest no longer has, or no longer has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its address. What the manifest has at another place now, and the rules of a firewall, go by their place or profile
    /// too: `store-1/directory.root@opt+cockroach`.
    pub addr: ResourceAddr,
    /// Its key in the record.
    pub key: String,
    /// Whether crdbctl made it; what it did not make it never removes.
    pub created: bool,
    /// Where it is, its own path first. Whoever wrote the record may have named anything: see [`Dropped::is_proper`].
    pub paths: Vec<HostPath>,
    /// How it is known again. The rules of a firewall are those that the manifest does not have.
    pub mark: Option<Mark>,
    /// Whether the manifest has something at one of its paths: what stands there is that thing's to tell.
    pub is_superseded: bool,
}

impl Dropped {
    /// Returns what crdbctl applied on `node`, as `record` and the list of what was `begun` tell, and the manifest no longer
    /// has there; in order of address. Packages in the manifest's own directory of packages are not among it: they are kept
    /// for a while.
    pub fn on(
        graph: &ResourceGraph,
        node: &NodeName,
        record: Option<&Record>,
        begun: &BTreeMap<String, Vec<HostPath>>,
    ) -> Vec<Self> {
        let wanted: BTreeMap<String, &Desired> =
            graph.of_node(node).map(|resource| (resource.addr.local(), &resource.desired)).collect();
        let of_record = record.into_iter().flat_map(|record| &record.resources).map(|(key, entry)| Known {
            key,
            created: entry.created,
            paths: &entry.paths,
            mark: entry.mark.clone(),
            is_old: entry.mark.is_none(),
        });
        // What was begun and is told by the record is the record's to tell.
        let of_begun = begun
            .iter()
            .filter(|(key, paths)| {
                let told = |record: &Record| {
                    record.resources.get(*key).is_some_and(|entry| entry.created && entry.paths == **paths)
                };
                !key.contains(RULE) && !record.is_some_and(told)
            })
            .map(|(key, paths)| Known { key, created: true, paths, mark: None, is_old: false });
        let taken: BTreeSet<HostPath> = wanted.values().flat_map(|desired| desired.paths()).collect();
        let mut dropped = BTreeMap::new();
        for known in of_record.chain(of_begun) {
            let found = known.dropped(graph, node, wanted.get(known.key).copied(), begun);
            for mut it in found {
                // The same thing may have been begun at another place than the record tells.
                if dropped.get(&it.addr).is_some_and(|other: &Self| other.paths != it.paths)
                    && let Some(first) = it.paths.first()
                {
                    it.addr = at(&it.addr, first.as_str());
                }
                dropped.entry(it.addr.clone()).or_insert(it);
            }
        }
        // Rules that an interrupted apply began in a firewall of which no record tells.
        let firewalls = begun.keys().filter_map(|key| key.split_once(RULE)).map(|(firewall, _)| firewall);
        for key in firewalls.collect::<BTreeSet<_>>() {
            let known = Known { key, created: true, paths: &[], mark: None, is_old: false };
            for it in known.dropped(graph, node, wanted.get(key).copied(), begun) {
                dropped.entry(it.addr.clone()).or_insert(it);
            }
        }
        let superseded =
            |it: Self| Self { is_superseded: it.paths.iter().any(|path| taken.contains(path)), ..it };
        dropped.into_values().map(superseded).collect()
    }

    /// Returns whether it is a directory of data.
    pub fn is_data(&self) -> bool {
        self.addr.kind == ResourceKind::Directory && self.name() == "data"
    }

    /// Returns the name of the resource without its place.
    pub fn name(&self) -> &str {
        let name = self.addr.name.as_str();
        name.split_once('@').map_or(name, |(name, _)| name)
    }

    /// Returns whether its paths are of the form that crdbctl gives to such a thing. A record that was tampered with, or is of
    /// something else, may name any.
    pub fn is_proper(&self) -> bool {
        let Some((first, rest)) = self.paths.split_first() else {
            return matches!(
                self.addr.kind,
                ResourceKind::Group | ResourceKind::User | ResourceKind::Firewall | ResourceKind::Service
            );
        };
        let only = |name: &str| rest.is_empty() && first.file_name() == name;
        match (self.addr.kind, self.name()) {
            (ResourceKind::Directory, "certs") => only("certs") && !is_of_system(&first.parent()),
            (ResourceKind::Directory, "root" | "data") => rest.is_empty() && !is_of_system(first),
            (ResourceKind::Link, name @ ("data" | "cockroach")) => {
                only(name) && !is_of_system(&first.parent())
            }
            (ResourceKind::Link, "unit") => {
                rest.is_empty() && first.parent().as_str() == UNITS && first.as_str().ends_with(".service")
            }
            (ResourceKind::Certificate, "ca") => only("ca.crt") && is_in_certs(first),
            (ResourceKind::Certificate, "node") => {
                first.file_name() == "node.crt"
                    && is_in_certs(first)
                    && matches!(rest, [key] if key.file_name() == "node.key" && key.parent() == first.parent())
            }
            (ResourceKind::File, "ufw-profile") => {
                rest.is_empty() && first.parent().as_str() == "/etc/ufw/applications.d"
            }
            (ResourceKind::Unit, name) => {
                only(&format!("{name}.service"))
                    && (first.parent().as_str() == UNITS || !is_of_system(&first.parent()))
            }
            (ResourceKind::Package, name) => {
                name.starts_with("cockroach-v")
                    && first.system().is_none()
                    && first.file_name() == name
                    && rest.iter().all(|file| file.is_below(first))
            }
            _ => false,
        }
    }
}

/// Where crdbctl keeps what it remembers of a node.
const RECORDS: &str = "/var/lib/crdbctl";

/// Where systemd looks for the administrator's units (systemd.unit(5)).
const UNITS: &str = "/etc/systemd/system";

/// What parts a firewall from one of its rules in the list of what was begun: `firewall.ufw:CockroachDB:any`.
const RULE: char = ':';

/// Returns the line of the list of what was begun that tells of a rule.
pub fn begun_rule(firewall: &str, profile: &str, from: &AllowFrom) -> String {
    let from = match from {
        AllowFrom::Any => "any",
        AllowFrom::Network(network) => network,
    };
    format!("{firewall}{RULE}{profile}{RULE}{from}")
}

/// Returns the rules of a firewall that crdbctl added: those of its mark, and those of the list of what was begun.
pub fn made_rules(
    firewall: &str,
    mark: Option<&Mark>,
    begun: &BTreeMap<String, Vec<HostPath>>,
) -> BTreeMap<String, BTreeSet<AllowFrom>> {
    let mut rules = match mark {
        Some(Mark::Rules(rules)) => rules.clone(),
        _ => BTreeMap::new(),
    };
    for line in begun.keys() {
        let mut parts = line.splitn(3, RULE);
        let (Some(of), Some(profile), Some(from)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if of == firewall {
            let from = if from == "any" { AllowFrom::Any } else { AllowFrom::Network(from.to_owned()) };
            rules.entry(profile.to_owned()).or_default().insert(from);
        }
    }
    rules
}

struct Known<'a> {
    key: &'a str,
    created: bool,
    paths: &'a [HostPath],
    mark: Option<Mark>,
    /// Whether the record is of before there were marks.
    is_old: bool,
}

impl Known<'_> {
    fn dropped(
        &self,
        graph: &ResourceGraph,
        node: &NodeName,
        wanted: Option<&Desired>,
        begun: &BTreeMap<String, Vec<HostPath>>,
    ) -> Vec<Dropped> {
        let Some(addr) = addr_of(node, self.key) else { return Vec::new() };
        let it = |addr: ResourceAddr, mark| Dropped {
            addr,
            key: self.key.to_owned(),
            created: self.created,
            paths: self.paths.to_vec(),
            mark,
            is_superseded: false,
        };
        match (addr.kind, wanted) {
            (ResourceKind::Firewall, wanted) => {
                let wanted = match wanted {
                    Some(Desired::Firewall(desired)) => Some(desired),
                    _ => None,
                };
                // Which rules are crdbctl's, a record without marks does not tell.
                if wanted.is_none() && self.is_old && self.created {
                    return vec![it(addr, None)];
                }
                let rules = made_rules(self.key, self.mark.as_ref(), begun);
                let left = rules.into_iter().filter_map(|(profile, from)| {
                    let from = unwanted(wanted, &profile, from);
                    (!from.is_empty()).then_some((profile, from))
                });
                left.map(|(profile, from)| {
                    let rules = BTreeMap::from([(profile.clone(), from)]);
                    it(at(&addr, &profile), Some(Mark::Rules(rules)))
                })
                .collect()
            }
            (ResourceKind::Group | ResourceKind::User | ResourceKind::Service, None) => {
                vec![it(addr, self.mark.clone())]
            }
            (ResourceKind::Group | ResourceKind::User | ResourceKind::Service, Some(_)) => Vec::new(),
            (kind, wanted) => {
                let Some(first) = self.paths.first() else { return Vec::new() };
                // A package of another set of files in the same place is the same package.
                let is_kept = kind == ResourceKind::Package && first.parent() == graph.packages;
                let is_there = wanted.is_some_and(|wanted| wanted.paths().first() == Some(first));
                if is_kept || is_there {
                    return Vec::new();
                }
                let addr = if wanted.is_some() { at(&addr, first.as_str()) } else { addr };
                vec![it(addr, self.mark.clone())]
            }
        }
    }
}

fn unwanted(
    wanted: Option<&DesiredFirewall>,
    profile: &str,
    from: BTreeSet<AllowFrom>,
) -> BTreeSet<AllowFrom> {
    match wanted.filter(|wanted| wanted.profile == profile) {
        Some(wanted) => from.difference(&wanted.allow_from).cloned().collect(),
        None => from,
    }
}

/// The address of a key of the record, when it is one of what may be dropped on a node.
fn addr_of(node: &NodeName, key: &str) -> Option<ResourceAddr> {
    let addr: ResourceAddr = format!("{node}/{key}").parse().ok()?;
    matches!(
        addr.kind,
        ResourceKind::Group
            | ResourceKind::User
            | ResourceKind::Package
            | ResourceKind::Directory
            | ResourceKind::Link
            | ResourceKind::Certificate
            | ResourceKind::File
            | ResourceKind::Firewall
            | ResourceKind::Unit
            | ResourceKind::Service
    )
    .then_some(addr)
}

/// Returns an address with a place: slashes are pluses, and pluses are escaped, so that two places never have one address.
fn at(addr: &ResourceAddr, place: &str) -> ResourceAddr {
    let place = place.trim_start_matches('/').replace('+', "%2B").replace('/', "+");
    let name = format!("{}@", addr.name.as_str());
    // The escape must not be escaped again, and a path holds no other character that is.
    let encoded = ResourceName::encode((name + &place.replace("%2B", "\u{0}")).as_bytes());
    let name = ResourceName::new(encoded.as_str().replace("%00", "%2B")).unwrap_or(encoded);
    ResourceAddr { name, ..addr.clone() }
}

/// Whether a manifest could not have named a directory: it is the host's, the system's, or where crdbctl keeps its records.
fn is_of_system(path: &HostPath) -> bool {
    let is_of_records =
        path.as_str().strip_prefix(RECORDS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path.is_shared() || path.system().is_some() || is_of_records
}

fn is_in_certs(path: &HostPath) -> bool {
    let certs = path.parent();
    certs.file_name() == "certs" && !is_of_system(&certs.parent())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> HostPath {
        HostPath::new(text).unwrap()
    }

    fn dropped(key: &str, paths: &[&str]) -> Dropped {
        let addr = addr_of(&NodeName::new("store-1").unwrap(), key).unwrap();
        let paths = paths.iter().map(|at| path(at)).collect();
        Dropped { addr, key: key.to_owned(), created: true, paths, mark: None, is_superseded: false }
    }

    #[test]
    fn what_crdbctl_does_not_put_there_is_never_taken_for_its_own() {
        let proper: [(&str, &[&str]); 13] = [
            ("directory.root", &["/opt/cockroach"]),
            ("directory.root@opt+cockroach", &["/opt/cockroach"]),
            ("directory.certs", &["/opt/cockroach/certs"]),
            ("directory.data", &["/var/lib/cockroach"]),
            ("directory.root", &["/cockroach"]),
            ("link.data", &["/opt/cockroach/data"]),
            ("link.cockroach", &["/srv/crdb/cockroach"]),
            ("link.unit", &["/etc/systemd/system/cockroach.service"]),
            ("certificate.ca", &["/opt/cockroach/certs/ca.crt"]),
            ("certificate.node", &["/opt/cockroach/certs/node.crt", "/opt/cockroach/certs/node.key"]),
            ("file.ufw-profile", &["/etc/ufw/applications.d/cockroach"]),
            ("unit.db", &["/opt/cockroach/db.service"]),
            ("package.cockroach-v24.1.0.linux-amd64", &["/srv/cockroach-v24.1.0.linux-amd64"]),
        ];
        for (key, paths) in proper {
            assert!(dropped(key, paths).is_proper(), "{key} {paths:?}");
        }
        let improper: [(&str, &[&str]); 22] = [
            ("directory.root", &["/"]),
            ("directory.root", &["/etc"]),
            ("directory.root", &["/opt"]),
            ("directory.root", &["/var/lib"]),
            ("directory.root", &["/usr/bin"]),
            ("directory.root", &["/var/lib/crdbctl/set-aside"]),
            ("directory.certs", &["/etc/certs"]),
            ("directory.certs", &["/etc/ssl"]),
            ("directory.other", &["/opt/cockroach"]),
            ("link.data", &["/data"]),
            ("link.unit", &["/etc/passwd"]),
            ("certificate.ca", &["/etc/ssl/ca.crt"]),
            ("certificate.ca", &["/etc/ssl/certs/ca.crt"]),
            ("unit.dbus", &["/usr/lib/systemd/system/dbus.service"]),
            ("certificate.node", &["/opt/c/certs/node.crt"]),
            ("certificate.node", &["/opt/c/certs/node.crt", "/etc/ssh/node.key"]),
            ("file.ufw-profile", &["/etc/shadow"]),
            ("file.other", &["/etc/ufw/applications.d/cockroach"]),
            ("unit.cockroach", &["/etc/systemd/system/ssh.service"]),
            ("package.bin", &["/usr/bin"]),
            ("package.cockroach-v1", &["/opt/cockroach-v1", "/etc/passwd"]),
            ("unit.cockroach", &["/a/cockroach.service", "/etc/passwd"]),
        ];
        for (key, paths) in improper {
            assert!(!dropped(key, paths).is_proper(), "{key} {paths:?}");
        }
    }

    #[test]
    fn places_have_addresses_of_their_own() {
        let addr = dropped("directory.root", &["/opt/cockroach"]).addr;
        assert_eq!(at(&addr, "/opt/cockroach").to_string(), "store-1/directory.root@opt+cockroach");
        let places = ["/a/b", "/a+b", "/a/b+", "/a-b", "/a@b", "/a:b"];
        let names: BTreeSet<String> = places.iter().map(|place| at(&addr, place).to_string()).collect();
        assert_eq!(names.len(), places.len(), "{names:?}");
        for name in names {
            assert_eq!(name.parse::<ResourceAddr>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_rule_that_was_begun_is_read_as_it_was_written() {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| AllowFrom::Network(network.to_owned()));
        let all: BTreeSet<AllowFrom> = networks.into_iter().chain([AllowFrom::Any]).collect();
        let begun =
            all.iter().map(|from| (begun_rule("firewall.ufw", "CockroachDB", from), Vec::new())).collect();
        let rules = made_rules("firewall.ufw", None, &begun);
        assert_eq!(rules, BTreeMap::from([("CockroachDB".to_owned(), all)]));
        assert!(made_rules("firewall.other", None, &begun).is_empty());
    }
}
