use std::time::Duration;

/// Why something cannot be downloaded.
#[derive(Debug, thiserror::Error)]
#[error("{url} cannot be downloaded{}: {kind}", via(.proxy.as_deref()))]
pub struct FetchError {
    /// The URL, without user name and query.
    pub url: String,
    /// The proxy that was used, as `host:port`.
    pub proxy: Option<String>,
    /// What went wrong, and what to do.
    pub kind: FetchErrorKind,
}

/// What went wrong on the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// The host's name has no address.
    #[error("the name {host} cannot be looked up: {reason}; check the name and this machine's DNS")]
    Dns {
        /// The name.
        host: String,
        /// What came back.
        reason: String,
    },
    /// No connection came about, or it broke.
    #[error("{0}")]
    Connection(String),
    /// Nothing came for too long.
    #[error("no answer within {} s: {hint}", after.as_secs_f32())]
    Timeout {
        /// How long was waited.
        after: Duration,
        /// What to look at.
        hint: &'static str,
    },
    /// The server could not prove who it is, or TLS failed otherwise.
    #[error("TLS: {0}")]
    Tls(String),
    /// This machine trusts no certificate authority at all.
    #[error(
        "this machine has no certificates of authorities{0}: install the package ca-certificates, \
         or point SSL_CERT_FILE at a file with them"
    )]
    NoRoots(String),
    /// There is no such file on the server.
    #[error("there is no such file there (HTTP {status}){}", sentence(.note.as_deref()))]
    Absent {
        /// 403, 404 or 410: object stores say 403 for what does not exist.
        status: u16,
        /// Why that may be.
        note: Option<String>,
    },
    /// The server says something else than yes.
    #[error("the server says HTTP {status}{}", meaning(*status))]
    Status {
        /// What it says.
        status: u16,
    },
    /// The body ended early.
    #[error("the connection ended after {received}{} bytes ({reason}); try again", of(*total))]
    CutOff {
        /// Bytes that came.
        received: u64,
        /// Bytes that should have come.
        total: Option<u64>,
        /// What came back.
        reason: String,
    },
    /// There is more than there may be.
    #[error("it is larger than the {0} bytes that are allowed")]
    TooLarge(u64),
    /// It goes from https to http or the other way round.
    #[error(
        "it redirects to {to}: a redirect must not change between https and http; write that URL if you trust it"
    )]
    Redirect {
        /// Where to, without secrets.
        to: String,
    },
    /// It redirects without an end.
    #[error("it redirects more than {0} times")]
    Redirects(u32),
    /// The environment names a proxy that cannot be used.
    #[error("the proxy does not let it through: {0}")]
    Proxy(String),
    /// What should be text is none.
    #[error("what came is no text")]
    NotText,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

fn via(proxy: Option<&str>) -> String {
    proxy.map(|proxy| format!(" through the proxy {proxy} that the environment names")).unwrap_or_default()
}

fn sentence(note: Option<&str>) -> String {
    note.map(|note| format!(". {note}")).unwrap_or_default()
}

fn of(total: Option<u64>) -> String {
    total.map(|total| format!(" of {total}")).unwrap_or_default()
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 => ": it wants a user name and a password",
        407 => ": the proxy wants a user name and a password",
        429 | 500..=599 => "; try again later",
        _ => "",
    }
}
