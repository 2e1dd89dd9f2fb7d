use std::fmt;

/// Where a behaviour is known from, for anybody to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A page of CockroachDB's documentation, by the last part of its address.
    Page(&'static str),
    /// A file of CockroachDB's source, by its path in the repository.
    File(&'static str),
}

impl Source {
    /// Returns the address.
    #[must_use]
    pub fn url(self) -> String {
        match self {
            Self::Page(page) => format!("https://www.cockroachlabs.com/docs/stable/{page}"),
            Self::File(path) => format!("https://github.com/cockroachdb/cockroach/blob/master/{path}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(name) | Self::File(name) => f.write_str(name),
        }
    }
}
