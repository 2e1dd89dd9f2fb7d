//! A connection to a node.

use std::io;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::dial::go_io;
use super::frame::{read_frame, write_frame};
use super::message::{Code, Request, Response};
use crate::certs::words_of;

/// An open connection; one question at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TlsStream<TcpStream>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server ended the connection for what the client is; with TLS 1.3 that shows only now.
    #[error("{0}")]
    Refused(String),
    /// The connection broke.
    #[error("{0}")]
    Lost(String),
    /// The server said no.
    #[error("rpc error: code = {code:?} desc = {message}")]
    Status {
        /// Kind.
        code: Code,
        /// Words.
        message: String,
    },
}

impl Connection {
    pub(super) const fn new(stream: TlsStream<TcpStream>) -> Self {
        Self { stream }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer is an error.
    pub async fn call(&mut self, request: &Request) -> Result<Response, CallError> {
        let wrote = write_frame(&mut self.stream, request).await;
        // A refusal of our certificate arrives as an alert, also when writing has failed already.
        let answer = read_frame(&mut self.stream).await;
        match (wrote, answer) {
            (_, Ok(Some(Response::Error { code, message }))) => Err(CallError::Status { code, message }),
            (_, Ok(Some(response))) => Ok(response),
            (_, Ok(None)) => Err(CallError::Lost("EOF".to_owned())),
            (_, Err(error)) => Err(broken(&error)),
        }
    }
}

fn broken(error: &io::Error) -> CallError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => CallError::Refused(words_of(tls)),
        None => CallError::Lost(go_io(error)),
    }
}
