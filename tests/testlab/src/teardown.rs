//! Removing labs, be it one's own or one whose owner died.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::base::remove_tree;
use crate::cgroup::{self, Cgroup};
use crate::error::{Doing as _, LabError};
use crate::exec::is_pid_one_of_a_host;
use crate::network;
use crate::process::wait_until;
use crate::record::Record;
use crate::store::{Store, try_lock};
use crate::subnet::Subnet;

/// Removes all that belongs to a lab, whoever made it and however far it came. Needs no record of it.
pub(crate) fn tear_down(store: &Store, subnet: Subnet) -> Result<(), LabError> {
    let cgroup = Cgroup::at(u16::from(subnet).to_string())?;
    end_processes(&cgroup)?;
    for link in links(subnet)? {
        network::remove_link(&link)?;
    }
    network::remove_bridge(subnet)?;
    cgroup.remove()?;
    remove_leftovers_of_nspawn(subnet)?;
    // The folder is what keeps the number taken, so it goes last and at once.
    let directory = store.lab(subnet);
    let doomed = store.trash().join(format!("{}-{}", u16::from(subnet), std::process::id()));
    remove_tree(&doomed)?;
    match fs::rename(&directory, &doomed) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).doing(|| format!("removing {}", directory.display())),
        Ok(()) => remove_tree(&doomed),
    }
}

/// Removes labs whose owner has died without removing them. The caller holds the lock of the labs.
pub(crate) fn sweep(store: &Store) -> Result<(), LabError> {
    for subnet in taken(store)? {
        let directory = store.lab(subnet);
        if Record::read(&directory)?.is_some_and(|record| record.persistent) {
            continue;
        }
        let owner = match try_lock(&directory.join(OWNER)) {
            Ok(owner) => owner,
            // Its owner has just removed it.
            Err(_) if !directory.exists() => continue,
            Err(error) => return Err(error),
        };
        if owner.is_some() {
            tear_down(store, subnet)?;
        }
    }
    for entry in fs::read_dir(store.trash()).into_iter().flatten().flatten() {
        // Most likely somebody is removing it right now; if not, the next sweep sees it again.
        let _ = remove_tree(&entry.path());
    }
    Ok(())
}

/// Name of the file that the owner of a lab holds a lock on.
pub(crate) const OWNER: &str = "owner.lock";

/// Returns the numbers of all labs.
pub(crate) fn taken(store: &Store) -> Result<Vec<Subnet>, LabError> {
    let mut taken = Vec::new();
    for name in names(&store.labs())? {
        taken.extend(name.parse().ok().and_then(|number: u16| Subnet::try_from(number).ok()));
    }
    taken.sort();
    Ok(taken)
}

/// Ends the hosts first, so that each systemd-nspawn can clean up after itself, then all that is left.
fn end_processes(cgroup: &Cgroup) -> Result<(), LabError> {
    for pid in cgroup.processes()? {
        if is_pid_one_of_a_host(pid) {
            cgroup::kill(pid)?;
        }
    }
    let quietly = wait_until("waiting for hosts to go off", Duration::from_secs(2), || {
        Ok(if cgroup.processes()?.is_empty() { Ok(()) } else { Err(String::new()) })
    });
    quietly.or_else(|_| cgroup.kill())
}

fn links(subnet: Subnet) -> Result<Vec<String>, LabError> {
    let prefix = format!("vb-{}", subnet.machine_prefix());
    Ok(names(Path::new("/sys/class/net"))?.into_iter().filter(|name| name.starts_with(&prefix)).collect())
}

fn remove_leftovers_of_nspawn(subnet: Subnet) -> Result<(), LabError> {
    let propagate = Path::new("/run/systemd/nspawn/propagate");
    for name in names(propagate)? {
        if name.starts_with(&subnet.machine_prefix()) {
            remove_tree(&propagate.join(name))?;
        }
    }
    Ok(())
}

/// Returns the names in a folder; one that does not exist has none.
fn names(directory: &Path) -> Result<Vec<String>, LabError> {
    let doing = || format!("reading {}", directory.display());
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.doing(doing)?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<Result<_, _>>().doing(doing)
}
