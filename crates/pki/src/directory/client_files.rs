use std::path::{Path, PathBuf};

use crdbctl_model::Mode;
use secrecy::SecretString;

use super::DirectoryError;
use super::files::{self, Found};
use crate::{ClientUser, KeyFact, key_spki_sha256};

/// The files `client.<user>.crt` and `client.<user>.key` as found.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    /// The certificate's content and mode; `None` when there is no such file.
    pub certificate: Option<(Vec<u8>, Mode)>,
    /// The key's PEM text and mode; `None` when there is no such file.
    pub key: Option<(SecretString, Mode)>,
}

impl ClientFiles {
    /// Reads the files of `user`. A key that others may read is found all the same: the directory is
    /// private.
    pub(super) fn read(directory: &Path, user: &ClientUser) -> Result<Self, DirectoryError> {
        let certificate = files::read(&certificate_path(directory, user))?;
        let key_path = key_path(directory, user);
        let key = match files::read(&key_path)? {
            Some(found) => {
                let mode = found.mode;
                Some((found.into_secret(&key_path)?, mode))
            }
            None => None,
        };
        let certificate =
            certificate.map(|Found { mut content, mode }| (std::mem::take(&mut *content), mode));
        Ok(Self { certificate, key })
    }

    /// Returns what [`judge_client`](crate::judge_client) wants to know of the key.
    pub fn key_fact(&self) -> KeyFact {
        match &self.key {
            None => KeyFact::Missing,
            Some((pem, _)) => match key_spki_sha256(pem) {
                Ok(digest) => KeyFact::Spki(digest),
                Err(error) => KeyFact::Unknown(error.to_string()),
            },
        }
    }
}

pub(super) fn certificate_path(directory: &Path, user: &ClientUser) -> PathBuf {
    directory.join(format!("client.{user}.crt"))
}

pub(super) fn key_path(directory: &Path, user: &ClientUser) -> PathBuf {
    directory.join(format!("client.{user}.key"))
}
