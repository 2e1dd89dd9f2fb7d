use std::fmt;
use std::io;

use crdbctl_cockroach::archive::Arch;

/// Why an archive's contents are refused.
#[derive(Debug, thiserror::Error)]
#[error("{}{kind}", at(.member.as_deref()))]
pub struct MemberError {
    /// The member's name as the archive has it, shortened; absent when it is about the archive as a whole.
    pub member: Option<String>,
    /// What is wrong.
    pub kind: MemberErrorKind,
}

/// What is wrong with an archive's contents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemberErrorKind {
    /// Not a tar file packed with gzip, or a damaged one.
    #[error("the archive is no whole tar file packed with gzip: {}", plain(.0))]
    Broken(io::Error),
    /// The file itself could not be read.
    #[error("the archive cannot be read: {0}")]
    Read(io::Error),
    /// Bytes after the end of the tar file, which another reader might take for members.
    #[error("the archive goes on after its end")]
    Trailing,
    /// Its data ends before its size.
    #[error("its data ends early")]
    Short,
    /// An absolute name.
    #[error("its name is absolute")]
    Absolute,
    /// A name with `..` in it.
    #[error("its name has `..` in it")]
    Parent,
    /// A name with an empty component or `.` in it.
    #[error("its name has an empty component or `.` in it")]
    NotNormal,
    /// A name that is not below the one directory that an archive has.
    #[error("it is not below {expected}/, the one directory that this archive shall have")]
    Outside {
        /// The directory.
        expected: String,
    },
    /// A name with a character that crdbctl does not put on a host.
    #[error("its name has the character {0:?}; letters, digits and . _ - + @ : are allowed")]
    Character(char),
    /// A name that is not UTF-8.
    #[error("its name is not UTF-8")]
    NotUtf8,
    /// A name that is too long for a file.
    #[error("its name is too long: 255 bytes a component and 1024 in all are allowed")]
    NameTooLong,
    /// Two members with one name.
    #[error("it is there twice")]
    Duplicate,
    /// A member below a file.
    #[error("it lies below {0}, which is a file")]
    BelowFile(String),
    /// A link.
    #[error("it is a {0}; archives of CockroachDB have none")]
    Link(LinkKind),
    /// A device.
    #[error("it is a device")]
    Device,
    /// A named pipe.
    #[error("it is a named pipe")]
    Fifo,
    /// A sparse file.
    #[error("it is a sparse file; archives of CockroachDB have none")]
    Sparse,
    /// An extended header that says another name or size than the member's own header.
    #[error(
        "it has an extended header that changes `{0}`, which readers of tar files understand differently"
    )]
    Override(String),
    /// An extended header that cannot be read.
    #[error("it has an extended header that cannot be read")]
    ExtendedHeader,
    /// A kind of member that no archive of CockroachDB has.
    #[error("it is of the kind {0:?}, which archives of CockroachDB do not have")]
    Kind(char),
    /// A directory that has data.
    #[error("it is a directory and has data")]
    DirectoryWithData,
    /// More than an archive may have.
    #[error("the archive has more than {0}")]
    TooMuch(Limit),
    /// No `cockroach` in it.
    #[error("the archive has no {0}")]
    NoBinary(String),
    /// `cockroach` is not marked as executable.
    #[error("it is not marked as executable")]
    NotExecutable,
    /// `cockroach` is no program for Linux.
    #[error("it is no 64-bit ELF program")]
    NotElf,
    /// `cockroach` is for another processor.
    #[error("it is a program for {found}, and not for {wanted}")]
    Machine {
        /// What it is for.
        found: String,
        /// What was asked for.
        wanted: Arch,
    },
}

/// Which limit an archive is above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes when unpacked.
    Bytes(u64),
    /// Members.
    Members(usize),
}

/// Which kind of link a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A hard link.
    Hard,
    /// A symbolic link.
    Symbolic,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(most) => write!(f, "{most} bytes when unpacked"),
            Self::Members(most) => write!(f, "{most} members"),
        }
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hard => "hard link",
            Self::Symbolic => "symbolic link",
        })
    }
}

impl MemberErrorKind {
    /// Returns the error about the archive as a whole.
    pub(crate) fn whole(self) -> MemberError {
        MemberError { member: None, kind: self }
    }

    /// Returns the error about a member with this name, which may hold anything.
    pub(crate) fn about(self, name: &[u8]) -> MemberError {
        MemberError { member: Some(String::from_utf8_lossy(name).chars().take(120).collect()), kind: self }
    }
}

/// What the parsers say may quote the archive: without control characters, and short.
fn plain(error: &io::Error) -> String {
    error.to_string().chars().take(120).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Quoted and escaped: a name may hold control characters.
fn at(member: Option<&str>) -> String {
    member.map(|name| format!("refused for its member {name:?}: ")).unwrap_or_default()
}
