//! The client's side, for `cockroach sql` and the commands that ask by SQL.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::PROTOCOL;
use super::frame::{Frame, read_frame};
use crate::certs::words_of;
use crate::sql::SqlError;
use crate::wire::go_io;

/// A session that may run statements.
#[derive(Debug)]
pub struct Session {
    stream: TlsStream<TcpStream>,
}

/// The result of one statement as it came, or something said in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Rows, under the names of their columns; booleans are `t` and `f`.
    Rows {
        /// Names and types.
        columns: Vec<(String, u32)>,
        /// Rows; nothing is `NULL`.
        rows: Vec<Vec<Option<String>>>,
    },
    /// Done without rows.
    Done(String),
    /// A notice.
    Notice(SqlError),
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlCallError {
    /// The server ended the connection for what the client is.
    #[error("{0}")]
    Refused(String),
    /// The connection broke.
    #[error("{0}")]
    Lost(String),
    /// The server said no.
    #[error("{0}")]
    Sql(#[from] SqlError),
}

impl From<io::Error> for SqlCallError {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Refused(words_of(tls)),
            None => Self::Lost(go_io(&error)),
        }
    }
}

fn lost() -> SqlCallError {
    SqlCallError::Lost("EOF".to_owned())
}

fn cut(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 1..]))
}

fn read_error(body: &[u8]) -> SqlError {
    let mut error = SqlError::new("", "");
    let mut rest = body;
    while let Some((letter, after)) = rest.split_first() {
        let Some((text, after)) = cut(after) else { break };
        match letter {
            b'V' if text == "FATAL" => error.severity = "FATAL",
            b'C' => error.code = text,
            b'M' => error.message = text,
            b'H' => error.hint = Some(text),
            _ => {}
        }
        rest = after;
    }
    error
}

fn read_columns(body: &[u8]) -> Option<Vec<(String, u32)>> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut columns = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (name, after) = cut(rest)?;
        columns.push((name, u32::from_be_bytes(*after.get(6..)?.first_chunk::<4>()?)));
        rest = after.get(18..)?;
    }
    Some(columns)
}

fn read_row(body: &[u8]) -> Option<Vec<Option<String>>> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut row = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                row.push(Some(String::from_utf8_lossy(after.get(..length)?).into_owned()));
                rest = after.get(length..)?;
            }
            Err(_) => {
                row.push(None);
                rest = after;
            }
        }
    }
    Some(row)
}

impl Session {
    /// Opens a session on a connection that has done its handshake.
    ///
    /// # Errors
    /// When the server wants a password, or does not want this user or anybody.
    pub async fn open(mut stream: TlsStream<TcpStream>, user: &str) -> Result<Self, SqlCallError> {
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        body.extend(
            format!("user\0{user}\0database\0defaultdb\0application_name\0$ cockroach sql\0\0").bytes(),
        );
        let mut message = u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        message.extend(body);
        // A refusal of our certificate arrives as an alert, also when writing has failed already.
        let wrote = match stream.write_all(&message).await {
            Ok(()) => stream.flush().await,
            failed => failed,
        };
        loop {
            let frame = match read_frame(&mut stream).await {
                Ok(Some(frame)) => frame,
                Ok(None) => return Err(wrote.err().map_or_else(lost, Into::into)),
                Err(error) => return Err(error.into()),
            };
            match frame.kind {
                b'R' if frame.body == 0_u32.to_be_bytes() => {}
                b'R' => {
                    let words = format!("password authentication failed for user {user}");
                    return Err(SqlError::fatal("28P01", words).into());
                }
                b'E' => return Err(read_error(&frame.body).into()),
                b'Z' => return Ok(Self { stream }),
                _ => {}
            }
        }
    }

    /// Runs a text and returns what its statements returned, up to the first error.
    ///
    /// # Errors
    /// When the connection breaks; errors of statements are in the second part.
    pub async fn query(&mut self, text: &str) -> Result<(Vec<Answer>, Option<SqlError>), SqlCallError> {
        let mut message = vec![b'Q'];
        message.extend(u32::try_from(text.len() + 5).unwrap_or(u32::MAX).to_be_bytes());
        message.extend(text.bytes());
        message.push(0);
        self.stream.write_all(&message).await?;
        self.stream.flush().await?;
        let (mut answers, mut failed) = (Vec::new(), None);
        let mut columns = None;
        let mut rows = Vec::new();
        let broken = || SqlCallError::Lost("message that cannot be read".to_owned());
        loop {
            let Frame { kind, body } = match read_frame(&mut self.stream).await {
                Ok(Some(frame)) => frame,
                // The server's last words say more than the end of the stream.
                Ok(None) => return Err(failed.map_or_else(lost, SqlCallError::Sql)),
                Err(error) => return Err(failed.map_or_else(|| error.into(), SqlCallError::Sql)),
            };
            match kind {
                b'T' => columns = Some(read_columns(&body).ok_or_else(broken)?),
                b'D' => rows.push(read_row(&body).ok_or_else(broken)?),
                b'C' => {
                    let tag = cut(&body).ok_or_else(broken)?.0;
                    let rows = std::mem::take(&mut rows);
                    answers.push(match columns.take() {
                        Some(columns) => Answer::Rows { columns, rows },
                        None => Answer::Done(tag),
                    });
                }
                b'N' => answers.push(Answer::Notice(read_error(&body))),
                b'E' => failed = Some(read_error(&body)),
                b'Z' => return Ok((answers, failed)),
                _ => {}
            }
        }
    }
}
