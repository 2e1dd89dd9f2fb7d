use std::collections::BTreeSet;

use crdbctl_model::{Action, AllowFrom, AttributeDiff, DesiredFirewall, FirewallFact, Removal};

use crate::comparison::{Comparison, Difference};
use crate::removal::{Fate, delete};

/// A rule of ufw, from the words of its tuple: `allow tcp 26257,8080 0.0.0.0/0 any ::/0 CockroachDB - in`
/// (action, protocol, destination port, destination, source port, source, destination profile, source profile,
/// direction; the form that ufw writes to its rules files).
struct Tuple<'a> {
    action: &'a str,
    protocol: &'a str,
    ports: &'a str,
    source: &'a str,
    profile: &'a str,
}

impl<'a> Tuple<'a> {
    fn parse(rule: &'a str) -> Option<Self> {
        let words: Vec<&str> = rule.split_whitespace().collect();
        match words.as_slice() {
            [action, protocol, ports, _, _, source, profile, _, "in", ..] => {
                Some(Self { action, protocol, ports, source, profile })
            }
            _ => None,
        }
    }
}

/// The ports and the protocol of `26257,8080/tcp`. ufw writes them in an order of its own.
fn sorted(ports: &str) -> (BTreeSet<&str>, &str) {
    let (ports, protocol) = ports.split_once('/').unwrap_or((ports, "any"));
    (ports.split(',').collect(), protocol)
}

pub(super) fn compare(desired: &DesiredFirewall, found: &FirewallFact) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    let tuples: Vec<Tuple<'_>> = found
        .rules
        .iter()
        .filter_map(|rule| Tuple::parse(rule))
        .filter(|tuple| tuple.profile == desired.profile)
        .collect();
    for from in &desired.allow_from {
        // "any" is written as a rule for IPv4 and, unless ufw's IPV6 is off, one for IPv6.
        let (shown, sources): (&str, Vec<&str>) = match from {
            AllowFrom::Any if found.ipv6 => ("any", vec!["0.0.0.0/0", "::/0"]),
            AllowFrom::Any => ("any", vec!["0.0.0.0/0"]),
            AllowFrom::Network(network) => (network, vec![network]),
        };
        let wanted = format!("{} from {shown}", desired.ports);
        let name = format!("allow {} from {shown}", desired.profile);
        let of = |source: &str| tuples.iter().find(|tuple| tuple.action == "allow" && tuple.source == source);
        let found: Vec<Option<&Tuple<'_>>> = sources.into_iter().map(of).collect();
        match found.iter().copied().collect::<Option<Vec<_>>>() {
            None => difference.attributes.push(AttributeDiff::words(name, None::<&str>, Some(wanted))),
            Some(tuples) => {
                let ports = |tuple: &&Tuple<'_>| format!("{}/{}", tuple.ports, tuple.protocol);
                match tuples.iter().find(|tuple| sorted(&ports(tuple)) != sorted(&desired.ports)) {
                    None => difference.unchanged += 1,
                    Some(stale) => difference.attributes.push(AttributeDiff::words(
                        name,
                        Some(format!("{} from {shown}", ports(stale))),
                        Some(wanted),
                    )),
                }
            }
        }
    }
    if desired.enable {
        difference.attribute("enabled", found.enabled, true);
    }
    difference.conclude()
}

/// Returns what becomes of the rules that let clients in through the profile; others that name it are not ours.
pub(crate) fn remove(desired: &DesiredFirewall, found: &FirewallFact) -> Fate {
    let tuples: Vec<Tuple<'_>> = found
        .rules
        .iter()
        .filter_map(|rule| Tuple::parse(rule))
        .filter(|tuple| tuple.profile == desired.profile && tuple.action == "allow")
        .collect();
    let is_there = |from: &&AllowFrom| {
        tuples.iter().any(|tuple| match from {
            AllowFrom::Any => tuple.source == "0.0.0.0/0" || tuple.source == "::/0",
            AllowFrom::Network(network) => tuple.source == network,
        })
    };
    let allow_from: Vec<AllowFrom> = desired.allow_from.iter().filter(is_there).cloned().collect();
    if allow_from.is_empty() {
        return Fate::Gone;
    }
    let attribute = |from: &AllowFrom| {
        let from = match from {
            AllowFrom::Any => "any",
            AllowFrom::Network(network) => network,
        };
        AttributeDiff::words(
            format!("allow {} from {from}", desired.profile),
            Some(&desired.ports),
            None::<&str>,
        )
    };
    let attributes = allow_from.iter().map(attribute).collect();
    Fate::Goes(delete(Removal::Firewall { profile: desired.profile.clone(), allow_from }, attributes))
}
