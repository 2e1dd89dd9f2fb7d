//! One file a kind: the shell text that makes a change. What a step does is what the plan said, no more.

mod account;
mod certificate;
mod directory;
mod drop_in;
mod file;
mod firewall;
mod link;
pub(crate) mod package;
pub(crate) mod service;

use crdbctl_model::{Change, Desired, Fact, Impact};

use crate::issue::{IssueFailure, Issuer};
use crate::step::Step;

/// Returns the step that makes a change on its node; `None` for what has a way of its own: packages that
/// travel, and cluster-wide resources.
pub(crate) fn step(change: &Change, issuer: &Issuer<'_>) -> Result<Option<Step>, IssueFailure> {
    let Some(desired) = &change.desired else {
        return Ok(match &change.before {
            Some(Fact::DropIn(drop_in)) => Some(drop_in::set_aside(&change.addr, drop_in)),
            _ => None,
        });
    };
    let step = match desired {
        Desired::Authority(_)
        | Desired::ClientCertificate(_)
        | Desired::Init(_)
        | Desired::Setting(_)
        | Desired::Members(_)
        | Desired::Version(_) => return Ok(None),
        Desired::Group(desired) => account::group(&change.addr, desired),
        Desired::User(desired) => account::user(change, desired),
        Desired::Package(_) if change.bytes > 0 => return Ok(None),
        Desired::Package(desired) => package::amend(&change.addr, desired),
        Desired::Directory(desired) => directory::step(&change.addr, desired),
        Desired::Link(desired) => link::step(&change.addr, desired),
        Desired::Ca(desired) => certificate::ca(change, desired, issuer)?,
        Desired::NodeCertificate(desired) => certificate::node(change, desired, issuer)?,
        Desired::File(desired) => file::step(change, desired),
        Desired::Firewall(desired) => firewall::step(&change.addr, desired),
        Desired::Unit(desired) => file::step(change, &desired.file),
        Desired::Service(desired) => service::step(change, desired),
    };
    Ok(Some(step))
}

/// The line that notes what is still to be done to the process, before the change that asks for it.
fn note_pending(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "",
        Impact::Reload => "pending reload\n",
        Impact::Restart => "pending restart\n",
    }
}
