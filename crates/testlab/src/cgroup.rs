use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::process::wait_until;

/// A place in every cgroup hierarchy of this machine.
///
/// All processes of a host are in its place, systemd-nspawn and commands run by the lab included. So they can be found
/// and ended without knowing who started them, and nothing else ever is.
#[derive(Debug, Clone)]
pub(crate) struct Cgroup {
    hierarchies: Vec<PathBuf>,
    place: PathBuf,
}

impl Cgroup {
    /// Returns the place `crdbctl-lab/<path>`, whether or not it exists yet.
    pub(crate) fn at(path: impl AsRef<Path>) -> Result<Self, LabError> {
        let mounts = fs::read_to_string("/proc/self/mounts").doing(|| "reading /proc/self/mounts")?;
        let hierarchies = hierarchies(&mounts);
        if hierarchies.is_empty() {
            return Err(LabError::new(
                "looking for cgroups",
                LabErrorKind::Unavailable("none is mounted".to_owned()),
            ));
        }
        Ok(Self { hierarchies, place: Path::new("crdbctl-lab").join(path) })
    }

    /// Returns whether the machine has the unified hierarchy (version 2) and nothing else.
    pub(crate) fn is_unified(&self) -> bool {
        self.hierarchies == [Path::new("/sys/fs/cgroup")]
    }

    /// Returns the folder of this place in every hierarchy.
    pub(crate) fn directories(&self) -> impl Iterator<Item = PathBuf> {
        self.hierarchies.iter().map(|hierarchy| hierarchy.join(&self.place))
    }

    pub(crate) fn create(&self) -> Result<(), LabError> {
        for directory in self.directories() {
            fs::create_dir_all(&directory)
                .doing(|| format!("creating the cgroup {}", directory.display()))?;
        }
        if self.is_unified() {
            // Without these the host's systemd could not limit the memory or tasks of a unit. A controller that
            // the machine does not hand out is one that the host does without.
            for ancestor in self.place.ancestors().skip(1) {
                for controller in ["+memory", "+pids", "+cpu", "+io"] {
                    let _ = fs::write(
                        Path::new("/sys/fs/cgroup").join(ancestor).join("cgroup.subtree_control"),
                        controller,
                    );
                }
            }
        }
        Ok(())
    }

    /// Returns the ids of all processes here and below, in no order.
    pub(crate) fn processes(&self) -> Result<Vec<i32>, LabError> {
        let mut pids = Vec::new();
        for directory in self.directories() {
            collect(&directory, &mut pids).doing(|| format!("reading the cgroup {}", directory.display()))?;
        }
        pids.sort_unstable();
        pids.dedup();
        Ok(pids)
    }

    /// Ends all processes here and below, and returns when they are gone.
    pub(crate) fn kill(&self) -> Result<(), LabError> {
        wait_until("ending the processes of a host", Duration::from_secs(20), || {
            let pids = self.processes()?;
            for pid in &pids {
                kill(*pid)?;
            }
            Ok(if pids.is_empty() { Ok(()) } else { Err(format!("still there: {pids:?}")) })
        })
    }

    /// Removes the place and all below it from every hierarchy. It must hold no process.
    pub(crate) fn remove(&self) -> Result<(), LabError> {
        for directory in self.directories() {
            // A process that has just ended may keep its cgroup busy for a moment.
            wait_until("removing a cgroup", Duration::from_secs(5), || {
                Ok(remove(&directory).map_err(|error| format!("{}: {error}", directory.display())))
            })?;
        }
        Ok(())
    }
}

/// Sends SIGKILL; a process that is gone already is fine.
pub(crate) fn kill(pid: i32) -> Result<(), LabError> {
    let Some(pid) = Pid::from_raw(pid) else { return Ok(()) };
    match kill_process(pid, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(errno) => Err(io::Error::from(errno)).doing(|| format!("ending process {pid:?}")),
    }
}

/// Returns where the hierarchies that matter are mounted.
///
/// The cpuset hierarchy of version 1 takes no process before it is told of processors, and systemd leaves it alone.
fn hierarchies(mounts: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(target), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let is_cpuset = options.split(',').any(|option| option == "cpuset");
        if matches!(kind, "cgroup" | "cgroup2") && !is_cpuset && target.starts_with("/sys/fs/cgroup") {
            found.push(PathBuf::from(target));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(directory: &Path, pids: &mut Vec<i32>) -> io::Result<()> {
    let gone = |error: &io::Error| {
        // Reading a cgroup that is being removed says ENODEV.
        error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
    };
    match fs::read_to_string(directory.join("cgroup.procs")) {
        Ok(text) => {
            pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|pid| *pid > 0))
        }
        Err(error) if gone(&error) => return Ok(()),
        Err(error) => return Err(error),
    }
    for child in children(directory)? {
        collect(&child, pids)?;
    }
    Ok(())
}

fn remove(directory: &Path) -> io::Result<()> {
    for child in children(directory)? {
        remove(&child)?;
    }
    match fs::remove_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn children(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut children = Vec::new();
    for entry in entries {
        let entry = entry?;
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => children.push(entry.path()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_hierarchies_of_a_hybrid_machine() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0\n\
            cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n\
            cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n\
            cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n\
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n\
            cgroup2 /elsewhere cgroup2 rw 0 0\n";
        let expected = ["memory", "systemd", "unified"].map(|name| Path::new("/sys/fs/cgroup").join(name));
        assert_eq!(hierarchies(mounts), expected);
    }

    #[test]
    fn finds_the_one_hierarchy_of_a_unified_machine() {
        let mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert_eq!(hierarchies(mounts), [Path::new("/sys/fs/cgroup")]);
    }
}
