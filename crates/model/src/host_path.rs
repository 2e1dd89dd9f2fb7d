use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An absolute, normal path on a node; never a path of the control host.
///
/// Holds letters, digits and `/ . _ - + @ :` only, so that it can stand unquoted in a unit, a
/// `PATH`-like list or a log line. Has no empty, `.` or `..` component and no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPath(String);

/// Directories that hosts share among many programs: none of them can be given to the service user.
/// hier(7).
const SHARED: [&str; 28] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/opt",
    "/var/spool",
    "/var/tmp",
];

/// Directories below which nothing of CockroachDB's can lie: they are the system's, or empty after a boot.
const SYSTEM: [&str; 14] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/tmp", "/usr/bin",
    "/usr/lib", "/var/tmp",
];

/// Why a text is not a path that crdbctl uses on a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostPathError {
    /// Does not begin with a slash.
    #[error("{0:?} is not an absolute path: begin it with /")]
    NotAbsolute(String),
    /// Has an empty, `.` or `..` component, or a trailing slash.
    #[error("{0:?} is not a normal path: leave out empty, . and .. components and a trailing slash")]
    NotNormal(String),
    /// Holds a character that cannot be put safely everywhere a path goes.
    #[error("{path:?} holds {character:?}: use letters, digits and . _ - + @ : only")]
    Character {
        /// The path as given.
        path: String,
        /// The first character that is refused.
        character: char,
    },
    /// Longer than Linux takes (PATH_MAX is 4096 bytes, path_resolution(7)).
    #[error("a path of {0} bytes is too long: 4000 bytes at most")]
    TooLong(usize),
}

impl HostPath {
    /// Returns the path after checking it.
    ///
    /// # Errors
    /// When it is not absolute, not normal, too long or holds a refused character.
    pub fn new(path: impl Into<String>) -> Result<Self, HostPathError> {
        let path = path.into();
        if path.len() > 4000 {
            return Err(HostPathError::TooLong(path.len()));
        }
        if !path.starts_with('/') {
            return Err(HostPathError::NotAbsolute(path));
        }
        let refused = |c: &char| !(c.is_ascii_alphanumeric() || "/._-+@:".contains(*c));
        if let Some(character) = path.chars().find(refused) {
            return Err(HostPathError::Character { path, character });
        }
        if path != "/" && path[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(HostPathError::NotNormal(path));
        }
        Ok(Self(path))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns this path with `name`, one component or several, appended.
    ///
    /// # Errors
    /// As [`HostPath::new`].
    pub fn join(&self, name: &str) -> Result<Self, HostPathError> {
        if self.0 == "/" { Self::new(format!("/{name}")) } else { Self::new(format!("{}/{name}", self.0)) }
    }

    /// Returns the directory that holds this path; `/` for `/` itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rfind('/') {
            Some(0) | None => Self("/".to_owned()),
            Some(at) => Self(self.0[..at].to_owned()),
        }
    }

    /// Returns the last component; empty for `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Returns whether it is a directory that hosts share among many programs, so that it is none of CockroachDB's own.
    pub fn is_shared(&self) -> bool {
        SHARED.contains(&self.as_str())
    }

    /// Returns the directory of the system's that it is or lies below, when there is one.
    pub fn system(&self) -> Option<&'static str> {
        let holds = |system: &&&str| {
            self.0.strip_prefix(**system).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        SYSTEM.iter().find(holds).copied()
    }

    /// Returns whether this path lies below `directory`; a path is not below itself.
    pub fn is_below(&self, directory: &Self) -> bool {
        self.0.strip_prefix(directory.0.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
            && self != directory
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostPath {
    type Err = HostPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for HostPath {
    type Error = HostPathError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<HostPath> for String {
    fn from(path: HostPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_mean_something_else_on_a_host() {
        for bad in [
            "",
            "opt",
            "./opt",
            "/opt/",
            "//opt",
            "/opt//x",
            "/opt/../etc",
            "/opt/.",
            "/a b",
            "/a\nb",
            "/a'b",
            "/a$b",
            "/a;b",
            "/a%n",
            "/a\\b",
            "/a*",
            "/ä",
            "/a\0",
        ] {
            assert!(HostPath::new(bad).is_err(), "{bad:?}");
        }
        assert!(HostPath::new(format!("/{}", "x".repeat(4000))).is_err());
    }

    #[test]
    fn the_host_s_own_directories_are_known() {
        let of = |text: &str| HostPath::new(text).unwrap();
        for shared in ["/", "/opt", "/usr/bin", "/var/lib", "/srv"] {
            assert!(of(shared).is_shared(), "{shared}");
        }
        for own in ["/opt/cockroach", "/cockroach", "/srv/crdb", "/usr/local/lib/crdb"] {
            assert!(!of(own).is_shared() && of(own).system().is_none(), "{own}");
        }
        assert_eq!(of("/etc/ssl/certs").system(), Some("/etc"));
        assert_eq!(of("/etcetera").system(), None);
        assert_eq!(of("/usr/bin").system(), Some("/usr/bin"));
    }

    #[test]
    fn takes_paths_apart_and_together() {
        let root = HostPath::new("/opt/cockroach").unwrap();
        assert_eq!(root.join("certs/node.crt").unwrap().as_str(), "/opt/cockroach/certs/node.crt");
        assert!(root.join("../x").is_err());
        assert_eq!(root.parent().as_str(), "/opt");
        assert_eq!(root.parent().parent().as_str(), "/");
        assert_eq!(root.file_name(), "cockroach");
        assert!(root.is_below(&root.parent()));
        assert!(!root.is_below(&root));
        assert!(!HostPath::new("/opt/cockroach2").unwrap().is_below(&root));
        assert!(root.is_below(&HostPath::new("/").unwrap()));
    }
}
