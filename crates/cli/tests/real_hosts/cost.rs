//! What it costs a node to be read: processes, bytes over its network, and processor time, beside a login that runs `true`.

use std::process::{Command, Stdio};

use crdbctl_testlab::Host;

use crate::bench::Bench;

/// The most processes that a plan may start on a node beyond those of a login.
const PROCESSES: u64 = 165;

/// How many more on the node that is asked for what only the cluster knows.
const CLIENT: u64 = 60;

/// The most bytes that a plan may send to a node and get from it, those of the network's own frames included.
const RECEIVED: u64 = 46_000;
const SENT: u64 = 27_000;

/// The counters of a host, each of which only grows.
#[derive(Clone, Copy, Debug)]
struct Counters {
    /// Processes and threads started: the kernel numbers them one after the other.
    processes: u64,
    /// Bytes that came over its network, from /proc/net/dev.
    received: u64,
    /// Bytes that it sent.
    sent: u64,
    /// Microseconds of processor time of all its processes, from `cpu.stat` of its cgroup.
    cpu: u64,
}

impl Counters {
    fn of(host: &Host) -> Self {
        let script = "read -r pid rest </proc/self/stat; echo $pid; \
                      sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat; cat /proc/net/dev";
        let text = host.exec_ok(script).unwrap().text();
        let mut lines = text.lines();
        let mut number = || lines.next().unwrap().trim().parse::<u64>().unwrap();
        let (processes, cpu) = (number(), number());
        let (mut received, mut sent) = (0, 0);
        for (interface, figures) in lines.filter_map(|line| line.split_once(':')) {
            if interface.trim() == "lo" {
                continue;
            }
            let figures: Vec<u64> = figures.split_whitespace().map(|it| it.parse().unwrap()).collect();
            received += figures[0];
            sent += figures[8];
        }
        Self { processes, received, sent, cpu }
    }

    fn since(self, before: Self) -> Self {
        Self {
            processes: self.processes - before.processes,
            received: self.received - before.received,
            sent: self.sent - before.sent,
            cpu: self.cpu - before.cpu,
        }
    }

    fn least(self, other: Self) -> Self {
        Self {
            processes: self.processes.min(other.processes),
            received: self.received.min(other.received),
            sent: self.sent.min(other.sent),
            cpu: self.cpu.min(other.cpu),
        }
    }
}

/// The least that a command costs a host, of several times. What the host does by itself meanwhile is not the command's.
fn cost(host: &Host, command: &mut dyn FnMut()) -> Counters {
    let once = |command: &mut dyn FnMut()| {
        let before = Counters::of(host);
        command();
        Counters::of(host).since(before)
    };
    (0..3).map(|_| once(command)).reduce(Counters::least).unwrap()
}

#[test]
fn reading_a_node_costs_little_beside_a_login() {
    let Some(bench) = Bench::start(2) else { return };
    bench.apply();
    bench.assert_empty_plan();
    let login = |host: &Host| {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(bench.lab.ssh_config()).args(["-l", "admin", host.name().as_str(), "true"]);
        assert!(ssh.stdin(Stdio::null()).status().unwrap().success());
    };
    // Of the two nodes one is asked for what only the cluster knows, and runs the client for it.
    let costs: Vec<Counters> = bench
        .lab
        .hosts()
        .iter()
        .map(|host| {
            let login = cost(host, &mut || login(host));
            let plan = cost(host, &mut || bench.assert_empty_plan());
            for (name, it) in [("login", login), ("plan", plan)] {
                println!(
                    "{} {name:5} {:4} processes {:6} bytes in {:6} bytes out {:4} ms",
                    host.name(),
                    it.processes,
                    it.received,
                    it.sent,
                    it.cpu / 1000
                );
            }
            plan.since(login)
        })
        .collect();
    let least = costs.iter().copied().reduce(Counters::least).unwrap();
    let most = costs.iter().map(|cost| cost.processes).max().unwrap();
    // Figures of this test on Debian 12 are in docs/benchmarks.md. The limits leave room for what a host does by itself.
    assert!(least.processes <= PROCESSES, "{least:?}");
    assert!(most <= PROCESSES + CLIENT, "{costs:?}");
    assert!(least.received <= RECEIVED && least.sent <= SENT, "{least:?}");
}
