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
    host.exec_ok("printf restart >/var/lib/crdbctl/store.pending").unwrap();
    bench.crdbctl(&["apply", "--yes"]).code(5).says("cockroach_not_to_be_run").says("does not hold");
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

#[test]
fn a_record_that_is_behind_is_brought_up_to_date_and_another_clusters_host_is_left_alone() {
    let Some(bench) = Bench::start(1) else { return };
    bench.apply();
    let host = bench.host(1);
    // As after an apply of an older manifest, and one of this manifest that was killed before it could record.
    let unit = "/etc/systemd/system/cockroach.service";
    let other = "a".repeat(64);
    let forget = format!(
        "sed -i '/\"unit.cockroach\"/,/}}/ s/\"desired\": \"[0-9a-f]*\"/\"desired\": \"{other}\"/' /var/lib/crdbctl/store.json && \
         grep -q {other} /var/lib/crdbctl/store.json"
    );
    host.exec_ok(&forget).unwrap();
    host.exec_ok(&format!("chmod 0600 {unit}")).unwrap();
    bench.crdbctl(&["plan"]).code(0).says("manifest changed");
    host.exec_ok(&format!("chmod 0644 {unit}; chmod 0700 /opt/cockroach")).unwrap();
    bench.apply();
    host.exec_ok(&format!("chmod 0600 {unit}")).unwrap();
    bench.crdbctl(&["plan"]).code(0).says("drift: changed on the host");
    bench.apply();

    let text = std::fs::read_to_string(bench.path("cluster.yaml")).unwrap();
    std::fs::write(bench.path("cluster.yaml"), text.replace("name: store\n", "name: shop\n")).unwrap();
    bench
        .crdbctl(&["plan"])
        .code(5)
        .says("store-1")
        .says("the host is a node of the cluster store: /var/lib/crdbctl/store.json says so");
    bench.crdbctl(&["apply", "--yes"]).code(5);
    host.exec_ok("test ! -e /var/lib/crdbctl/shop.json && rm /var/lib/crdbctl/store.json").unwrap();
    bench.crdbctl(&["plan"]).code(0);
}
