//! A lab with a manifest for its hosts, and crdbctl to run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crdbctl_testlab::{Host, Lab, require_lab};

use crate::release::Release;

/// The user who reaches root with sudo and is not asked.
pub(crate) const ADMIN: &str = "admin";

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a run of crdbctl ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Returns the run after checking how it ended.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns the run after checking that it printed these words, however the lines were broken.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let has = |text: &str| text.contains(words) || joined(text).contains(&joined(words));
        assert!(has(&self.stdout) || has(&self.stderr), "no {words:?} in\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

pub(crate) struct Bench {
    pub(crate) lab: Lab,
    pub(crate) directory: tempfile::TempDir,
}

impl Bench {
    /// Boots hosts `store-1` and up, and writes a manifest for them; `None` where no hosts can be booted.
    pub(crate) fn start(hosts: usize) -> Option<Self> {
        let lab = require_lab(Lab::builder().hosts(hosts).name_prefix("store"))?;
        let bench = Self { lab, directory: tempfile::tempdir().unwrap() };
        bench.manifest("", ADMIN);
        Some(bench)
    }

    /// Boots hosts as [`Bench::start`] does, for a test that chooses faults, times or versions: `None` where another
    /// release than the stand-in is tried.
    pub(crate) fn start_stand_in(hosts: usize) -> Option<Self> {
        if Release::of_hosts().is_stand_in {
            return Self::start(hosts);
        }
        crdbctl_testlab::skip("it needs what only the stand-in does on demand");
        None
    }

    /// Writes the manifest: the minimum for the lab's hosts, and `more` at its top level.
    pub(crate) fn manifest(&self, more: &str, user: &str) {
        self.manifest_with("", "", more, user);
    }

    /// Writes the manifest with more lines in its `cockroach` section and its nodes' entries too.
    pub(crate) fn manifest_with(&self, cockroach: &str, node: &str, more: &str, user: &str) {
        let Release { version, archive, .. } = Release::of_hosts();
        // The pause is longer than the time for which a stand-in's range figures read 0 after a start.
        let mut text = format!(
            "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach:\n  version: {version}\n  archive: {}\n{cockroach}\
             rollout: {{settle: 0s, health_timeout: 60s, ranges_pause: 1s}}\n{more}\nssh:\n  user: {user}\n  config_file: {}\nnodes:\n",
            archive.display(),
            self.lab.ssh_config().display(),
        );
        for host in self.lab.hosts() {
            // ssh goes to the name, of which the lab's configuration knows address and host key.
            text.push_str(&format!(
                "  - {{name: {name}, address: {}, hostname: {name}{node}}}\n",
                host.address(),
                name = host.name()
            ));
        }
        std::fs::write(self.directory.path().join("cluster.yaml"), text).unwrap();
    }

    /// Runs crdbctl beside the manifest, with nothing of the user's environment.
    pub(crate) fn crdbctl(&self, arguments: &[&str]) -> Done {
        self.crdbctl_with(arguments, &[])
    }

    pub(crate) fn crdbctl_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Done {
        let output = self.command(arguments).envs(environment.iter().copied()).output().unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a line of shell beside the manifest, with `crdbctl` among the programs.
    pub(crate) fn shell(&self, line: &str) -> Done {
        let programs = Path::new(env!("CARGO_BIN_EXE_crdbctl")).parent().unwrap();
        let mut command = Command::new("sh");
        self.clean(&mut command);
        let path = format!("{}:{PATH}", programs.display());
        let output = command.env("PATH", path).args(["-c", line]).output().unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crdbctl"));
        self.clean(&mut command);
        command.args(arguments);
        command
    }

    fn clean(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", self.directory.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
    }

    pub(crate) fn apply(&self) -> Done {
        self.crdbctl(&["apply", "--yes"]).code(0)
    }

    /// Asserts that nothing is left to do.
    #[track_caller]
    pub(crate) fn assert_empty_plan(&self) {
        self.crdbctl(&["plan", "--detailed-exitcode"]).code(0).says("No changes.");
    }

    pub(crate) fn host(&self, number: usize) -> &Host {
        self.lab.host(&format!("store-{number}"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Returns the main process of the service on a host.
pub(crate) fn pid(host: &Host) -> String {
    host.exec_ok("systemctl show cockroach.service -p MainPID --value").unwrap().text()
}
