use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Action, AllowFrom, AttributeDiff, DesiredFirewall, FirewallFact, Removal};

use super::ufw_rule::{Network, Obstacle, UfwRule, obstacles};
use crate::comparison::{Comparison, Difference, unknown};
use crate::removal::{Fate, delete};

/// The ports and the protocol of `26257,8080/tcp`. ufw writes them in an order of its own.
fn sorted(ports: &str) -> (BTreeSet<&str>, &str) {
    let (ports, protocol) = ports.split_once('/').unwrap_or((ports, "any"));
    (ports.split(',').collect(), protocol)
}

pub(super) fn compare(desired: &DesiredFirewall, found: &FirewallFact) -> Comparison {
    if let Some(refusal) = refuse(desired, found) {
        return refusal;
    }
    let mut difference = Difference::new(Action::Update);
    let rules = rules_of(found);
    for from in &desired.allow_from {
        // "any" is written as a rule for IPv4 and, unless ufw's IPV6 is off, one for IPv6.
        let sources = match from {
            AllowFrom::Any => everybody(found),
            AllowFrom::Network(network) => Network::parse(network).into_iter().collect(),
        };
        let wanted = desired.ports.clone();
        let name = format!("allow {} from {}", desired.profile, shown(from));
        let of = |source: Network| rules.iter().find(|rule| rule.lets_in(&desired.profile, source));
        let there: Option<Vec<&UfwRule<'_>>> = sources.into_iter().map(of).collect();
        match there.filter(|there| !there.is_empty()) {
            None => difference.attributes.push(AttributeDiff::words(name, None::<&str>, Some(wanted))),
            Some(there) => {
                match there.iter().find(|rule| sorted(&rule.shown_ports()) != sorted(&desired.ports)) {
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

/// Returns why the rules must not be added, or ufw not be switched on.
fn refuse(desired: &DesiredFirewall, found: &FirewallFact) -> Option<Comparison> {
    let is_v6 = |from: &&AllowFrom| matches!(from, AllowFrom::Network(network) if network.contains(':'));
    let networks: Vec<&str> = desired.allow_from.iter().filter(is_v6).map(shown).collect();
    // ufw does not add such a rule ("IPv6 support not enabled"), and does not load one that it added earlier.
    if !found.ipv6 && !networks.is_empty() {
        return Some(unknown(
            format!(
                "ufw ignores IPv6 on this host (IPV6=no in /etc/default/ufw), so it cannot let in {}",
                networks.join(", ")
            ),
            "set IPV6=yes in the host's /etc/default/ufw and switch ufw off and on again if it is on, or take the IPv6 \
             networks out of firewall.ufw.allow_from",
        ));
    }
    if desired.enable && !found.enabled {
        let rules = rules_of(found);
        let shut = everybody(found).into_iter().find_map(|source| {
            let is_ours = |rule: &UfwRule<'_>| rule.is_for_port(&format!("{}/tcp", desired.ssh_port), source);
            let found = obstacles(&rules, source, desired.ssh_port, is_ours);
            found.into_iter().find(|obstacle| obstacle.is_whole && obstacle.rule.blocks())
        });
        if let Some(obstacle) = shut {
            return Some(unknown(
                format!(
                    "ufw would close port {} of ssh when it is switched on: its rule `{}` comes before any that allows it",
                    desired.ssh_port, obstacle.rule
                ),
                "delete that rule of ufw on the host, or leave out firewall.ufw.enable",
            ));
        }
    }
    None
}

fn rules_of(found: &FirewallFact) -> Vec<UfwRule<'_>> {
    found.rules.iter().filter_map(|rule| UfwRule::parse(rule)).collect()
}

/// Everybody, by each of the families that ufw has rules for.
fn everybody(found: &FirewallFact) -> Vec<Network> {
    let families = if found.ipv6 { &["0.0.0.0/0", "::/0"][..] } else { &["0.0.0.0/0"] };
    families.iter().filter_map(|network| Network::parse(network)).collect()
}

/// Returns what ufw's other rules make of the ports and of ssh, in the order in which ufw goes through them.
pub(super) fn notes(desired: &DesiredFirewall, found: &FirewallFact) -> Vec<String> {
    if !found.enabled && !desired.enable {
        return Vec::new();
    }
    let rules = rules_of(found);
    // By rule: whom of ours it meets, and on which ports. Rules that read alike, such as one for each family, are one.
    let mut met: Vec<(Obstacle<'_>, BTreeSet<&str>, BTreeSet<u16>)> = Vec::new();
    let mut places: BTreeMap<(String, bool), usize> = BTreeMap::new();
    let (ports, _) = sorted(&desired.ports);
    for from in &desired.allow_from {
        let sources = match from {
            AllowFrom::Any => everybody(found),
            AllowFrom::Network(network) => Network::parse(network).into_iter().collect(),
        };
        for source in sources {
            // `ufw allow` turns a rule that differs in its action alone into ours, where it stands.
            let is_ours = |rule: &UfwRule<'_>| rule.is_for_profile(&desired.profile, source);
            for port in ports.iter().filter_map(|port| port.parse().ok()) {
                for obstacle in obstacles(&rules, source, port, is_ours) {
                    // fail2ban and its like add thousands, one for each address.
                    if obstacle.rule.is_ban() && !obstacle.is_whole {
                        continue;
                    }
                    let place = (obstacle.rule.to_string(), obstacle.is_whole);
                    let at = *places.entry(place).or_insert_with(|| {
                        met.push((obstacle, BTreeSet::new(), BTreeSet::new()));
                        met.len() - 1
                    });
                    met[at].1.insert(shown(from));
                    met[at].2.insert(port);
                }
            }
        }
    }
    let mut notes: Vec<String> =
        met.iter().map(|(obstacle, whom, ports)| told(obstacle, &desired.profile, whom, ports)).collect();
    notes.extend(limit_on_ssh(desired, found, &rules));
    notes
}

fn told(obstacle: &Obstacle<'_>, profile: &str, whom: &BTreeSet<&str>, ports: &BTreeSet<u16>) -> String {
    let whom: Vec<&str> = whom.iter().copied().collect();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let many = if ports.len() == 1 { "" } else { "s" };
    let (whom, ports) = (whom.join(", "), ports.join(" and "));
    let part = if obstacle.is_whole { "" } else { " for what it fits" };
    let effect = if obstacle.rule.blocks() {
        format!("port{many} {ports} stay{} closed{part}", if many.is_empty() { "s" } else { "" })
    } else {
        format!(
            "port{many} {ports} take{} few new connections{part} (5 in 30 s from one address)",
            if many.is_empty() { "s" } else { "" }
        )
    };
    format!(
        "ufw takes the first rule that fits, and `{}` comes before `allow {profile} from {whom}`: {effect}; delete that \
         rule, or add it again behind",
        obstacle.rule
    )
}

/// Returns that crdbctl's own connections are counted, when they are: each command makes one or two to a node.
fn limit_on_ssh(desired: &DesiredFirewall, found: &FirewallFact, rules: &[UfwRule<'_>]) -> Option<String> {
    let all = everybody(found).into_iter();
    let mut met = all.flat_map(|source| obstacles(rules, source, desired.ssh_port, |_| false));
    let limit = met.find(|obstacle| !obstacle.rule.blocks())?;
    // It may be this machine that an earlier rule lets in.
    if rules.iter().take_while(|rule| **rule != limit.rule).any(|rule| rule.lets_in_to(desired.ssh_port)) {
        return None;
    }
    Some(format!(
        "ufw limits ssh by its rule `{}` to 5 new connections in 30 s from one address: commands of crdbctl that follow \
         each other quickly will find port {} closed; allow the address of this machine before it \
         (ufw insert 1 allow from ADDRESS to any port {} proto tcp)",
        limit.rule, desired.ssh_port, desired.ssh_port
    ))
}

/// Returns the first rule that lets somebody in through a profile, for either family where that is everybody.
fn rule_for<'a, 'r>(rules: &'r [UfwRule<'a>], profile: &str, from: &AllowFrom) -> Option<&'r UfwRule<'a>> {
    let sources: Vec<Network> = match from {
        AllowFrom::Any => ["0.0.0.0/0", "::/0"].into_iter().filter_map(Network::parse).collect(),
        AllowFrom::Network(network) => Network::parse(network).into_iter().collect(),
    };
    rules.iter().find(|rule| sources.iter().any(|source| rule.lets_in(profile, *source)))
}

/// Returns those of some rules, by profile, that a firewall has.
pub fn rules_there(
    rules: &BTreeMap<String, BTreeSet<AllowFrom>>,
    found: &FirewallFact,
) -> BTreeMap<String, BTreeSet<AllowFrom>> {
    let found = rules_of(found);
    let there = rules.iter().map(|(profile, from)| {
        let is_there = |from: &&AllowFrom| rule_for(&found, profile, from).is_some();
        (profile.clone(), from.iter().filter(is_there).cloned().collect::<BTreeSet<_>>())
    });
    there.filter(|(_, from)| !from.is_empty()).collect()
}

/// Returns what becomes of rules that crdbctl added, by profile; others that name a profile are not its own.
pub(crate) fn remove(made: &BTreeMap<String, BTreeSet<AllowFrom>>, found: &FirewallFact) -> Fate {
    let rules = rules_of(found);
    for (profile, made) in made {
        let there: Vec<(&AllowFrom, &UfwRule<'_>)> =
            made.iter().filter_map(|from| Some((from, rule_for(&rules, profile, from)?))).collect();
        if there.is_empty() {
            continue;
        }
        let attributes = there.iter().map(|(from, rule)| {
            let name = format!("allow {profile} from {}", shown(from));
            AttributeDiff::words(name, Some(rule.shown_ports()), None::<&str>)
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

    fn desired(from: AllowFrom, enable: bool) -> DesiredFirewall {
        DesiredFirewall {
            profile: "CockroachDB".to_owned(),
            profile_path: crdbctl_model::HostPath::new("/etc/ufw/applications.d/cockroach").unwrap(),
            ports: "26257,8080/tcp".to_owned(),
            allow_from: BTreeSet::from([from]),
            enable,
            ssh_port: 22,
        }
    }

    fn found(enabled: bool, ipv6: bool, rules: &[&str]) -> FirewallFact {
        FirewallFact { enabled, ipv6, rules: rules.iter().map(|rule| (*rule).to_owned()).collect() }
    }

    const OURS: [&str; 2] = [
        "allow tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in",
        "allow tcp 8080,26257 ::/0 any ::/0 CockroachDB - in",
    ];

    #[test]
    fn what_comes_before_the_allow_rule_is_a_note() {
        let notes_of = |enabled, rules: &[&str]| {
            let rules: Vec<&str> = rules.iter().chain(&OURS).copied().collect();
            notes(&desired(AllowFrom::Any, false), &found(enabled, true, &rules))
        };
        assert_eq!(notes_of(true, &[]), [""; 0]);
        let both = ["deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in", "deny tcp 26257 ::/0 any ::/0 in"];
        assert_eq!(
            notes_of(true, &both),
            [
                "ufw takes the first rule that fits, and `deny 26257/tcp from any` comes before `allow CockroachDB from any`: \
              port 26257 stays closed; delete that rule, or add it again behind"
            ]
        );
        assert_eq!(notes_of(false, &both), [""; 0], "ufw is off");
        assert_eq!(
            notes_of(true, &["reject any any 0.0.0.0/0 any 10.0.0.0/8 in"]),
            [
                "ufw takes the first rule that fits, and `reject from 10.0.0.0/8` comes before `allow CockroachDB from any`: \
              ports 8080 and 26257 stay closed for what it fits; delete that rule, or add it again behind"
            ]
        );
        assert_eq!(notes_of(true, &["deny any any 0.0.0.0/0 any 203.0.113.7 in"]), [""; 0], "a ban");
        let limit = "limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in";
        assert!(
            notes_of(true, &[limit])[0].starts_with("ufw limits ssh by its rule `limit 22/tcp from any`")
        );
        assert_eq!(notes_of(true, &["allow tcp 22 0.0.0.0/0 any 198.51.100.4 in", limit]), [""; 0]);
    }

    #[test]
    fn what_ufw_cannot_do_or_what_locks_out_is_refused() {
        let is_refused = |desired: &DesiredFirewall, found: &FirewallFact| {
            matches!(compare(desired, found), Comparison::Unknown { .. })
        };
        let v6 = desired(AllowFrom::Network("2001:db8::/32".to_owned()), false);
        assert!(is_refused(&v6, &found(true, false, &[])));
        assert!(is_refused(
            &v6,
            &found(true, false, &["allow tcp 8080,26257 ::/0 any 2001:db8::/32 CockroachDB - in"])
        ));
        assert!(!is_refused(&v6, &found(true, true, &[])));
        assert!(!is_refused(&desired(AllowFrom::Any, false), &found(true, false, &[])));

        let on = desired(AllowFrom::Any, true);
        for (rules, want) in [
            (&["deny any 22 0.0.0.0/0 any 0.0.0.0/0 in"][..], true),
            (&["reject any any 0.0.0.0/0 any 0.0.0.0/0 in"][..], true),
            (
                &["allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in", "deny any 22 0.0.0.0/0 any 0.0.0.0/0 in"][..],
                false,
            ),
            // `ufw allow 22/tcp` takes its place.
            (&["deny tcp 22 0.0.0.0/0 any 0.0.0.0/0 in"][..], false),
            (&["deny any 22 0.0.0.0/0 any 10.0.0.0/8 in"][..], false),
            (&["limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in"][..], false),
        ] {
            assert_eq!(is_refused(&on, &found(false, true, rules)), want, "{rules:?}");
        }
        assert!(
            !is_refused(&on, &found(true, true, &["deny any 22 0.0.0.0/0 any 0.0.0.0/0 in"])),
            "it is on already"
        );
    }

    #[test]
    fn a_rule_for_one_address_or_one_source_port_is_not_the_one_that_lets_in() {
        let made = BTreeMap::from([("CockroachDB".to_owned(), BTreeSet::from([AllowFrom::Any]))]);
        for (rule, is_ours) in [
            ("allow tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in", true),
            ("allow tcp 8080,26257 10.0.0.1 any 0.0.0.0/0 CockroachDB - in", false),
            ("allow tcp 8080,26257 0.0.0.0/0 5000 0.0.0.0/0 CockroachDB - in", false),
            ("allow tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB Other in", false),
            ("allow tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in_eth0", false),
        ] {
            let found = found(true, false, &[rule]);
            let is_same = matches!(compare(&desired(AllowFrom::Any, false), &found), Comparison::Same { .. });
            assert_eq!(is_same, is_ours, "{rule}");
            assert_eq!(!rules_there(&made, &found).is_empty(), is_ours, "{rule}");
            assert_eq!(matches!(remove(&made, &found), Fate::Goes(_)), is_ours, "{rule}");
        }
    }

    #[test]
    fn notes_take_work_in_proportion_to_the_rules() {
        let rules = |number: usize| -> Vec<String> {
            let deny = |n: usize| format!("deny tcp 26257 0.0.0.0/0 any 10.{}.{}.0/24 in", n / 250, n % 250);
            (0..number).map(deny).collect()
        };
        let shown_for = |number: usize| {
            let rules = rules(number);
            let found = FirewallFact { enabled: true, ipv6: false, rules };
            let before = UfwRule::shown_so_far();
            assert_eq!(notes(&desired(AllowFrom::Any, false), &found).len(), number);
            UfwRule::shown_so_far() - before
        };
        // Once to know whether two read alike, and once in the note.
        assert_eq!(shown_for(5_000), 2 * 5_000);
        // Of one for each address, as fail2ban adds them, none is written at all.
        let bans = (0..5_000).map(|n| format!("deny any any 0.0.0.0/0 any 10.0.{}.{} in", n / 250, n % 250));
        let found = FirewallFact { enabled: true, ipv6: true, rules: bans.collect() };
        let before = UfwRule::shown_so_far();
        assert_eq!(notes(&desired(AllowFrom::Any, false), &found), [""; 0]);
        assert_eq!(UfwRule::shown_so_far(), before);
    }

    #[test]
    fn a_rule_that_logs_lets_in_all_the_same() {
        let logged: Vec<String> = OURS.iter().map(|rule| rule.replacen("allow", "allow_log", 1)).collect();
        let logged: Vec<&str> = logged.iter().map(String::as_str).collect();
        let comparison = compare(&desired(AllowFrom::Any, false), &found(true, true, &logged));
        assert!(matches!(comparison, Comparison::Same { .. }), "{comparison:?}");
    }

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
