//! Hosts that have what the README lists and nothing else: no curl, no openssl, no ufw, no Perl.

use crate::bench::{ADMIN, Bench, pid};

/// The Debian packages of what the README says that a node needs. `libc-bin` has getent, `mount` mount.
const KEPT: &str = "bash dash coreutils grep sed findutils tar gzip util-linux mount passwd libc-bin systemd systemd-sysv \
                    openssh-server openssh-client openssh-sftp-server sudo login";

/// Removes every program from a host that is not of the packages above.
fn strip(bench: &Bench, number: usize) {
    let host = bench.host(number);
    let line = format!(
        "keep=$(dpkg -L {KEPT} 2>/dev/null | grep -E '^(/usr)?/s?bin/' | sed 's,.*/,,' | sort -u)\n\
         cd /usr/bin && for name in *; do printf '%s\\n' \"$keep\" | grep -qxF -- \"$name\" || rm -f -- \"$name\"; done\n\
         cd /usr/sbin && for name in *; do printf '%s\\n' \"$keep\" | grep -qxF -- \"$name\" || rm -f -- \"$name\"; done\n\
         rm -rf /etc/ufw\nln -sf dash /usr/bin/sh"
    );
    host.exec_ok(&line).unwrap();
    for gone in ["curl", "openssl", "ufw", "perl", "awk", "ps", "ip", "dpkg"] {
        assert!(!host.exec(&format!("command -v {gone}")).unwrap().success(), "{gone} is still there");
    }
}

fn manifest(bench: &Bench, version: &str, cache: &str, certificates: &str) {
    let archives = crate::release::archives(&["v24.1.0", "v24.1.1"]);
    let more = format!("certificates: {{{certificates}}}\nfirewall: none");
    bench.manifest_with(&format!("  flags: {{cache: \"{cache}\"}}\n"), "", &more, ADMIN);
    let path = bench.path("cluster.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| match line.trim_start().split(' ').next() {
        Some("version:") => format!("  version: {version}\n"),
        Some("archive:") => {
            format!("  archive: {}/cockroach-{{version}}.{{os}}-{{arch}}.tgz\n", archives.display())
        }
        _ => format!("{line}\n"),
    });
    std::fs::write(&path, lines.collect::<String>()).unwrap();
}

fn pids(bench: &Bench) -> [String; 3] {
    [1, 2, 3].map(|number| pid(bench.host(number)))
}

#[test]
fn a_cluster_lives_on_hosts_without_curl_and_openssl() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    // store-3 has curl and no openssl: it asks for its own health, and cannot see what it serves.
    bench.host(3).exec_ok("cp /usr/bin/curl /root/curl").unwrap();
    (1..=3).for_each(|number| strip(&bench, number));
    bench.host(3).exec_ok("mv /root/curl /usr/bin/curl").unwrap();
    let short = "lifetime: {node: 20d}, renew_before: 10d";
    manifest(&bench, "v24.1.0", ".25", short);
    bench.apply().says("cluster/init.store: created");
    bench.assert_empty_plan();
    let status = bench.crdbctl(&["status"]).code(0);
    assert_eq!(status.stdout.matches("  yes   yes  ").count(), 3, "{}", status.stdout);

    // A rolling restart: the gates see every node ready.
    let before = pids(&bench);
    manifest(&bench, "v24.1.0", ".3", short);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("3 restarts");
    bench.apply();
    bench.assert_empty_plan();
    assert!(pids(&bench).iter().zip(&before).all(|(now, before)| now != before));

    // A renewal: no restart, and what is served is what is on disk.
    let before = pids(&bench);
    let renewed = "lifetime: {node: 1830d}, renew_before: 30d";
    manifest(&bench, "v24.1.0", ".3", renewed);
    let done = bench.apply().says("3 reloads");
    assert!(!done.stderr.contains("cannot be told"), "{}", done.stderr);
    bench.assert_empty_plan();
    assert_eq!(pids(&bench), before);

    manifest(&bench, "v24.1.1", ".3", renewed);
    bench.apply();
    bench.assert_empty_plan();

    // Keys that are on no list of crdbctl's, as those of an adopted cluster: the host still says whose they are.
    let host = bench.host(1);
    host.exec_ok("rm /var/lib/crdbctl/store.keys").unwrap();
    bench.assert_empty_plan();
    let foreign = bench.host(2).read("/opt/cockroach/certs/node.key").unwrap();
    host.write("/opt/cockroach/certs/node.key", &foreign, 0o600, "cockroach:cockroach").unwrap();
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("the key beside it belongs to another certificate");
    bench.apply();
    bench.assert_empty_plan();

    no_way_to_ask_is_found_before_the_drain(&bench, renewed);
}

/// sshd forwards nothing on store-2, as hardening guides have it, and neither curl nor openssl is there.
fn no_way_to_ask_is_found_before_the_drain(bench: &Bench, certificates: &str) {
    let host = bench.host(2);
    host.exec_ok("echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/hard.conf && systemctl restart ssh")
        .unwrap();
    let before = pids(bench);
    let is_told = |code: i32| {
        bench
            .crdbctl(&["plan"])
            .code(code)
            .says("store-2/service.cockroach")
            .says("AllowTcpForwarding")
            .says("install curl or openssl");
    };
    // It is a note as long as nothing has to be restarted.
    is_told(0);
    manifest(bench, "v24.1.1", ".35", certificates);
    is_told(5);
    let done = bench.crdbctl(&["apply", "--yes", "--skip-unknown"]).code(4).says("AllowTcpForwarding");
    assert!(!done.stderr.contains("draining"), "{}", done.stderr);
    assert_eq!(pids(bench), before, "no node was restarted");
    // The remedy that the message has; nothing was changed meanwhile.
    host.exec_ok("rm /etc/ssh/sshd_config.d/hard.conf && systemctl restart ssh").unwrap();
    manifest(bench, "v24.1.1", ".3", certificates);
    bench.assert_empty_plan();
}
