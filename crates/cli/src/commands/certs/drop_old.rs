use std::collections::BTreeSet;

use crdbctl_model::{Desired, NodeName, Observations};
use crdbctl_pki::AuthorityDirectory;
use crdbctl_planner::{Holder, Holders, without_issuer};

use super::rotate_ca::refused;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode};

/// Refuses to drop the old authority while a certificate needs it that crdbctl does not write: in the certificates' directory of a
/// node, or in the authority's directory on this host.
pub(super) fn demand_unneeded(cluster: &Cluster, observations: &Observations) -> Result<(), CliError> {
    let directory =
        AuthorityDirectory::open(&cluster.authority).map_err(|error| CliError::from_error(&error))?;
    let Some(directory) = directory else { return Ok(()) };
    let bundle = directory.authority().bundle();
    let mut holders = Holders::on_nodes(observations, bundle);
    let here = directory.other_certificates().map_err(|error| CliError::from_error(&error))?;
    for (file, pem) in &here {
        holders.judge(None, file, pem, bundle, observations.taken_at);
    }
    let unjudged = holders.unjudged.iter().map(|unjudged| {
        let place = unjudged.node.as_ref().map_or_else(
            || cluster.authority.display().to_string(),
            |node| {
                certificates_of(cluster, node).map_or_else(|| node.to_string(), |at| format!("{node}: {at}"))
            },
        );
        let file = unjudged.file.as_deref().map_or_else(String::new, |file| format!("/{file}"));
        format!("whether {place}{file} needs the old authority is not known: {}", unjudged.reason)
    });
    let unjudged: Vec<String> = unjudged.collect();
    if !unjudged.is_empty() {
        return Err(CliError::new(ExitCode::Unknown, format!("not applied: {}", unjudged.join("; "))).hint(
            "the old authority is dropped only when every certificate was judged: replace the file by a certificate that crdbctl can \
             read and verify, or move it out of the directory when nothing uses it",
        ));
    }
    if holders.found.is_empty() {
        return Ok(());
    }
    let named = |holder: &Holder| match &holder.node {
        Some(_) => holder.to_string(),
        None => cluster.authority.join(&holder.file).display().to_string(),
    };
    let left: Vec<String> = holders.found.iter().map(named).collect();
    let advice: BTreeSet<String> = holders.found.iter().map(advice).collect();
    let why = refused(format!("the old authority still vouches for {}", left.join(", ")));
    Err(why.hint(advice.into_iter().collect::<Vec<_>>().join("; ")))
}

/// Refuses certificates by an authority that the nodes do not take from clients: `ca-client.crt` is nothing that crdbctl writes.
pub(super) fn demand_client_authorities(
    cluster: &Cluster,
    observations: &Observations,
) -> Result<(), CliError> {
    let directory =
        AuthorityDirectory::open(&cluster.authority).map_err(|error| CliError::from_error(&error))?;
    let Some(directory) = directory else { return Ok(()) };
    match without_issuer(observations, directory.authority().bundle()) {
        Ok(nodes) if nodes.is_empty() => Ok(()),
        Ok(nodes) => {
            let nodes: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
            Err(refused(format!(
                "ca-client.crt on {} lacks the new authority: nodes would refuse the certificates that it makes",
                nodes.join(", ")
            ))
            .hint(
                "put the new authority's certificate into ca-client.crt on every node, beside what is there, and have each node \
                 reload it (systemctl kill -s HUP); then run this again",
            ))
        }
        Err((node, why)) => Err(CliError::new(
            ExitCode::Unknown,
            format!(
                "not applied: whether ca-client.crt on {node} holds the new authority is not known: {why}"
            ),
        )
        .hint("replace it by a readable file of certificates, then run this again")),
    }
}

/// The directory of certificates on a node.
fn certificates_of(cluster: &Cluster, node: &NodeName) -> Option<String> {
    cluster.graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Ca(ca) => Some(ca.path.parent().to_string()),
        _ => None,
    })
}

/// Returns what to do about a file. CockroachDB keeps a pair of nodes, or of the DB Console, that was there when it started, and
/// refuses a reload without it (pkg/security/certificate_manager.go), so a deletion needs a restart.
fn advice(holder: &Holder) -> String {
    let file = holder.file.as_str();
    match (&holder.node, file) {
        (Some(_), "client.node.crt") => {
            "have client.node.crt signed anew, up to the new authority, by whoever makes it; or delete it with its key and restart \
             the node, which then dials others with node.crt"
                .to_owned()
        }
        (Some(_), "ui.crt") => {
            "have ui.crt signed anew, up to the new authority, by whoever makes it; or delete it with its key and restart the node, \
             which then serves the DB Console with node.crt"
                .to_owned()
        }
        (Some(_), _) => format!("replace {file} by one of the new authority, or delete it when nobody uses it"),
        (None, "client.node.crt" | "node.crt" | "ui.crt") => {
            format!("have {file} signed anew by whoever makes it, or delete it when nobody uses it")
        }
        (None, _) => match file.strip_prefix("client.").and_then(|rest| rest.strip_suffix(".crt")) {
            Some(user) if crdbctl_pki::ClientUser::new(user).is_ok() => format!(
                "name {user} in `certificates.clients` and run `crdbctl certs rotate-ca`, or delete {file} and its key when nobody \
                 uses them"
            ),
            _ => format!("delete {file} when nobody uses it, or have it signed anew by whoever makes it"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_what_the_manifest_takes() {
        let of = |node: Option<&str>, file: &str| {
            let node = node.map(|node| NodeName::new(node).unwrap());
            advice(&Holder { node, file: file.to_owned() })
        };
        assert!(of(None, "client.alice.crt").contains("name alice in `certificates.clients`"));
        for file in ["client.node.crt", "client.ALICE.crt", "node.crt", "ui.crt", "client..crt", "other.crt"]
        {
            assert!(!of(None, file).contains("certificates.clients"), "{file}");
        }
        for file in ["client.node.crt", "ui.crt"] {
            assert!(of(Some("store-1"), file).contains("restart the node"), "{file}");
        }
        for file in ["client.node.crt", "client.app.crt", "ui.crt", "other.crt"] {
            assert!(!of(Some("store-1"), file).contains("certificates.clients"), "{file}");
        }
    }
}
