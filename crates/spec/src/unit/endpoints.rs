use std::collections::BTreeSet;

use crdbctl_cockroach::start::{Address, CanonicalArgs};

/// Where a node with a command line is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// `host:port` of SQL, as seen from the node itself.
    pub(crate) sql: String,
    /// `host:port` of RPC, as seen from the node itself: the same unless SQL has an address of its own.
    pub(crate) rpc: String,
    /// `host:port` that the node advertises to the others, and is known by among them.
    pub(crate) advertised: String,
    /// `host:port` of HTTP, as seen from the node itself.
    pub(crate) http: String,
    /// The ports, as ufw writes them: `26257,8080/tcp`.
    pub(crate) ports: String,
}

impl Endpoints {
    /// Returns the endpoints of a command line on the node with this address.
    pub(super) fn of(args: &CanonicalArgs, own: &str) -> Self {
        let address = |flag: &str| {
            let written = args.flags.get(flag).and_then(|flag| flag.written.first());
            written.and_then(|text| Address::parse(text, ""))
        };
        let reach = |flag: &str| match address(flag) {
            // Listening on every address includes the node's own.
            Some(Address { host, port }) if matches!(host.as_str(), "" | "0.0.0.0" | "::") => {
                Address { host: own.to_owned(), port }.to_string()
            }
            Some(address) => address.to_string(),
            None => own.to_owned(),
        };
        let flags = ["listen-addr", "sql-addr", "http-addr"];
        let ports: Vec<u16> = flags
            .iter()
            .filter_map(|flag| address(flag))
            .filter_map(|address| address.port.parse().ok())
            .collect();
        let mut seen = BTreeSet::new();
        let ports: Vec<String> =
            ports.into_iter().filter(|port| seen.insert(*port)).map(|port| port.to_string()).collect();
        let ports = format!("{}/tcp", ports.join(","));
        // CockroachDB docs, cockroach start: `--sql-addr` takes SQL off `--listen-addr`.
        let sql = if args.flags.contains_key("sql-addr") { "sql-addr" } else { "listen-addr" };
        Self {
            sql: reach(sql),
            rpc: reach("listen-addr"),
            advertised: reach("advertise-addr"),
            http: reach("http-addr"),
            ports,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &[&str]) -> Endpoints {
        let argv: Vec<&str> = ["/opt/x", "start"].iter().chain(flags).copied().collect();
        Endpoints::of(&CanonicalArgs::parse(&argv).unwrap(), "10.0.0.1")
    }

    #[test]
    fn follow_the_command_line() {
        let defaults = of(&["--listen-addr=10.0.0.1", "--http-addr=10.0.0.1"]);
        assert_eq!((defaults.sql.as_str(), defaults.http.as_str()), ("10.0.0.1:26257", "10.0.0.1:8080"));
        assert_eq!(defaults.ports, "26257,8080/tcp");
        assert_eq!(defaults.advertised, "10.0.0.1:26257");
        assert_eq!(
            of(&["--listen-addr=:1", "--advertise-addr=lb.example.com"]).advertised,
            "lb.example.com:1"
        );
        let old = of(&["--host=10.0.0.2", "--http-port=8081"]);
        assert_eq!((old.sql.as_str(), old.http.as_str()), ("10.0.0.2:26257", "10.0.0.2:8081"));
        let everywhere = of(&["--sql-addr=:36257", "--http-addr=0.0.0.0:80"]);
        assert_eq!((everywhere.sql.as_str(), everywhere.http.as_str()), ("10.0.0.1:36257", "10.0.0.1:80"));
        assert_eq!((everywhere.rpc.as_str(), defaults.rpc.as_str()), ("10.0.0.1:26257", "10.0.0.1:26257"));
        assert_eq!(everywhere.ports, "26257,36257,80/tcp");
        assert_eq!(of(&["--listen-addr=[2001:db8::1]:1"]).sql, "[2001:db8::1]:1");
    }
}
