use std::fmt;

use serde::{Deserialize, Serialize};

use crate::HostPath;

/// Where a file system is mounted on a host, or should be.
///
/// The host's administrator chose the path, so it may have any byte: what is not a graphic ASCII character, and `%`, is
/// percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MountPoint(String);

impl MountPoint {
    /// Reads a mount point as `/proc/self/mountinfo` and `/etc/fstab` have it: a backslash and three octal digits stand for a
    /// byte (proc(5), fstab(5)).
    pub fn from_octal(escaped: &[u8]) -> Self {
        let mut text = String::new();
        let mut rest = escaped;
        while let Some((first, after)) = rest.split_first() {
            let (byte, after) = match octal(rest) {
                Some(byte) => (byte, &rest[4..]),
                None => (*first, after),
            };
            if byte.is_ascii_graphic() && byte != b'%' {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
            rest = after;
        }
        Self(text)
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the byte that `\040` at the beginning of a text stands for.
fn octal(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"\\")?.get(..3)?;
    let all = digits.iter().all(|digit| (b'0'..=b'7').contains(digit));
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all)?, 8).ok()
}

impl From<HostPath> for MountPoint {
    fn from(path: HostPath) -> Self {
        Self(path.into())
    }
}

impl fmt::Display for MountPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_escapes_are_decoded_and_any_byte_is_kept() {
        for (escaped, expected) in [
            (&b"/mnt/data1"[..], "/mnt/data1"),
            (b"/mnt/my\\040disk", "/mnt/my%20disk"),
            (b"/a\\011\\012\\134\\043b", "/a%09%0A\\#b"),
            (b"/a\\08\\9\\777\\", "/a\\08\\9\\777\\"),
            (b"/caf\xe9/100%", "/caf%E9/100%25"),
            (b"", ""),
        ] {
            assert_eq!(MountPoint::from_octal(escaped).as_str(), expected);
        }
    }
}
