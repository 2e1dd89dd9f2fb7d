use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crdbctl_model::NodeName;

use crate::template::NewNode;

/// Names that every hosts file has and no node is known by.
const COMMON: [&str; 7] = [
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-allnodes",
    "ip6-allrouters",
    "broadcasthost",
];

/// What a hosts file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// The hosts, in the file's order.
    pub(crate) nodes: Vec<NewNode>,
    /// Lines that match and were not used.
    pub(crate) skipped: Vec<SkippedLine>,
}

/// A line of a hosts file with a matching name that added no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SkippedLine {
    /// Its number, from 1.
    pub(crate) line: usize,
    /// The name that matches, as the file has it.
    pub(crate) name: String,
    /// Why it was not used.
    pub(crate) reason: String,
}

impl Hosts {
    /// Returns the skipped lines whose names no node has: hosts that the manifest does not get.
    pub(crate) fn missing(&self) -> Vec<&SkippedLine> {
        let known: BTreeSet<&str> = self
            .nodes
            .iter()
            .flat_map(|node| [Some(node.name.as_str()), node.hostname.as_deref()])
            .flatten()
            .collect();
        self.skipped.iter().filter(|skipped| !known.contains(canonical(&skipped.name).as_str())).collect()
    }
}

/// Returns the hosts in the bytes of a hosts(5) file that have a name beginning with `prefix`, in either case.
///
/// The shortest such name becomes the node's name. The longest becomes its host name where it differs. A byte order
/// mark, any line ends and any bytes in comments are accepted. Addresses that other nodes cannot reach and further
/// lines of a node are skipped, with the reason.
///
/// # Errors
/// The file is not text.
pub(crate) fn hosts_matching(bytes: &[u8], prefix: &str) -> Result<Hosts, NotText> {
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return Err(NotText::Utf16);
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(NotText::Nul { line: lines(&bytes[..at]).count() });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let prefix = prefix.to_lowercase();
    let mut hosts = Hosts::default();
    let mut known = Known::default();
    for (number, line) in lines(bytes).enumerate() {
        let text = String::from_utf8_lossy(line.split(|byte| *byte == b'#').next().unwrap_or_default());
        let mut words = text.split_whitespace();
        let Some(address) = words.next() else { continue };
        let names: Vec<&str> = words.filter(|name| matches(name, &prefix)).collect();
        let mut skip = |name: &str, reason: String| {
            hosts.skipped.push(SkippedLine { line: number + 1, name: name.to_owned(), reason });
        };
        match names.iter().min_by_key(|name| canonical(name).len()) {
            Some(name) => match node(address, &names, &mut known) {
                Ok(node) => hosts.nodes.push(node),
                Err(reason) => skip(name, reason),
            },
            // Columns in another order, a name alone, or an inventory of another program.
            None if address.parse::<IpAddr>().is_err() && matches(address, &prefix) => {
                skip(
                    address,
                    "the line begins with the name; write the address first, then the name".to_owned(),
                );
            }
            None => {}
        }
    }
    Ok(hosts)
}

/// The nodes so far, by name and by address, each with the other.
#[derive(Debug, Default)]
struct Known {
    names: BTreeMap<NodeName, IpAddr>,
    addresses: BTreeMap<IpAddr, NodeName>,
}

impl Known {
    fn other(&self, name: &NodeName, address: &IpAddr) -> Option<(&NodeName, &IpAddr)> {
        self.names
            .get_key_value(name)
            .or_else(|| self.addresses.get_key_value(address).map(|(at, of)| (of, at)))
    }
}

/// Why the bytes of a file are no hosts file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotText {
    #[error("it is UTF-16")]
    Utf16,
    #[error("line {line} has a NUL byte")]
    Nul {
        /// From 1.
        line: usize,
    },
}

/// Returns the lines of a text whose lines end with `\n`, `\r\n` or `\r`.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(|byte| *byte == b'\n')
        .flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b'\r'))
}

fn matches(name: &str, prefix: &str) -> bool {
    let name = canonical(name);
    name.starts_with(prefix) && !COMMON.contains(&name.as_str())
}

/// Returns a name as it is compared: DNS knows no case, and the final dot says only that nothing follows.
fn canonical(name: &str) -> String {
    // Marks that nobody sees, which editors leave between files that they join.
    let name = name.trim_matches(['\u{feff}', '\u{200b}']);
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

fn node(address: &str, names: &[&str], known: &mut Known) -> Result<NewNode, String> {
    let address = reachable(address)?;
    let names: Vec<String> = names.iter().map(|name| canonical(name)).collect();
    let shortest = names.iter().min_by_key(|name| name.len()).ok_or("it has no name")?;
    let name = NodeName::new(shortest.as_str()).map_err(|error| error.to_string())?;
    if let Some((other, at)) = known.other(&name, &address) {
        return Err(format!("an earlier line has {other} with {at}"));
    }
    known.names.insert(name.clone(), address);
    known.addresses.insert(address, name.clone());
    let longest = names.iter().max_by_key(|name| name.len()).filter(|longest| *longest != shortest);
    let hostname = longest.filter(|longest| NodeName::new(longest.as_str()).is_ok()).cloned();
    Ok(NewNode { name, address, hostname })
}

/// Returns an address at which other hosts can reach the one that has it.
fn reachable(text: &str) -> Result<IpAddr, String> {
    let (plain, zone) = text.split_once('%').map_or((text, None), |(plain, zone)| (plain, Some(zone)));
    let address: IpAddr = plain.parse().map_err(|_| format!("{text:?} is not an IP address"))?;
    let unusable = match address {
        _ if address.is_loopback() => Some("a loopback address, which other nodes cannot reach"),
        _ if address.is_unspecified() => Some("no address of a host"),
        _ if address.is_multicast() => Some("a multicast address"),
        IpAddr::V4(v4) if v4.is_broadcast() => Some("a broadcast address"),
        IpAddr::V4(v4) if v4.is_link_local() => {
            Some("a link-local address, which other networks cannot reach")
        }
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Some("a link-local address, which means another host on each interface")
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Some("an IPv4 address in the form of IPv6"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    };
    match (unusable, zone) {
        (Some(why), _) => Err(format!("{text} is {why}")),
        (None, Some(zone)) => Err(format!("{plain} has the zone {zone:?}, which only its own host knows")),
        (None, None) => Ok(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"\xEF\xBB\xBF198.0.2.150 store-0 # the first line, behind a byte order mark
127.0.0.1 localhost
127.0.1.1 store-9
# 198.0.2.1 store-10 caf\xE9
198.0.2.166\tstore-1.int.seo01.mgmt store-1 # caf\xE9\r
198.0.2.158 STORE-2 store-2
198.0.2.159 Store-3.INT.
198.0.2.171 store-4.
fe80::1%eth0 store-5
fe80::2 store-6
2001:db8::1 store-1
2001:db8::1%eth0 store-7
198.0.2.158 store-8
198.0.2.200 bastion
198.0.2.201 store-$(id)
198.0.2.0/24 store-11
198.0.2.202 store-12\xE9
";

    fn nodes(hosts: &Hosts) -> String {
        let line = |node: &NewNode| {
            format!("{} {} {}", node.name, node.address, node.hostname.as_deref().unwrap_or("-"))
        };
        hosts.nodes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_matching_line_is_used_or_skipped_with_its_reason() {
        let hosts = hosts_matching(FILE, "Store-").unwrap();
        insta::assert_snapshot!(nodes(&hosts), @"
        store-0 198.0.2.150 -
        store-1 198.0.2.166 store-1.int.seo01.mgmt
        store-2 198.0.2.158 -
        store-3.int 198.0.2.159 -
        store-4 198.0.2.171 -
        ");
        let skipped: Vec<String> =
            hosts.skipped.iter().map(|it| format!("{} {}: {}", it.line, it.name, it.reason)).collect();
        insta::assert_snapshot!(skipped.join("\n"), @r#"
        3 store-9: 127.0.1.1 is a loopback address, which other nodes cannot reach
        9 store-5: fe80::1%eth0 is a link-local address, which means another host on each interface
        10 store-6: fe80::2 is a link-local address, which means another host on each interface
        11 store-1: an earlier line has store-1 with 198.0.2.166
        12 store-7: 2001:db8::1 has the zone "eth0", which only its own host knows
        13 store-8: an earlier line has store-2 with 198.0.2.158
        15 store-$(id): "store-$(id)" is not a node name: use lower-case letters, digits, - and . (63 characters at most, letter or digit at both ends, not `cluster`)
        16 store-11: "198.0.2.0/24" is not an IP address
        17 store-12�: "store-12�" is not a node name: use lower-case letters, digits, - and . (63 characters at most, letter or digit at both ends, not `cluster`)
        "#);
        let missing: Vec<_> = hosts.missing().iter().map(|it| it.name.clone()).collect();
        insta::assert_snapshot!(missing.join(" "), @"store-9 store-5 store-6 store-7 store-8 store-$(id) store-11 store-12�");
    }

    #[test]
    fn a_host_is_told_of_whatever_the_order_of_its_line() {
        let text = "store-1 10.0.0.1\nstore-2\nstore-3 ansible_host=10.0.0.3\n10.0.0.4 \u{feff}store-4\n::ffff:10.0.0.5 store-5\n";
        let hosts = hosts_matching(text.as_bytes(), "store").unwrap();
        assert_eq!(nodes(&hosts), "store-4 10.0.0.4 -");
        let skipped: Vec<_> = hosts.skipped.iter().map(|it| (it.line, it.name.as_str())).collect();
        assert_eq!(skipped, [(1, "store-1"), (2, "store-2"), (3, "store-3"), (5, "store-5")]);
        assert!(hosts.skipped[3].reason.contains("in the form of IPv6"), "{:?}", hosts.skipped[3]);
        assert_eq!(hosts.missing().len(), 4);
    }

    #[test]
    fn a_long_file_takes_time_in_proportion() {
        let line = |at: u32| format!("10.{}.{}.{} store-{at}\n", at >> 16, (at >> 8) & 255, at & 255);
        let text: String = (1..=50_000).map(line).collect();
        let began = std::time::Instant::now();
        assert_eq!(hosts_matching(text.as_bytes(), "store").unwrap().nodes.len(), 50_000);
        // Looking through all earlier lines for each takes minutes.
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn any_line_end_is_one_and_what_is_no_text_is_refused() {
        for text in ["1.2.3.4 a\n1.2.3.5 b", "1.2.3.4 a\r\n1.2.3.5 b\r\n", "1.2.3.4 a\r1.2.3.5 b\r"] {
            assert_eq!(
                nodes(&hosts_matching(text.as_bytes(), "").unwrap()),
                "a 1.2.3.4 -\nb 1.2.3.5 -",
                "{text:?}"
            );
        }
        assert_eq!(hosts_matching(b"\xFF\xFE1\0", ""), Err(NotText::Utf16));
        assert_eq!(hosts_matching(b"a\n\0", ""), Err(NotText::Nul { line: 2 }));
    }

    #[test]
    fn names_that_every_file_has_match_nothing() {
        let text = b"127.0.0.1 localhost LOCALHOST.localdomain\n::1 ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\n";
        assert_eq!(hosts_matching(text, "").unwrap(), Hosts::default());
    }

    proptest::proptest! {
        #[test]
        fn no_matching_line_is_lost(text in "(\\PC|\n|\t| |\r|[0-9.:# a-zA-Z]){0,300}", prefix in "[a-zA-Z]{0,2}") {
            let Ok(hosts) = hosts_matching(text.as_bytes(), &prefix) else { return Ok(()) };
            let mut names: Vec<_> = hosts.nodes.iter().map(|node| &node.name).collect();
            names.sort();
            names.dedup();
            proptest::prop_assert_eq!(names.len(), hosts.nodes.len());
            let matching = lines(text.trim_start_matches('\u{FEFF}').as_bytes())
                .filter(|line| {
                    let text = String::from_utf8_lossy(line.split(|byte| *byte == b'#').next().unwrap_or_default());
                    let first = text.split_whitespace().next().is_some_and(|first| first.parse::<IpAddr>().is_err());
                    let names = text.split_whitespace().skip(usize::from(!first));
                    let mut names = names;
                    names.any(|name| matches(name, &prefix.to_lowercase()))
                })
                .count();
            proptest::prop_assert_eq!(hosts.nodes.len() + hosts.skipped.len(), matching);
        }
    }
}
