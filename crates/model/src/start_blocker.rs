use std::fmt;

use serde::{Deserialize, Serialize};

/// Something on a host that keeps CockroachDB from starting there as the manifest says, seen without starting it.
///
/// Of a node that runs it means that the node would not come back from a restart. `Display` writes a clause without the
/// node's name: `--log-config-file needs /etc/crdb/log.yaml, which does not exist`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartBlocker {
    /// A condition of the unit does not hold: `systemctl start` starts nothing and ends with status 0. An assert does not hold:
    /// it fails (systemd.unit(5), "Conditions and Asserts").
    Condition {
        /// The line, such as `ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run`.
        line: String,
        /// The file that has it.
        file: String,
    },
    /// Whether a condition or assert of the unit holds cannot be judged. It blocks nothing and is worth a note.
    UnjudgedCondition {
        /// The line.
        line: String,
        /// The file that has it.
        file: String,
    },
    /// The host did not say what is at the paths that a start needs. It blocks nothing and is worth a note.
    UnjudgedPaths {
        /// The paths.
        paths: Vec<String>,
        /// As whom the host looked: `root`, or the service's user.
        user: String,
        /// Why it did not say.
        reason: String,
    },
    /// A path is not there, or is not as CockroachDB or systemd needs it.
    Path {
        /// What needs it: `--log-config-file`, or `EnvironmentFile= in FILE`.
        needed_by: String,
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A file system that /etc/fstab has is not mounted: CockroachDB would find an empty directory.
    Unmounted {
        /// What needs it.
        needed_by: String,
        /// The path that lies on it.
        path: String,
        /// The mount point.
        point: String,
    },
    /// The program lies on a file system that is mounted with `noexec`.
    NoExec {
        /// The directory of the packages.
        path: String,
        /// The mount point.
        point: String,
    },
    /// Another program listens on an address that CockroachDB is to listen on.
    PortTaken {
        /// The flag that the address comes from.
        flag: String,
        /// `host:port`.
        address: String,
    },
    /// CockroachDB is to listen on an address that no interface of the host has.
    NoSuchAddress {
        /// The flag that the address comes from.
        flag: String,
        /// `host:port`.
        address: String,
    },
    /// systemd refuses to load the unit with a drop-in that stays (`LoadState` of `systemctl show`).
    NotLoaded {
        /// The state: `bad-setting` or `error`.
        state: String,
        /// The unit, such as `cockroach.service`.
        unit: String,
        /// The drop-ins that stay.
        drop_ins: Vec<String>,
    },
    /// A user or group that the unit names does not exist on the host.
    Account {
        /// The line, such as `User=ghost`.
        line: String,
        /// The file that has it.
        file: String,
    },
}

/// What is wrong with a path that is needed for a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathProblem {
    /// Nothing is there.
    Missing,
    /// A directory is needed, and something else is there.
    NotADirectory,
    /// A file is needed, and a directory is there.
    ADirectory,
    /// This user cannot read it.
    Unreadable(String),
    /// This user cannot write to it.
    Unwritable(String),
    /// This user cannot make it: the directory above it that exists is not theirs to write to.
    CannotBeMade {
        /// The user.
        user: String,
        /// The nearest directory that exists.
        below: String,
    },
    /// It cannot be executed.
    NotExecutable,
}

impl StartBlocker {
    /// Returns whether it keeps CockroachDB from starting for certain.
    pub fn blocks(&self) -> bool {
        match self {
            Self::UnjudgedCondition { .. } | Self::UnjudgedPaths { .. } => false,
            Self::Condition { .. }
            | Self::Path { .. }
            | Self::Unmounted { .. }
            | Self::NoExec { .. }
            | Self::PortTaken { .. }
            | Self::NoSuchAddress { .. }
            | Self::NotLoaded { .. }
            | Self::Account { .. } => true,
        }
    }

    /// Returns what to do about it, as a clause.
    pub fn hint(&self) -> String {
        match self {
            Self::Condition { line, file } => {
                let path = line.split_once("PathExists=!").map(|(_, path)| path.trim());
                match path {
                    Some(path) => format!("remove {path}, or take the line out of {file}"),
                    None => format!("see to it that the line holds, or take it out of {file}"),
                }
            }
            Self::UnjudgedCondition { line, .. } => format!("see for yourself that {line} holds"),
            Self::UnjudgedPaths { paths, .. } => {
                format!("check {} on the host yourself", paths.join(", "))
            }
            Self::Path { path, problem, .. } => match problem {
                PathProblem::Missing => format!("create {path}, or mount what holds it"),
                PathProblem::NotADirectory => format!("put a directory at {path}"),
                PathProblem::ADirectory => format!("put a file at {path}"),
                PathProblem::Unreadable(user) => format!("give {user} the right to read {path}"),
                PathProblem::Unwritable(user) => {
                    format!("give {path} to {user}, or mount what belongs there")
                }
                PathProblem::CannotBeMade { user, .. } => {
                    format!("create {path} and give it to {user}, or mount what belongs there")
                }
                PathProblem::NotExecutable => format!("make {path} executable"),
            },
            Self::Unmounted { point, .. } => format!("run `mount {point}`"),
            Self::NoExec { point, .. } => {
                format!("mount {point} without `noexec`, or choose another `install.packages`")
            }
            Self::PortTaken { address, .. } => {
                let port = address.rsplit(':').next().unwrap_or_default();
                format!("see which one with `ss -ltnp 'sport = :{port}'` and stop it, or choose another port")
            }
            Self::NoSuchAddress { flag, .. } => {
                format!("give the host that address, or correct {flag}")
            }
            Self::NotLoaded { unit, drop_ins, .. } => format!(
                "run `systemd-analyze verify {unit}` on the host, then correct or remove {}, and run `systemctl daemon-reload`",
                drop_ins.join(", ")
            ),
            Self::Account { line, file } => {
                let name = line.split_once('=').map_or("", |(_, name)| name);
                format!("create {name}, or take the line out of {file}")
            }
        }
    }
}

impl fmt::Display for StartBlocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition { line, file } => write!(f, "{line} in {file} does not hold"),
            Self::UnjudgedCondition { line, file } => {
                write!(f, "whether {line} in {file} holds could not be checked")
            }
            Self::UnjudgedPaths { user, reason, paths } => {
                write!(f, "whether {user} can use {} could not be judged: {reason}", paths.join(", "))
            }
            Self::Path { needed_by, path, problem } => {
                write!(f, "{needed_by} needs {path}, ")?;
                match problem {
                    PathProblem::Missing => f.write_str("which does not exist"),
                    PathProblem::NotADirectory => f.write_str("which is not a directory"),
                    PathProblem::ADirectory => f.write_str("which is a directory"),
                    PathProblem::Unreadable(user) => write!(f, "and {user} cannot read it"),
                    PathProblem::Unwritable(user) => write!(f, "and {user} cannot write to it"),
                    PathProblem::CannotBeMade { user, below } => {
                        write!(f, "which does not exist, and {user} cannot create it in {below}")
                    }
                    PathProblem::NotExecutable => f.write_str("which cannot be executed"),
                }
            }
            Self::Unmounted { needed_by, path, point } => {
                write!(f, "{needed_by} needs {path}, and {point} is in /etc/fstab and not mounted")
            }
            Self::NoExec { path, point } => {
                write!(f, "CockroachDB is installed in {path}, and {point} is mounted with noexec")
            }
            Self::PortTaken { flag, address } => {
                write!(f, "{flag} is {address}, where another program listens")
            }
            Self::NoSuchAddress { flag, address } => {
                write!(f, "{flag} is {address}, an address that is on no interface of the host")
            }
            Self::NotLoaded { state, unit, drop_ins } => {
                write!(f, "systemd does not load {unit} with {} ({state})", drop_ins.join(", "))
            }
            Self::Account { line, file } => {
                write!(f, "{line} in {file} names an account that does not exist")
            }
        }
    }
}
