use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::error::{HttpsError, HttpsErrorKind};
use crate::ssh::Forward;

/// A connection that the host makes to an address.
#[derive(Debug)]
pub(crate) struct HostStream {
    io: Io,
    address: String,
    /// What knows why ssh opened no channel, where the way leads through ssh.
    forward: Option<Forward>,
}

/// What carries the bytes on this machine.
#[derive(Debug)]
pub(crate) enum Io {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl HostStream {
    pub(crate) fn new(io: Io, address: &str, forward: Option<Forward>) -> Self {
        Self { io, address: address.to_owned(), forward }
    }

    /// Returns why a handshake failed: what ssh says of the channel, else what TLS says.
    pub(super) fn explain(&self, error: &std::io::Error) -> HttpsError {
        if let Some(refusal) = self.forward.as_ref().and_then(Forward::refusal) {
            return HttpsError::new(refusal.kind(), &self.address, refusal.said);
        }
        let kind = match error.kind() {
            std::io::ErrorKind::UnexpectedEof
            | std::io::ErrorKind::BrokenPipe
            | std::io::ErrorKind::ConnectionReset => HttpsErrorKind::Closed,
            _ => HttpsErrorKind::Tls,
        };
        HttpsError::new(kind, &self.address, error.to_string())
    }
}

impl AsyncRead for HostStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Unix(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tcp(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for HostStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Unix(io) => Pin::new(io).poll_write(cx, bytes),
            Io::Tcp(io) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Unix(io) => Pin::new(io).poll_flush(cx),
            Io::Tcp(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Unix(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tcp(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
