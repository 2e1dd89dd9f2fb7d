use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crdbctl_model::{ArchiveInfo, Digest};
use sha2::{Digest as _, Sha256};

use crate::cache::{Cache, Indexed, Seen, Stamp};
use crate::index::{self, Expect};
use crate::settings::Settings;
use crate::{Progress, ReleaseErrorKind};

/// A file's digest, and its state when it had that digest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnDisk {
    pub(crate) digest: Digest,
    pub(crate) stamp: Stamp,
}

/// Returns a file's digest: from the record of an earlier reading when the file is unchanged, else by reading it.
///
/// `doubt` is how long a file must have been unchanged for such a record to be made.
pub(crate) fn digest(
    path: &Path,
    cache: &Cache,
    settings: &Settings,
    doubt: Duration,
    progress: &mut dyn FnMut(Progress),
) -> Result<OnDisk, ReleaseErrorKind> {
    let (file, stamp) = open(path, settings)?;
    if let Some(digest) = Seen::recall(cache, path, &stamp) {
        return Ok(OnDisk { digest, stamp });
    }
    let moment = SystemTime::now();
    let digest = hash(&file, stamp.size, progress).map_err(failed(path))?;
    unchanged(&file, &stamp, path)?;
    Seen::remember(cache, path, &stamp, digest, (moment, doubt))?;
    Ok(OnDisk { digest, stamp })
}

/// Returns what is inside an archive whose digest is known: from an earlier reading of the same bytes, or by reading it.
pub(crate) fn info(
    path: &Path,
    on_disk: &OnDisk,
    expect: &Expect,
    cache: &Cache,
    settings: &Settings,
    progress: &mut dyn FnMut(Progress),
) -> Result<ArchiveInfo, ReleaseErrorKind> {
    if let Some(info) = Indexed::recall(cache, &on_disk.digest, &expect.package) {
        return Ok(info);
    }
    let (file, stamp) = open(path, settings)?;
    if stamp != on_disk.stamp {
        return Err(ReleaseErrorKind::Changed);
    }
    let total = stamp.size;
    let members =
        index::read(&file, expect, settings, &mut |done| progress(Progress::Indexing { done, total }));
    // First: what was read of a file that changed says nothing.
    unchanged(&file, &stamp, path)?;
    let info = ArchiveInfo { digest: on_disk.digest, size: total, members: members? };
    Indexed::remember(cache, &expect.package, &info)?;
    Ok(info)
}

/// Returns the text of a small file; `None` when there is none.
pub(crate) fn text(path: &Path, most: u64) -> Result<Option<String>, ReleaseErrorKind> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path)(error)),
        // Opening a pipe would wait for its writer.
        Ok(found) if !found.is_file() => {
            return Err(failed(path)(io::Error::other("it is not a regular file")));
        }
        Ok(_) => {}
    }
    let read = || -> io::Result<String> {
        let mut text = String::new();
        let count = File::open(path)?.take(most + 1).read_to_string(&mut text)?;
        if count as u64 > most { Err(io::Error::other("it is too large for a checksum")) } else { Ok(text) }
    };
    read().map(Some).map_err(failed(path))
}

fn open(path: &Path, settings: &Settings) -> Result<(File, Stamp), ReleaseErrorKind> {
    let look = |metadata: &fs::Metadata| {
        if metadata.is_file() { Ok(Stamp::of(metadata)) } else { Err(ReleaseErrorKind::NotAFile) }
    };
    match fs::metadata(path) {
        // Opening a pipe would wait for its writer.
        Ok(metadata) => look(&metadata)?,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ReleaseErrorKind::Missing);
        }
        Err(error) => return Err(failed(path)(error)),
    };
    let file = File::open(path).map_err(failed(path))?;
    let stamp = look(&file.metadata().map_err(failed(path))?)?;
    if stamp.size > settings.archive_bytes {
        return Err(ReleaseErrorKind::TooLarge { size: stamp.size, limit: settings.archive_bytes });
    }
    Ok((file, stamp))
}

fn hash(mut file: &File, total: u64, progress: &mut dyn FnMut(Progress)) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut done = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::from_bytes(hasher.finalize().into())),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                done += count as u64;
                progress(Progress::Verifying { done, total });
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn unchanged(file: &File, stamp: &Stamp, path: &Path) -> Result<(), ReleaseErrorKind> {
    let now = Stamp::of(&file.metadata().map_err(failed(path))?);
    if now == *stamp { Ok(()) } else { Err(ReleaseErrorKind::Changed) }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ReleaseErrorKind {
    let path = path.to_owned();
    move |error| ReleaseErrorKind::Read { path, error }
}
