use crdbctl_model::{Digest, PublicKey};

/// What is known of the key beside a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFact {
    /// There is none.
    Missing,
    /// The digest of its public half ([`key_spki_sha256`](crate::key_spki_sha256)).
    Spki(Digest),
    /// There is one, and its public half could not be told, for this reason.
    Unknown(String),
}

impl From<Option<&PublicKey>> for KeyFact {
    fn from(key: Option<&PublicKey>) -> Self {
        match key {
            None | Some(PublicKey::NotAKey(_)) => Self::Missing,
            Some(PublicKey::Spki(digest)) => Self::Spki(*digest),
            Some(PublicKey::Unknown(reason)) => Self::Unknown(reason.clone()),
        }
    }
}
