//! `crdbctl init`.

mod common;

use common::{crdbctl, run};

#[test]
fn a_manifest_is_printed_or_written_and_nothing_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let here = || {
        let mut command = crdbctl();
        command.current_dir(directory.path());
        command
    };
    let printed = run(here().args(["-f", "-", "init", "store-1=198.0.2.166", "store-2=198.0.2.158"]));
    assert_eq!(printed.code, 0, "{printed:?}");
    insta::assert_snapshot!(printed.stdout);

    let written = run(here().args(["init", "store-1=198.0.2.166", "store-2=198.0.2.158"]));
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    let file = directory.path().join("cluster.yaml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.stdout);

    let again = run(here().args(["init", "other=198.0.2.1"]));
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.contains("cluster.yaml exists already"), "{again:?}");
    assert!(again.stderr.contains("hint: ") && !again.stderr.contains("os error"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.stdout);
}

#[test]
fn hosts_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let hosts = directory.path().join("hosts");
    std::fs::write(&hosts, "127.0.1.1 store-9\n198.0.2.166 store-1.int store-1\n198.0.2.158 store-2\n")
        .unwrap();
    let from = |prefix: &str| {
        let mut command = crdbctl();
        command
            .args(["-f", "-", "init", "--match", prefix, "--ssh-user", "azmin", "--from-hosts"])
            .arg(&hosts);
        run(&mut command)
    };
    let done = from("store-");
    assert_eq!(done.code, 1, "store-9 matches and is left out: {done:?}");
    assert!(done.stdout.contains("{name: store-1, address: 198.0.2.166, hostname: store-1.int}"), "{done:?}");
    assert!(done.stdout.contains("\nname: store\n") && done.stdout.contains("\n  user: azmin\n"), "{done:?}");
    assert!(done.stderr.contains("line 1: skipped store-9: 127.0.1.1 is a loopback address"), "{done:?}");
    assert!(
        done.stderr.contains("the manifest was written with 2 nodes; 1 matching host is missing"),
        "{done:?}"
    );
    let none = from("db-");
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(none.stderr.contains("names no host that begins with \"db-\""), "{none:?}");
}

#[test]
fn nodes_that_make_no_valid_manifest_are_refused_before_writing() {
    let directory = tempfile::tempdir().unwrap();
    for nodes in ["a=198.0.2.1 b=198.0.2.1", "a=198.0.2.1 a=198.0.2.2", "1=198.0.2.1"] {
        let done = run(crdbctl().current_dir(directory.path()).arg("init").args(nodes.split(' ')));
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{nodes}");
        assert!(done.stderr.contains("in the new manifest"), "{nodes}: {done:?}");
    }
    assert!(!directory.path().join("cluster.yaml").exists());
}

#[test]
fn a_hosts_file_as_windows_and_debian_write_it_loses_no_node() {
    let directory = tempfile::tempdir().unwrap();
    let hosts = directory.path().join("hosts");
    // A byte order mark, CRLF, a Latin-1 comment, capitals, a final dot, and Debian's own line for this host.
    std::fs::write(
        &hosts,
        b"\xEF\xBB\xBF198.0.2.166 store-1\r\n198.0.2.158 STORE-2 # caf\xE9\r\n198.0.2.171 store-3.int.\r\n127.0.1.1 store-1\r\n",
    )
    .unwrap();
    let mut command = crdbctl();
    command.current_dir(directory.path()).args(["init", "--match", "store-", "--from-hosts", "hosts"]);
    let done = run(&mut command);
    assert_eq!(done.code, 0, "{done:?}");
    let written = std::fs::read_to_string(directory.path().join("cluster.yaml")).unwrap();
    for node in ["{name: store-1, address: 198.0.2.166}", "{name: store-2, a", "{name: store-3.int, a"] {
        assert!(written.contains(node), "{node}: {written}");
    }
}

#[test]
fn a_manifest_that_lacks_a_host_is_written_and_ends_with_1() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("hosts"), "198.0.2.166 store-1\nfe80::1%eth0 store-2\n").unwrap();
    let mut command = crdbctl();
    command.current_dir(directory.path()).args(["init", "--match", "store-", "--from-hosts", "hosts"]);
    let done = run(&mut command);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    assert!(
        done.stderr.contains("hosts line 2: skipped store-2: fe80::1%eth0 is a link-local address"),
        "{done:?}"
    );
    assert!(
        done.stderr.contains("cluster.yaml was written with 1 node; 1 matching host is missing"),
        "{done:?}"
    );
    assert!(directory.path().join("cluster.yaml").exists());
}
