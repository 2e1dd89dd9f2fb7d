//! Frames: four bytes of length, big-endian, then JSON.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAX: u32 = 16 << 20;

/// Reads one frame: `None` at the end of the stream.
///
/// # Errors
/// When the stream breaks within a frame, or the frame is too long or no such message.
pub async fn read_frame<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let length = match stream.read_u32().await {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {length} bytes")));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes one frame.
///
/// # Errors
/// When the stream breaks or the message is too long.
pub async fn write_frame<T: Serialize>(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "message too long"))?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    stream.write_all(&frame).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_round_trip_and_end_cleanly() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &"one").await.unwrap();
        write_frame(&mut bytes, &"two").await.unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(read_frame::<String>(&mut stream).await.unwrap().as_deref(), Some("one"));
        assert_eq!(read_frame::<String>(&mut stream).await.unwrap().as_deref(), Some("two"));
        assert_eq!(read_frame::<String>(&mut stream).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_length_out_of_bounds_allocates_nothing() {
        let mut stream: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0];
        assert!(read_frame::<String>(&mut stream).await.is_err());
    }
}
