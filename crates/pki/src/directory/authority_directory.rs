use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crdbctl_model::{Digest, Mode};
use secrecy::{ExposeSecret as _, SecretString};

use super::client_files::{certificate_path, key_path};
use super::files::{self, Replace};
use super::{ClientFiles, DirectoryError, DirectoryErrorKind};
use crate::{Authority, ClientUser, Issued};

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
        // What was written for this very key, and not put into place yet, is newer than what is there.
        let mut certificate = match &key {
            Some(key) => files::read(&pending_path(&path, key))?,
            None => None,
        };
        if certificate.is_none() {
            certificate = files::read(&path.join("ca.crt"))?;
        }
        if key.is_some() && certificate.is_none() {
            return Err(DirectoryError::new(&key_path, DirectoryErrorKind::KeyWithoutCertificate));
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
        let pending = pending_path(&path, key);
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

    /// Opens the key, so that certificates can be made. Does nothing to one that is not encrypted.
    ///
    /// # Errors
    /// When the passphrase is not the key's, or the key not the certificate's.
    pub fn unlock(&mut self, passphrase: &SecretString) -> Result<(), DirectoryError> {
        let unlocked = self.authority.unlock(passphrase);
        unlocked.map_err(|error| DirectoryError::new(self.path.join("ca.key"), error.into()))
    }

    /// Puts a new authority before the present one, whose certificates stay trusted and whose key stays as
    /// `ca.key.<serial>.old`, 0600. Returns the directory as it then is.
    ///
    /// Interrupted at any instant, either the present authority is in place or the new one, and no key is lost: the
    /// old one has its second name before the new one takes its first.
    ///
    /// # Errors
    /// When the present key is not here, when another key has the name for the old one, or when writing fails.
    pub fn rotate(self, new: Authority) -> Result<Self, DirectoryError> {
        if !self.authority.has_key() {
            return Err(DirectoryError::new(self.path.join("ca.key"), DirectoryErrorKind::NoKey));
        }
        let new = new.followed_by(self.authority.bundle());
        self.exchange(new)
    }

    /// Puts a new authority in the place of the present one, which is trusted no more. Its key, where it is here, stays as
    /// `ca.key.<serial>.old`, 0600. Returns the directory as it then is.
    ///
    /// For an authority that has ended. Interrupted at any instant as [`rotate`](Self::rotate) is.
    ///
    /// # Errors
    /// When a key has appeared meanwhile, when another key has the name for the old one, or when writing fails.
    pub fn replace(self, new: Authority) -> Result<Self, DirectoryError> {
        self.exchange(new)
    }

    fn exchange(self, authority: Authority) -> Result<Self, DirectoryError> {
        self.settle()?;
        let key_path = self.path.join("ca.key");
        let Some(key) = authority.key_pem().cloned() else {
            return Err(DirectoryError::new(key_path, DirectoryErrorKind::NoKey));
        };
        if let Some(present) = self.authority.key_pem() {
            self.keep_key(present)?;
        }
        let replace = if self.authority.has_key() { Replace::Allowed } else { Replace::Never };
        let pending = pending_path(&self.path, &key);
        files::write(&pending, authority.bundle().to_pem().as_bytes(), 0o644, Replace::Allowed)?;
        let written = files::write(&key_path, key.expose_secret().as_bytes(), 0o600, replace);
        if written.is_err() {
            // Nothing refers to it; that it may stay behind does no harm.
            let _ = fs::remove_file(&pending);
        }
        written?;
        let directory = Self { path: self.path, authority, certificate_mode: Mode::new(0o644) };
        directory.settle()?;
        Ok(directory)
    }

    /// Gives the present key a second name, under which it stays.
    fn keep_key(&self, present: &SecretString) -> Result<(), DirectoryError> {
        let kept = self.path.join(old_key(&self.authority.info().serial));
        match files::write(&kept, present.expose_secret().as_bytes(), 0o600, Replace::Never) {
            Err(DirectoryError { kind: DirectoryErrorKind::Exists, .. }) => {
                // An interrupted attempt has kept it already; another key under that name is none of ours.
                let there = files::read(&kept)?.map(|found| found.into_secret(&kept)).transpose()?;
                if there.is_none_or(|there| there.expose_secret() != present.expose_secret()) {
                    return Err(DirectoryError::new(kept, DirectoryErrorKind::OldKeyInTheWay));
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Trusts the issuing certificate alone from now on, and deletes the keys that [`rotate`](Self::rotate) kept.
    /// Returns the directory as it then is.
    ///
    /// # Errors
    /// When deleting or writing fails.
    pub fn drop_older(self) -> Result<Self, DirectoryError> {
        self.settle()?;
        // The keys first: one that stays behind would not be looked for once its certificate is gone.
        for name in self.old_keys()? {
            let path = self.path.join(name);
            fs::remove_file(&path).map_err(|error| DirectoryError::io(&path, "delete it", error))?;
        }
        files::sync_directory(&self.path)?;
        let Self { path, authority, certificate_mode } = self;
        let authority = authority.without_older();
        let certificate = path.join("ca.crt");
        let pem = authority.bundle().to_pem();
        files::write(&certificate, pem.as_bytes(), certificate_mode.bits() & 0o777, Replace::Allowed)?;
        Ok(Self { path, authority, certificate_mode })
    }

    /// Returns the names of the keys that [`rotate`](Self::rotate) kept: those of the older certificates here, and no others' that
    /// are named alike.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn old_keys(&self) -> Result<BTreeSet<String>, DirectoryError> {
        let older = self.authority.bundle().older();
        let kept: BTreeSet<String> = older.iter().map(|older| old_key(&older.info().serial)).collect();
        Ok(self.names()?.into_iter().filter(|name| kept.contains(name)).collect())
    }

    /// Finishes a [`create`](Self::create) or [`rotate`](Self::rotate) that was interrupted after the key was
    /// written.
    fn settle(&self) -> Result<(), DirectoryError> {
        let Some(key) = self.authority.key_pem() else { return Ok(()) };
        let pending = pending_path(&self.path, key);
        match fs::rename(&pending, self.path.join("ca.crt")) {
            Ok(()) => files::sync_directory(&self.path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(DirectoryError::io(pending, "put it into place", error)),
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
        let user = |name: &String| {
            let rest = name.strip_prefix("client.")?;
            ClientUser::new(rest.strip_suffix(".crt").or_else(|| rest.strip_suffix(".key"))?).ok()
        };
        Ok(self.names()?.iter().filter_map(user).collect())
    }

    /// Returns every other certificate file here, `*.crt` but `ca.crt`, by name: of clients, and whatever else is kept beside them.
    ///
    /// # Errors
    /// When the directory or one of the files cannot be read.
    pub fn other_certificates(&self) -> Result<BTreeMap<String, Vec<u8>>, DirectoryError> {
        let names = self.names()?.into_iter();
        let names = names.filter(|name| name.ends_with(".crt") && name != "ca.crt" && !name.starts_with('.'));
        let read = |name: String| {
            let found = files::read(&self.path.join(&name))?;
            Ok(found.map(|mut found| (name, std::mem::take(&mut *found.content))))
        };
        names.filter_map(|name| read(name).transpose()).collect()
    }

    fn names(&self) -> Result<Vec<String>, DirectoryError> {
        let failed = |error| DirectoryError::io(&self.path, "list it", error);
        let entries = fs::read_dir(&self.path).map_err(failed)?;
        let name = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name());
        let names: Vec<_> = entries.map(name).collect::<Result<_, _>>().map_err(failed)?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
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

/// The name under which a rotation keeps the key of the certificate with this serial number.
fn old_key(serial: &str) -> String {
    format!("ca.key.{serial}.old")
}

/// Where the certificates wait for their key to be written. The name says for which key file they are, so two
/// runs at once cannot mix theirs, and an encrypted key tells it without its passphrase.
fn pending_path(directory: &Path, key: &SecretString) -> PathBuf {
    directory.join(format!(".ca.crt.{}", Digest::of(key.expose_secret()).short()))
}
