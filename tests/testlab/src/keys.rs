//! Key pairs, by `ssh-keygen`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Doing as _, LabError};
use crate::process::run_ok;

/// A key pair in the files that OpenSSH reads.
#[derive(Debug, Clone)]
pub(crate) struct KeyPair {
    pub(crate) private: Vec<u8>,
    /// One line: algorithm, key, comment.
    pub(crate) public: String,
}

impl KeyPair {
    /// Returns the pair in `path` and `path.pub`, made anew if there is none.
    pub(crate) fn at(path: &Path, comment: &str) -> Result<Self, LabError> {
        if !path.exists() {
            let mut command = Command::new("ssh-keygen");
            run_ok(command.args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"]).arg(path), &[])?;
        }
        let public = path.with_extension("pub");
        Ok(Self {
            private: fs::read(path).doing(|| format!("reading {}", path.display()))?,
            public: fs::read_to_string(&public)
                .doing(|| format!("reading {}", public.display()))?
                .trim()
                .to_owned(),
        })
    }

    /// Returns algorithm and key without the comment, as a line of known_hosts wants them.
    pub(crate) fn public_without_comment(&self) -> String {
        self.public.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }
}
