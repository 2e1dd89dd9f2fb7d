use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
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
    /// Nodes, each with the address that CockroachDB is to listen on
    #[arg(value_name = "NAME=ADDRESS")]
    nodes: Vec<NewNode>,

    /// Take the nodes that --match names from a file in the form of /etc/hosts
    #[arg(long, value_name = "FILE", requires = "matching")]
    from_hosts: Option<PathBuf>,

    /// Beginning of the names to take from the hosts file, such as store-
    #[arg(long = "match", value_name = "PREFIX", requires = "from_hosts", conflicts_with = "nodes")]
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
    let (nodes, missing) = match (&args.from_hosts, &args.matching) {
        (Some(file), Some(prefix)) => nodes_from_hosts(file, prefix, ui)?,
        _ => (args.nodes.clone(), 0),
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
    let written = crdbctl_report::count(manifest.nodes.len(), "node");
    let to_stdout = global.file == Path::new("-");
    if to_stdout {
        ui.result(&text)?;
    } else {
        write_new(&global.file, &text)?;
    }
    if missing > 0 {
        let place = if to_stdout { "the manifest".to_owned() } else { global.file.display().to_string() };
        let are = if missing == 1 { "is" } else { "are" };
        let hosts = crdbctl_report::count(missing, "matching host");
        return Err(CliError::new(
            ExitCode::Error,
            format!("{place} was written with {written}; {hosts} {are} missing from it"),
        )
        .hint(
            "the warnings above give the lines and the reasons; add the missing hosts under `nodes:` by hand",
        ));
    }
    if !to_stdout {
        let file = global.file.display();
        let option =
            if global.file == Path::new("cluster.yaml") { String::new() } else { format!(" -f {file}") };
        ui.status(&format!(
            "Wrote {file} with {written}. Next: crdbctl{option} validate, then crdbctl{option} plan."
        ));
    }
    Ok(ExitCode::Done)
}

/// Returns the nodes that a hosts file gives, and how many hosts match and are not among them.
fn nodes_from_hosts(file: &Path, prefix: &str, ui: &Ui) -> Result<(Vec<NewNode>, usize), CliError> {
    let reading = || format!("reading {}", file.display());
    let bytes = std::fs::read(file).map_err(|error| CliError::failed(reading(), &error))?;
    let hosts = hosts_matching(&bytes, prefix).map_err(|error| {
        CliError::failed(reading(), &error).hint("save the file as UTF-8 text, in the form of /etc/hosts")
    })?;
    for skipped in &hosts.skipped {
        let (line, name, reason) = (skipped.line, &skipped.name, &skipped.reason);
        ui.warning(&format!("{} line {line}: skipped {name}: {reason}", file.display()));
    }
    if hosts.nodes.is_empty() {
        let message = if hosts.skipped.is_empty() {
            format!("{} names no host that begins with {prefix:?}", file.display())
        } else {
            format!("{} gives no host that begins with {prefix:?} and that can be used", file.display())
        };
        return Err(CliError::new(ExitCode::Error, message)
            .hint("use --match with what the names of the hosts begin with, or give NAME=ADDRESS"));
    }
    let missing = hosts.missing().len();
    Ok((hosts.nodes, missing))
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
    let open = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match open {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(CliError::new(
                ExitCode::Error,
                format!("{} exists already; init never overwrites a file", path.display()),
            )
            .hint("write to another file with --file FILE, or print the manifest with --file -"));
        }
        opened => opened.map_err(|error| CliError::failed(format!("creating {}", path.display()), &error))?,
    };
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| CliError::failed(format!("writing {}", path.display()), &error))
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
