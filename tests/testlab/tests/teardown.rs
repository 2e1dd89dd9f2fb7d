//! What is left of labs that are gone: nothing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crdbctl_testlab::{Lab, Subnet, require_lab};

/// Names of all that a lab has on this machine.
struct Traces {
    bridge: String,
    number: String,
    directory: PathBuf,
    pids: Vec<i32>,
}

impl Traces {
    fn of(lab: &Lab) -> Self {
        let mut traces = Self::named(lab.subnet(), lab.directory());
        for cgroup in traces.cgroups() {
            let tree = Command::new("find")
                .arg(cgroup)
                .args(["-name", "cgroup.procs", "-exec", "cat", "{}", "+"])
                .output();
            let pids = String::from_utf8(tree.unwrap().stdout).unwrap();
            traces.pids.extend(pids.lines().map(|pid| pid.parse::<i32>().unwrap()));
        }
        assert!(lab.hosts().iter().all(|host| traces.pids.contains(&host.pid().unwrap().unwrap())));
        // Otherwise the search below could not fail.
        let kinds: BTreeSet<_> =
            traces.left().iter().map(|left| left.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(
            kinds,
            ["cgroup", "folder", "link", "process", "systemd-nspawn"].map(str::to_owned).into()
        );
        traces
    }

    fn named(subnet: Subnet, directory: PathBuf) -> Self {
        let bridge = subnet.bridge();
        let number = bridge.trim_start_matches("crdblab").to_owned();
        Self { bridge, number, directory, pids: Vec::new() }
    }

    fn cgroups(&self) -> Vec<PathBuf> {
        let below = fs::read_dir("/sys/fs/cgroup").unwrap().map(|entry| entry.unwrap().path());
        let places = below.chain([PathBuf::from("/sys/fs/cgroup")]);
        places.map(|path| path.join("crdbctl-lab").join(&self.number)).filter(|path| path.exists()).collect()
    }

    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let prefix = format!("vb-cl{}h", self.number);
        for entry in fs::read_dir("/sys/class/net").unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name == self.bridge || name.starts_with(&prefix) {
                left.push(format!("link {name}"));
            }
        }
        for pid in &self.pids {
            // A process that has ended but nobody has asked about is a directory without an executable.
            if fs::read_link(format!("/proc/{pid}/exe")).is_ok() {
                left.push(format!("process {pid}"));
            }
        }
        for entry in fs::read_dir("/proc").unwrap() {
            let path = entry.unwrap().path();
            let command = fs::read(path.join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&command).contains(&format!("--machine=cl{}h", self.number)) {
                left.push(format!("systemd-nspawn {}", path.display()));
            }
        }
        if fs::read_to_string("/proc/self/mounts").unwrap().contains(self.directory.to_str().unwrap()) {
            left.push("mount".to_owned());
        }
        left.extend(self.cgroups().iter().map(|path| format!("cgroup {}", path.display())));
        if self.directory.exists() {
            left.push(format!("folder {}", self.directory.display()));
        }
        left
    }
}

fn assert_nothing_left(traces: &Traces) {
    assert_eq!(traces.left(), Vec::<String>::new());
    for entry in fs::read_dir("/run/systemd/nspawn/propagate").into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(!name.starts_with(&format!("cl{}h", traces.number)), "{name}");
    }
}

#[test]
fn a_dropped_lab_leaves_nothing() {
    let Some(lab) = require_lab(Lab::builder().hosts(2)) else { return };
    lab.host("host-1")
        .exec_ok("systemd-run --quiet sleep infinity; setsid sleep infinity >/dev/null 2>&1 &")
        .unwrap();
    let traces = Traces::of(&lab);
    drop(lab);
    assert_nothing_left(&traces);
}

#[test]
fn a_lab_with_hosts_in_every_state_leaves_nothing() {
    let Some(lab) = require_lab(Lab::builder().hosts(3)) else { return };
    let traces = Traces::of(&lab);
    lab.host("host-1").power_cut().unwrap();
    lab.host("host-2").cut_off().unwrap();
    lab.host("host-3").reboot().unwrap();
    lab.destroy().unwrap();
    assert_nothing_left(&traces);
}

#[test]
fn a_panic_leaves_nothing() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let traces = Traces::of(&lab);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _lab = lab;
        panic!("as a failing test does");
    }));
    assert!(result.is_err());
    assert_nothing_left(&traces);
}

#[test]
fn labs_at_the_same_time_do_not_meet() {
    let Some(one) = require_lab(Lab::builder()) else { return };
    let two = Lab::builder().start().unwrap();
    assert_ne!(one.subnet(), two.subnet());
    one.host("host-1").write("/srv/mine", b"", 0o644, "root:root").unwrap();
    assert!(!two.host("host-1").exists("/srv/mine").unwrap());
    let other = two.host("host-1").address();
    assert!(
        !one.host("host-1").exec(&format!("timeout 2 bash -c '</dev/tcp/{other}/22'")).unwrap().success()
    );
    drop(one);
    two.host("host-1").wait_ssh().unwrap();
}

#[test]
#[ignore = "started and killed by the test below"]
fn owner_that_is_killed() {
    let lab = Lab::builder().start().unwrap();
    println!("lab {}", lab.directory().display());
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn what_a_killed_owner_leaves_is_swept() {
    let Some(own) = require_lab(Lab::builder()) else { return };
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner_that_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    let directory =
        lines.find_map(|line| line.split_once("lab /").map(|(_, path)| format!("/{path}"))).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    let number: u16 = Path::new(&directory).file_name().unwrap().to_str().unwrap().parse().unwrap();
    let traces = Traces::named(number.try_into().unwrap(), directory.into());
    assert!(traces.left().len() >= 4, "{:?}", traces.left());

    Lab::sweep().unwrap();

    assert_nothing_left(&traces);
    // Ours has an owner, and it lives.
    own.host("host-1").wait_ssh().unwrap();
}
