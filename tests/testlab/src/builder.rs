use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::availability;
use crate::base::BaseTree;
use crate::cgroup::Cgroup;
use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::host::{Host, HostName};
use crate::keys::KeyPair;
use crate::lab::Lab;
use crate::network;
use crate::record::Record;
use crate::ssh;
use crate::store::{Store, try_lock};
use crate::subnet::Subnet;
use crate::teardown::{OWNER, sweep, taken};

/// More at once only wait for each other, and some units give up waiting.
const BOOTED_AT_ONCE: usize = 8;

/// What a lab is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabBuilder {
    names: Vec<String>,
    prefix: String,
    count: usize,
}

impl Default for LabBuilder {
    fn default() -> Self {
        Self { names: Vec::new(), prefix: "host".to_owned(), count: 1 }
    }
}

impl LabBuilder {
    /// Asks for this many hosts, at most 244.
    #[must_use]
    pub fn hosts(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Asks for hosts named `<prefix>-1`, `<prefix>-2` and so on; without this the prefix is `host`.
    #[must_use]
    pub fn name_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Asks for hosts with these names, in place of [`LabBuilder::hosts`] and [`LabBuilder::name_prefix`].
    #[must_use]
    pub fn names<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.names = names.into_iter().map(str::to_owned).collect();
        self
    }

    /// Returns the lab once ssh of every host answers and every host has finished booting.
    ///
    /// # Errors
    /// The machine cannot boot hosts, a name is none or is there twice, or a host did not come up. Nothing is left
    /// behind then.
    pub fn start(&self) -> Result<Lab, LabError> {
        let names = self.host_names()?;
        availability::check()?;
        let base = BaseTree::ensure()?;
        let store = Store::open()?;
        let (subnet, owner) = {
            let _lock = store.lock("labs")?;
            sweep(&store)?;
            let subnet = free_subnet(&store)?;
            let directory = store.lab(subnet);
            fs::create_dir(&directory).doing(|| format!("creating {}", directory.display()))?;
            let owner = try_lock(&directory.join(OWNER))?;
            Record { persistent: false, base: base.path().to_owned(), hosts: names.clone() }
                .write(&directory)?;
            (subnet, owner)
        };
        // From here on, dropping the lab removes what has been made of it so far.
        let mut lab = Lab { store, subnet, hosts: Vec::new(), owner };
        allow_many_watches()?;
        network::create_bridge(subnet)?;
        lab.hosts = hosts(&lab.directory(), base.path(), subnet, &names)?;
        ssh::write_files(&lab.directory(), &lab.hosts)?;
        in_parallel(&lab.hosts, Host::write_seed)?;
        for group in lab.hosts.chunks(BOOTED_AT_ONCE) {
            in_parallel(group, Host::power_on)?;
        }
        Ok(lab)
    }

    pub(crate) fn host_names(&self) -> Result<Vec<HostName>, LabError> {
        let numbered = || (1..=self.count).map(|number| format!("{}-{number}", self.prefix)).collect();
        let names: Vec<String> = if self.names.is_empty() { numbered() } else { self.names.clone() };
        let impossible =
            |reason: String| LabError::new("naming the hosts of a lab", LabErrorKind::Impossible(reason));
        if names.is_empty() || names.len() > usize::from(Subnet::MAX_HOSTS) {
            return Err(impossible(format!(
                "a lab has 1 to {} hosts, not {}",
                Subnet::MAX_HOSTS,
                names.len()
            )));
        }
        let names = names
            .iter()
            .map(|name| name.parse())
            .collect::<Result<Vec<HostName>, _>>()
            .map_err(impossible)?;
        let mut sorted: Vec<_> = names.iter().collect();
        sorted.sort();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(impossible(format!("two hosts are named {}", pair[0]))),
            None => Ok(names),
        }
    }
}

/// Returns the hosts of a lab, making the keys that do not exist yet.
pub(crate) fn hosts(
    directory: &Path,
    base: &Path,
    subnet: Subnet,
    names: &[HostName],
) -> Result<Vec<Host>, LabError> {
    let identity = KeyPair::at(&directory.join(ssh::IDENTITY), "crdbctl-lab")?;
    let addresses: Vec<(String, Ipv4Addr)> =
        (1..).zip(names).map(|(index, name)| (name.to_string(), subnet.host(index))).collect();
    (1..)
        .zip(names)
        .map(|(index, name)| {
            let directory = directory.join("hosts").join(name.as_str());
            fs::create_dir_all(&directory).doing(|| format!("creating {}", directory.display()))?;
            Ok(Host {
                name: name.clone(),
                index,
                subnet,
                base: base.to_owned(),
                cgroup: Cgroup::at(format!("{}/{name}", u16::from(subnet)))?,
                host_key: KeyPair::at(&directory.join("host_key"), &format!("root@{name}"))?,
                authorized: identity.public.clone(),
                neighbours: addresses.clone(),
                child: Mutex::new(None),
                directory,
            })
        })
        .collect()
}

/// Does something to several hosts at once and returns the first error after all are done.
pub(crate) fn in_parallel(
    hosts: &[Host],
    work: impl Fn(&Host) -> Result<(), LabError> + Sync,
) -> Result<(), LabError> {
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = hosts.iter().map(|host| scope.spawn(move || work(host))).collect();
        let results: Vec<_> = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        results.into_iter().collect()
    })
}

/// Returns a network that neither a lab nor anything else on this machine uses. The caller holds the lock of the labs.
fn free_subnet(store: &Store) -> Result<Subnet, LabError> {
    let taken = taken(store)?;
    let addresses = network::addresses()?;
    // Round and round, so that what a test leaves running does not meet the hosts of the next one.
    let path = store.root().join("next-subnet");
    let next: u16 =
        fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default();
    let is_free = |subnet: &Subnet| {
        !taken.contains(subnet)
            && !network::exists(&subnet.bridge())
            && !addresses.iter().any(|address| subnet.contains(*address))
    };
    let subnet = (0..Subnet::COUNT)
        .map(|step| Subnet::nth(next % Subnet::COUNT + step))
        .find(is_free)
        .ok_or_else(|| {
            let reason = "all 512 networks of 198.18.0.0/15 are taken".to_owned();
            LabError::new("looking for a free network", LabErrorKind::Unavailable(reason))
        })?;
    fs::write(&path, (u16::from(subnet) + 1).to_string()).doing(|| format!("writing {}", path.display()))?;
    Ok(subnet)
}

/// Raises limits of inotify of which about twenty hosts need more than Linux grants; without, they boot with no network.
fn allow_many_watches() -> Result<(), LabError> {
    for (name, least) in [("max_user_instances", 8192_u64), ("max_user_watches", 1_048_576)] {
        let path = Path::new("/proc/sys/fs/inotify").join(name);
        let doing = || format!("raising {}", path.display());
        let text = fs::read_to_string(&path).doing(doing)?;
        if text.trim().parse::<u64>().is_ok_and(|value| value < least) {
            fs::write(&path, least.to_string()).doing(doing)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(builder: &LabBuilder) -> Result<Vec<String>, String> {
        let names = builder.host_names().map_err(|error| error.to_string())?;
        Ok(names.into_iter().map(String::from).collect())
    }

    #[test]
    fn names_are_numbered_or_given() {
        assert_eq!(names(&Lab::builder()), Ok(vec!["host-1".to_owned()]));
        assert_eq!(
            names(&Lab::builder().hosts(2).name_prefix("store")),
            Ok(vec!["store-1".to_owned(), "store-2".to_owned()])
        );
        assert_eq!(names(&Lab::builder().names(["b", "a"])), Ok(vec!["b".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn labs_that_cannot_be_are_refused_before_anything_is_made() {
        assert!(names(&Lab::builder().hosts(0)).is_err());
        assert!(names(&Lab::builder().hosts(245)).is_err());
        assert!(names(&Lab::builder().names(["a", "b", "a"])).is_err());
        assert!(names(&Lab::builder().name_prefix("a b")).is_err());
    }
}
