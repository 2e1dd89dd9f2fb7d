use std::path::PathBuf;
use std::time::Duration;

use crdbctl_cockroach::archive::{
    DEFAULT_URL, PublishedChecksum, checksum_of, published_checksum, withdrawal_note,
};

use crate::cache::{Cache, DownloadLock, Incoming, Published};
use crate::expected::Expected;
use crate::fetch::{Client, FetchErrorKind};
use crate::local_file::{self, OnDisk};
use crate::location::Url;
use crate::settings::Settings;
use crate::{ArchiveRequest, ChecksumSource, FetchError, Progress, ReleaseErrorKind};

/// An archive that has a URL.
#[derive(Debug)]
pub(crate) struct Remote<'a> {
    pub(crate) request: &'a ArchiveRequest,
    pub(crate) url: &'a Url,
    pub(crate) cache: &'a Cache,
    pub(crate) settings: &'a Settings,
}

impl Remote<'_> {
    /// Returns the archive in the cache, after downloading it if it is not there yet.
    pub(crate) fn fetch(
        &self,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(PathBuf, OnDisk, Expected), ReleaseErrorKind> {
        let (expected, known) = self.expected()?;
        let path = self.cache.archive(&expected.digest);
        let on_disk = match self.cached(&expected, progress)? {
            Some(on_disk) => on_disk,
            None => self.download(&expected, progress)?,
        };
        if !known {
            Published::remember(self.cache, self.url.as_str(), expected.digest)?;
        }
        Ok((path, on_disk, expected))
    }

    /// Returns the digest, and whether nothing about it needs to be written down.
    fn expected(&self) -> Result<(Expected, bool), ReleaseErrorKind> {
        if let Some(digest) = self.request.sha256 {
            return Ok((Expected { digest, source: ChecksumSource::Manifest }, true));
        }
        if self.url.has_query() {
            return Err(ReleaseErrorKind::NoChecksumBesideQuery);
        }
        if !self.url.is_https() {
            return Err(ReleaseErrorKind::InsecureChecksum);
        }
        let beside = self.url.beside(".sha256sum").map_err(ReleaseErrorKind::Location)?;
        let source = ChecksumSource::Url(beside.shown());
        // Published archives never change. One that is gone from the cache is asked for anew.
        if let Some(digest) = Published::recall(self.cache, self.url.as_str())
            && self.cache.archive(&digest).exists()
        {
            return Ok((Expected { digest, source }, true));
        }
        if is_official(self.url) && published_checksum(&self.request.version) == PublishedChecksum::No {
            let tried = format!("releases before v21.1, as {}, have no .sha256sum", self.request.version);
            return Err(ReleaseErrorKind::NoChecksum { tried });
        }
        let text = match Client::new(self.url, self.settings)?.text(&beside) {
            Ok(text) => text,
            Err(FetchError { kind: FetchErrorKind::Absent { status, .. }, .. }) => {
                let mut tried = format!("{} is not there (HTTP {status})", beside.shown());
                if let Some(note) = self.note() {
                    tried = format!("{tried}. {}", note.trim_end_matches('.'));
                }
                return Err(ReleaseErrorKind::NoChecksum { tried });
            }
            Err(error) => return Err(error.into()),
        };
        let digest = checksum_of(self.url.file_name(), &text)
            .map_err(|error| ReleaseErrorKind::Checksum { place: beside.shown(), error })?;
        Ok((Expected { digest, source }, false))
    }

    /// Returns the archive in the cache; `None` when there is none, or one that is damaged.
    fn cached(
        &self,
        expected: &Expected,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Option<OnDisk>, ReleaseErrorKind> {
        let path = self.cache.archive(&expected.digest);
        // No doubt: nothing writes into an archive that has its name in the cache.
        match local_file::digest(&path, self.cache, self.settings, Duration::ZERO, progress) {
            Ok(on_disk) if on_disk.digest == expected.digest => Ok(Some(on_disk)),
            Ok(_) | Err(ReleaseErrorKind::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn download(
        &self,
        expected: &Expected,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<OnDisk, ReleaseErrorKind> {
        let lock = DownloadLock::take(self.cache, &expected.digest, || progress(Progress::Waiting))?;
        // Whoever held the lock may have downloaded it.
        if let Some(on_disk) = self.cached(expected, progress)? {
            return Ok(on_disk);
        }
        lock.sweep(self.cache, &expected.digest)?;
        let client = Client::new(self.url, self.settings)?;
        let mut body = client.open(self.url).map_err(|error| self.explained(error))?;
        let total = body.total();
        let limit = self.settings.archive_bytes;
        if total.is_some_and(|total| total > limit) {
            return Err(body.error(FetchErrorKind::TooLarge(limit)).into());
        }
        let mut incoming = Incoming::new(self.cache, &expected.digest)?;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let count = body.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            incoming.write(&buffer[..count])?;
            let received = incoming.size();
            if received > limit {
                return Err(body.error(FetchErrorKind::TooLarge(limit)).into());
            }
            progress(Progress::Downloading { received, total });
        }
        let size = incoming.size();
        incoming.finish(self.cache, &expected.digest)?.map_err(|actual| ReleaseErrorKind::Mismatch {
            expected: expected.digest,
            actual,
            by: expected.source.clone(),
            size,
        })?;
        // Also reads it back once, from the page cache, and so proves what is on disk.
        self.cached(expected, progress)?.ok_or(ReleaseErrorKind::Changed)
    }

    fn explained(&self, mut error: FetchError) -> FetchError {
        if let FetchErrorKind::Absent { note, .. } = &mut error.kind {
            *note = self.note();
        }
        error
    }

    /// Returns why the official server may not have this version.
    fn note(&self) -> Option<String> {
        let ArchiveRequest { version, arch, .. } = self.request;
        if !is_official(self.url) {
            return None;
        }
        Some(
            withdrawal_note(version)
                .unwrap_or_else(|| format!("Check that {version} was published for {arch}.")),
        )
    }
}

/// Returns whether this is Cockroach Labs' own download server.
pub(crate) fn is_official(url: &Url) -> bool {
    let official = DEFAULT_URL.split('/').nth(2).unwrap_or_default();
    url.host().eq_ignore_ascii_case(official)
}
