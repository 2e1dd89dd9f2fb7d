use std::collections::{BTreeMap, BTreeSet};

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

impl Tuple<'_> {
    /// Whether it lets somebody in through a profile.
    fn lets_in(&self, profile: &str, from: &AllowFrom) -> bool {
        let is_of = match from {
            AllowFrom::Any => self.source == "0.0.0.0/0" || self.source == "::/0",
            AllowFrom::Network(network) => self.source == network,
        };
        is_of && self.action == "allow" && self.profile == profile
    }

    /// The ports and the protocol in one order on every host, so that rules that are alike read alike.
    fn shown_ports(&self) -> String {
        let ports: BTreeSet<&str> = self.ports.split(',').collect();
        format!("{}/{}", ports.into_iter().collect::<Vec<_>>().join(","), self.protocol)
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
        let wanted = desired.ports.clone();
        let name = format!("allow {} from {shown}", desired.profile);
        let of = |source: &str| tuples.iter().find(|tuple| tuple.action == "allow" && tuple.source == source);
        let found: Vec<Option<&Tuple<'_>>> = sources.into_iter().map(of).collect();
        match found.iter().copied().collect::<Option<Vec<_>>>() {
            None => difference.attributes.push(AttributeDiff::words(name, None::<&str>, Some(wanted))),
            Some(tuples) => {
                match tuples.iter().find(|tuple| sorted(&tuple.shown_ports()) != sorted(&desired.ports)) {
                    None => difference.unchanged += 1,
                    Some(stale) => difference.attributes.push(AttributeDiff::words(
                        name,
                        Some(stale.shown_ports()),
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

/// Returns those of some rules, by profile, that a firewall has.
pub fn rules_there(
    rules: &BTreeMap<String, BTreeSet<AllowFrom>>,
    found: &FirewallFact,
) -> BTreeMap<String, BTreeSet<AllowFrom>> {
    let tuples: Vec<Tuple<'_>> = found.rules.iter().filter_map(|rule| Tuple::parse(rule)).collect();
    let there = rules.iter().map(|(profile, from)| {
        let is_there = |from: &&AllowFrom| tuples.iter().any(|tuple| tuple.lets_in(profile, from));
        (profile.clone(), from.iter().filter(is_there).cloned().collect::<BTreeSet<_>>())
    });
    there.filter(|(_, from)| !from.is_empty()).collect()
}

/// Returns what becomes of rules that crdbctl added, by profile; others that name a profile are not its own.
pub(crate) fn remove(made: &BTreeMap<String, BTreeSet<AllowFrom>>, found: &FirewallFact) -> Fate {
    let tuples: Vec<Tuple<'_>> = found.rules.iter().filter_map(|rule| Tuple::parse(rule)).collect();
    for (profile, made) in made {
        let there: Vec<(&AllowFrom, &Tuple<'_>)> = made
            .iter()
            .filter_map(|from| Some((from, tuples.iter().find(|tuple| tuple.lets_in(profile, from))?)))
            .collect();
        if there.is_empty() {
            continue;
        }
        let attributes = there.iter().map(|(from, tuple)| {
            let name = format!("allow {profile} from {}", shown(from));
            AttributeDiff::words(name, Some(tuple.shown_ports()), None::<&str>)
        });
        let attributes = attributes.collect();
        let allow_from = there.iter().map(|(from, _)| (*from).clone()).collect();
        return Fate::Goes(delete(Removal::Firewall { profile: profile.clone(), allow_from }, attributes));
    }
    Fate::Gone
}

fn shown(from: &AllowFrom) -> &str {
    match from {
        AllowFrom::Any => "any",
        AllowFrom::Network(network) => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_ufw_wrote_in_another_order_read_alike() {
        let shown = |ports: &str| {
            let rules = vec![format!("allow tcp {ports} 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in")];
            let found = FirewallFact { enabled: false, ipv6: false, rules };
            let made = BTreeMap::from([("CockroachDB".to_owned(), BTreeSet::from([AllowFrom::Any]))]);
            match remove(&made, &found) {
                Fate::Goes(difference) => difference.attributes,
                _ => Vec::new(),
            }
        };
        assert_eq!(shown("8080,26257"), shown("26257,8080"));
        let before = shown("8080,26257").first().and_then(|attribute| attribute.before.clone());
        assert_eq!(before, Some(crdbctl_model::Value::word("26257,8080/tcp")));
    }
}
