//! A manifest with an archive beside it, and observations of hosts that never were.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crdbctl_model::{
    Digest, Fact, FirewallFact, Footprint, HealthFact, HealthWay, HostFact, NodeName, NodeObservation,
    Observations, Observed, Reading, ResourceAddr, ResourceKind, ServiceFact, Timestamp,
};
use tempfile::TempDir;

use super::{Done, crdbctl, done, run};

/// A directory with `cluster.yaml` and what it needs.
pub(crate) struct Fixture {
    directory: TempDir,
}

impl Fixture {
    /// Three nodes on this machine's loopback, where no sshd listens on the port.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let node =
            |n: u8| format!("  - {{name: store-{n}, address: 198.0.2.16{n}, hostname: 127.0.0.{n}}}\n");
        let manifest = format!(
            "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach:\n  version: v24.1.0\n  \
             archive: cockroach-{{version}}.{{os}}-{{arch}}.tgz\n  sha256: \"{}\"\n\
             ssh: {{port: 1, user: nobody, config_file: ssh_config}}\nnodes:\n{}{}{}",
            pack(&directory.path().join("cockroach-v24.1.0.linux-amd64.tgz")),
            node(1),
            node(2),
            node(3),
        );
        std::fs::write(directory.path().join("cluster.yaml"), manifest).expect("written");
        std::fs::write(directory.path().join("ssh_config"), "Host *\n  ConnectTimeout 5\n").expect("written");
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs crdbctl in the directory.
    pub(crate) fn run(&self, line: &str) -> Done {
        run(&mut self.command(line))
    }

    /// Runs crdbctl in the directory until ssh is at work, then sends the signal and waits for the end.
    pub(crate) fn run_until_signal(&self, line: &str, signal: &str) -> Done {
        let child =
            self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let deadline = Instant::now() + Duration::from_secs(20);
        // Signals are listened for before the first ssh is started.
        while !has_child(child.id()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(sent.expect("kill runs").success(), "crdbctl ended before the signal");
        done(child.wait_with_output().expect("ended"))
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = crdbctl();
        command.current_dir(self.directory.path()).env("XDG_CACHE_HOME", self.path("cache"));
        command.env("XDG_STATE_HOME", self.path("state"));
        command.args(line.split_whitespace());
        command
    }

    /// Writes observations of hosts on which nothing is yet, as `probe -o` would, and returns the file's name.
    pub(crate) fn observe_bare_hosts(&self) -> &'static str {
        let graph: serde_json::Value =
            serde_json::from_str(&self.run("graph --format json").stdout).expect("JSON");
        let mut cluster = BTreeMap::new();
        let mut nodes: BTreeMap<NodeName, BTreeMap<ResourceAddr, Observed>> = BTreeMap::new();
        for resource in graph["resources"].as_array().expect("resources") {
            let addr: ResourceAddr = resource["address"].as_str().expect("text").parse().expect("an address");
            match addr.node() {
                None => cluster.insert(addr, Observed::Absent),
                Some(node) => {
                    nodes.entry(node.clone()).or_default().insert(addr.clone(), on_a_bare_host(addr.kind))
                }
            };
        }
        let taken_at = Timestamp::from_unix(1_796_379_300);
        let read = |(name, resources): (NodeName, BTreeMap<ResourceAddr, Observed>)| {
            let host = HostFact {
                machine: "x86_64".to_owned(),
                kernel: "6.1".to_owned(),
                os: "debian 12".to_owned(),
                hostname: name.to_string(),
                machine_id: Some(Digest::of(name.as_str())),
                clock: taken_at,
                clock_millis: 0,
            };
            let digest = Digest::of(name.as_str());
            let reading = Reading {
                room: None,
                host,
                resources,
                drop_ins: Vec::new(),
                record: None,
                start_blockers: Vec::new(),
                footprint: Footprint::default(),
                digest,
            };
            (name, NodeObservation::Read(Box::new(reading)))
        };
        let nodes = nodes.into_iter().map(read).collect();
        let observations =
            Observations { format_version: Observations::FORMAT_VERSION, taken_at, cluster, nodes };
        let text = serde_json::to_string(&observations).expect("JSON");
        std::fs::write(self.path("observed.json"), text).expect("written");
        "observed.json"
    }
}

/// Whether a process has started another, by any of its threads (proc(5)).
fn has_child(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut children = tasks.map(|task| std::fs::read_to_string(task.path().join("children")));
    children.any(|children| children.is_ok_and(|children| !children.trim().is_empty()))
}

/// Returns what a host without crdbctl's work says: firewall and systemd are there whatever else is not.
fn on_a_bare_host(kind: ResourceKind) -> Observed {
    let fact = match kind {
        ResourceKind::Firewall => {
            Fact::Firewall(FirewallFact { enabled: false, ipv6: true, rules: Vec::new() })
        }
        ResourceKind::Service => Fact::Service(ServiceFact {
            load_state: "not-found".to_owned(),
            active_state: "inactive".to_owned(),
            sub_state: "dead".to_owned(),
            unit_file_state: String::new(),
            need_daemon_reload: false,
            process: None,
            health: HealthFact::NotAsked,
            health_way: HealthWay::OnHost,
            pending: None,
            store_used: None,
        }),
        _ => return Observed::Absent,
    };
    Observed::Present(Box::new(fact))
}

/// Packs an archive with something that looks like a program for amd64 and returns its digest.
fn pack(path: &Path) -> Digest {
    // The header of an ELF file for x86-64 (elf(5)), and nothing behind it.
    let mut program = [0_u8; 64];
    program[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0");
    let file = File::create(path).expect("created");
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    let name = "cockroach-v24.1.0.linux-amd64/cockroach";
    archive.append_data(&mut header, name, &program[..]).expect("appended");
    archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("finished");
    Digest::of(std::fs::read(path).expect("read"))
}
