use crdbctl_model::{Access, Desired, Digest, Fact, Mark, Mode, PathFact, Resource, StepNote};

use crate::context::Context;

/// What an interrupted apply noted that it was about to do to a resource, and the record does not tell of: whatever of it is found on
/// the host is crdbctl's own work, and no drift.
pub(crate) struct OwnWork<'a> {
    resource: &'a Resource,
    /// The newest first.
    notes: Vec<&'a StepNote>,
    /// The digest of what was applied last, by the record.
    applied: Option<Digest>,
}

/// The mode in which a directory is made, before it gets its own.
const NEW_DIRECTORY: Mode = Mode::new(0o700);

impl<'a> OwnWork<'a> {
    /// Returns what was noted of `resource`, where it is now.
    pub(crate) fn on(resource: &'a Resource, context: &Context<'a>) -> Self {
        let reading = resource.addr.node().and_then(|node| context.observations.reading(node));
        let (local, paths) = (resource.addr.local(), resource.desired.paths());
        // A removal has no place of its own.
        let is_of_it =
            |note: &&StepNote| note.local == local && (note.desired.is_none() || note.paths == paths);
        let noted = reading.map(|reading| reading.footprint.noted.as_slice()).unwrap_or_default();
        let notes = noted.iter().rev().filter(is_of_it).collect();
        Self { resource, notes, applied: context.applied(&resource.addr) }
    }

    /// Returns the note of the step that made what was found; `None` when none is known to have.
    pub(crate) fn made(&self, found: Option<&Fact>) -> Option<&'a StepNote> {
        self.notes.iter().copied().find(|note| self.explains(note, found))
    }

    /// Returns what the steps were about to leave.
    pub(crate) fn marks(&self) -> impl Iterator<Item = &'a Mark> {
        self.notes.iter().filter_map(|note| note.mark.as_ref())
    }

    /// Returns whether something is accessible to others than crdbctl left it to. A manifest has no word for modes, nor for the
    /// owners of files.
    pub(crate) fn has_other_access(&self, found: &Fact) -> bool {
        match (&self.resource.desired, found) {
            (Desired::File(_), Fact::File(found)) => !self.may_have(&found.path, true),
            (Desired::Unit(_), Fact::Unit(found)) => !self.may_have(&found.file.path, true),
            (Desired::Directory(_), Fact::Directory(found)) => !self.may_have(found, false),
            _ => false,
        }
    }

    fn explains(&self, note: &StepNote, found: Option<&Fact>) -> bool {
        // These are put in place piece by piece.
        let has_pieces = matches!(self.resource.desired, Desired::NodeCertificate(_) | Desired::Package(_));
        match (note.desired, found) {
            (None, None) => true,
            // One that is stopped and disabled is there all the same.
            (None, Some(found)) => matches!(found, Fact::Service(_)),
            (Some(_), None) => has_pieces,
            (Some(_), Some(Fact::Directory(path))) => self.may_have(path, true),
            (Some(desired), Some(found)) => match note.mark.as_ref().and_then(|mark| fits(mark, found)) {
                Some(is_ours) => is_ours && !self.has_other_access(found),
                // Nothing tells more than that the step was about to do another thing than was there.
                None => has_pieces || self.applied != Some(desired),
            },
        }
    }

    /// Whether owner, group and mode are such as crdbctl leaves them, or has them for a moment: a step sets them one after the other.
    fn may_have(&self, found: &PathFact, with_owner: bool) -> bool {
        let wanted = Access::of(&self.resource.desired);
        let noted = self.notes.iter().filter_map(|note| note.access.as_ref());
        let all: Vec<&Access> = wanted.iter().chain(noted).collect();
        let is_new = matches!(self.resource.desired, Desired::Directory(_)) && all.len() > 1;
        let mode =
            all.iter().any(|access| access.mode == found.mode) || is_new && found.mode == NEW_DIRECTORY;
        let root = |name: &str| is_new && name == "root";
        let owner = all.iter().any(|access| access.owner.as_str() == found.owner) || root(&found.owner);
        let group = all.iter().any(|access| access.group.as_str() == found.group) || root(&found.group);
        mode && (!with_owner || owner && group)
    }
}

/// Returns whether what was found is what `mark` tells of; `None` when a mark tells nothing of such a thing.
pub(crate) fn fits(mark: &Mark, found: &Fact) -> Option<bool> {
    match (mark, found) {
        (Mark::Content(made), Fact::File(file)) => Some(file.digest == Some(*made)),
        (Mark::Content(made), Fact::Unit(unit)) => Some(unit.file.digest == Some(*made)),
        (Mark::Target(made), Fact::Link(link)) => Some(link.target.as_deref() == Some(made.as_str())),
        (Mark::Content(_) | Mark::Target(_) | Mark::Rules(_), _) => None,
    }
}
