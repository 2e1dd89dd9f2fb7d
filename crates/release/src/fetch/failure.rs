use std::io;
use std::time::Duration;

use rustls::{CertificateError, Error as TlsError};
use ureq::Timeout;

use super::{FetchError, FetchErrorKind};
use crate::location::Url;

/// Says for one request what went wrong.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) url: Url,
    pub(super) proxy: Option<String>,
    pub(super) silence: Duration,
    pub(super) connect: Duration,
}

impl Failure {
    pub(super) fn error(&self, kind: FetchErrorKind) -> FetchError {
        FetchError { url: self.url.shown(), proxy: self.proxy.clone(), kind }
    }

    pub(super) fn of(&self, error: ureq::Error) -> FetchError {
        self.error(self.kind(error))
    }

    fn kind(&self, error: ureq::Error) -> FetchErrorKind {
        match error {
            ureq::Error::Io(error) => self.io(&error),
            ureq::Error::Rustls(error) => FetchErrorKind::Tls(tls(&error)),
            ureq::Error::Tls(text) => FetchErrorKind::Tls(text.to_owned()),
            ureq::Error::HostNotFound => self.dns("it has no address".to_owned()),
            ureq::Error::ConnectProxyFailed(text) => FetchErrorKind::Proxy(text),
            ureq::Error::Timeout(what) => match what {
                Timeout::Resolve => self.dns("no answer".to_owned()),
                Timeout::Connect => FetchErrorKind::Timeout {
                    after: self.connect,
                    hint: "is the host up, and does a firewall or a missing proxy setting (HTTPS_PROXY) stand between?",
                },
                Timeout::RecvBody => FetchErrorKind::Other("it takes too long as a whole".to_owned()),
                _ => {
                    FetchErrorKind::Timeout { after: self.silence, hint: "the server went silent; try again" }
                }
            },
            ureq::Error::Protocol(error) => FetchErrorKind::Other(format!(
                "what {} says is no HTTP ({error}); is that port for https?",
                self.peer()
            )),
            other => FetchErrorKind::Other(other.to_string()),
        }
    }

    fn io(&self, error: &io::Error) -> FetchErrorKind {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            return FetchErrorKind::Tls(tls(error));
        }
        let text = error.to_string();
        // getaddrinfo(3) has errors of its own, which std gives this beginning and no kind.
        if let Some(reason) = text.strip_prefix("failed to lookup address information: ") {
            return self.dns(reason.to_owned());
        }
        FetchErrorKind::Connection(match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!("{} refuses the connection: nothing listens on that port there", self.peer())
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                format!("{} closed the connection without an answer", self.peer())
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                format!("{} cannot be reached from here ({text})", self.peer())
            }
            _ => text,
        })
    }

    fn dns(&self, reason: String) -> FetchErrorKind {
        let host = match &self.proxy {
            Some(proxy) => proxy.rsplit_once(':').map_or(proxy.as_str(), |(host, _)| host),
            None => self.url.host(),
        };
        FetchErrorKind::Dns { host: host.to_owned(), reason }
    }

    fn peer(&self) -> String {
        self.proxy.clone().unwrap_or_else(|| self.url.peer())
    }
}

fn tls(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no authority that this machine trusts has signed the server's certificate; if the mirror or a proxy \
             has an authority of its own, add it to this machine's certificates or point SSL_CERT_FILE at it"
                .to_owned()
        }
        TlsError::InvalidMessage(_) => {
            format!("what came is no TLS ({error}); does the server speak plain http on that port?")
        }
        other => other.to_string(),
    }
}
