use std::collections::BTreeMap;

use super::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT};
use crate::{Series, Version};

/// The command line of `cockroach start` that a node shall run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartCommand {
    /// The path of the binary on the node.
    pub binary: String,
    /// The directory with `ca.crt`, `node.crt` and `node.key`, on the node.
    pub certs_dir: String,
    /// Where it listens for SQL and for other nodes.
    pub listen_addr: Address,
    /// Where other nodes find it.
    pub advertise_addr: Address,
    /// Where it serves HTTP; without one, port 8080 of where it listens. `http-addr` in `flags` goes before it.
    pub http_addr: Option<Address>,
    /// Where the data is, a path or the fields of `--store`; `store` in `flags` goes before it.
    pub store: Option<String>,
    /// The nodes that it asks for the cluster, in the order given.
    pub join: Vec<Address>,
    /// Its locality, such as `region=eu,zone=a`.
    pub locality: Option<String>,
    /// The other flags with their values, as checked by [`crate::flags::check`].
    pub flags: BTreeMap<String, Vec<String>>,
}

impl StartCommand {
    /// Returns the words of the command line, unquoted, always in the same order: the binary, `start`, what crdbctl
    /// sets, then the other flags by name.
    ///
    /// v2.0 has no `--listen-addr` and its like; it gets `--host`, `--port` and theirs.
    #[must_use]
    pub fn argv(&self, version: &Version) -> Vec<String> {
        let mut argv = vec![self.binary.clone(), "start".to_owned()];
        let mut push = |flag: &str, value: &str| argv.push(format!("--{flag}={value}"));
        push("certs-dir", &self.certs_dir);
        let http_addr = self.http_addr.as_ref().filter(|_| !self.flags.contains_key("http-addr"));
        if version.series() < Series::new(2, 1) {
            old_address(&mut push, "host", "port", &self.listen_addr, DEFAULT_PORT);
            old_address(&mut push, "advertise-host", "advertise-port", &self.advertise_addr, DEFAULT_PORT);
            if let Some(http) = http_addr {
                old_address(&mut push, "http-host", "http-port", http, DEFAULT_HTTP_PORT);
            }
        } else {
            push("listen-addr", &self.listen_addr.to_string());
            push("advertise-addr", &self.advertise_addr.to_string());
            if let Some(http) = http_addr {
                push("http-addr", &http.to_string());
            }
        }
        if let Some(store) = self.store.as_ref().filter(|_| !self.flags.contains_key("store")) {
            push("store", store);
        }
        if !self.join.is_empty() {
            push("join", &self.join.iter().map(Address::to_string).collect::<Vec<_>>().join(","));
        }
        if let Some(locality) = &self.locality {
            push("locality", locality);
        }
        for (flag, values) in &self.flags {
            values.iter().for_each(|value| push(flag, value));
        }
        argv
    }
}

fn old_address(push: &mut impl FnMut(&str, &str), host: &str, port: &str, address: &Address, default: u16) {
    push(host, &address.host);
    if !address.port.is_empty() && address.port != default.to_string() {
        push(port, &address.port);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::start) fn store_1() -> StartCommand {
        StartCommand {
            binary: "/opt/cockroach/cockroach".into(),
            certs_dir: "/opt/cockroach/certs".into(),
            listen_addr: Address::new("198.0.2.166", 26257),
            advertise_addr: Address::new("198.0.2.166", 26257),
            http_addr: None,
            store: Some("/opt/cockroach/data".into()),
            join: ["198.0.2.166", "198.0.2.158", "198.0.2.171"]
                .iter()
                .map(|ip| Address::new(ip, 26257))
                .collect(),
            locality: Some("region=kr,zone=seo01".into()),
            flags: BTreeMap::from([
                ("max-sql-memory".into(), vec![".25".into()]),
                ("cache".into(), vec![".25".into()]),
            ]),
        }
    }

    #[test]
    fn keeps_its_order() {
        insta::assert_snapshot!(store_1().argv(&"v24.1.0".parse().unwrap()).join("\n"), @r"
        /opt/cockroach/cockroach
        start
        --certs-dir=/opt/cockroach/certs
        --listen-addr=198.0.2.166:26257
        --advertise-addr=198.0.2.166:26257
        --store=/opt/cockroach/data
        --join=198.0.2.166:26257,198.0.2.158:26257,198.0.2.171:26257
        --locality=region=kr,zone=seo01
        --cache=.25
        --max-sql-memory=.25
        ");
    }

    #[test]
    fn speaks_the_old_names_to_v2_0() {
        let mut command = store_1();
        command.advertise_addr.port = "26258".into();
        command.http_addr = Some(Address::new("198.0.2.166", 8080));
        let argv = command.argv(&"v2.0.7".parse().unwrap());
        insta::assert_snapshot!(argv[3..7].join("\n"), @r"
        --host=198.0.2.166
        --advertise-host=198.0.2.166
        --advertise-port=26258
        --http-host=198.0.2.166
        ");
    }

    #[test]
    fn flags_of_the_manifest_go_before_what_crdbctl_sets() {
        let mut command = store_1();
        command.http_addr = Some(Address::new("198.0.2.166", 8080));
        command.flags.insert("http-addr".into(), vec!["localhost:8080".into()]);
        command.flags.insert("store".into(), vec!["path=/mnt/d1".into(), "path=/mnt/d2".into()]);
        let argv = command.argv(&"v24.1.0".parse().unwrap());
        let with = |prefix: &str| argv.iter().filter(|word| word.starts_with(prefix)).collect::<Vec<_>>();
        assert_eq!(with("--http-addr"), ["--http-addr=localhost:8080"]);
        assert_eq!(with("--store"), ["--store=path=/mnt/d1", "--store=path=/mnt/d2"]);
    }
}
