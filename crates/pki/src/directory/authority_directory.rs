use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crdbctl_model::{Digest, Mode};
use secrecy::ExposeSecret as _;
use tempfile::TempPath;

use super::client_files::{certificate_path, key_path};
use super::files::{self, Replace};
use super::{ClientFiles, DirectoryError, DirectoryErrorKind};
use crate::{Authority, ClientUser, Issued, LoadErrorKind, key_spki_sha256};

/// The directory on the control host that holds `ca.crt`, `ca.key` and the clients' certificates.
///
/// `ca.crt` without `ca.key` is an authority that can judge and not issue.
pub struct AuthorityDirectory {
    path: PathBuf,
    authority: Authority,
    certificate_mode: Mode,
}

impl AuthorityDirectory {
    /// Reads the directory, changing nothing; `None` when there is no directory, or neither `ca.crt`
    /// nor `ca.key` in it.
    ///
    /// # Errors
    /// When the directory or `ca.key` has a mode that lets group or others at it, when something
    /// cannot be read, when the authority cannot be used, and when `ca.key` stands alone.
    pub fn open(path: impl Into<PathBuf>) -> Result<Option<Self>, DirectoryError> {
        let path = path.into();
        if !files::check_directory(&path)? {
            return Ok(None);
        }
        let key_path = path.join("ca.key");
        let key = match files::read(&key_path)? {
            Some(found) => {
                files::demand_private(&key_path, found.mode, 0o600)?;
                Some(found.into_secret(&key_path)?)
            }
            None => None,
        };
        let mut certificate_path = path.join("ca.crt");
        let mut certificate = files::read(&certificate_path)?;
        if let (Some(key), None) = (&key, &certificate) {
            let spki = key_spki_sha256(key).map_err(|error| {
                DirectoryError::new(&key_path, authority_error(LoadErrorKind::Key(error)))
            })?;
            certificate_path = pending_path(&path, spki);
            certificate = files::read(&certificate_path)?;
            if certificate.is_none() {
                return Err(DirectoryError::new(&key_path, DirectoryErrorKind::KeyWithoutCertificate));
            }
        }
        let Some(certificate) = certificate else { return Ok(None) };
        let authority = match &key {
            Some(key) => Authority::load(&certificate.content, key),
            None => Authority::read_only(&certificate.content),
        };
        let authority = authority.map_err(|error| DirectoryError::new(&path, error.into()))?;
        Ok(Some(Self { path, authority, certificate_mode: certificate.mode }))
    }

    /// Writes a new authority: the directory 0700 unless it is there, `ca.key` 0600, `ca.crt` 0644.
    ///
    /// Interrupted at any instant, there is either no authority in the directory or the whole of it.
    ///
    /// # Errors
    /// When there is a `ca.key` or a `ca.crt` already, when the directory is open to others, when
    /// `authority` has no key, or when writing fails.
    pub fn create(path: impl Into<PathBuf>, authority: Authority) -> Result<Self, DirectoryError> {
        let path = path.into();
        let Some(key) = authority.key_pem() else {
            return Err(DirectoryError::new(path, DirectoryErrorKind::NoKey));
        };
        files::make_directory(&path)?;
        files::check_directory(&path)?;
        let certificate_path = path.join("ca.crt");
        if files::read(&certificate_path)?.is_some() {
            return Err(DirectoryError::new(certificate_path, DirectoryErrorKind::Exists));
        }
        // The key makes the authority, so the certificate waits beside it under the key's own name:
        // from the instant that the key is there, `open` finds both.
        let pending = pending_path(&path, authority.info().spki_sha256);
        let certificate = authority.bundle().to_pem();
        files::write(&pending, certificate.as_bytes(), 0o644, Replace::Allowed)?;
        let key_written =
            files::write(&path.join("ca.key"), key.expose_secret().as_bytes(), 0o600, Replace::Never);
        if key_written.is_err() {
            // Nothing refers to it; that it may stay behind does no harm.
            let _ = fs::remove_file(&pending);
        }
        key_written?;
        let directory = Self { path, authority, certificate_mode: Mode::new(0o644) };
        directory.settle()?;
        Ok(directory)
    }

    /// Finishes a [`create`](Self::create) that was interrupted after the key was written.
    fn settle(&self) -> Result<(), DirectoryError> {
        let pending = pending_path(&self.path, self.authority.info().spki_sha256);
        let certificate = self.path.join("ca.crt");
        let source = TempPath::try_from_path(&pending)
            .map_err(|error| DirectoryError::io(&pending, "find it", error))?;
        match source.persist_noclobber(&certificate) {
            Ok(()) => files::sync_directory(&self.path),
            Err(refused) => {
                // Without this the file would be deleted, as temporary files are.
                let kept = refused.path.keep();
                kept.map_err(|error| DirectoryError::io(&pending, "keep it", error.error))?;
                match refused.error.kind() {
                    ErrorKind::NotFound | ErrorKind::AlreadyExists => Ok(()),
                    _ => Err(DirectoryError::io(certificate, "put it into place", refused.error)),
                }
            }
        }
    }

    /// Returns the authority.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the directory's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the mode of `ca.crt`.
    pub const fn certificate_mode(&self) -> Mode {
        self.certificate_mode
    }

    /// Reads the certificate and key of a client as they are now.
    ///
    /// # Errors
    /// When either is there and cannot be read.
    pub fn client(&self, user: &ClientUser) -> Result<ClientFiles, DirectoryError> {
        ClientFiles::read(&self.path, user)
    }

    /// Returns the users that have a certificate or a key here, `client.<user>.crt` or `.key`.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn client_users(&self) -> Result<BTreeSet<ClientUser>, DirectoryError> {
        let failed = |error| DirectoryError::io(&self.path, "list it", error);
        let mut users = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let user = name
                .to_str()
                .and_then(|name| name.strip_prefix("client."))
                .and_then(|rest| rest.strip_suffix(".crt").or_else(|| rest.strip_suffix(".key")));
            users.extend(user.and_then(|user| ClientUser::new(user).ok()));
        }
        Ok(users)
    }

    /// Writes a client's pair, key 0600 first, then certificate 0644, replacing an older pair.
    ///
    /// Interrupted between the two, the next judgement finds that the key is another certificate's.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write_client(&self, user: &ClientUser, issued: &Issued) -> Result<(), DirectoryError> {
        self.settle()?;
        let key = issued.key_pem.expose_secret().as_bytes();
        files::write(&key_path(&self.path, user), key, 0o600, Replace::Allowed)?;
        let certificate = issued.certificate_pem.as_bytes();
        files::write(&certificate_path(&self.path, user), certificate, 0o644, Replace::Allowed)
    }
}

impl fmt::Debug for AuthorityDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityDirectory")
            .field("path", &self.path)
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// Where the certificate waits for its key to be written. The name says for which key it is, so two
/// runs at once cannot mix theirs.
fn pending_path(directory: &Path, spki: Digest) -> PathBuf {
    directory.join(format!(".ca.crt.{}", spki.short()))
}

fn authority_error(kind: LoadErrorKind) -> DirectoryErrorKind {
    DirectoryErrorKind::Authority(kind.into())
}
