use crdbctl_cockroach::start::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT};

use crate::manifest::Flags;

/// Returns the ports of a node, as ufw writes them: `26257,8080/tcp`.
pub(super) fn ports(flags: &Flags) -> String {
    let port = |flag: &str, default: u16| {
        let given = flags.values.get(flag).and_then(|flag| flag.values.first());
        given
            .and_then(|text| Address::parse(text, &default.to_string()))
            .and_then(|address| address.port.parse().ok())
            .unwrap_or(default)
    };
    let mut ports = vec![DEFAULT_PORT, port("sql-addr", DEFAULT_PORT), port("http-addr", DEFAULT_HTTP_PORT)];
    let mut seen = std::collections::BTreeSet::new();
    ports.retain(|port| seen.insert(*port));
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("{}/tcp", ports.join(","))
}

/// Returns the text of the ufw application profile, and its ports (ufw(8), application integration).
pub(crate) fn profile(name: &str, flags: &Flags) -> (String, String) {
    let ports = ports(flags);
    let text = format!(
        "[{name}]\ntitle=CockroachDB\ndescription=SQL and traffic between nodes of CockroachDB, and its HTTP endpoint\nports={ports}\n"
    );
    (text, ports)
}
