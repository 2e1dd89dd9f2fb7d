use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AllowFrom, Desired, DesiredFirewall, Digest, Footprint, HostPath, Reading, Record, RecordedResource,
    made_rules,
};

/// What crdbctl is known to have made on a node: by the record, or by the list of an apply that was interrupted before
/// it could write the record.
#[derive(Clone, Copy)]
pub(crate) struct Ownership<'a> {
    record: Option<&'a Record>,
    footprint: &'a Footprint,
}

impl<'a> Ownership<'a> {
    pub(crate) fn of(reading: &'a Reading) -> Self {
        Self { record: reading.record.as_ref(), footprint: &reading.footprint }
    }

    fn entry(&self, local: &str) -> Option<&'a RecordedResource> {
        self.record?.resources.get(local)
    }

    /// Returns whether crdbctl made the resource that stands where `desired` says. One that it made elsewhere, before
    /// the manifest named another place, tells nothing about what is here.
    pub(crate) fn made(&self, local: &str, desired: &Desired) -> bool {
        let paths = desired.paths();
        let recorded =
            self.entry(local).is_some_and(|entry| entry.created && is_same(entry, desired, &paths));
        // It may have been elsewhere meanwhile, and have come back.
        let before = || {
            let of_place = |(key, entry): (&String, &RecordedResource)| {
                let is_of_place = key.strip_prefix(local).is_some_and(|rest| rest.starts_with('@'));
                is_of_place && entry.created && !paths.is_empty() && entry.paths == paths
            };
            self.record.is_some_and(|record| record.resources.iter().any(of_place))
        };
        recorded || before() || self.footprint.begun.get(local).is_some_and(|begun| *begun == paths)
    }

    /// Returns whether crdbctl brought the resource to its desired state, whoever made it.
    pub(crate) fn manages(&self, local: &str, desired: &Desired) -> bool {
        let recorded = self.entry(local).is_some_and(|entry| is_same(entry, desired, &desired.paths()));
        recorded || self.made(local, desired)
    }

    /// Returns the rules of those that the manifest has which crdbctl added, by profile. A record of before rules had marks
    /// tells of all of them or of none.
    pub(crate) fn rules(
        &self,
        local: &str,
        desired: &DesiredFirewall,
    ) -> BTreeMap<String, BTreeSet<AllowFrom>> {
        let mark = self
            .entry(local)
            .filter(|entry| entry.created && entry.paths.is_empty())
            .and_then(|entry| entry.mark.as_ref());
        let mut made = made_rules(local, mark, &self.footprint.begun);
        let mut from = made.remove(&desired.profile).unwrap_or_default();
        from.retain(|from| desired.allow_from.contains(from));
        if mark.is_none() && self.made(local, &Desired::Firewall(desired.clone())) {
            from.clone_from(&desired.allow_from);
        }
        BTreeMap::from([(desired.profile.clone(), from)])
    }

    /// Returns the packages that crdbctl made in a directory of packages, each with its own directory and files, the one seen in
    /// use last first. What it made elsewhere was [dropped](crdbctl_model::Dropped).
    pub(crate) fn packages(&self, directory: &HostPath) -> Vec<(&'a str, &'a [HostPath])> {
        let recorded = self.record.into_iter().flat_map(|record| &record.resources);
        let mut recorded: Vec<_> =
            recorded.filter(|(local, entry)| entry.created && local.starts_with(PACKAGE)).collect();
        recorded.sort_by(|(a, one), (b, other)| (other.applied_at, *b).cmp(&(one.applied_at, *a)));
        let begun = self.footprint.begun.iter().filter(|(local, _)| {
            local.starts_with(PACKAGE) && !recorded.iter().any(|(recorded, _)| recorded == local)
        });
        let begun: Vec<_> = begun.collect();
        let all = recorded.into_iter().map(|(local, entry)| (local, &entry.paths));
        begun
            .into_iter()
            .chain(all)
            .filter(|(_, paths)| paths.first().is_none_or(|path| path.parent() == *directory))
            .filter_map(|(local, paths)| Some((local.strip_prefix(PACKAGE)?, paths.as_slice())))
            .collect()
    }
}

const PACKAGE: &str = "package.";

/// Rules of a firewall have no path: they are the same when all of them are.
fn is_same(entry: &RecordedResource, desired: &Desired, paths: &[HostPath]) -> bool {
    entry.paths == paths
        && (!matches!(desired, Desired::Firewall(_)) || entry.desired == Digest::of_json(desired))
}
