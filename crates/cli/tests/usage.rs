//! The command line as users meet it: usage, help, exit codes, where output goes.

mod common;

use common::{crdbctl, run};

#[test]
fn a_wrong_command_line_is_usage_never_changes() {
    for line in [
        "",
        "pan",
        "plan --nodes x",
        "--color sometimes validate",
        "completion",
        "init",
        "init store-1",
        "-q -q validate",
        "--sudo-password-fd 2 validate",
        "--sudo-password-fd 3 --ask-sudo-password validate",
        "preflight",
        "certs",
        "certs list store-1",
        "destroy store",
        "destroy --confirm",
    ] {
        let done = run(crdbctl().args(line.split_whitespace()));
        assert_eq!(done.code, 64, "{line}: {done:?}");
        assert_eq!(done.stdout, "", "{line}");
        assert!(!done.stderr.is_empty(), "{line}");
    }
}

#[test]
fn help_and_version_are_results() {
    for line in ["--help", "-h", "help", "--version", "help init", "init --help"] {
        let done = run(crdbctl().args(line.split_whitespace()));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{line}");
        assert!(done.stdout.contains("crdbctl"), "{line}");
    }
}

#[test]
fn help_lists_what_there_is() {
    let done = run(crdbctl().arg("-h"));
    insta::assert_snapshot!(done.stdout);
}

#[test]
fn nothing_piped_has_escapes_unless_asked_for() {
    for line in ["--help", "help init", "--help --color never", "pan", "-f /nonexistent validate"] {
        let done = run(crdbctl().args(line.split_whitespace()));
        assert!(!done.stdout.contains('\x1b') && !done.stderr.contains('\x1b'), "{line}: {done:?}");
    }
    let done = run(crdbctl().args(["--color", "always", "--help"]));
    assert!(done.stdout.contains('\x1b'), "{done:?}");
}

#[test]
fn completions_and_pages_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let done = run(crdbctl().args(["completion", shell]));
        assert_eq!(done.code, 0);
        assert!(done.stdout.contains("crdbctl"), "{shell}");
    }
    let done = run(crdbctl().arg("man"));
    assert!(done.code == 0 && done.stdout.contains(".TH crdbctl 1"), "{done:?}");
    let directory = tempfile::tempdir().unwrap();
    let done = run(crdbctl().arg("man").arg("--output-dir").arg(directory.path()));
    assert_eq!((done.code, done.stdout.as_str()), (0, ""));
    assert!(directory.path().join("crdbctl-init.1").exists());
}

#[test]
fn a_reader_who_leaves_is_no_error_worth_words() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = crdbctl()
        .args(["completion", "zsh"])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stderr).as_ref()), (Some(1), ""));
}
