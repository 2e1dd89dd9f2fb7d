//! What clients send.

use std::collections::BTreeMap;

use super::frame::Frame;

/// The first message of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Startup {
    /// `user`, `database`, `application_name`, ….
    pub parameters: BTreeMap<String, String>,
}

impl Startup {
    /// Reads what follows the protocol version.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let mut words = body.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let mut parameters = BTreeMap::new();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            if name.is_empty() {
                break;
            }
            parameters.insert(name, value);
        }
        Self { parameters }
    }

    /// The user's name, in small letters as SQL has it.
    #[must_use]
    pub fn user(&self) -> String {
        self.parameters.get("user").map(|user| user.to_lowercase()).unwrap_or_default()
    }
}

/// A message of a running session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frontend {
    /// Run this text.
    Query(String),
    /// Name a statement.
    Parse {
        /// Its name, empty for the unnamed one.
        name: String,
        /// Its text.
        text: String,
    },
    /// Make a portal of a statement.
    Bind {
        /// The portal's name.
        portal: String,
        /// The statement's name.
        statement: String,
        /// Whether each column comes in binary; one entry counts for all.
        binary: Vec<bool>,
    },
    /// Describe a statement (`S`) or a portal (`P`).
    Describe {
        /// Which of the two.
        kind: u8,
        /// Its name.
        name: String,
    },
    /// Run a portal.
    Execute {
        /// Its name.
        portal: String,
    },
    /// Forget a statement or a portal.
    Close {
        /// Which of the two.
        kind: u8,
        /// Its name.
        name: String,
    },
    /// Send what there is.
    Flush,
    /// End of a sequence.
    Sync,
    /// Goodbye.
    Terminate,
    /// The answer to a question for a password.
    Password,
    /// Something else.
    Unknown(u8),
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[end + 1..];
        Some(text)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn short(&mut self) -> Option<i16> {
        let (first, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(i16::from_be_bytes(*first))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    fn length(&mut self) -> Option<i32> {
        let (first, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(i32::from_be_bytes(*first))
    }
}

impl Frontend {
    /// Reads a message; `None` when its body does not hold what its letter promises.
    #[must_use]
    pub fn parse(frame: &Frame) -> Option<Self> {
        let mut reader = Reader(&frame.body);
        Some(match frame.kind {
            b'Q' => Self::Query(reader.text()?),
            b'P' => Self::Parse { name: reader.text()?, text: reader.text()? },
            b'B' => {
                let (portal, statement) = (reader.text()?, reader.text()?);
                for _ in 0..reader.short()? {
                    reader.short()?;
                }
                for _ in 0..reader.short()? {
                    let length = reader.length()?;
                    reader.skip(usize::try_from(length).unwrap_or(0))?;
                }
                let count = reader.short()?;
                let binary = (0..count).map(|_| reader.short().map(|format| format == 1));
                Self::Bind { portal, statement, binary: binary.collect::<Option<_>>()? }
            }
            b'D' => Self::Describe { kind: reader.byte()?, name: reader.text()? },
            b'E' => Self::Execute { portal: reader.text()? },
            b'C' => Self::Close { kind: reader.byte()?, name: reader.text()? },
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'X' => Self::Terminate,
            b'p' => Self::Password,
            other => Self::Unknown(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in 0_u8..128, body: Vec<u8>) {
            let _ = Startup::parse(&body);
            let _ = Frontend::parse(&Frame { kind, body });
        }
    }

    #[test]
    fn parameters_come_in_pairs() {
        let startup = Startup::parse(b"user\0Root\0database\0defaultdb\0\0");
        assert_eq!(startup.user(), "root");
        assert_eq!(startup.parameters["database"], "defaultdb");
    }
}
