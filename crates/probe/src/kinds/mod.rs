//! One file a kind: what to ask a host about a resource, and what its answer says.

mod account;
mod certificate;
mod directory;
mod drop_in;
mod dropped;
mod file;
mod firewall;
mod link;
mod package;
mod service;
mod unit;

use crdbctl_model::{Desired, Fact, HostPath, Observed};

pub(crate) use drop_in::{drop_ins, encode};
pub(crate) use dropped::read_dropped;

use crate::answer::{Answer, Stat};
use crate::questions::Questions;

/// The kinds that are of no node.
macro_rules! cluster_wide {
    () => {
        Desired::Authority(_)
            | Desired::ClientCertificate(_)
            | Desired::Init(_)
            | Desired::Setting(_)
            | Desired::Members(_)
            | Desired::Version(_)
    };
}

/// Adds to `questions` what must be known about a resource. Cluster-wide kinds ask nothing of a host.
pub(crate) fn ask(desired: &Desired, questions: &mut Questions) {
    match desired {
        cluster_wide!() => {}
        Desired::Group(desired) => account::ask_group(desired, questions),
        Desired::User(desired) => account::ask_user(desired, questions),
        Desired::Package(desired) => package::ask(desired, questions),
        Desired::Directory(desired) => directory::ask(desired, questions),
        Desired::Link(desired) => link::ask(desired, questions),
        Desired::Ca(desired) => certificate::ask_ca(desired, questions),
        Desired::NodeCertificate(desired) => certificate::ask_node(desired, questions),
        Desired::File(desired) => file::ask(desired, questions),
        Desired::Firewall(desired) => firewall::ask(desired, questions),
        Desired::Unit(desired) => unit::ask(desired, questions),
        Desired::Service(desired) => service::ask(desired, questions),
    }
}

/// Returns what an answer says about a resource.
pub(crate) fn read(desired: &Desired, answer: &Answer) -> Observed {
    match desired {
        cluster_wide!() => unknown("it is not a resource of a node"),
        Desired::Group(desired) => account::read_group(desired, answer),
        Desired::User(desired) => account::read_user(desired, answer),
        Desired::Package(desired) => package::read(desired, answer),
        Desired::Directory(desired) => directory::read(desired, answer),
        Desired::Link(desired) => link::read(desired, answer),
        Desired::Ca(desired) => certificate::read_ca(desired, answer),
        Desired::NodeCertificate(desired) => certificate::read_node(desired, answer),
        Desired::File(desired) => file::read(desired, answer),
        Desired::Firewall(desired) => firewall::read(desired, answer),
        Desired::Unit(desired) => unit::read(desired, answer),
        Desired::Service(desired) => service::read(desired, answer),
    }
}

fn present(fact: Fact) -> Observed {
    Observed::Present(Box::new(fact))
}

fn unknown(reason: impl Into<String>) -> Observed {
    Observed::Unknown { reason: reason.into() }
}

/// The answer about a path; a path that the host did not speak of is an error, not an absence.
fn stat_of(path: &HostPath, answer: &Answer) -> Stat {
    match answer.stats.get(path.as_str()) {
        Some(stat) => stat.clone(),
        None => Stat::Error("the host's answer does not speak of it".to_owned()),
    }
}

fn unreadable(path: &HostPath, why: &str) -> Observed {
    unknown(format!("cannot read {path}: {why}"))
}
