use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::host::Host;
use crate::output::Output;
use crate::process;

/// Joins the cgroups of the host's PID 1, then its namespaces.
///
/// Arguments: the pid, the cgroups, `--`, the command.
const ENTER: &str = r#"
pid=$1
shift
while [ "$1" != -- ]; do
	echo $$ >"$1/cgroup.procs" || exit 125
	shift
done
shift
umask 022
exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
	/usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 "$@"
"#;

impl Host {
    /// Returns what a shell command left behind, run as root on the host, without ssh and without a network.
    ///
    /// Waits until all that has the command's outputs open is done: what is to stay belongs into `systemd-run`.
    ///
    /// # Errors
    /// The command could not be started, or the host is off. A command that fails is no error.
    pub fn exec(&self, command: &str) -> Result<Output, LabError> {
        self.exec_with_input(command, &[])
    }

    /// Returns what a shell command left behind to which `input` was fed.
    ///
    /// # Errors
    /// As [`Host::exec`].
    pub fn exec_with_input(&self, command: &str, input: &[u8]) -> Result<Output, LabError> {
        self.exec_arguments(&["/bin/sh", "-c", command], input)
    }

    /// Returns what a shell command left behind.
    ///
    /// # Errors
    /// As [`Host::exec`], and a command that exited with anything but 0.
    pub fn exec_ok(&self, command: &str) -> Result<Output, LabError> {
        let output = self.exec(command)?;
        self.succeeded(command, output)
    }

    /// Returns what a program left behind whose arguments no shell reads.
    ///
    /// # Errors
    /// As [`Host::exec`].
    pub fn exec_arguments(&self, arguments: &[&str], input: &[u8]) -> Result<Output, LabError> {
        let doing = || format!("running `{}` on {}", arguments.join(" "), self.name);
        let pid = self.pid()?.ok_or(LabErrorKind::Off).doing(doing)?;
        let mut command = Command::new("sh");
        command
            .args(["-c", ENTER, "enter", &pid.to_string()])
            .args(self.cgroups_of_pid_one())
            .arg("--")
            .args(arguments);
        process::run(&mut command, input)
    }

    pub(crate) fn succeeded(&self, command: &str, output: Output) -> Result<Output, LabError> {
        if output.success() {
            return Ok(output);
        }
        let kind = LabErrorKind::Program {
            program: command.to_owned(),
            status: output.status_text(),
            output: process::joined(&output),
        };
        Err(LabError::new(format!("running a command on {}", self.name), kind))
    }

    /// Returns the id that the host's PID 1 has on this machine, or `None` if the host is off.
    pub fn pid(&self) -> Result<Option<i32>, LabError> {
        Ok(self.cgroup.processes()?.into_iter().find(|pid| is_pid_one_of_a_host(*pid)))
    }

    /// The host's systemd puts itself into `init.scope`, of its own tree or of the one that systemd-nspawn makes for
    /// it; hierarchies that it has no use for stay as they are.
    fn cgroups_of_pid_one(&self) -> impl Iterator<Item = PathBuf> {
        self.cgroup.directories().map(|place| {
            let candidates = ["run/payload/init.scope", "run/init.scope", "run/payload", "run"];
            candidates
                .iter()
                .map(|below| place.join(below))
                .find(|candidate| candidate.exists())
                .unwrap_or(place)
        })
    }
}

/// Returns whether the process is number 1 in a pid namespace right below the one of this process.
pub(crate) fn is_pid_one_of_a_host(pid: i32) -> bool {
    let numbers = |path: &Path| -> Option<Vec<String>> {
        let status = fs::read_to_string(path).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        Some(line.split_whitespace().map(str::to_owned).collect())
    };
    // A process that has just ended is not the one that is looked for.
    let (Some(own), Some(other)) =
        (numbers(Path::new("/proc/self/status")), numbers(Path::new(&format!("/proc/{pid}/status"))))
    else {
        return false;
    };
    other.len() == own.len() + 1 && other.last().is_some_and(|last| last == "1")
}
