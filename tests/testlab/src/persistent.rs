//! Labs for people: they stay until they are taken down.

use std::path::Path;

use crate::builder::{LabBuilder, hosts, in_parallel};
use crate::error::{LabError, LabErrorKind};
use crate::host::Host;
use crate::lab::Lab;
use crate::network;
use crate::record::Record;
use crate::store::Store;
use crate::teardown::{sweep, taken};

impl LabBuilder {
    /// Returns the lab that stays, started if there is none, with all its hosts on.
    ///
    /// # Errors
    /// As [`LabBuilder::start`], and a lab with other hosts that is there already.
    pub fn start_persistent(&self) -> Result<Lab, LabError> {
        let names = self.host_names()?;
        let store = Store::open()?;
        let _lock = store.lock("persistent")?;
        if let Some(lab) = Lab::open_persistent()? {
            if !lab.hosts.iter().map(Host::name).eq(&names) {
                let there: Vec<_> = lab.hosts.iter().map(|host| host.name().as_str()).collect();
                let reason = format!(
                    "one with other hosts is there already: {}; take it down first",
                    there.join(", ")
                );
                return Err(LabError::new("starting a lab that stays", LabErrorKind::Impossible(reason)));
            }
            if !network::exists(&lab.subnet.bridge()) {
                // This machine was rebooted.
                network::create_bridge(lab.subnet)?;
            }
            in_parallel(&lab.hosts, Host::power_on)?;
            return Ok(lab);
        }
        let mut lab = self.start()?;
        let base = lab.hosts.first().map_or(Path::new(""), |host| &host.base).to_owned();
        Record { persistent: true, base, hosts: names }.write(&lab.directory())?;
        lab.owner = None;
        Ok(lab)
    }
}

impl Lab {
    /// Returns the lab that stays, or `None` if there is none. Dropping it changes nothing; [`Lab::destroy`] removes it.
    ///
    /// # Errors
    /// Its files could not be read.
    pub fn open_persistent() -> Result<Option<Self>, LabError> {
        let store = Store::open()?;
        for subnet in taken(&store)? {
            let directory = store.lab(subnet);
            if let Some(record) = Record::read(&directory)?.filter(|record| record.persistent) {
                let hosts = hosts(&directory, &record.base, subnet, &record.hosts)?;
                return Ok(Some(Self { store, subnet, hosts, owner: None }));
            }
        }
        Ok(None)
    }

    /// Removes the lab that stays, and returns whether there was one.
    ///
    /// # Errors
    /// As [`Lab::destroy`].
    pub fn destroy_persistent() -> Result<bool, LabError> {
        let store = Store::open()?;
        let _lock = store.lock("persistent")?;
        Self::open_persistent()?.map_or(Ok(false), |lab| lab.destroy().map(|()| true))
    }

    /// Removes labs whose owner has died without removing them, which starting a lab also does.
    ///
    /// # Errors
    /// Something could not be removed.
    pub fn sweep() -> Result<(), LabError> {
        let store = Store::open()?;
        let _lock = store.lock("labs")?;
        sweep(&store)
    }
}
