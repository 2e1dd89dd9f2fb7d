use serde::{Deserialize, Serialize};

use crate::{Change, Desired, Digest, HostPath, Mark, Mode, OwnerName};

/// What a step of an apply is about to do to a resource.
///
/// The step itself writes it on the node before it does anything else: `/var/lib/crdbctl/<cluster>.steps`, a JSON object a line.
/// It stays until the record tells of the resource. So what an interrupted apply did is known to be its own work, whatever the
/// manifest says afterwards. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepNote {
    /// The resource's local address (`unit.cockroach`).
    pub local: String,
    /// The id of the run.
    pub run: String,
    /// The digest of the [`Desired`] that the step works towards; `None` when it removes the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Digest>,
    /// Where the resource is on the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<HostPath>,
    /// What it looks like after the step, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// To whom it is accessible after the step, where it is one file or directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// Owner, group and mode of a file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Its owner.
    pub owner: OwnerName,
    /// Its group.
    pub group: OwnerName,
    /// Its mode.
    pub mode: Mode,
}

impl StepNote {
    /// Returns the note of a step that makes `change`, in a run that is not told yet.
    pub fn of(change: &Change) -> Self {
        let desired = change.desired.as_ref().filter(|_| change.removal.is_none());
        Self {
            local: change.addr.local(),
            run: String::new(),
            desired: desired.map(Digest::of_json),
            paths: desired.map(Desired::paths).unwrap_or_default(),
            mark: desired.and_then(Mark::of),
            access: desired.and_then(Access::of),
        }
    }

    /// Returns the notes in what a node has of them, the oldest first. A line that is not understood is none: the last one may be
    /// cut off, and then its step did not begin.
    pub fn read(text: &str) -> Vec<Self> {
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Access {
    /// Returns the access of what is one file or directory.
    pub fn of(desired: &Desired) -> Option<Self> {
        let (owner, group, mode) = match desired {
            Desired::File(file) => (&file.owner, &file.group, file.mode),
            Desired::Unit(unit) => (&unit.file.owner, &unit.file.group, unit.file.mode),
            Desired::Directory(directory) => (&directory.owner, &directory.group, directory.mode),
            Desired::Ca(ca) => (&ca.owner, &ca.group, ca.mode),
            Desired::Authority(_)
            | Desired::ClientCertificate(_)
            | Desired::Group(_)
            | Desired::User(_)
            | Desired::Package(_)
            | Desired::Link(_)
            | Desired::NodeCertificate(_)
            | Desired::Firewall(_)
            | Desired::Service(_)
            | Desired::Init(_)
            | Desired::Setting(_)
            | Desired::Members(_)
            | Desired::Version(_) => return None,
        };
        Some(Self { owner: owner.clone(), group: group.clone(), mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_off_or_not_understood_is_no_note() {
        let digest = Digest::of("x");
        let whole = format!("{{\"local\":\"unit.cockroach\",\"run\":\"r1\",\"desired\":\"{digest}\"}}");
        let text = format!("{}\nnot JSON\n{whole}\n{{\"local\":1}}\n\n{}", &whole[20..], &whole[..30]);
        let notes = StepNote::read(&text);
        assert_eq!(notes.len(), 1);
        assert_eq!((notes[0].local.as_str(), notes[0].desired), ("unit.cockroach", Some(digest)));
        assert_eq!(StepNote::read(""), []);
    }
}
