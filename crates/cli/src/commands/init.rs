use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use crdbctl_cockroach::Version;
use crdbctl_model::ClusterName;

use crate::args::GlobalArgs;
use crate::hosts::hosts_matching;
use crate::template::{NewManifest, NewNode};
use crate::{CliError, ExitCode, Ui};

/// Write a commented manifest to start from
///
/// Nodes come from the arguments, or from a hosts file. The manifest is written to the file that --file
/// names and never over one that is there; `--file -` prints it.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["nodes", "from_hosts"])))]
pub(crate) struct InitArgs {
    /// Nodes, each with the address that CockroachDB shall listen on
    #[arg(value_name = "NAME=ADDRESS")]
    nodes: Vec<NewNode>,

    /// Take the nodes that --match names from a file in the form of /etc/hosts
    #[arg(long, value_name = "FILE", requires = "matching")]
    from_hosts: Option<PathBuf>,

    /// Beginning of the names to take from the hosts file, such as store-
    #[arg(long = "match", value_name = "PREFIX", requires = "from_hosts")]
    matching: Option<String>,

    /// Name of the cluster; without it, taken from the nodes' names
    #[arg(long, value_name = "NAME")]
    name: Option<ClusterName>,

    /// Version of CockroachDB to run
    #[arg(long, value_name = "VERSION", default_value = "v24.1.0")]
    cockroach_version: Version,

    /// User to log in as over ssh; without it, what ~/.ssh/config says
    #[arg(long, value_name = "USER")]
    ssh_user: Option<String>,
}

pub(crate) fn run(args: &InitArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let nodes = match (&args.from_hosts, &args.matching) {
        (Some(file), Some(prefix)) => nodes_from_hosts(file, prefix, ui)?,
        _ => args.nodes.clone(),
    };
    let manifest = NewManifest {
        name: args.name.clone().unwrap_or_else(|| cluster_name(&nodes)),
        version: args.cockroach_version.to_string(),
        ssh_user: args.ssh_user.clone(),
        nodes,
    };
    let text = manifest.to_string();
    // Names that are twice there, say: better told now than by the next command.
    crdbctl_spec::parse(&text, "the new manifest", &crdbctl_spec::Inputs::none())
        .map_err(|wrong| crate::manifest::explain(&wrong, ui))?;
    if global.file == Path::new("-") {
        ui.result(&text)?;
        return Ok(ExitCode::Done);
    }
    write_new(&global.file, &text)?;
    ui.status(&format!(
        "Wrote {} with {}. Next: crdbctl validate, then crdbctl plan.",
        global.file.display(),
        crdbctl_report::count(manifest.nodes.len(), "node")
    ));
    Ok(ExitCode::Done)
}

fn nodes_from_hosts(file: &Path, prefix: &str, ui: &Ui) -> Result<Vec<NewNode>, CliError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::failed(format!("reading {}", file.display()), &error))?;
    let found = hosts_matching(&text, prefix);
    found.skipped.iter().for_each(|skipped| ui.warning(&format!("{}: {skipped}", file.display())));
    if found.nodes.is_empty() {
        return Err(CliError::new(
            ExitCode::Error,
            format!("{} names no host that begins with {prefix:?}", file.display()),
        )
        .hint("name the beginning that the hosts have in common with --match, or give NAME=ADDRESS"));
    }
    Ok(found.nodes)
}

/// Returns what the nodes' names begin with: `store` for `store-1`.
fn cluster_name(nodes: &[NewNode]) -> ClusterName {
    let first = nodes.first().map(|node| node.name.as_str()).unwrap_or_default();
    let base = first.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    ClusterName::new(base.trim_end_matches('-'))
        .or_else(|_| ClusterName::new("cockroach"))
        .expect("the second is a cluster name")
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let create =
        |path: &Path| -> std::io::Result<File> { OpenOptions::new().write(true).create_new(true).open(path) };
    let written =
        create(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let failed = CliError::failed(format!("writing {}", path.display()), &error);
        match error.kind() {
            ErrorKind::AlreadyExists => {
                failed.hint("name another file with --file, or print it with --file -")
            }
            _ => failed,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_named_for_their_nodes() {
        let name = |node: &str| cluster_name(&[format!("{node}=198.0.2.1").parse().unwrap()]).to_string();
        assert_eq!(name("store-1"), "store");
        assert_eq!(name("crdb07.int.example"), "crdb");
        assert_eq!(name("db-eu-3"), "db-eu");
        assert_eq!(name("1"), "cockroach");
    }
}
