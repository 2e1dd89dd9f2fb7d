use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes for the stdin of a script: package archives, file contents, secrets. Never in an argument, never in a log.
///
/// The script reads its parts one after the other with `head -c LENGTH`. A connection that breaks ends the payload
/// early, so a script checks length or digest before it uses what it read.
#[derive(Default)]
pub struct Payload {
    parts: Vec<Part>,
}

enum Part {
    Bytes(Vec<u8>),
    Secret(SecretSlice<u8>),
    Reader { length: u64, reader: Box<dyn AsyncRead + Send + Unpin> },
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Secret(bytes) => bytes.expose_secret().len() as u64,
            Self::Reader { length, .. } => *length,
        }
    }
}

impl Payload {
    /// Returns a payload of nothing: the script's stdin is empty.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds bytes.
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.push(Part::Bytes(bytes.into()));
        self
    }

    /// Adds secret bytes; they are wiped from memory when they are sent.
    pub fn secret(mut self, bytes: SecretSlice<u8>) -> Self {
        self.parts.push(Part::Secret(bytes));
        self
    }

    /// Adds the first `length` bytes of a reader of this machine; one that has fewer is an error when it is sent.
    pub fn reader(mut self, length: u64, reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        self.parts.push(Part::Reader { length, reader: Box::new(reader) });
        self
    }

    /// Returns the length of all parts in bytes.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(Part::length).sum()
    }

    /// Returns whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the payload apart into one reader.
    pub(crate) fn into_source(self) -> Source {
        Source { parts: self.parts.into(), offset: 0 }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} parts, {} bytes)", self.parts.len(), self.len())
    }
}

/// The rest of a payload.
pub(crate) struct Source {
    parts: std::collections::VecDeque<Part>,
    /// How much of the first part is gone.
    offset: u64,
}

impl Source {
    /// Appends up to `room` bytes to the buffer; none when all is sent.
    pub(crate) async fn fill(&mut self, buffer: &mut Vec<u8>, room: usize) -> std::io::Result<()> {
        let goal = buffer.len() + room;
        while buffer.len() < goal {
            let Some(part) = self.parts.front_mut() else { break };
            let left = part.length() - self.offset;
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(goal - buffer.len());
            let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
            let got = match part {
                _ if want == 0 => 0,
                Part::Bytes(bytes) => {
                    buffer.extend_from_slice(&bytes[start..start + want]);
                    want
                }
                Part::Secret(bytes) => {
                    buffer.extend_from_slice(&bytes.expose_secret()[start..start + want]);
                    want
                }
                Part::Reader { reader, length } => {
                    let got = reader.take(want as u64).read_buf(buffer).await?;
                    if got == 0 {
                        let text = format!("{} bytes were to be sent, {} were there", length, self.offset);
                        return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
                    }
                    got
                }
            };
            self.offset += got as u64;
            if self.offset == part.length() {
                self.parts.pop_front();
                self.offset = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(payload: Payload, room: usize) -> std::io::Result<Vec<u8>> {
        let mut source = payload.into_source();
        let mut all = Vec::new();
        loop {
            let mut buffer = Vec::new();
            source.fill(&mut buffer, room).await?;
            if buffer.is_empty() {
                return Ok(all);
            }
            assert!(buffer.len() <= room);
            all.extend(buffer);
        }
    }

    #[tokio::test]
    async fn parts_come_in_order_whatever_the_room() {
        for room in [1, 3, 7, 100] {
            let payload = Payload::none()
                .bytes("abc")
                .bytes("")
                .secret(b"secret".to_vec().into())
                .reader(4, &b"defghi"[..])
                .reader(0, &b""[..])
                .bytes("z");
            assert_eq!(payload.len(), 14);
            assert_eq!(collect(payload, room).await.unwrap(), b"abcsecretdefgz");
        }
    }

    #[tokio::test]
    async fn a_short_reader_is_an_error() {
        let payload = Payload::none().reader(10, &b"12345"[..]);
        let error = collect(payload, 4).await.unwrap_err();
        assert_eq!(error.to_string(), "10 bytes were to be sent, 5 were there");
    }

    #[test]
    fn debug_shows_no_content() {
        let payload = Payload::none().bytes("hunter2").secret(b"hunter2".to_vec().into());
        assert_eq!(format!("{payload:?}"), "Payload(2 parts, 14 bytes)");
    }
}
