use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crdbctl_model::Mode;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{DirectoryError, DirectoryErrorKind};

const LARGEST: u64 = 1024 * 1024;
const GROUP_AND_OTHERS: u32 = 0o077;
/// `O_NONBLOCK` of Linux and of the BSDs: opening a FIFO must not wait for a writer.
const O_NONBLOCK: i32 = if cfg!(target_os = "linux") { 0o4000 } else { 4 };

/// A file's content and its mode at the time of reading.
pub(super) struct Found {
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) mode: Mode,
}

impl Found {
    /// Returns the content as the text of a key.
    pub(super) fn into_secret(self, path: &Path) -> Result<SecretString, DirectoryError> {
        match std::str::from_utf8(&self.content) {
            Ok(text) => Ok(SecretString::from(text)),
            Err(_) => Err(DirectoryError::new(path, DirectoryErrorKind::NotText)),
        }
    }
}

/// Returns the file's content and mode; `None` only when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Found>, DirectoryError> {
    let file = match OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DirectoryError::io(path, "open it", error)),
    };
    let metadata = file.metadata().map_err(|error| DirectoryError::io(path, "stat it", error))?;
    if !metadata.is_file() {
        return Err(DirectoryError::new(path, DirectoryErrorKind::NotAFile));
    }
    if metadata.len() > LARGEST {
        return Err(DirectoryError::new(path, DirectoryErrorKind::TooLarge));
    }
    // Room for all of it at once: a buffer that grows leaves a copy of a key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    let read = file.take(LARGEST).read_to_end(&mut content);
    read.map_err(|error| DirectoryError::io(path, "read it", error))?;
    Ok(Some(Found { content, mode: Mode::new(metadata.mode()) }))
}

/// Refuses a mode that lets group or others do anything.
pub(super) fn demand_private(path: &Path, mode: Mode, remedy: u32) -> Result<(), DirectoryError> {
    if mode.bits() & GROUP_AND_OTHERS == 0 {
        return Ok(());
    }
    let quoted = format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let kind = DirectoryErrorKind::TooOpen { mode, remedy: Mode::new(remedy), path: quoted };
    Err(DirectoryError::new(path, kind))
}

/// Returns whether the directory is there; it must be one, and private.
pub(super) fn check_directory(path: &Path) -> Result<bool, DirectoryError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(DirectoryError::io(path, "stat it", error)),
    };
    if !metadata.is_dir() {
        return Err(DirectoryError::new(path, DirectoryErrorKind::NotADirectory));
    }
    demand_private(path, Mode::new(metadata.mode()), 0o700)?;
    Ok(true)
}

/// Makes the directory, mode 0700, unless it is there.
pub(super) fn make_directory(path: &Path) -> Result<(), DirectoryError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let parent = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            sync_directory(parent)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(DirectoryError::io(path, "make the directory", error)),
    }
}

/// Whether a file of that name may be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replace {
    Never,
    Allowed,
}

/// Writes the file so that it is there as a whole or not at all, whenever the power fails.
pub(super) fn write(path: &Path, content: &[u8], mode: u32, replace: Replace) -> Result<(), DirectoryError> {
    let failed = |action| move |error| DirectoryError::io(path, action, error);
    let directory = path.parent().expect("files are written inside the authority's directory");
    let mut file = tempfile::Builder::new()
        .prefix(".crdbctl-")
        .permissions(Permissions::from_mode(mode & !GROUP_AND_OTHERS))
        .tempfile_in(directory)
        .map_err(failed("make a temporary file beside it"))?;
    file.write_all(content).map_err(failed("write it"))?;
    // Past the umask, and only now that the content is whole.
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(failed("set its mode"))?;
    file.as_file().sync_all().map_err(failed("write it to the disk"))?;
    let placed = match replace {
        Replace::Allowed => file.persist(path),
        Replace::Never => file.persist_noclobber(path),
    };
    match placed {
        Ok(_) => sync_directory(directory),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
            Err(DirectoryError::new(path, DirectoryErrorKind::Exists))
        }
        Err(refused) => Err(DirectoryError::io(path, "rename it into place", refused.error)),
    }
}

/// Writes a directory's names to the disk.
pub(super) fn sync_directory(path: &Path) -> Result<(), DirectoryError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| DirectoryError::io(path, "write it to the disk", error))
}
