/// Returns the text of the ufw application profile for these ports (ufw(8), application integration).
pub(crate) fn profile(name: &str, ports: &str) -> String {
    format!(
        "[{name}]\ntitle=CockroachDB\ndescription=SQL and traffic between nodes of CockroachDB, and its HTTP endpoint\nports={ports}\n"
    )
}
