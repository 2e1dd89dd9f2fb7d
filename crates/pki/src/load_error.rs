use crate::{KeyError, ReadError};

/// An authority that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("certificate authority: {kind}")]
pub struct LoadError {
    /// What is wrong with it.
    pub kind: LoadErrorKind,
}

/// What is wrong with an authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadErrorKind {
    /// `ca.crt` cannot be read as certificates.
    #[error("ca.crt: {0}")]
    Certificates(ReadError),
    /// A certificate of `ca.crt` is not an authority's.
    #[error(
        "ca.crt: certificate {position} ({subject}) cannot sign certificates: it lacks CA:TRUE or keyCertSign"
    )]
    NotAnAuthority {
        /// Its place in the file, from 1.
        position: usize,
        /// Whose it is.
        subject: String,
    },
    /// `ca.key` cannot be read as a private key.
    #[error("ca.key: {0}")]
    Key(KeyError),
    /// `ca.key` belongs to none of the certificates, or not to the first.
    #[error(
        "ca.key does not belong to the first certificate of ca.crt ({subject}){}",
        match .belongs_to { Some(n) => format!(", but to certificate {n}: put that one first"), None => String::new() }
    )]
    KeyMismatch {
        /// The first certificate's subject.
        subject: String,
        /// The place of the certificate that it does belong to, from 1.
        belongs_to: Option<usize>,
    },
}

impl From<LoadErrorKind> for LoadError {
    fn from(kind: LoadErrorKind) -> Self {
        Self { kind }
    }
}
