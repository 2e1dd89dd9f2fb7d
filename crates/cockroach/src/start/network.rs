use super::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT};

/// The addresses of a node, filled in flag by flag in the order of the command line, as cockroach does it.
///
/// Source: `addrSetter`, `aliasStrVar` and `extraServerFlagInit` in `pkg/cli/flags.go`.
#[derive(Debug, Clone)]
pub(super) struct Network {
    listen: Address,
    advertise: Address,
    sql: Option<Address>,
    advertise_sql: Option<Address>,
    http: Address,
    advertise_http: Option<Address>,
    plain_local_http: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            listen: Address::new("", DEFAULT_PORT),
            advertise: Address::default(),
            sql: None,
            advertise_sql: None,
            http: Address::new("", DEFAULT_HTTP_PORT),
            advertise_http: None,
            plain_local_http: false,
        }
    }
}

impl Network {
    /// Takes a flag in; returns false for one that says nothing about addresses.
    pub(super) fn take(&mut self, flag: &str, value: &str) -> bool {
        match flag {
            "listen-addr" => set(&mut self.listen, value),
            "advertise-addr" => set(&mut self.advertise, value),
            "sql-addr" => set(self.sql.get_or_insert_default(), value),
            "advertise-sql-addr" => set(self.advertise_sql.get_or_insert_default(), value),
            "http-addr" => set(&mut self.http, value),
            "advertise-http-addr" => set(self.advertise_http.get_or_insert_default(), value),
            "host" => set_host(&mut self.listen, value),
            "advertise-host" => set_host(&mut self.advertise, value),
            "http-host" => set_host(&mut self.http, value),
            "port" => set_port(&mut self.listen, value),
            "advertise-port" => set_port(&mut self.advertise, value),
            "http-port" => set_port(&mut self.http, value),
            "unencrypted-localhost-http" => {
                // The flag is one of its own as well: it also turns TLS off.
                self.plain_local_http = crate::flags::value::boolean(value).unwrap_or(false);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Returns the addresses by flag with every default filled in.
    ///
    /// An advertised address without a host means the node's own host name, which is not known here.
    pub(super) fn filled(self) -> Vec<(&'static str, Address)> {
        let listen = self.listen;
        let advertise = or(&self.advertise, &listen.host, &listen.port);
        let mut http = or(&self.http, &listen.host, &self.http.port);
        if self.plain_local_http {
            http.host = "localhost".to_owned();
        }
        let sql = self.sql.map(|sql| or(&sql, &listen.host, &listen.port));
        let serving = sql.as_ref().unwrap_or(&listen);
        let port = if sql.is_some() { &serving.port } else { &advertise.port };
        let advertise_sql = self.advertise_sql.map(|given| or(&given, &advertise.host, port));
        let http_port = DEFAULT_HTTP_PORT.to_string();
        let advertise_http = self.advertise_http.map(|given| or(&given, &advertise.host, &http_port));
        let always = [("listen-addr", listen), ("advertise-addr", advertise), ("http-addr", http)];
        let given = [
            ("sql-addr", sql),
            ("advertise-sql-addr", advertise_sql),
            ("advertise-http-addr", advertise_http),
        ];
        always
            .into_iter()
            .chain(given.into_iter().filter_map(|(flag, address)| Some((flag, address?))))
            .map(|(flag, address)| (flag, plain(address)))
            .collect()
    }
}

fn set(address: &mut Address, value: &str) {
    *address = Address::parse(value, &address.port).unwrap_or_else(|| as_is(value));
}

fn set_host(address: &mut Address, value: &str) {
    if value.is_empty() {
        return;
    }
    // These flags take a host as it is, IPv6 without brackets. Some scripts give `--host=ADDR:PORT` all the same:
    // what is meant is clear.
    match Address::parse(value, "") {
        Some(both) if !both.port.is_empty() => *address = both,
        Some(Address { host, .. }) => address.host = host,
        None => value.clone_into(&mut address.host),
    }
}

fn set_port(address: &mut Address, value: &str) {
    if !value.is_empty() {
        value.clone_into(&mut address.port);
    }
}

/// An address that cockroach would refuse: kept as it stands, to be shown.
fn as_is(value: &str) -> Address {
    Address { host: value.to_owned(), port: String::new() }
}

fn or(address: &Address, host: &str, port: &str) -> Address {
    let pick = |own: &str, other: &str| if own.is_empty() { other.to_owned() } else { own.to_owned() };
    Address { host: pick(&address.host, host), port: pick(&address.port, port) }
}

/// Returns the address with its host in one spelling: IP addresses in their short form, names in lower case.
pub(super) fn plain(address: Address) -> Address {
    let host = match address.host.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.to_string(),
        Err(_) => address.host.to_ascii_lowercase(),
    };
    Address { host, ..address }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(flags: &[(&str, &str)]) -> String {
        let mut network = Network::default();
        for (flag, value) in flags {
            network.take(flag, value);
        }
        network
            .filled()
            .iter()
            .map(|(flag, address)| format!("{flag}={address}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn fills_in_what_cockroach_fills_in() {
        assert_eq!(filled(&[]), "listen-addr=:26257 advertise-addr=:26257 http-addr=:8080");
        let plain = "listen-addr=10.0.0.1:26257 advertise-addr=10.0.0.1:26257 http-addr=10.0.0.1:8080";
        assert_eq!(filled(&[("host", "10.0.0.1")]), plain);
        assert_eq!(filled(&[("host", "10.0.0.1:26257")]), plain);
        assert_eq!(filled(&[("listen-addr", "10.0.0.1")]), plain);
        for spelling in ["::1", "[::1]"] {
            assert!(filled(&[("port", "5"), ("host", spelling)]).starts_with("listen-addr=[::1]:5 "));
        }
        assert_eq!(filled(&[("listen-addr", "10.0.0.1:26257"), ("advertise-addr", "10.0.0.1")]), plain);
        assert_eq!(
            filled(&[("listen-addr", ":1"), ("advertise-addr", "node1")]),
            "listen-addr=:1 advertise-addr=node1:1 http-addr=:8080"
        );
        assert_eq!(
            filled(&[("advertise-addr", "Node1"), ("http-port", "9090")]),
            "listen-addr=:26257 advertise-addr=node1:26257 http-addr=:9090"
        );
        assert_eq!(
            filled(&[("listen-addr", "10.0.0.1"), ("unencrypted-localhost-http", "true")]),
            "listen-addr=10.0.0.1:26257 advertise-addr=10.0.0.1:26257 http-addr=localhost:8080"
        );
    }

    #[test]
    fn the_last_port_counts() {
        let with = |flags: &[(&str, &str)]| filled(flags).split(' ').next().unwrap_or_default().to_owned();
        assert_eq!(with(&[("port", "1"), ("listen-addr", "a")]), "listen-addr=a:1");
        assert_eq!(with(&[("listen-addr", "a"), ("port", "1")]), "listen-addr=a:1");
        assert_eq!(with(&[("listen-addr", "a:2"), ("port", "1")]), "listen-addr=a:1");
        assert_eq!(with(&[("port", "1"), ("listen-addr", "a:2")]), "listen-addr=a:2");
    }

    #[test]
    fn fills_in_a_split_sql_listener() {
        let all = filled(&[
            ("listen-addr", "10.0.0.1:36257"),
            ("sql-addr", ":26257"),
            ("advertise-sql-addr", "lb"),
        ]);
        assert!(all.ends_with("sql-addr=10.0.0.1:26257 advertise-sql-addr=lb:26257"), "{all}");
    }

    #[test]
    fn spells_hosts_one_way() {
        assert!(filled(&[("listen-addr", "[0:0:0:0:0:0:0:1]:5")]).starts_with("listen-addr=[::1]:5 "));
    }
}
