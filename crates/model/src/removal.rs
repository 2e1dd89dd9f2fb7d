use serde::{Deserialize, Serialize};

use crate::{AllowFrom, HostPath, OwnerName, UnitName};

/// All that must be known to remove a resource from a node: one variant for each way of removing.
///
/// A removal takes away what it names and nothing else: no directory with anything left in it, nothing behind a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// Stops and disables the service. Its unit's file is a resource of its own.
    Service {
        /// The unit.
        unit: UnitName,
        /// Whether it runs, so that CockroachDB stops.
        stops: bool,
    },
    /// Removes plain files: the unit's, the profile, certificates and keys.
    Files {
        /// Where they are.
        paths: Vec<HostPath>,
        /// Whether they are set aside: they are not as crdbctl wrote them.
        aside: bool,
        /// The unit that systemd forgets with them.
        unit: Option<UnitName>,
    },
    /// Removes a symbolic link.
    Link {
        /// Where it is.
        path: HostPath,
        /// What it points to; one that points elsewhere by then stays.
        target: String,
        /// Whether systemd looks for units there.
        is_unit: bool,
    },
    /// Deletes the allow rules of a profile.
    Firewall {
        /// The profile.
        profile: String,
        /// Whom the rules let in.
        allow_from: Vec<AllowFrom>,
    },
    /// Removes a directory, empty by then.
    Directory {
        /// Where it is.
        path: HostPath,
    },
    /// Deletes everything in the data directory, on its own file system alone.
    Data {
        /// Where it is.
        path: HostPath,
        /// Whether the emptied directory goes too; a mount point, or one that was there before crdbctl, stays.
        directory: bool,
    },
    /// Removes the files of a package, and its directory.
    Package {
        /// The package's directory.
        path: HostPath,
        /// The files that crdbctl put there.
        files: Vec<HostPath>,
        /// Whether the directory goes too: nobody else put anything into it.
        directory: bool,
    },
    /// Removes the account; its files stay.
    User {
        /// Its name.
        name: OwnerName,
    },
    /// Removes the group.
    Group {
        /// Its name.
        name: OwnerName,
    },
    /// Removes the ownership record and what lies beside it; set-aside files stay.
    Record,
}

impl Removal {
    /// Returns whether a running CockroachDB stops by it.
    pub const fn stops(&self) -> bool {
        matches!(self, Self::Service { stops: true, .. })
    }
}
