use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crdbctl_cockroach::output::{Health, Vars};
use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, command, https, until};
use crate::trouble::expect_eq;
use crate::{Program, Trouble};

/// Ports that neither a cluster of this machine nor its other programs are likely to use.
const RPC_PORT: u16 = 26_357;
const HTTP_PORT: u16 = 28_080;

/// A node: its place, and its process while it runs.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) ip: IpAddr,
    pub(crate) directory: PathBuf,
    ca: String,
    child: Option<Child>,
}

impl Node {
    pub(crate) fn new(ip: IpAddr, directory: PathBuf, ca: String) -> Self {
        Self { ip, directory, ca, child: None }
    }

    pub(crate) fn rpc(&self) -> SocketAddr {
        (self.ip, RPC_PORT).into()
    }

    pub(crate) fn certs(&self) -> PathBuf {
        self.directory.join("certs")
    }

    /// Returns the command line of its start, with the flags that crdbctl gives a node.
    pub(crate) fn start_command(&self, program: &Program, join: &[SocketAddr]) -> Command {
        let join: Vec<String> = join.iter().map(ToString::to_string).collect();
        let mut command = Command::new(&program.binary);
        command
            .arg("start")
            .arg(format!("--certs-dir={}", self.certs().display()))
            .arg(format!("--store={}", self.directory.join("data").display()))
            .arg(format!("--listen-addr={}", self.rpc()))
            .arg(format!("--advertise-addr={}", self.rpc()))
            .arg(format!("--http-addr={}", self.http()))
            .arg(format!("--join={}", join.join(",")))
            .args(["--cache=64MiB", "--max-sql-memory=64MiB"]);
        hurried(&mut command);
        command
    }

    fn http(&self) -> SocketAddr {
        (self.ip, HTTP_PORT).into()
    }

    /// Starts the process; what it writes goes to files in its directory.
    pub(crate) fn start(&mut self, command: &mut Command) -> Result<(), Trouble> {
        let open = |name| File::options().create(true).append(true).open(self.directory.join(name));
        let mut spawn = || {
            fs::create_dir_all(&self.directory)?;
            command.stdin(Stdio::null()).stdout(open("stdout")?).stderr(open("stderr")?).spawn()
        };
        self.child = Some(spawn().map_err(Trouble::untried(format!("starting a node on {}", self.ip)))?);
        Ok(())
    }

    pub(crate) fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// Returns its process id after checking that it still runs.
    pub(crate) fn pid(&mut self) -> Result<u32, Trouble> {
        let ip = self.ip;
        let child =
            self.child.as_mut().ok_or_else(|| Trouble::Untried(format!("no node was started on {ip}")))?;
        match child.try_wait().map_err(Trouble::untried(format!("looking at the node on {ip}")))? {
            None => Ok(child.id()),
            Some(status) => {
                let said = tail(&self.directory.join("stderr"));
                Err(Trouble::differs(
                    format!("the node on {ip} to run"),
                    format!("it ended with {status}, and said {said:?}"),
                ))
            }
        }
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), Trouble> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Trouble::Untried("a process has no id".to_owned()))?;
        kill_process(pid, signal).map_err(Trouble::untried(format!("signalling the node on {}", self.ip)))
    }

    /// Returns the exit code once the process has ended by itself; -1 for a signal.
    pub(crate) fn wait(&mut self) -> Result<i32, Trouble> {
        let ip = self.ip;
        let child =
            self.child.as_mut().ok_or_else(|| Trouble::Untried(format!("no node was started on {ip}")))?;
        let status = command::ended(child, PATIENCE)
            .map_err(Trouble::untried(format!("waiting for the node on {ip}")))?
            .ok_or_else(|| Trouble::differs(format!("the node on {ip} to end"), "it runs on"))?;
        self.child = None;
        Ok(status.code().unwrap_or(-1))
    }

    /// Stops it as systemd does.
    pub(crate) fn stop(&mut self) -> Result<(), Trouble> {
        self.signal(Signal::TERM)?;
        expect_eq("the exit code after SIGTERM", self.wait()?, 0)
    }

    /// Returns the answer of `/health?ready=1`, or why there is none.
    pub(crate) fn health(&self) -> Result<Health, String> {
        let (status, body) = self.get("/health?ready=1")?;
        Ok(Health::of(status, &body))
    }

    /// Waits until `/health?ready=1` means this.
    pub(crate) fn becomes(&mut self, wanted: &Health) -> Result<(), Trouble> {
        // A process that has ended will not become anything: that is the outer error, and ends the wait.
        until(&format!("/health?ready=1 of {} means {wanted:?}", self.ip), || match self.pid() {
            Err(ended) => Ok(Err(ended)),
            Ok(_) => match self.health() {
                Ok(health) if health == *wanted => Ok(Ok(())),
                other => Err(format!("{other:?}")),
            },
        })?
    }

    pub(crate) fn get(&self, path: &str) -> Result<(u16, Vec<u8>), String> {
        https::get(&self.ca, self.http(), path)
    }

    /// Returns the figures of `/_status/vars`.
    pub(crate) fn vars(&self) -> Result<Vars, String> {
        let (status, body) = self.get("/_status/vars")?;
        if status != 200 {
            return Err(format!("HTTP status {status}"));
        }
        Vars::parse(&String::from_utf8_lossy(&body)).map_err(|error| error.to_string())
    }

    /// Returns the serial numbers of the certificates served on the RPC and on the HTTP port.
    pub(crate) fn served(&self) -> [Result<String, String>; 2] {
        [self.rpc(), self.http()].map(|at| https::serial(&self.ca, at))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Shortens what the stand-in makes its clients wait for; the real program knows none of these variables.
fn hurried(command: &mut Command) {
    for (name, value) in [
        ("ROACHSIM_HEARTBEAT_MS", "150"),
        ("ROACHSIM_METRICS_DELAY_MS", "2500"),
        ("ROACHSIM_CATCHUP_MS", "1000"),
        ("ROACHSIM_UPGRADE_MS", "300"),
    ] {
        command.env(name, value);
    }
}
