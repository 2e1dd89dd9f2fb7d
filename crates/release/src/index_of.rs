use crdbctl_cockroach::archive::{Os, expand};
use crdbctl_model::{ArchiveInfo, Digest};

use crate::cache::{Cache, Indexed, Published};
use crate::index::Expect;
use crate::location::Location;
use crate::resolve::{resolve_with, shown};
use crate::settings::Settings;
use crate::{ArchiveRequest, LocalArchive, Progress, ReleaseError, ReleaseErrorKind};

/// What can be told of an archive without asking any server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtHand {
    /// It is a file of this machine that was verified.
    File(LocalArchive),
    /// What is in it: from an earlier reading of an archive that was verified.
    Index(ArchiveInfo),
    /// Nothing: [`resolve`](fn@crate::resolve) must get it.
    Nothing,
}

/// Returns what is known of the archive that a manifest asks for, without any request to a server.
///
/// A file of this machine is verified as [`resolve`](fn@crate::resolve) does. Of a URL's archive the cache may have the index: by the
/// SHA-256 that the manifest pins, else by the one that was published when it was downloaded. Published archives never
/// change; one that did is noticed when it is downloaded again.
///
/// # Errors
/// When the manifest's words for it mean nothing, or the file is not what it should be.
pub fn at_hand(request: &ArchiveRequest, mut progress: impl FnMut(Progress)) -> Result<AtHand, ReleaseError> {
    at_hand_with(request, &Settings::default(), &mut progress)
}

pub(crate) fn at_hand_with(
    request: &ArchiveRequest,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<AtHand, ReleaseError> {
    let location = Location::of(request)?;
    let indexed = |digest: Option<Digest>| -> Result<AtHand, ReleaseError> {
        let cache = Cache::open(&request.cache).map_err(|error| ReleaseError {
            archive: shown(&location),
            kind: Box::new(ReleaseErrorKind::Cache(error)),
        })?;
        let expect = Expect::new(&request.version, request.arch);
        let digest = digest.or_else(|| match &location {
            Location::File(_) => None,
            Location::Url(url) => Published::recall(&cache, url.as_str()),
        });
        let info = digest.and_then(|digest| Indexed::recall(&cache, &digest, &expect.package));
        Ok(info.map_or(AtHand::Nothing, AtHand::Index))
    };
    match &location {
        Location::Url(_) => indexed(request.sha256),
        Location::File(_) => match resolve_with(request, settings, progress) {
            Ok(archive) => Ok(AtHand::File(archive)),
            Err(error) if matches!(*error.kind, ReleaseErrorKind::Missing) => indexed(request.sha256),
            Err(error) => Err(error),
        },
    }
}

/// Returns the digest of where a manifest has an archive from, its placeholders filled in: a relative path as it is written, so
/// that it is the same on every machine. It may have secrets in it, which the digest does not tell.
///
/// # Errors
/// When the template has a mistake.
pub fn source_digest(request: &ArchiveRequest) -> Result<Digest, ReleaseError> {
    let source = expand(&request.source, &request.version, Os::Linux, request.arch).map_err(|error| {
        ReleaseError { archive: request.source.clone(), kind: Box::new(ReleaseErrorKind::Template(error)) }
    })?;
    Ok(Digest::of(source.as_bytes()))
}
