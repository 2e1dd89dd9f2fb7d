use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssh::{ForwardType, Session, Socket};
use tokio::net::UnixStream;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::master::Master;
use crate::https::HttpsErrorKind;

/// The addresses to which a master forwards connections, each with the socket that it listens on here.
#[derive(Debug, Default)]
pub(super) struct Forwards {
    sockets: Arc<Mutex<BTreeMap<String, PathBuf>>>,
}

/// What holds a forwarded connection open, and knows why its channel was refused.
#[derive(Debug)]
pub(crate) struct Forward {
    log: PathBuf,
    /// Where the log ended before the connection.
    from: usize,
    /// One at a time, so that what the log says since is about this one.
    _turn: OwnedMutexGuard<BTreeMap<String, PathBuf>>,
    _master: Arc<Master>,
}

/// Why a channel was not opened (RFC 4254 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    is_prohibited: bool,
    pub(crate) said: String,
}

impl Refusal {
    pub(crate) const fn kind(&self) -> HttpsErrorKind {
        if self.is_prohibited { HttpsErrorKind::Prohibited } else { HttpsErrorKind::NotConnected }
    }
}

impl Forwards {
    /// Connects to an address through a master. The master listens in its own private directory, and ends with it.
    pub(super) async fn connect(
        &self,
        master: Arc<Master>,
        session: &Session,
        log: &Path,
        (host, port): (&str, u16),
    ) -> Result<(UnixStream, Forward), String> {
        let mut turn = Arc::clone(&self.sockets).lock_owned().await;
        let address = format!("{host}:{port}");
        let socket = match turn.get(&address) {
            Some(socket) => socket.clone(),
            None => {
                let socket = log.with_file_name(format!("to{}", turn.len()));
                let to = Socket::new(host.to_owned(), port);
                session
                    .request_port_forward(ForwardType::Local, socket.as_path(), to)
                    .await
                    .map_err(|error| error.to_string())?;
                turn.insert(address, socket.clone());
                socket
            }
        };
        let from = std::fs::metadata(log).map_or(0, |data| usize::try_from(data.len()).unwrap_or(0));
        let stream = UnixStream::connect(&socket).await.map_err(|error| error.to_string())?;
        Ok((stream, Forward { log: log.to_owned(), from, _turn: turn, _master: master }))
    }
}

impl Forward {
    /// Returns why the host refused the channel, if it did. ssh writes that down before it closes the connection here.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let log = std::fs::read(&self.log).ok()?;
        refusal(&String::from_utf8_lossy(log.get(self.from..)?))
    }
}

/// Reads `channel 3: open failed: administratively prohibited: open failed` (`channel_input_open_failure` and `reason2txt`
/// in OpenSSH's channels.c).
fn refusal(log: &str) -> Option<Refusal> {
    let said = log.lines().find_map(|line| {
        let (channel, said) = line.split_once(": open failed: ")?;
        channel.contains("channel ").then_some(said)
    })?;
    Some(Refusal {
        is_prohibited: said.starts_with("administratively prohibited"),
        said: said.trim_end().to_owned(),
    })
}

/// Takes `HOST:PORT` or `[HOST]:PORT` apart.
pub(crate) fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() { None } else { Some((host, port.parse().ok()?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_why_a_channel_was_refused() {
        let read = |log: &str| refusal(log).map(|refusal| (refusal.kind(), refusal.said));
        assert_eq!(
            read("channel 2: open failed: administratively prohibited: open failed\r\n"),
            Some((HttpsErrorKind::Prohibited, "administratively prohibited: open failed".to_owned()))
        );
        assert_eq!(
            read("Warning: x\nchannel 4: open failed: connect failed: Connection refused\n"),
            Some((HttpsErrorKind::NotConnected, "connect failed: Connection refused".to_owned()))
        );
        assert_eq!(read("Connection to h closed.\n"), None);
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(host_and_port("store-1:8080"), Some(("store-1", 8080)));
        assert_eq!(host_and_port("[2001:db8::1]:8080"), Some(("2001:db8::1", 8080)));
        for bad in ["store-1", ":8080", "store-1:http", "store-1:99999"] {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }
}
