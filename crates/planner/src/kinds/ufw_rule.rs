use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// A rule of ufw that a host has, from its `### tuple ###` line.
///
/// The words are action, protocol, destination port, destination, source port, source, then the profiles of destination
/// and source where one is named, then direction and interface, then a comment (`_write_rules` in ufw's
/// backend_iptables.py): `deny_log tcp 26257 0.0.0.0/0 any 10.0.0.0/8 in_eth0 comment=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UfwRule<'a> {
    action: Action,
    protocol: &'a str,
    ports: &'a str,
    destination: &'a str,
    source_port: &'a str,
    source: &'a str,
    profile: Option<&'a str>,
    source_profile: Option<&'a str>,
    interface: Option<&'a str>,
}

/// What a rule does with what it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Deny,
    Reject,
    /// Allows, and drops an address that makes too many new connections.
    Limit,
}

impl<'a> UfwRule<'a> {
    /// Returns the rule, unless it is none for incoming packets (`ufw route`, `out`) or of a form that is not known.
    pub(super) fn parse(rule: &'a str) -> Option<Self> {
        let words: Vec<&str> = rule.split_whitespace().filter(|word| !word.starts_with("comment=")).collect();
        let (action, protocol, ports, destination, source_port, source, profiles, way) =
            match *words.as_slice() {
                [action, protocol, ports, to, source_port, from, way] => {
                    (action, protocol, ports, to, source_port, from, (None, None), way)
                }
                [action, protocol, ports, to, source_port, from, to_profile, from_profile, way] => {
                    let named = |profile: &'a str| Some(profile).filter(|profile| *profile != "-");
                    let profiles = (named(to_profile), named(from_profile));
                    (action, protocol, ports, to, source_port, from, profiles, way)
                }
                _ => return None,
            };
        // `allow_log` and `allow_log-all` do the same, and write it down.
        let action = match action.split('_').next()? {
            "allow" => Action::Allow,
            "deny" => Action::Deny,
            "reject" => Action::Reject,
            "limit" => Action::Limit,
            // `route:allow` is for packets that the host passes on.
            _ => return None,
        };
        let interface = match way {
            "in" => None,
            way => Some(way.strip_prefix("in_")?),
        };
        let (profile, source_profile) = profiles;
        Some(Self {
            action,
            protocol,
            ports,
            destination,
            source_port,
            source,
            profile,
            source_profile,
            interface,
        })
    }

    /// Whether what it fits does not get in.
    pub(super) fn blocks(&self) -> bool {
        matches!(self.action, Action::Deny | Action::Reject)
    }

    /// Whether it lets something in to a port.
    pub(super) fn lets_in_to(&self, port: u16) -> bool {
        self.action == Action::Allow && self.fits_port(port)
    }

    /// Whether it keeps one address out of everything, as fail2ban and its like add them.
    pub(super) fn is_ban(&self) -> bool {
        self.ports == "any" && Network::parse(self.source).is_some_and(|network| network.is_one_address())
    }

    /// Whether it is the one that lets a source in through a profile, or would be with another action.
    pub(super) fn is_for_profile(&self, profile: &str, source: Network) -> bool {
        self.profile == Some(profile) && self.source_profile.is_none() && self.is_plain(source)
    }

    /// Whether it is the one that lets a source in through a profile, logged (`allow_log`, `allow_log-all`) or not.
    pub(super) fn lets_in(&self, profile: &str, source: Network) -> bool {
        self.action == Action::Allow && self.is_for_profile(profile, source)
    }

    /// The ports and the protocol in one order on every host, so that rules that are alike read alike.
    pub(super) fn shown_ports(&self) -> String {
        let ports: BTreeSet<&str> = self.ports.split(',').collect();
        format!("{}/{}", ports.into_iter().collect::<Vec<_>>().join(","), self.protocol)
    }

    /// Whether it is the one that lets a source in to a port, as in `22/tcp`, or would be with another action.
    pub(super) fn is_for_port(&self, port: &str, source: Network) -> bool {
        let is_port = port
            .split_once('/')
            .is_some_and(|(port, protocol)| (self.ports, self.protocol) == (port, protocol));
        is_port && self.profile.is_none() && self.source_profile.is_none() && self.is_plain(source)
    }

    /// Whether it is about this source as a whole, whatever address and interface it comes to.
    fn is_plain(&self, source: Network) -> bool {
        Network::parse(self.source) == Some(source) && self.fits_any_way()
    }

    fn fits_any_way(&self) -> bool {
        let to_all = Network::parse(self.destination).is_some_and(|network| network.prefix == 0);
        to_all && self.source_port == "any" && self.interface.is_none()
    }

    fn fits_port(&self, port: u16) -> bool {
        let is_tcp = matches!(self.protocol, "tcp" | "any");
        let fits = |part: &str| match part.split_once(':') {
            Some((first, last)) => {
                first.parse().is_ok_and(|first: u16| first <= port)
                    && last.parse().is_ok_and(|last: u16| port <= last)
            }
            None => part == "any" || part.parse() == Ok(port),
        };
        is_tcp && self.ports.split(',').any(fits)
    }
}

#[cfg(test)]
thread_local! {
    /// How many rules were written as text.
    static SHOWN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
impl UfwRule<'_> {
    /// Returns how many rules were written as text in this thread.
    pub(super) fn shown_so_far() -> usize {
        SHOWN.with(std::cell::Cell::get)
    }
}

impl fmt::Display for UfwRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(test)]
        SHOWN.with(|shown| shown.set(shown.get() + 1));
        f.write_str(match self.action {
            Action::Allow => "allow",
            Action::Deny => "deny",
            Action::Reject => "reject",
            Action::Limit => "limit",
        })?;
        if let Some(interface) = self.interface {
            write!(f, " in on {interface}")?;
        }
        match (self.profile, self.ports, self.protocol) {
            (Some(profile), ..) => write!(f, " {}", profile.replace("%20", " "))?,
            (None, "any", "any") => {}
            (None, "any", protocol) => write!(f, " proto {protocol}")?,
            (None, ports, "any") => write!(f, " {ports}")?,
            (None, ports, protocol) => write!(f, " {ports}/{protocol}")?,
        }
        let is_all = |text: &str| Network::parse(text).is_some_and(|network| network.prefix == 0);
        write!(f, " from {}", if is_all(self.source) { "any" } else { self.source })?;
        if !is_all(self.destination) {
            write!(f, " to {}", self.destination)?;
        }
        Ok(())
    }
}

/// A network, or an address as a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Returns the network of CIDR notation.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok())?;
        (prefix <= most).then_some(Self { address, prefix })
    }

    fn is_one_address(self) -> bool {
        self.prefix == if self.address.is_ipv4() { 32 } else { 128 }
    }

    /// The first bits of the address, so many, at the upper end.
    fn bits(self, count: u32) -> u128 {
        let bits = match self.address {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => u128::from(address),
        };
        if count == 0 { 0 } else { bits >> (128 - count) }
    }

    /// Whether it has addresses of another one.
    fn meets(self, other: Self) -> bool {
        let count = self.prefix.min(other.prefix);
        self.address.is_ipv4() == other.address.is_ipv4() && self.bits(count) == other.bits(count)
    }

    /// Whether it has all addresses of another one.
    fn has(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.meets(other)
    }
}

/// A rule that comes before the one that would let a source in, and does something else with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Obstacle<'a> {
    pub(super) rule: UfwRule<'a>,
    /// Whether it fits all that comes from the source to the port; else some of it.
    pub(super) is_whole: bool,
}

/// Returns what stands in the way of a source to a TCP port: ufw does with a packet what the first rule says that fits it.
///
/// `is_ours` tells the rule that is there, or will be, to let the source in. New ones are added at the end (ufw(8)). The
/// rules of before.rules, which come earlier, are not among those of a plan.
pub(super) fn obstacles<'a>(
    rules: &[UfwRule<'a>],
    source: Network,
    port: u16,
    is_ours: impl Fn(&UfwRule<'a>) -> bool,
) -> Vec<Obstacle<'a>> {
    let mut found = Vec::new();
    for rule in rules.iter().filter(|rule| rule.fits_port(port)) {
        if is_ours(rule) {
            break;
        }
        let Some(from) = Network::parse(rule.source).filter(|from| from.meets(source)) else { continue };
        let is_whole = from.has(source) && rule.fits_any_way();
        if rule.action != Action::Allow {
            found.push(Obstacle { rule: *rule, is_whole });
        }
        if is_whole {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(rules: &[&str], source: &str, port: u16) -> Vec<(String, bool)> {
        let rules: Vec<UfwRule<'_>> = rules.iter().filter_map(|rule| UfwRule::parse(rule)).collect();
        let source = Network::parse(source).unwrap();
        obstacles(&rules, source, port, |rule| rule.is_for_profile("CockroachDB", source))
            .into_iter()
            .map(|obstacle| (obstacle.rule.to_string(), obstacle.is_whole))
            .collect()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let ours = "allow tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in";
        let deny = "deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in";
        let whole = |text: &str| vec![(text.to_owned(), true)];
        let part = |text: &str| vec![(text.to_owned(), false)];
        let any = "0.0.0.0/0";
        assert_eq!(met(&[deny, ours], any, 26257), whole("deny 26257/tcp from any"));
        assert_eq!(met(&[deny, ours], any, 8080), []);
        assert_eq!(met(&[ours, deny], any, 26257), []);
        assert_eq!(met(&[deny], any, 26257), whole("deny 26257/tcp from any"), "ours will be behind it");
        // An earlier rule of another name lets in, too.
        assert_eq!(met(&["allow any any 0.0.0.0/0 any 10.0.0.0/8 in", deny, ours], "10.1.0.0/16", 26257), []);
        for (rule, want) in [
            ("reject tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in", whole("reject 26257/tcp from any")),
            ("deny_log any 26000:27000 0.0.0.0/0 any 0.0.0.0/0 in", whole("deny 26000:27000 from any")),
            (
                "deny_log-all tcp 1,26257 0.0.0.0/0 any 0.0.0.0/0 in comment=6e6f",
                whole("deny 1,26257/tcp from any"),
            ),
            ("limit tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in", whole("limit 26257/tcp from any")),
            ("deny any any 0.0.0.0/0 any 0.0.0.0/0 in", whole("deny from any")),
            ("deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 Old%20Name - in", whole("deny Old Name from any")),
            ("deny tcp 26257 0.0.0.0/0 any 10.0.0.0/8 in", part("deny 26257/tcp from 10.0.0.0/8")),
            ("deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in_eth0", part("deny in on eth0 26257/tcp from any")),
            ("deny tcp 26257 10.0.0.1 any 0.0.0.0/0 in", part("deny 26257/tcp from any to 10.0.0.1")),
            ("deny tcp 26257 0.0.0.0/0 5 0.0.0.0/0 in", part("deny 26257/tcp from any")),
            ("deny udp 26257 0.0.0.0/0 any 0.0.0.0/0 in", vec![]),
            ("deny tcp 26258 0.0.0.0/0 any 0.0.0.0/0 in", vec![]),
            ("deny tcp 26258:26300 0.0.0.0/0 any 0.0.0.0/0 in", vec![]),
            ("deny tcp 26257 ::/0 any ::/0 in", vec![]),
            ("deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 out", vec![]),
            ("route:deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in", vec![]),
            ("route:deny tcp 26257 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1", vec![]),
            // `ufw allow` turns this one into ours.
            ("deny tcp 8080,26257 0.0.0.0/0 any 0.0.0.0/0 CockroachDB - in", vec![]),
            ("nonsense", vec![]),
        ] {
            assert_eq!(met(&[rule, ours], any, 26257), want, "{rule}");
        }
        assert_eq!(met(&["deny tcp 26257 ::/0 any 2001:db8::/32 in"], "2001:db8:1::/48", 26257).len(), 1);
        assert_eq!(met(&["deny tcp 26257 ::/0 any 2001:db9::/32 in"], "2001:db8:1::/48", 26257), []);
    }

    #[test]
    fn networks_meet_by_their_bits() {
        let network = |text: &str| Network::parse(text).unwrap();
        assert!(network("0.0.0.0/0").has(network("10.0.0.1")));
        assert!(
            network("10.0.0.0/8").has(network("10.255.0.0/16"))
                && network("10.255.0.0/16").meets(network("10.0.0.0/8"))
        );
        assert!(!network("10.0.0.0/9").meets(network("10.128.0.0/9")));
        assert!(!network("0.0.0.0/0").meets(network("::/0")));
        for text in ["", "any", "10.0.0.0/33", "::/129", "10.0.0.0/255.0.0.0", "10.0.0.0/"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
