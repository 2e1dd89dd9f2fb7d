use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::host::Host;
use crate::process::wait_until;
use crate::seed::Seed;

const BOOT: &str = include_str!("../recipe/boot.sh");

/// A boot takes a second; on a machine busy with other things, several.
const BOOT_LIMIT: Duration = Duration::from_secs(90);

impl Host {
    /// Writes the files that make a new host out of the base tree; the next boot unpacks them.
    pub(crate) fn write_seed(&self) -> Result<(), LabError> {
        fs::create_dir_all(&self.directory).doing(|| format!("creating {}", self.directory.display()))?;
        let mut machine_id = [0; 16];
        File::open("/dev/urandom")
            .and_then(|mut random| random.read_exact(&mut machine_id))
            .doing(|| "reading /dev/urandom")?;
        let seed = Seed {
            name: self.name.as_str(),
            address: self.address(),
            neighbours: &self.neighbours,
            host_key: &self.host_key,
            authorized: &self.authorized,
            machine_id: &hex::encode(machine_id),
        };
        seed.write(&self.directory.join("seed.tar"))
    }

    /// Starts the host's systemd-nspawn and does not wait for anything.
    pub(crate) fn spawn(&self) -> Result<(), LabError> {
        let doing = || format!("booting {}", self.name);
        self.cgroup.create()?;
        let console = OpenOptions::new().create(true).append(true).open(self.console_log()).doing(doing)?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "slave", "setsid", "sh", "-eu", "-c", BOOT, "boot"]);
        command.arg(&self.base).arg(&self.directory).args([
            &self.machine(),
            self.name.as_str(),
            &self.subnet.bridge(),
        ]);
        command.args(self.cgroup.directories());
        command.env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", if self.cgroup.has_unified() { "1" } else { "0" });
        command.stdin(Stdio::null());
        command.stdout(console.try_clone().doing(doing)?);
        command.stderr(console);
        let child = command.spawn().doing(doing)?;
        *self.child() = Some(child);
        Ok(())
    }

    /// Waits until the host's ssh server greets.
    ///
    /// # Errors
    /// The host is off, or did not greet within 90 s; the error then has the end of its console.
    pub fn wait_ssh(&self) -> Result<(), LabError> {
        let doing = format!("waiting for ssh of {} at {}", self.name, self.address());
        wait_until(&doing, BOOT_LIMIT, || {
            if !self.has_power()? {
                return Err(LabError::new(&doing, self.died()));
            }
            Ok(self.greets())
        })
        .map_err(|error| match error.kind() {
            LabErrorKind::Timeout { .. } => {
                LabError::new(format!("{error}\n{}", self.console_end()), LabErrorKind::Off)
            }
            _ => error,
        })
    }

    /// Waits until the host's ssh server greets and no start-up job is left.
    pub(crate) fn wait_booted(&self) -> Result<(), LabError> {
        self.wait_ssh()?;
        // Says "degraded" and fails if some unit failed, which is up to the test to mind; but it has waited.
        let output = self.exec("timeout 60 systemctl is-system-running --wait")?;
        match output.text().as_str() {
            "running" | "degraded" => Ok(()),
            other => {
                let kind = LabErrorKind::Timeout {
                    seconds: 60,
                    last_seen: format!("{other} {}", output.error_text()),
                };
                Err(LabError::new(format!("waiting for {} to finish booting", self.name), kind))
            }
        }
    }

    fn greets(&self) -> Result<(), String> {
        let address = SocketAddr::from((self.address(), 22));
        // Short, because the first packets to a host without an address yet are lost and sent again only after a second.
        let attempt = || {
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(100))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting)?;
            Ok::<_, std::io::Error>(greeting)
        };
        match attempt() {
            Ok(greeting) if &greeting == b"SSH-" => Ok(()),
            Ok(greeting) => Err(format!("the greeting {:?}", String::from_utf8_lossy(&greeting))),
            Err(error) => Err(error.to_string()),
        }
    }

    fn died(&self) -> LabErrorKind {
        LabErrorKind::Program {
            program: format!("systemd-nspawn --machine={}", self.machine()),
            status: "the host going off".to_owned(),
            output: self.console_end(),
        }
    }

    fn console_end(&self) -> String {
        let log = fs::read(self.console_log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().collect();
        format!(
            "the end of {}:\n{}",
            self.console_log().display(),
            lines[lines.len().saturating_sub(15)..].join("\n")
        )
    }
}
