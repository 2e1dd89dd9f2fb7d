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
    unified: Option<PathBuf>,
    /// All that matter, the unified one included.
    hierarchies: Vec<PathBuf>,
    place: PathBuf,
}

impl Cgroup {
    /// Returns the place `crdbctl-lab/<path>`, whether or not it exists yet.
    pub(crate) fn at(path: impl AsRef<Path>) -> Result<Self, LabError> {
        let mounts = fs::read_to_string("/proc/self/mounts").doing(|| "reading /proc/self/mounts")?;
        let (unified, hierarchies) = hierarchies(&mounts);
        if hierarchies.is_empty() {
            return Err(LabError::new(
                "looking for cgroups",
                LabErrorKind::Unavailable("none is mounted".to_owned()),
            ));
        }
        Ok(Self { unified, hierarchies, place: Path::new("crdbctl-lab").join(path) })
    }

    /// Returns whether the machine has the unified hierarchy (version 2), as Debian and Ubuntu do, be it beside others.
    pub(crate) fn has_unified(&self) -> bool {
        self.unified.is_some()
    }

    /// Returns the folder of this place in every hierarchy.
    pub(crate) fn directories(&self) -> impl Iterator<Item = PathBuf> {
        self.hierarchies.iter().map(|hierarchy| hierarchy.join(&self.place))
    }

    pub(crate) fn create(&self) -> Result<(), LabError> {
        for directory in self.directories().flat_map(|place| [place.join("boot"), place.join("run")]) {
            fs::create_dir_all(&directory)
                .doing(|| format!("creating the cgroup {}", directory.display()))?;
        }
        // Without these the host's systemd could not limit the memory or tasks of a unit. A controller that the
        // machine does not hand out is one that the host does without.
        if let Some(unified) = &self.unified {
            for ancestor in self.place.ancestors().skip(1) {
                for controller in ["+memory", "+pids", "+cpu", "+io"] {
                    let _ = fs::write(unified.join(ancestor).join("cgroup.subtree_control"), controller);
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

/// Returns where the unified hierarchy is mounted, and where all that matter are.
///
/// Beside the unified one only systemd's own matters: hosts see no other then. Without it all do, but for cpuset, which
/// takes no process before it is told of processors and which systemd leaves alone.
fn hierarchies(mounts: &str) -> (Option<PathBuf>, Vec<PathBuf>) {
    let mut unified = None;
    let mut systemd = None;
    let mut others = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(target), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if !Path::new(target).starts_with("/sys/fs/cgroup") {
            continue;
        }
        let has = |name: &str| options.split(',').any(|option| option == name);
        match kind {
            "cgroup2" => unified = Some(PathBuf::from(target)),
            "cgroup" if has("name=systemd") => systemd = Some(PathBuf::from(target)),
            "cgroup" if !has("cpuset") => others.push(PathBuf::from(target)),
            _ => {}
        }
    }
    let mut all: Vec<_> = unified.iter().cloned().chain(systemd).collect();
    if unified.is_none() {
        all.extend(others);
    }
    (unified, all)
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

    fn paths<const N: usize>(names: [&str; N]) -> Vec<PathBuf> {
        names.map(|name| Path::new("/sys/fs/cgroup").join(name)).to_vec()
    }

    #[test]
    fn finds_the_hierarchies_of_a_hybrid_machine() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0\n\
            cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n\
            cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n\
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n\
            cgroup2 /elsewhere cgroup2 rw 0 0\n";
        let (unified, all) = hierarchies(mounts);
        assert_eq!(unified, paths(["unified"]).pop());
        assert_eq!(all, paths(["unified", "systemd"]));
    }

    #[test]
    fn finds_the_hierarchies_of_an_old_machine() {
        let mounts = "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n\
            cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n\
            cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n";
        assert_eq!(hierarchies(mounts), (None, paths(["systemd", "memory"])));
    }

    #[test]
    fn finds_the_one_hierarchy_of_a_unified_machine() {
        let mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert_eq!(hierarchies(mounts), (Some("/sys/fs/cgroup".into()), paths([""])));
    }
}
