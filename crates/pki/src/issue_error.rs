use crdbctl_model::Timestamp;

/// A certificate that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot make {what}: {kind}")]
pub struct IssueError {
    /// Which certificate: `the certificate of node store-1`.
    pub what: String,
    /// Why not.
    pub kind: IssueErrorKind,
}

/// Why a certificate could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueErrorKind {
    /// The authority has no key here.
    #[error("the authority's ca.key is not here; put it beside ca.crt, or make the certificate where it is")]
    NoKey,
    /// The authority's key is encrypted, and was not opened.
    #[error("the authority's ca.key is encrypted, and its passphrase was not given")]
    Locked,
    /// The authority's certificate is over.
    #[error("the authority's certificate expired on {}: `crdbctl plan` shows how a new one takes its place", .not_after.date())]
    AuthorityExpired {
        /// Its end.
        not_after: Timestamp,
    },
    /// The authority's certificate has not begun.
    #[error("the authority's certificate is valid from {} on: is the clock of this machine right?", .not_before.date())]
    AuthorityNotYetValid {
        /// Its begin.
        not_before: Timestamp,
    },
    /// A lifetime of nothing, or one that ends after the year 9999.
    #[error("a lifetime of {seconds} seconds is not possible")]
    Lifetime {
        /// The lifetime asked for.
        seconds: i64,
    },
    /// The library refused.
    #[error("{0}")]
    Crypto(String),
}
