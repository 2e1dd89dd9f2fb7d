//! What an interrupted apply left to do to the process, and a node that its operator holds back.

use crate::bench::{Bench, pid};

#[test]
fn what_is_pending_is_done_once_and_a_node_that_is_held_back_is_not_stopped() {
    let Some(bench) = Bench::start(1) else { return };
    bench.apply();
    bench.assert_empty_plan();
    let host = bench.host(1);
    let leave = |word: &str| {
        host.exec_ok(&format!("printf {word} >/var/lib/crdbctl/store.pending")).unwrap();
        bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("store-1/service.cockroach").says(word);
    };
    for (word, restarts) in [("reload", false), ("restart", true)] {
        let before = pid(host);
        leave(word);
        bench.apply();
        bench.assert_empty_plan();
        assert_eq!(pid(host) != before, restarts, "{word}");
        host.exec_ok("test ! -e /var/lib/crdbctl/store.pending").unwrap();
    }

    let before = pid(host);
    host.exec_ok("touch /opt/cockroach/cockroach_not_to_be_run").unwrap();
    leave("restart");
    bench
        .crdbctl(&["apply", "--yes"])
        .code(4)
        .says("cockroach_not_to_be_run keeps the service from starting");
    assert_eq!(pid(host), before, "a node that would not come back is not stopped");
    host.exec_ok("rm /opt/cockroach/cockroach_not_to_be_run").unwrap();
    bench.apply();
    bench.assert_empty_plan();
    assert_ne!(pid(host), before);

    // Both files of the pair: what runs serves the old one until it is told.
    let before = pid(host);
    host.exec_ok("rm /opt/cockroach/certs/node.crt /opt/cockroach/certs/node.key").unwrap();
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("store-1/certificate.node").says("1 reload");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pid(host), before);
    let keys =
        host.exec_ok("wc -l </var/lib/crdbctl/store.keys; stat -c %a /var/lib/crdbctl/store.keys").unwrap();
    assert_eq!(keys.text().split_whitespace().collect::<Vec<_>>(), ["4", "600"], "this node's pairs alone");
}
