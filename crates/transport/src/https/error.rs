use std::fmt;

/// Why a request through the connection got no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsError {
    /// The kind of failure.
    pub kind: HttpsErrorKind,
    pub(crate) address: String,
    pub(crate) said: String,
}

/// What kept a request through the connection from being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpsErrorKind {
    /// sshd forwards no connection to this address for this user: `AllowTcpForwarding`, `PermitOpen` or
    /// `DisableForwarding` (sshd_config(5)), or `restrict` or `no-port-forwarding` in authorized_keys (sshd(8)). Another
    /// try gets the same answer.
    Prohibited,
    /// The host could not connect to the address: nothing listens there, or a firewall is between.
    NotConnected,
    /// The address is not `HOST:PORT`.
    Address,
    /// The other side does not speak TLS, or refused the handshake.
    Tls,
    /// The connection was closed before the reply.
    Closed,
    /// Time was over.
    TimedOut,
    /// ssh did not open the way: the connection is gone, or this machine has no room for the socket.
    Ssh,
}

impl HttpsError {
    pub(crate) fn new(kind: HttpsErrorKind, address: &str, said: impl Into<String>) -> Self {
        let said = crate::words::one_line(&crate::sanitize::sanitize(said.into().as_bytes()));
        Self { kind, address: address.to_owned(), said }
    }

    /// Whether no request to the address will ever get through this connection.
    pub fn is_prohibited(&self) -> bool {
        self.kind == HttpsErrorKind::Prohibited
    }
}

impl fmt::Display for HttpsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match self.kind {
            HttpsErrorKind::Prohibited => {
                write!(f, "sshd on the host forwards no connection to {address}")?;
            }
            HttpsErrorKind::NotConnected => write!(f, "the host cannot connect to {address}")?,
            HttpsErrorKind::Address => write!(f, "{address} is not HOST:PORT")?,
            HttpsErrorKind::Tls => write!(f, "no TLS session with {address}")?,
            HttpsErrorKind::Closed => write!(f, "{address} closed the connection without a reply")?,
            HttpsErrorKind::TimedOut => write!(f, "{address} gave no reply in time")?,
            HttpsErrorKind::Ssh => write!(f, "ssh opened no connection to {address}")?,
        }
        if self.said.is_empty() { Ok(()) } else { write!(f, " ({})", self.said) }
    }
}

impl std::error::Error for HttpsError {}
