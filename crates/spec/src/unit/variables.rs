use crdbctl_cockroach::start::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT, StartCommand};
use minijinja::{Value, context};

use super::{SystemdContext, systemd_quote};
use crate::manifest::{Manifest, Node};

/// The variables that a unit's template can use.
pub const TEMPLATE_VARIABLES: [&str; 20] = [
    "cluster",
    "node",
    "address",
    "hostname",
    "locality",
    "version",
    "root",
    "data",
    "certs",
    "program",
    "user",
    "group",
    "service",
    "nofile",
    "join",
    "join_hosts",
    "flags",
    "argv",
    "exec_start",
    "environment",
];

/// Returns the command line that a node shall run with.
pub(super) fn start_command(manifest: &Manifest, node: &Node) -> StartCommand {
    let address = |port| Address::new(&node.address.to_string(), port);
    let root = &manifest.install.root;
    let join = manifest.join().into_iter().map(|peer| Address::new(&peer.address.to_string(), DEFAULT_PORT));
    StartCommand {
        binary: format!("{}/cockroach", root.value),
        certs_dir: format!("{}/certs", root.value),
        listen_addr: address(DEFAULT_PORT),
        advertise_addr: address(DEFAULT_PORT),
        http_addr: Some(address(DEFAULT_HTTP_PORT)),
        store: Some(manifest.install.data.to_string()),
        join: join.collect(),
        locality: node.locality.as_ref().map(|locality| locality.to_string()),
        flags: manifest.cockroach.flags.with(&node.flags).plain(),
    }
}

/// Returns what a unit's template can use; `specs/manifest.v1.md` lists it.
pub(super) fn variables(manifest: &Manifest, node: &Node, command: &StartCommand) -> Value {
    let argv = command.argv(&manifest.cockroach.version);
    let words = argv.iter().map(|word| systemd_quote(word, SystemdContext::Exec));
    let exec_start = words.collect::<Vec<_>>().join(" ");
    let assignment =
        |(name, value): (&String, &String)| systemd_quote(&format!("{name}={value}"), SystemdContext::Word);
    let environment = manifest.cockroach.environment.plain();
    let environment: Vec<String> = environment.iter().map(assignment).collect();
    let join: Vec<String> = command.join.iter().map(Address::to_string).collect();
    let join_hosts: Vec<String> = command.join.iter().map(|address| address.host.clone()).collect();
    context! {
        cluster => manifest.name.as_str(),
        node => node.name.as_str(),
        address => node.address.to_string(),
        hostname => node.hostname.to_string(),
        locality => command.locality.as_deref().unwrap_or_default(),
        version => manifest.cockroach.version.to_string(),
        root => manifest.install.root.as_str(),
        data => manifest.install.data.as_str(),
        certs => command.certs_dir.as_str(),
        program => command.binary.as_str(),
        user => manifest.install.user.as_str(),
        group => manifest.install.group.as_str(),
        service => manifest.service.name.as_str(),
        nofile => manifest.service.nofile.value,
        join => join,
        join_hosts => join_hosts,
        flags => &command.flags,
        argv => argv,
        exec_start => exec_start,
        environment => environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_variables_is_complete() {
        let text = include_str!("../../../../specs/examples/minimal.yaml");
        let manifest = crate::parse(text, "minimal.yaml", &crate::Inputs::none()).unwrap();
        let node = &manifest.nodes[0];
        let values = variables(&manifest, node, &start_command(&manifest, node));
        let mut names: Vec<String> = values.try_iter().unwrap().map(|name| name.to_string()).collect();
        let mut listed = TEMPLATE_VARIABLES.map(str::to_owned).to_vec();
        names.sort();
        listed.sort();
        assert_eq!(names, listed);
    }
}
