//! What `cockroach start` refuses, and how it says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::lab::{Lab, text};

fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), text(&stderr))
}

#[test]
fn start_without_join() {
    let lab = Lab::new();
    let (code, said) =
        refused(Command::new(lab.program("v24.1.0")).args(["start", "--certs-dir=/nonexistent"]));
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "*\n* ERROR: no --join flags provided to 'cockroach start'\n\
         * HINT: Consider using 'cockroach init' or 'cockroach start-single-node' instead\n*\n\
         ERROR: no --join flags provided to 'cockroach start'\n\
         HINT: Consider using 'cockroach init' or 'cockroach start-single-node' instead\n\
         Failed running \"start\"\n"
    );
}

#[test]
fn unknown_flags_by_version() {
    let lab = Lab::new();
    let node = lab.node(1);
    let (code, said) = refused(lab.start_command(&node, "v24.1.0").arg("--chache=.25"));
    assert_eq!(code, Some(4));
    assert!(
        said.starts_with("Usage:\n")
            && said.ends_with("ERROR: unknown flag: --chache\nFailed running \"start\"\n"),
        "{said}"
    );
    let (code, said) = refused(lab.start_command(&node, "v20.2.0").arg("--log=x"));
    assert_eq!(code, Some(1));
    assert!(said.contains("ERROR: unknown flag: --log\n"), "{said}");
    let (_, said) = refused(lab.start_command(&node, "v24.1.0").arg("--cache=lots"));
    assert!(said.contains("invalid argument \"lots\" for \"--cache\" flag"), "{said}");
    let (code, said) = refused(lab.start_command(&node, "v24.1.0").arg("--background"));
    assert_eq!(code, Some(1));
    assert!(said.contains("roachsim: the flag --background is not modelled"), "{said}");
}

#[test]
fn certificates_that_are_missing_or_open() {
    let lab = Lab::new();
    let node = lab.node(1);
    let advice = "ERROR: cannot load certificates.\nCheck your certificate settings, set --certs-dir, or use --insecure for insecure clusters.\n\n";
    let key = node.dir.join("certs/node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o666)).unwrap();
    let (code, said) = refused(&mut lab.start_command(&node, "v24.1.0"));
    assert_eq!(code, Some(1));
    let words = format!("key file {} has permissions -rw-rw-rw-, exceeds -rwx", key.display());
    assert!(said.contains(advice) && said.contains(&words), "{said}");
    let skipped = lab
        .start_command(&node, "v24.1.0")
        .env("COCKROACH_SKIP_KEY_PERMISSION_CHECK", "true")
        .arg("--http-addr=10.255.255.1")
        .output()
        .unwrap();
    assert!(text(&skipped.stderr).contains("cannot assign requested address"), "past the certificates");
    fs::remove_file(node.dir.join("certs/ca.crt")).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (_, said) = refused(&mut lab.start_command(&node, "v24.1.0"));
    assert!(said.contains(advice) && said.contains("problem with CA certificate: not found"), "{said}");
}

#[test]
fn a_key_of_another_certificate_is_refused_at_start() {
    let lab = Lab::new();
    let node = lab.node(1);
    fs::copy(lab.client_certs().join("client.root.key"), node.dir.join("certs/node.key")).unwrap();
    let (code, said) = refused(&mut lab.start_command(&node, "v24.1.0"));
    assert_eq!(code, Some(1));
    assert!(said.contains("tls: private key does not match public key"), "{said}");
}

#[test]
fn too_few_open_files() {
    let lab = Lab::new();
    let node = lab.node(1);
    let start = lab.start_command(&node, "v24.1.0");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 1024 && exec \"$@\"", "sh"])
        .arg(start.get_program())
        .args(start.get_args());
    let (code, said) = refused(&mut limited);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("hard open file descriptor limit of 1024 is under the minimum required 1956\n"),
        "{said}"
    );
}

#[test]
fn ports_and_stores_that_are_taken() {
    let lab = Lab::new();
    let mut node = lab.node(1);
    let _port = std::net::TcpListener::bind((node.ip.as_str(), 8080)).unwrap();
    let (code, said) = refused(&mut lab.start_command(&node, "v24.1.0"));
    assert_eq!(code, Some(1));
    let words = format!(
        "ERROR: cockroach server exited with error: consider changing the port via --http-addr: listen tcp {}:8080: bind: address already in use\n",
        node.ip
    );
    assert!(said.contains(&words), "{said}");
    node.start(lab.start_command(&node, "v24.1.0").arg("--http-addr=:8081"));
    let log = || node.log();
    crate::lab::wait("the first process holds the store", || log().contains("awaiting `cockroach init`"));
    let (code, said) = refused(lab.start_command(&node, "v24.1.0").arg("--http-addr=:8082"));
    assert_eq!(code, Some(1));
    assert!(said.contains("LOCK: resource temporarily unavailable"), "{said}");
}

#[test]
fn an_older_binary_may_not_join_a_newer_cluster() {
    let lab = Lab::new();
    let mut first = lab.node(1);
    first.start(&mut lab.start_command(&first, "v24.3.0"));
    assert!(lab.client("v24.3.0", &first, &["init"]).status.success());
    let mut old = lab.node(2);
    old.start(&mut lab.start_command(&old, "v24.1.0"));
    assert_eq!(old.wait().code(), Some(1));
    let said = old.said("stderr");
    assert!(said.contains("binary is incompatible with the cluster attempted to join"), "{said}");
}

#[test]
fn the_version_is_the_archives() {
    let lab = Lab::new();
    for release in ["v24.1.0", "v25.2.3"] {
        let run =
            |words: &[&str]| text(&Command::new(lab.program(release)).args(words).output().unwrap().stdout);
        assert_eq!(run(&["version", "--build-tag"]), format!("{release}\n"));
        assert!(run(&["version"]).starts_with(&format!("Build Tag:        {release}\n")));
        assert!(run(&["--version"]).contains(release));
    }
    let unpacked = Command::new(env!("CARGO_BIN_EXE_roachsim")).arg("version").output().unwrap();
    assert_eq!(unpacked.status.code(), Some(1));
    assert!(text(&unpacked.stderr).contains("plays no version yet"));
}

#[test]
fn commands_that_do_not_exist_or_are_not_played() {
    let lab = Lab::new();
    let run = |words: &[&str]| refused(Command::new(lab.program("v24.1.0")).args(words));
    assert_eq!(
        run(&["strat"]),
        (
            Some(1),
            "ERROR: unknown command \"strat\" for \"cockroach\"\nFailed running \"cockroach\"\n".to_owned()
        )
    );
    assert!(run(&["demo"]).1.contains("`cockroach demo` is not modelled"));
    assert!(
        run(&["node", "status", "--format=json", "--host=127.0.0.1"])
            .1
            .contains("invalid table display format: json")
    );
    assert!(run(&["init", "now"]).1.contains("unknown command \"now\" for \"cockroach init\""));
}
