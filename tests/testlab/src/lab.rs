use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::slice;

use crate::builder::LabBuilder;
use crate::error::LabError;
use crate::host::Host;
use crate::ssh;
use crate::store::Store;
use crate::subnet::Subnet;
use crate::teardown::tear_down;

/// Hosts on a network of their own. Dropping it removes them with all they have.
#[derive(Debug)]
pub struct Lab {
    pub(crate) store: Store,
    pub(crate) subnet: Subnet,
    pub(crate) hosts: Vec<Host>,
    /// Held as long as this process owns the lab; `None` for one that outlives its processes.
    pub(crate) owner: Option<File>,
}

impl Lab {
    /// Returns a builder for a lab with one host.
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::default()
    }

    /// Returns the host of this name.
    ///
    /// # Panics
    /// The lab has no such host; [`Lab::find`] returns `None` instead.
    #[must_use]
    pub fn host(&self, name: &str) -> &Host {
        let names = || self.hosts.iter().map(|host| host.name().as_str()).collect::<Vec<_>>().join(", ");
        self.find(name).unwrap_or_else(|| panic!("the lab has no host {name}; it has {}", names()))
    }

    /// Returns the host of this name, or `None`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name().as_str() == name)
    }

    /// Returns all hosts, first to last.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Returns the network that the hosts are in.
    #[must_use]
    pub fn subnet(&self) -> Subnet {
        self.subnet
    }

    /// Returns the lab's folder, which goes when the lab goes.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.store.lab(self.subnet)
    }

    /// Returns a configuration file for `ssh -F` that reaches every host by name, as [`crate::users::ADMIN`] by default.
    #[must_use]
    pub fn ssh_config(&self) -> PathBuf {
        self.directory().join(ssh::CONFIG)
    }

    /// Returns the file with the host keys of all hosts, by name and by address.
    #[must_use]
    pub fn known_hosts_path(&self) -> PathBuf {
        self.directory().join(ssh::KNOWN_HOSTS)
    }

    /// Returns the file with the private key that logs in everywhere; the public one is beside it.
    #[must_use]
    pub fn identity_file(&self) -> PathBuf {
        self.directory().join(ssh::IDENTITY)
    }

    /// Returns the store's folder, shared by all labs of this machine.
    #[must_use]
    pub fn store_directory(&self) -> &Path {
        self.store.root()
    }

    /// Removes the lab with all its hosts.
    ///
    /// # Errors
    /// Something could not be removed. The next lab that starts tries again.
    pub fn destroy(mut self) -> Result<(), LabError> {
        let result = self.remove();
        self.owner = None; // nothing is left for drop to do
        result
    }

    fn remove(&self) -> Result<(), LabError> {
        tear_down(&self.store, self.subnet)?;
        self.hosts.iter().for_each(Host::reap);
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.owner.is_none() {
            return;
        }
        if let Err(error) = self.remove() {
            let message = format!("removing the lab {}: {error}", self.subnet);
            if std::thread::panicking() {
                let _ = writeln!(std::io::stderr(), "{message}");
            } else {
                panic!("{message}");
            }
        }
    }
}

impl<'a> IntoIterator for &'a Lab {
    type Item = &'a Host;
    type IntoIter = slice::Iter<'a, Host>;

    fn into_iter(self) -> Self::IntoIter {
        self.hosts.iter()
    }
}
