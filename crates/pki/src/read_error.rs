/// A PEM file that cannot be read as certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{kind}", match .block { Some(n) => format!("block {n} "), None => String::new() })]
pub struct ReadError {
    /// Which PEM block, counted from 1; `None` when it concerns the whole text.
    pub block: Option<usize>,
    /// What is wrong with it.
    pub kind: ReadErrorKind,
}

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadErrorKind {
    /// Nothing is in the file.
    #[error("the file is empty")]
    Empty,
    /// No line begins a PEM block.
    #[error("no PEM block was found{}", if *.looks_like_der { ": it looks like DER, and CockroachDB reads PEM" } else { "" })]
    NoBlock {
        /// Whether the bytes begin as a DER certificate does.
        looks_like_der: bool,
    },
    /// A block that is cut off or is not base64.
    #[error("is not valid PEM: {0}")]
    Pem(String),
    /// A block of another type. CockroachDB refuses the whole file then.
    #[error("is of type {0}, not CERTIFICATE: CockroachDB refuses a .crt file with anything else in it")]
    NotACertificate(String),
    /// A block that does not hold an X.509 certificate.
    #[error("is not a valid X.509 certificate: {0}")]
    Certificate(String),
}

impl ReadError {
    pub(crate) const fn whole(kind: ReadErrorKind) -> Self {
        Self { block: None, kind }
    }
}
