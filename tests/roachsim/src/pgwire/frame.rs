//! Frames: a letter, four bytes of length that count themselves, and a body.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Statements are short.
const MAX: u32 = 1 << 20;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its letter.
    pub kind: u8,
    /// What follows the length.
    pub body: Vec<u8>,
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

async fn body(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    if !(4..=MAX).contains(&length) {
        return Err(invalid(format!("message of {length} bytes")));
    }
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// Reads a message: `None` at the end of the stream.
///
/// # Errors
/// When the stream breaks within one, or it is too long.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let kind = match stream.read_u8().await {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(Frame { kind, body: body(stream).await? }))
}

/// Reads the first message of a connection, which has no letter: its code and what follows.
///
/// # Errors
/// When the stream breaks within it, or it is too long or too short.
pub async fn read_startup(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u32, Vec<u8>)> {
    let body = body(stream).await?;
    let code = body.first_chunk::<4>().ok_or_else(|| invalid("startup message too short".to_owned()))?;
    Ok((u32::from_be_bytes(*code), body[4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lengths_out_of_bounds_allocate_nothing() {
        for bytes in [[b'Q', 0xff, 0xff, 0xff, 0xff], [b'Q', 0, 0, 0, 3]] {
            assert!(read_frame(&mut bytes.as_slice()).await.is_err());
        }
        assert_eq!(read_frame(&mut [].as_slice()).await.unwrap(), None);
    }
}
