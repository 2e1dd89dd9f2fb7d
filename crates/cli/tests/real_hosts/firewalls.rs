//! What rules of ufw that others made do to the ports, told before and seen from outside.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::bench::{ADMIN, Bench, Done};

/// Whether a port of the first host takes connections of this machine.
fn is_open(bench: &Bench, port: u16) -> bool {
    let address = SocketAddr::from((bench.host(1).address(), port));
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
}

/// What a plan says, whatever its lines.
fn text(done: &Done) -> String {
    format!("{} {}", done.stdout, done.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn rules_of_ufw_are_judged_in_their_order() {
    let Some(bench) = Bench::start(1) else { return };
    let host = bench.host(1);

    // Switched on like this, ufw would lock us out.
    host.exec_ok("ufw deny 22").unwrap();
    bench.manifest("firewall: {ufw: {enable: true}}", ADMIN);
    let plan = bench.crdbctl(&["plan"]).code(5);
    assert!(
        text(&plan)
            .contains("ufw would close port 22 of ssh when it is switched on: its rule `deny 22 from any`"),
        "{plan:?}"
    );
    bench.crdbctl(&["apply", "--yes"]).code(5);
    assert!(host.exec_ok("ufw status").unwrap().text().contains("inactive"));
    host.exec_ok("ufw delete deny 22").unwrap();

    // A deny for a port before our allow, and a limit on ssh, which stays one.
    host.exec_ok("ufw deny 26257/tcp && ufw limit 22/tcp").unwrap();
    let shut = "`deny 26257/tcp from any` comes before `allow CockroachDB from any`: port 26257 stays closed";
    let limit = "ufw limits ssh by its rule `limit 22/tcp from any`";
    let plan = bench.crdbctl(&["plan"]).code(0);
    assert!(text(&plan).contains(shut) && text(&plan).contains(limit), "{plan:?}");
    bench.crdbctl(&["apply", "--yes"]).code(0);
    let added = host.exec_ok("ufw show added").unwrap().text();
    assert!(added.contains("ufw limit 22/tcp") && !added.contains("ufw allow 22/tcp"), "{added}");
    host.exec_ok("ufw allow 22/tcp").unwrap();
    assert!(is_open(&bench, 8080) && !is_open(&bench, 26257), "the note is true");
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0);
    assert!(text(&plan).contains(shut) && !text(&plan).contains(limit), "{plan:?}");

    host.exec_ok("ufw delete deny 26257/tcp").unwrap();
    assert!(is_open(&bench, 26257));
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0);
    assert!(!text(&plan).contains("comes before"), "{plan:?}");

    // ufw that ignores IPv6.
    host.exec_ok("sed -i 's/^IPV6=.*/IPV6=no/' /etc/default/ufw").unwrap();
    bench.manifest("firewall: {ufw: {allow_from: [198.18.0.0/15, \"2001:db8::/32\"]}}", ADMIN);
    let plan = bench.crdbctl(&["plan"]).code(5);
    assert!(text(&plan).contains("ufw ignores IPv6 on this host"), "{plan:?}");
}
