//! One file a kind: how what was found differs from what shall be.

mod account;
mod authority;
pub(crate) mod ca;
mod client_certificate;
mod directory;
pub(crate) mod drop_in;
pub(crate) mod file;
pub(crate) mod firewall;
mod init;
pub(crate) mod link;
mod members;
pub(crate) mod node_certificate;
mod package;
pub(crate) mod service;
mod setting;
mod split;
mod ufw_rule;
mod unit;
mod version;

pub(crate) use split::{Split, Unfit};

use crdbctl_model::{Desired, Fact, Finalize, HostPath, NodeCertificateFact, Resource};

use crate::comparison::{Comparison, unknown};
use crate::context::Context;
use crate::removal::Fate;

/// Compares a resource with what was found; `None` when nothing is there.
pub(crate) fn compare(resource: &Resource, found: Option<&Fact>, context: &Context<'_>) -> Comparison {
    if matches!((&resource.desired, found), (Desired::User(_), Some(Fact::User(_))))
        && !context.made(resource)
    {
        return account::KEPT;
    }
    match (&resource.desired, found) {
        (Desired::Authority(desired), None) => authority::create(desired, context),
        (Desired::Authority(desired), Some(Fact::Ca(_))) => authority::compare(desired, context),
        (Desired::ClientCertificate(desired), None) => client_certificate::create(desired, context),
        (Desired::ClientCertificate(desired), Some(Fact::Certificate(fact))) => {
            client_certificate::compare(desired, fact, context)
        }
        (Desired::Group(desired), None) => account::create_group(desired),
        (Desired::Group(_), Some(Fact::Group(_))) => Comparison::Same { unchanged: 1 },
        (Desired::User(desired), None) => account::create_user(desired),
        (Desired::User(desired), Some(Fact::User(fact))) => account::compare_user(desired, fact),
        (Desired::Package(desired), None) => package::create(desired, resource.addr.node(), context),
        (Desired::Package(desired), Some(Fact::Package(fact))) => package::compare(desired, fact),
        (Desired::Directory(desired), None) => directory::create(desired),
        (Desired::Directory(desired), Some(Fact::Directory(fact))) => {
            directory::compare(desired, fact, resource.addr.node(), context)
        }
        (Desired::Link(desired), None) => link::create(desired),
        (Desired::Link(desired), Some(Fact::Link(fact))) => {
            link::compare(desired, fact, context.written(resource.addr.node(), &desired.path))
        }
        (Desired::Ca(desired), found) => match found {
            None => ca::create(desired, resource.addr.node(), context),
            Some(Fact::Ca(fact)) => ca::compare(desired, fact, resource.addr.node(), context),
            Some(_) => mismatch(),
        },
        (Desired::NodeCertificate(desired), None) => {
            node_certificate::create(desired, resource.addr.node(), context)
        }
        (Desired::NodeCertificate(desired), Some(Fact::Certificate(fact))) => {
            node_certificate::compare(desired, fact, resource.addr.node(), context)
        }
        (Desired::File(desired), None) => file::create(desired),
        (Desired::File(desired), Some(Fact::File(fact))) => file::compare(desired, fact),
        (Desired::Firewall(desired), Some(Fact::Firewall(fact))) => firewall::compare(desired, fact),
        (Desired::Unit(desired), None) => unit::create(desired),
        (Desired::Unit(desired), Some(Fact::Unit(fact))) => unit::compare(desired, fact),
        (Desired::Service(desired), Some(Fact::Service(fact))) => {
            service::compare(desired, fact, resource.addr.node(), context)
        }
        (Desired::Init(desired), None) => init::create(desired),
        (Desired::Init(_), Some(Fact::Init(fact))) => init::compare(fact, context),
        (Desired::Setting(desired), None) => setting::create(desired),
        (Desired::Setting(desired), Some(Fact::Setting(fact))) => setting::compare(desired, fact),
        // A cluster that is yet to be initialised has the right members, of the right version, from its beginning.
        (Desired::Members(_) | Desired::Version(_), None) => Comparison::Same { unchanged: 1 },
        (Desired::Members(desired), Some(Fact::Members(fact))) => members::compare(desired, fact, context),
        (Desired::Version(desired), Some(Fact::Version(fact))) => version::compare(desired, fact, context),
        _ => mismatch(),
    }
}

/// Returns what readers of a plan should know of a resource that is left as it was found.
pub(crate) fn note(resource: &Resource, found: &Fact, context: &Context<'_>) -> Option<String> {
    match (&resource.desired, found) {
        (Desired::User(desired), Fact::User(found)) => {
            let unit = resource.addr.node().and_then(|node| unit::text(node, context));
            account::note(desired, found, context.made(resource), unit)
        }
        (Desired::NodeCertificate(desired), Fact::Certificate(found)) => {
            node_certificate::note(desired, found)
        }
        (Desired::ClientCertificate(desired), Fact::Certificate(found)) => {
            client_certificate::note(desired, found)
        }
        _ => None,
    }
}

/// Returns what becomes of a link or file that crdbctl made on a node which leaves.
pub(crate) fn remove(desired: &Desired, found: &Fact) -> Fate {
    match (desired, found) {
        (Desired::Link(desired), Fact::Link(found)) => link::remove(desired, found),
        (Desired::Ca(desired), Fact::Ca(found)) => ca::remove(desired, found),
        (Desired::NodeCertificate(desired), Fact::Certificate(found)) => {
            node_certificate::remove(desired, found)
        }
        (Desired::File(desired), Fact::File(found)) => file::remove(desired, found, None),
        (Desired::Unit(desired), Fact::Unit(found)) => unit::remove(desired, found),
        _ => Fate::Stays("what was observed is of another kind than the resource".to_owned()),
    }
}

/// Returns what readers of a plan should know of a resource, whether it is left as it is, changed or made.
pub(crate) fn notes(resource: &Resource, found: Option<&Fact>, context: &Context<'_>) -> Vec<String> {
    if let Desired::NodeCertificate(desired) = &resource.desired {
        let exposed = match found {
            Some(Fact::Certificate(NodeCertificateFact { certificate: Some(file), .. })) => {
                exposed_key(resource, &desired.certificate, &file.pem)
            }
            _ => Vec::new(),
        };
        return exposed.into_iter().chain(node_certificate::notes(resource.addr.node(), context)).collect();
    }
    let Some(found) = found else { return Vec::new() };
    match (&resource.desired, found) {
        (Desired::Authority(_), Fact::Ca(_)) => authority::notes(context),
        (Desired::Members(_), Fact::Members(fact)) => members::notes(fact, context),
        (Desired::Version(desired), Fact::Version(fact)) => version::notes(desired, fact, context),
        (Desired::Firewall(desired), Fact::Firewall(fact)) => firewall::notes(desired, fact),
        (Desired::Ca(desired), Fact::Ca(fact)) => exposed_key(resource, &desired.path, &fact.pem),
        _ => Vec::new(),
    }
}

/// What to know of a private key that stands in a file of certificates, which others than its owner may read.
fn exposed_key(resource: &Resource, path: &HostPath, pem: &str) -> Vec<String> {
    if !crdbctl_pki::has_private_key(pem) {
        return Vec::new();
    }
    let host = resource.addr.node().map(|node| format!(" on {node}")).unwrap_or_default();
    vec![format!(
        "{path}{host} holds a private key among its certificates, and whoever may read the file has it: take the key out of the file, and \
         issue the pair anew if others could read it"
    )]
}

/// Returns what to do next when something that CockroachDB alone can tell cannot be done without; `None` when it can.
///
/// A cluster that runs nowhere is started first, and asked then. What is to be changed while it runs must be known before.
pub(crate) fn must_be_asked(resource: &Resource, context: &Context<'_>) -> Option<&'static str> {
    let runs = context.graph.staying().any(|node| context.is_running(node));
    match &resource.desired {
        Desired::Setting(_) if runs => Some("see why no node is ready; apply the rest with --skip-unknown"),
        Desired::Members(desired) if runs && !desired.leaving.is_empty() => {
            Some("see why no node is ready, then plan again")
        }
        Desired::Version(_) if runs && context.movement.is_ahead() => {
            Some("see why no node is ready, then plan again")
        }
        Desired::Version(desired) if desired.finalize == Finalize::Manual && context.movement.is_ahead() => {
            Some(
                "start the cluster with the version that it had, so that finalisation can be held back; or write `cockroach.upgrade: {finalize: auto}`",
            )
        }
        _ => None,
    }
}

fn mismatch() -> Comparison {
    unknown(
        "what was observed is of another kind than the resource",
        "if the observations come from a file, make it anew with `crdbctl probe -o FILE`",
    )
}
