use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A SQL user that a client certificate is for; part of the file name `client.<user>.crt`.
///
/// At most 63 characters of `a-z`, `0-9`, `_`, `-` and `.`, beginning with a letter or `_`
/// (CockroachDB's rule for user names, less the digit that it allows to begin one only when quoted);
/// not `node`, which is the principal of nodes and may act as anybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientUser(String);

/// Text that is not the name of a client's SQL user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be the user of a client certificate: {reason}")]
pub struct ClientUserError {
    text: String,
    reason: &'static str,
}

impl ClientUser {
    /// Returns the name after checking it.
    ///
    /// # Errors
    /// When it is not one that CockroachDB takes as it stands, or is `node`.
    pub fn new(text: impl Into<String>) -> Result<Self, ClientUserError> {
        let text = text.into();
        let reason = match text.as_bytes() {
            b"node" => "nodes use it, and it may act as any user",
            [b'a'..=b'z' | b'_', ..]
                if text.len() <= 63
                    && text.bytes().all(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.')
                    }) =>
            {
                return Ok(Self(text));
            }
            _ => "write at most 63 of a-z 0-9 _ - . beginning with a letter or _",
        };
        Err(ClientUserError { text: text.chars().take(120).collect(), reason })
    }

    /// Returns the user `root`, the cluster's superuser.
    pub fn root() -> Self {
        Self("root".into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ClientUser {
    type Err = ClientUserError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for ClientUser {
    type Error = ClientUserError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<ClientUser> for String {
    fn from(user: ClientUser) -> Self {
        user.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_sql_users_and_nothing_that_is_a_path_or_a_node() {
        for good in ["root", "app", "_x", "my-app.v2", &"a".repeat(63)] {
            assert_eq!(good.parse::<ClientUser>().unwrap().to_string(), good);
        }
        for bad in
            ["", "node", "../root", "a/b", "Root", "1a", ".", "..", "-a", "a b", "a\n", &"a".repeat(64)]
        {
            assert!(bad.parse::<ClientUser>().is_err(), "{bad:?}");
        }
    }
}
