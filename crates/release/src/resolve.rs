use std::path::Path;

use crdbctl_cockroach::archive::{Os, availability, checksum_name, checksum_of, expand};

use crate::cache::Cache;
use crate::expected::Expected;
use crate::index::Expect;
use crate::local_file::{self, OnDisk};
use crate::location::Location;
use crate::remote::{Remote, is_official};
use crate::settings::Settings;
use crate::{ArchiveRequest, ChecksumSource, LocalArchive, Progress, ReleaseError, ReleaseErrorKind};

/// Most bytes of a checksum file: a line is about 100.
const CHECKSUM: u64 = 64 * 1024;

/// Returns the archive that a manifest asks for, as a verified and indexed file of this machine.
///
/// A URL's archive is downloaded once and then served from the cache without any request. Blocks: on disk,
/// network and on another crdbctl that downloads the same archive.
///
/// # Errors
/// When it cannot be found or read or downloaded, when nothing says which SHA-256 it shall have, when it has another
/// one, and when it holds anything but plain files for the right processor below the one directory that it shall have.
/// Nothing is written outside the cache directory in any case.
pub fn resolve(
    request: &ArchiveRequest,
    mut progress: impl FnMut(Progress),
) -> Result<LocalArchive, ReleaseError> {
    resolve_with(request, &Settings::default(), &mut progress)
}

pub(crate) fn resolve_with(
    request: &ArchiveRequest,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<LocalArchive, ReleaseError> {
    let location = Location::of(request)?;
    found(request, &location, settings, progress)
        .map_err(|kind| ReleaseError { archive: shown(&location), kind: Box::new(kind) })
}

/// The archive's place as people may see it.
pub(crate) fn shown(location: &Location) -> String {
    match location {
        Location::File(path) => path.display().to_string(),
        Location::Url(url) => url.shown(),
    }
}

impl Location {
    /// Returns where the archive of a request is.
    pub(crate) fn of(request: &ArchiveRequest) -> Result<Self, ReleaseError> {
        let blame = |kind| ReleaseError { archive: request.source.clone(), kind: Box::new(kind) };
        let source = expand(&request.source, &request.version, Os::Linux, request.arch)
            .map_err(|error| blame(ReleaseErrorKind::Template(error)))?;
        Self::parse(&source, &request.base).map_err(|error| blame(ReleaseErrorKind::Location(error)))
    }
}

fn found(
    request: &ArchiveRequest,
    location: &Location,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<LocalArchive, ReleaseErrorKind> {
    if let Location::Url(url) = location
        && is_official(url)
    {
        availability(&request.version, request.arch).map_err(ReleaseErrorKind::NeverPublished)?;
    }
    let cache = Cache::open(&request.cache)?;
    let (path, on_disk, expected) = match location {
        Location::File(path) => {
            let (on_disk, expected) = local(request, path, &cache, settings, progress)?;
            (path.clone(), on_disk, expected)
        }
        Location::Url(url) => Remote { request, url, cache: &cache, settings }.fetch(progress)?,
    };
    let expect = Expect::new(&request.version, request.arch);
    let info = local_file::info(&path, &on_disk, &expect, &cache, settings, progress)?;
    Ok(LocalArchive { path, info, checksum: expected.source })
}

/// Compares a file of this machine with its checksum.
fn local(
    request: &ArchiveRequest,
    path: &Path,
    cache: &Cache,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<(OnDisk, Expected), ReleaseErrorKind> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let expected = match request.sha256 {
        Some(digest) => Expected { digest, source: ChecksumSource::Manifest },
        None => {
            let beside = path.with_file_name(checksum_name(&name));
            let Some(text) = local_file::text(&beside, CHECKSUM)? else {
                // Two files are missing: the archive is the one to name.
                if !path.exists() {
                    return Err(ReleaseErrorKind::Missing);
                }
                let tried = format!("there is no {}", beside.display());
                return Err(ReleaseErrorKind::NoChecksum { tried });
            };
            let place = beside.display().to_string();
            let digest =
                checksum_of(&name, &text).map_err(|error| ReleaseErrorKind::Checksum { place, error })?;
            Expected { digest, source: ChecksumSource::File(beside) }
        }
    };
    let on_disk = local_file::digest(path, cache, settings, settings.doubt, progress)?;
    if on_disk.digest == expected.digest {
        return Ok((on_disk, expected));
    }
    Err(ReleaseErrorKind::Mismatch {
        expected: expected.digest,
        actual: on_disk.digest,
        by: expected.source,
        size: on_disk.stamp.size,
    })
}
