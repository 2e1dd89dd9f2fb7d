//! The life of a cluster under a steady load of clients: upgrades, a flag, certificates, growing, shrinking.

use std::net::Ipv4Addr;

use crate::bench::{Bench, Done, pid};
use crate::load::Load;

/// A manifest that changes as the cluster lives.
struct Manifest {
    version: &'static str,
    cache: &'static str,
    /// How long the nodes' certificates live, and how long before their end they are renewed.
    certificates: &'static str,
    /// How many hosts are in it, and which of them leave.
    nodes: usize,
    leaving: &'static [usize],
}

impl Manifest {
    fn write(&self, bench: &Bench) {
        let archives = crate::release::archives(&["v24.1.0", "v24.1.1", "v24.3.0"]);
        let mut text = format!(
            "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach:\n  version: {version}\n  \
             archive: {archives}/cockroach-{{version}}.{{os}}-{{arch}}.tgz\n  flags: {{cache: \"{cache}\"}}\n\
             rollout: {{settle: 0s, ranges_pause: 1s, health_timeout: 120s}}\ncertificates: {{{certificates}}}\n\
             ssh:\n  user: {user}\n  config_file: {ssh}\nnodes:\n",
            version = self.version,
            archives = archives.display(),
            cache = self.cache,
            certificates = self.certificates,
            user = crate::bench::ADMIN,
            ssh = bench.lab.ssh_config().display(),
        );
        for number in 1..=self.nodes {
            let host = bench.host(number);
            let state = if self.leaving.contains(&number) { ", state: decommissioned" } else { "" };
            text.push_str(&format!(
                "  - {{name: {name}, address: {}, hostname: {name}{state}}}\n",
                host.address(),
                name = host.name()
            ));
        }
        std::fs::write(bench.path("cluster.yaml"), text).unwrap();
    }

    /// Applies it, and sees that nothing is left to do.
    fn apply(&self, bench: &Bench) -> Done {
        self.write(bench);
        let done = bench.apply();
        bench.assert_empty_plan();
        done
    }
}

fn targets(bench: &Bench, numbers: impl IntoIterator<Item = usize>) -> Vec<(String, Ipv4Addr)> {
    numbers
        .into_iter()
        .map(|number| {
            let host = bench.host(number);
            (host.name().to_string(), host.address())
        })
        .collect()
}

fn names(targets: &[(String, Ipv4Addr)]) -> Vec<String> {
    targets.iter().map(|(name, _)| name.clone()).collect()
}

#[test]
fn five_nodes_live_under_load_and_no_request_is_lost() {
    let Some(bench) = Bench::start_stand_in(6) else { return };
    let mut manifest = Manifest {
        version: "v24.1.0",
        cache: ".25",
        certificates: "lifetime: {node: 20d}, renew_before: 10d",
        nodes: 5,
        leaving: &[],
    };
    manifest.apply(&bench);
    let five = targets(&bench, 1..=5);
    let mut load = Load::start(&bench.path("keys"), five.clone());
    let pids = |numbers: std::ops::RangeInclusive<usize>| -> Vec<String> {
        numbers.map(|number| pid(bench.host(number))).collect()
    };

    load.phase("v24.1.0 to v24.1.1", &names(&five), 1);
    manifest.version = "v24.1.1";
    let before = pids(1..=5);
    manifest.apply(&bench);
    assert!(pids(1..=5).iter().zip(&before).all(|(now, before)| now != before), "every node restarted");

    load.phase("v24.1.1 to v24.3.0", &names(&five), 1);
    manifest.version = "v24.3.0";
    manifest.apply(&bench);

    load.phase("a flag", &names(&five), 1);
    manifest.cache = ".35";
    manifest.apply(&bench);

    load.phase("certificates", &names(&five), 0);
    let before = pids(1..=5);
    // What lives for 20 days ends within 30.
    manifest.certificates = "lifetime: {node: 1830d}, renew_before: 30d";
    manifest.apply(&bench).says("5 reloads");
    assert_eq!(pids(1..=5), before, "a renewal restarts nothing");

    load.phase("growing to six", &names(&five), 0);
    manifest.nodes = 6;
    manifest.apply(&bench);
    assert_eq!(pids(1..=5), before, "a new node restarts nothing");
    load.use_nodes(targets(&bench, 1..=6));

    let four = targets(&bench, 1..=4);
    load.phase("shrinking to four", &names(&four), 0);
    manifest.leaving = &[5, 6];
    manifest.apply(&bench);
    assert_eq!(pids(1..=4), before[..4], "leaving nodes restart nothing");
    load.use_nodes(four);
    manifest.nodes = 4;
    manifest.leaving = &[];
    manifest.write(&bench);
    bench.assert_empty_plan();
    load.finish();
}
