use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crdbctl_cockroach::archive::{Arch, Os, package_dir_name};
use crdbctl_model::{
    ArchiveInfo, Change, Desired, Digest, NodeName, Plan, Record, ResourceGraph, UnknownArchive,
};
use crdbctl_release::{ArchiveRequest, AtHand, LocalArchive, Progress, ReleaseError, at_hand, source_digest};
use crdbctl_report::bytes;

use crate::manifest::LoadedManifest;
use crate::{CliError, ExitCode, Ui};

/// How often people are told how far a download is.
const EVERY: Duration = Duration::from_secs(2);

/// What is known of the release archives that a manifest names.
///
/// A plan needs the index of an archive, and not the archive. The index comes from, in this order: a file that the manifest
/// names, the cache of this machine, the records of the nodes, and the archive itself, which is downloaded for it. What a plan
/// sends is always a verified archive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archives {
    known: BTreeMap<Arch, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    request: ArchiveRequest,
    source: Digest,
    index: Index,
}

#[derive(Clone, Debug)]
enum Index {
    /// Of a file of this machine, which was verified.
    File(LocalArchive),
    /// Without the archive.
    Alone(ArchiveInfo),
    /// Neither the nodes nor a server was asked yet.
    Open,
    /// It cannot be had.
    Unknown(UnknownArchive),
}

impl Archives {
    /// Returns what this machine knows of the archives, without asking a server or a node.
    ///
    /// # Errors
    /// When the manifest's words for one mean nothing, or a file that it names is not what it should be.
    pub(crate) fn load(loaded: &LoadedManifest, ui: &Ui) -> Result<Self, CliError> {
        let cockroach = &loaded.manifest.cockroach;
        let cache = cache_directory()?;
        let mut known = BTreeMap::new();
        for arch in loaded.manifest.archs() {
            let request = ArchiveRequest {
                source: cockroach.archive.value.template().to_owned(),
                base: loaded.directory.clone(),
                version: cockroach.version.value.clone(),
                arch,
                sha256: cockroach.sha256.get(&arch).map(|digest| digest.value),
                cache: cache.clone(),
            };
            let fail = |error: ReleaseError| CliError::from_error(&error);
            let source = source_digest(&request).map_err(fail)?;
            let mut told = Telling::new(arch, ui);
            let index = match at_hand(&request, |progress| told.tell(progress)).map_err(fail)? {
                AtHand::File(archive) => Index::File(archive),
                AtHand::Index(info) => Index::Alone(info),
                AtHand::Nothing => Index::Open,
            };
            known.insert(arch, Known { request, source, index });
        }
        Ok(Self { known })
    }

    /// Whether there is an archive of which nothing is known, and nobody else was asked yet.
    pub(crate) fn is_open(&self) -> bool {
        self.known.values().any(|known| matches!(known.index, Index::Open))
    }

    /// Returns what is in the archives of which that is known.
    pub(crate) fn infos(&self) -> BTreeMap<Arch, ArchiveInfo> {
        let known = self.known.iter();
        known.filter_map(|(arch, known)| Some((*arch, known.info()?.clone()))).collect()
    }

    /// Returns why the others are not known.
    pub(crate) fn unknown(&self) -> BTreeMap<Arch, UnknownArchive> {
        let unknown = |known: &Known| match &known.index {
            Index::Unknown(unknown) => Some(unknown.clone()),
            Index::Open => Some(UnknownArchive {
                reason: "it is not known yet what is in the release archive".to_owned(),
                hint: "run the command again".to_owned(),
            }),
            Index::File(_) | Index::Alone(_) => None,
        };
        self.known.iter().filter_map(|(arch, known)| Some((*arch, unknown(known)?))).collect()
    }

    /// Returns the archives on this host, by architecture.
    pub(crate) fn files(&self) -> BTreeMap<String, PathBuf> {
        let file = |known: &Known| match &known.index {
            Index::File(archive) => Some(archive.path.clone()),
            Index::Alone(_) | Index::Open | Index::Unknown(_) => None,
        };
        self.known.iter().filter_map(|(arch, known)| Some((arch.to_string(), file(known)?))).collect()
    }

    /// Returns what is in the archives, with the digest of where they are from, by architecture.
    pub(crate) fn indexes(&self) -> BTreeMap<String, (Digest, ArchiveInfo)> {
        let index = |known: &Known| Some((known.source, known.info()?.clone()));
        self.known.iter().filter_map(|(arch, known)| Some((arch.to_string(), index(known)?))).collect()
    }

    /// Takes what the records of nodes tell of archives of which nothing is known here.
    pub(crate) fn take_records(&mut self, graph: &ResourceGraph, records: &BTreeMap<NodeName, Record>) {
        for (arch, known) in &mut self.known {
            if matches!(known.index, Index::Open) {
                let arch = arch.to_string();
                let is_of_arch =
                    |node: &NodeName| graph.nodes.get(node).is_some_and(|spec| spec.arch == arch);
                let of_arch = records.iter().filter(|(node, _)| is_of_arch(node));
                if let Some(info) = known.recorded(of_arch.map(|(_, record)| record)) {
                    known.index = Index::Alone(info);
                }
            }
        }
    }

    /// Gets the archives of which nothing is known, to see what is in them. Blocks.
    ///
    /// # Errors
    /// When one is not what it should be. Of one that cannot be had, the reason is kept.
    pub(crate) fn get_open(&mut self, ui: &Ui) -> Result<(), CliError> {
        for (arch, known) in &mut self.known {
            if matches!(known.index, Index::Open) {
                known.index = match known.get(*arch, ui) {
                    Ok(archive) => Index::File(archive),
                    Err(error) if error.is_unavailable() => Index::Unknown(UnknownArchive {
                        reason: format!(
                            "it is not known what is in the release archive. Neither this machine's cache nor a node's record has \
                             its index, and it cannot be read: {error}"
                        ),
                        hint: "make the archive available to this machine, then plan again".to_owned(),
                    }),
                    Err(error) => return Err(CliError::from_error(&error)),
                };
            }
        }
        Ok(())
    }

    /// Gets the archives that a plan sends, verified. Blocks.
    ///
    /// # Errors
    /// When one cannot be had, or does not hold what the plan was made with.
    pub(crate) fn get_to_send(&mut self, archs: &BTreeSet<String>, ui: &Ui) -> Result<(), CliError> {
        for (arch, known) in &mut self.known {
            let Index::Alone(info) = &known.index else { continue };
            if !archs.contains(&arch.to_string()) {
                continue;
            }
            let archive = known.get(*arch, ui).map_err(|error| CliError::from_error(&error))?;
            if archive.info != *info {
                let message = format!(
                    "not applied: the release archive for {arch} (sha256 {}) does not hold what the plan was made with (sha256 {})",
                    archive.info.digest, info.digest
                );
                return Err(CliError::new(ExitCode::Stale, message).hint(
                    "nothing was changed; plan again: from now on the plan is made with the archive that was just verified",
                ));
            }
            known.index = Index::File(archive);
        }
        Ok(())
    }

    /// Whether all archives that are sent are on this machine.
    pub(crate) fn has(&self, archs: &BTreeSet<String>) -> bool {
        let files = self.files();
        archs.iter().all(|arch| files.contains_key(arch))
    }
}

/// Returns the architectures of the packages that a plan sends.
pub(crate) fn sent(plan: &Plan, graph: &ResourceGraph) -> BTreeSet<String> {
    let sends = |change: &&Change| matches!(change.desired, Some(Desired::Package(_))) && change.bytes > 0;
    let arch = |change: &Change| Some(graph.nodes.get(change.addr.node()?)?.arch.clone());
    plan.changes.iter().filter(sends).filter_map(arch).collect()
}

impl Known {
    fn info(&self) -> Option<&ArchiveInfo> {
        match &self.index {
            Index::File(archive) => Some(&archive.info),
            Index::Alone(info) => Some(info),
            Index::Open | Index::Unknown(_) => None,
        }
    }

    fn get(&self, arch: Arch, ui: &Ui) -> Result<LocalArchive, ReleaseError> {
        let mut told = Telling::new(arch, ui);
        crdbctl_release::resolve(&self.request, |progress| told.tell(progress))
    }

    /// Returns what records tell of this archive: by the SHA-256 that the manifest pins, else by version and place. Records
    /// that contradict each other tell nothing.
    fn recorded<'a>(&self, records: impl Iterator<Item = &'a Record>) -> Option<ArchiveInfo> {
        let package = package_dir_name(&self.request.version, Os::Linux, self.request.arch);
        let mut told = records.filter_map(|record| record.archive.as_ref()).filter(|entry| {
            let is_wanted = match self.request.sha256 {
                Some(pinned) => entry.archive.digest == pinned,
                None => entry.source == self.source,
            };
            is_wanted && entry.package == package && entry.is_intact()
        });
        let first = &told.next()?.archive;
        told.all(|other| other.archive == *first).then(|| first.clone())
    }
}

/// Returns the user's cache directory for crdbctl (XDG Base Directory Specification).
fn cache_directory() -> Result<PathBuf, CliError> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).and_then(absolute);
    let home = || std::env::home_dir().and_then(absolute).map(|home| home.join(".cache"));
    cache.or_else(home).map(|cache| cache.join("crdbctl")).ok_or_else(|| {
        CliError::new(
            ExitCode::Error,
            "there is no place for the cache: neither XDG_CACHE_HOME nor HOME is set",
        )
        .hint("set XDG_CACHE_HOME to a directory of your own")
    })
}

/// Tells how far an archive is, now and then: what takes no time is not worth a line.
struct Telling<'a> {
    arch: Arch,
    ui: &'a Ui,
    last: Instant,
}

impl<'a> Telling<'a> {
    fn new(arch: Arch, ui: &'a Ui) -> Self {
        Self { arch, ui, last: Instant::now() }
    }

    fn tell(&mut self, progress: Progress) {
        if self.last.elapsed() >= EVERY {
            self.last = Instant::now();
            self.ui.status(&format!("The archive for {}: {}.", self.arch, words(progress)));
        }
    }
}

fn words(progress: Progress) -> String {
    match progress {
        Progress::Waiting => "waiting for another crdbctl that downloads it".to_owned(),
        Progress::Downloading { received, total: Some(total) } => {
            format!("{} of {} downloaded", bytes(received), bytes(total))
        }
        Progress::Downloading { received, total: None } => format!("{} downloaded", bytes(received)),
        Progress::Verifying { done, total } => format!("{} of {} verified", bytes(done), bytes(total)),
        Progress::Indexing { done, total } => format!("{} of {} read", bytes(done), bytes(total)),
        _ => "at work".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{ClusterName, Mode, PackageMember, RecordedArchive};

    use super::*;

    const PACKAGE: &str = "cockroach-v24.1.0.linux-amd64";

    fn info(program: &str) -> ArchiveInfo {
        let member = PackageMember {
            path: "cockroach".to_owned(),
            mode: Mode::new(0o755),
            size: 7,
            digest: Digest::of(program),
        };
        ArchiveInfo { digest: Digest::of("archive"), size: 9, members: vec![member] }
    }

    fn record(archive: Option<RecordedArchive>) -> Record {
        Record {
            format_version: Record::FORMAT_VERSION,
            cluster: ClusterName::new("store").unwrap(),
            applied_by: "x".to_owned(),
            manifest: Digest::of("x"),
            run: "x".to_owned(),
            store_mount: None,
            initialised: true,
            forced_gate: None,
            archive,
            resources: BTreeMap::new(),
        }
    }

    fn known(sha256: Option<Digest>) -> Known {
        let request = ArchiveRequest {
            source: "https://example.com/{version}.tgz".to_owned(),
            base: PathBuf::new(),
            version: "v24.1.0".parse().unwrap(),
            arch: Arch::Amd64,
            sha256,
            cache: PathBuf::new(),
        };
        Known { source: source_digest(&request).unwrap(), request, index: Index::Open }
    }

    fn entry(source: &str, package: &str, program: &str) -> Record {
        record(RecordedArchive::new(Digest::of(source), package, &info(program)))
    }

    #[test]
    fn records_tell_of_an_archive_by_its_place_or_by_the_pinned_digest_and_only_when_they_agree() {
        let url = "https://example.com/v24.1.0.tgz";
        let here = entry(url, PACKAGE, "a");
        let elsewhere = entry("https://mirror.example/x.tgz", PACKAGE, "a");
        let other_version = entry(url, "cockroach-v24.1.1.linux-amd64", "a");
        let mut edited = here.clone();
        edited.archive.as_mut().unwrap().archive.members[0].digest = Digest::of("b");
        let contradicts = entry(url, PACKAGE, "b");
        let told = |known: &Known, records: &[&Record]| known.recorded(records.iter().copied()).is_some();

        let unpinned = known(None);
        assert!(told(&unpinned, &[&here]) && told(&unpinned, &[&record(None), &here, &here]));
        for record in [&elsewhere, &other_version, &edited, &record(None)] {
            assert!(!told(&unpinned, &[record]), "{record:?}");
            assert!(told(&unpinned, &[record, &here]), "what is of no use does not contradict");
        }
        assert!(!told(&unpinned, &[&here, &contradicts]));

        let pinned = known(Some(Digest::of("archive")));
        assert!(told(&pinned, &[&elsewhere]), "the digest decides, wherever it was from");
        assert!(!told(&pinned, &[&edited]) && !told(&pinned, &[&other_version]));
        assert!(!told(&known(Some(Digest::of("another archive"))), &[&here]));
    }
}
