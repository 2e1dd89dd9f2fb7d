//! The version that a packed binary plays, carried behind the end of its ELF image.
//!
//! A copied or renamed binary keeps its version, and two versions of one build differ in their digest,
//! as two releases of the real program do. Layout: payload (JSON), its length as eight little-endian
//! bytes, [`MAGIC`].

use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::release::Release;

/// What the last sixteen bytes of a packed binary say.
pub const MAGIC: &[u8; 16] = b"roachsim-trailer";

const MAX_PAYLOAD: u64 = 4096;

/// What a packed binary knows about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// The release it plays.
    pub release: Release,
}

impl Trailer {
    /// Returns the bytes to append to a binary.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = format!(r#"{{"release":"{}"}}"#, self.release).into_bytes();
        let length = bytes.len() as u64;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        bytes
    }

    /// Reads the trailer of a binary: `None` when it has none.
    ///
    /// # Errors
    /// When the file cannot be read, or has the magic and no sound payload before it.
    pub fn read<R: Read + Seek>(mut file: R) -> io::Result<Option<Self>> {
        let end = file.seek(SeekFrom::End(0))?;
        let Some(tail_at) = end.checked_sub(24) else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(tail_at))?;
        let mut tail = [0_u8; 24];
        file.read_exact(&mut tail)?;
        let (length, magic) = tail.split_at(8);
        if magic != MAGIC {
            return Ok(None);
        }
        let length = u64::from_le_bytes(length.try_into().map_err(io::Error::other)?);
        let start = tail_at
            .checked_sub(length)
            .filter(|_| length <= MAX_PAYLOAD)
            .ok_or_else(|| io::Error::other("trailer length is out of bounds"))?;
        file.seek(SeekFrom::Start(start))?;
        let mut payload = Vec::new();
        file.take(length).read_to_end(&mut payload)?;
        serde_json::from_slice(&payload).map(Some).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn trailer(text: &str) -> Trailer {
        Trailer { release: text.parse().unwrap() }
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let mut binary = b"\x7fELF and so on".to_vec();
        binary.extend(trailer("v24.1.0").encode());
        assert_eq!(Trailer::read(Cursor::new(binary)).unwrap(), Some(trailer("v24.1.0")));
    }

    #[test]
    fn a_binary_without_trailer_has_none() {
        assert_eq!(Trailer::read(Cursor::new(b"\x7fELF".to_vec())).unwrap(), None);
        assert_eq!(Trailer::read(Cursor::new(vec![0; 1000])).unwrap(), None);
    }

    #[test]
    fn a_damaged_trailer_is_an_error_and_not_an_absent_one() {
        let mut binary = trailer("v24.1.0").encode();
        let at = binary.len() - 24;
        binary[at] = 0xff;
        assert!(Trailer::read(Cursor::new(binary.clone())).is_err());
        binary[at] = 3;
        assert!(Trailer::read(Cursor::new(binary)).is_err());
    }
}
