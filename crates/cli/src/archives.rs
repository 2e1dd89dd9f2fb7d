use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crdbctl_cockroach::archive::Arch;
use crdbctl_release::{ArchiveRequest, LocalArchive, Progress};
use crdbctl_report::bytes;

use crate::manifest::LoadedManifest;
use crate::{CliError, ExitCode, Ui};

/// How often people are told how far a download is.
const EVERY: Duration = Duration::from_secs(2);

/// Returns the release archives of the manifest's nodes, each a verified file of this host.
///
/// # Errors
/// When one cannot be had, or is not what it should be.
pub(crate) fn at_hand(loaded: &LoadedManifest, ui: &Ui) -> Result<BTreeMap<Arch, LocalArchive>, CliError> {
    let cockroach = &loaded.manifest.cockroach;
    let cache = cache_directory()?;
    let mut archives = BTreeMap::new();
    for arch in loaded.manifest.archs() {
        let request = ArchiveRequest {
            source: cockroach.archive.value.template().to_owned(),
            base: loaded.directory.clone(),
            version: cockroach.version.value.clone(),
            arch,
            sha256: cockroach.sha256.get(&arch).map(|digest| digest.value),
            cache: cache.clone(),
        };
        let mut told = Telling::new(arch, ui);
        let archive = crdbctl_release::resolve(&request, |progress| told.tell(progress))
            .map_err(|error| CliError::from_error(&error))?;
        archives.insert(arch, archive);
    }
    Ok(archives)
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
