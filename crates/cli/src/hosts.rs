use std::net::IpAddr;

use crdbctl_model::NodeName;

use crate::template::NewNode;

/// What a hosts file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// The hosts, in the file's order.
    pub(crate) nodes: Vec<NewNode>,
    /// Lines that match and were not taken, with why.
    pub(crate) skipped: Vec<String>,
}

/// Returns the hosts of a text in the form of hosts(5) that have a name beginning with `prefix`.
///
/// The shortest such name becomes the node's; the longest becomes its host name where it differs.
/// Loopback addresses and second addresses of a name are skipped, and said to be.
pub(crate) fn hosts_matching(text: &str, prefix: &str) -> Hosts {
    let mut hosts = Hosts::default();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next() else { continue };
        let names: Vec<String> =
            words.filter(|name| name.starts_with(prefix)).map(str::to_lowercase).collect();
        let Some(name) = names.iter().min_by_key(|name| name.len()) else { continue };
        match node(address, name, &names, &hosts.nodes) {
            Ok(node) => hosts.nodes.push(node),
            Err(why) => hosts.skipped.push(format!("line {}: {name} was not taken: {why}", number + 1)),
        }
    }
    hosts
}

fn node(address: &str, name: &str, names: &[String], taken: &[NewNode]) -> Result<NewNode, String> {
    let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is no address"))?;
    if address.is_loopback() || address.is_unspecified() {
        return Err(format!("other nodes cannot reach {address}"));
    }
    let name = NodeName::new(name).map_err(|error| error.to_string())?;
    if let Some(other) = taken.iter().find(|node| node.name == name || node.address == address) {
        return Err(format!("{} with {} was taken before", other.name, other.address));
    }
    let longest =
        names.iter().max_by_key(|name| name.len()).filter(|longest| longest.as_str() != name.as_str());
    let hostname = longest.filter(|longest| NodeName::new(longest.as_str()).is_ok()).cloned();
    Ok(NewNode { name, address, hostname })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
127.0.0.1 localhost
127.0.1.1 store-9
# 198.0.2.1 store-0
198.0.2.166\tstore-1.int.seo01.mgmt store-1 # first
198.0.2.158 STORE-2 store-2
198.0.2.171 store-3
fe80::1%eth0 store-4
2001:db8::1 store-1
198.0.2.200 bastion
198.0.2.201 store-$(id)
";

    #[test]
    fn takes_what_begins_with_the_prefix_and_says_what_it_leaves() {
        let hosts = hosts_matching(FILE, "store-");
        let taken: Vec<String> = hosts
            .nodes
            .iter()
            .map(|node| format!("{} {} {}", node.name, node.address, node.hostname.as_deref().unwrap_or("-")))
            .collect();
        insta::assert_snapshot!(taken.join("\n"), @"
        store-1 198.0.2.166 store-1.int.seo01.mgmt
        store-2 198.0.2.158 -
        store-3 198.0.2.171 -
        ");
        insta::assert_snapshot!(hosts.skipped.join("\n"), @r#"
        line 2: store-9 was not taken: other nodes cannot reach 127.0.1.1
        line 7: store-4 was not taken: "fe80::1%eth0" is no address
        line 8: store-1 was not taken: store-1 with 198.0.2.166 was taken before
        line 10: store-$(id) was not taken: "store-$(id)" is not a node name: use lower-case letters, digits, - and . (63 characters at most, letter or digit at both ends, not `cluster`)
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_file_can_be_read(text in "(\\PC|\n|\t| |[0-9.:# a-z]){0,300}", prefix in "[a-z]{0,2}") {
            let hosts = hosts_matching(&text, &prefix);
            let mut names: Vec<_> = hosts.nodes.iter().map(|node| &node.name).collect();
            names.dedup();
            proptest::prop_assert_eq!(names.len(), hosts.nodes.len());
        }
    }
}
