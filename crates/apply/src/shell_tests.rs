//! The shell functions of an apply, run as they run on a node, on directories of this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use crdbctl_model::{ClusterName, Outcome, ResourceAddr, Timestamp};

use crate::run::Run;
use crate::stage::{Stage, prologue};
use crate::step::{Content, Step};

fn run() -> Run {
    Run { id: "20261204-101500-test".to_owned(), by: "tester".to_owned(), started: Timestamp::from_unix(0) }
}

fn cluster() -> ClusterName {
    ClusterName::new("shell-test").unwrap()
}

/// Runs a text after the library; `state` lies in the test's own directory.
fn sh(shell: &str, directory: &Path, text: &str) -> Output {
    let text = format!("{}state={}\n{text}", prologue(&cluster(), &run()), directory.join("state").display());
    Command::new(shell).arg("-c").arg(text).output().unwrap()
}

fn ok(shell: &str, directory: &Path, text: &str) {
    let output = sh(shell, directory, text);
    assert!(output.status.success(), "{shell}: {text}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Shells, and the directory to work in. Owners can be set by root alone.
fn bench() -> Option<(Vec<&'static str>, tempfile::TempDir)> {
    let directory = tempfile::tempdir().unwrap();
    if std::fs::metadata(directory.path()).unwrap().uid() != 0 {
        eprintln!("SKIPPED: only root can set owners");
        return None;
    }
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let shells =
        ["dash", "bash"].into_iter().filter(|shell| Path::new("/bin").join(shell).exists()).collect();
    Some((shells, directory))
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn put_replaces_a_file_at_once_and_leaves_nothing_beside_it() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    for shell in shells {
        ok(shell, at, &format!("put {}/x nobody nogroup 0640 'new  text '", at.display()));
        let found = std::fs::metadata(at.join("x")).unwrap();
        assert_eq!(std::fs::read(at.join("x")).unwrap(), b"new  text ");
        assert_eq!(found.permissions().mode() & 0o7777, 0o640);
        assert_ne!(found.uid(), 0);
        assert_eq!(entries(at), ["x"]);
    }
}

#[test]
fn put_does_not_write_through_a_link_at_the_name_or_below_a_planted_one() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    for shell in shells {
        let _ = std::fs::remove_dir_all(at.join("etc"));
        let _ = std::fs::remove_dir_all(at.join("owned"));
        std::fs::create_dir(at.join("etc")).unwrap();
        std::fs::create_dir(at.join("owned")).unwrap();
        std::fs::write(at.join("etc/passwd"), "kept").unwrap();
        // A file name that is a link: the link goes, its target stays.
        symlink(at.join("etc/passwd"), at.join("owned/node.crt")).unwrap();
        ok(shell, at, &format!("put {}/owned/node.crt root root 0644 new", at.display()));
        assert_eq!(std::fs::read(at.join("etc/passwd")).unwrap(), b"kept");
        assert!(std::fs::symlink_metadata(at.join("owned/node.crt")).unwrap().is_file());
        // A directory that its owner, not root, made a link.
        std::os::unix::fs::chown(at.join("owned"), Some(65534), Some(65534)).unwrap();
        symlink(at.join("etc"), at.join("owned/certs")).unwrap();
        let output = sh(shell, at, &format!("put {}/owned/certs/passwd root root 0644 stolen", at.display()));
        assert!(!output.status.success(), "{shell}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("refusing to follow the link"), "{shell}: {said}");
        assert_eq!(std::fs::read(at.join("etc/passwd")).unwrap(), b"kept");
        assert_eq!(entries(&at.join("etc")), ["passwd"]);
    }
}

#[test]
fn a_link_that_only_root_could_have_made_is_followed() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    std::fs::create_dir(at.join("disk")).unwrap();
    symlink(at.join("disk"), at.join("opt")).unwrap();
    for shell in shells {
        ok(shell, at, &format!("put {}/opt/x root root 0644 {shell}", at.display()));
        assert_eq!(std::fs::read(at.join("disk/x")).unwrap(), shell.as_bytes());
    }
}

#[test]
fn amend_changes_the_file_and_not_what_a_link_points_to() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    std::fs::write(at.join("secret"), "").unwrap();
    std::fs::set_permissions(at.join("secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(at.join("secret"), at.join("node.key")).unwrap();
    std::fs::write(at.join("plain"), "").unwrap();
    for shell in shells {
        assert!(
            !sh(shell, at, &format!("amend {}/node.key nobody nogroup 0644", at.display())).status.success()
        );
        assert_eq!(std::fs::metadata(at.join("secret")).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::metadata(at.join("plain")).unwrap().ino();
        ok(shell, at, &format!("amend {}/plain nobody nogroup 0604", at.display()));
        let after = std::fs::metadata(at.join("plain")).unwrap();
        assert_eq!((after.ino(), after.permissions().mode() & 0o777), (before, 0o604));
        assert_eq!(entries(at), ["node.key", "plain", "secret"], "{shell}");
    }
}

#[test]
fn link_switches_and_keeps_a_plain_file_and_every_older_one() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("cockroach"), "first").unwrap();
        ok(shell, &at, &format!("link {}/cockroach /opt/one/cockroach", at.display()));
        assert_eq!(std::fs::read_link(at.join("cockroach")).unwrap(), Path::new("/opt/one/cockroach"));
        assert_eq!(std::fs::read(at.join("cockroach.old")).unwrap(), b"first");
        ok(shell, &at, &format!("link {}/cockroach /opt/two/cockroach", at.display()));
        assert_eq!(std::fs::read_link(at.join("cockroach")).unwrap(), Path::new("/opt/two/cockroach"));
        std::fs::remove_file(at.join("cockroach")).unwrap();
        std::fs::write(at.join("cockroach"), "second").unwrap();
        ok(shell, &at, &format!("link {}/cockroach /opt/two/cockroach", at.display()));
        assert_eq!(std::fs::read(at.join("cockroach.old")).unwrap(), b"first");
        assert_eq!(std::fs::read(at.join("cockroach.old.20261204-101500-test")).unwrap(), b"second");
        std::fs::create_dir(at.join("data")).unwrap();
        assert!(!sh(shell, &at, &format!("link {}/data /var/lib/x", at.display())).status.success());
        assert!(at.join("data").is_dir());
    }
}

#[test]
fn directory_makes_parents_and_sets_its_own_owner_alone() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        ok(shell, directory.path(), &format!("directory {}/srv/root nobody nogroup 0750", at.display()));
        let made = std::fs::metadata(at.join("srv/root")).unwrap();
        assert_eq!((made.uid(), made.permissions().mode() & 0o7777), (65534, 0o750));
        let parent = std::fs::metadata(at.join("srv")).unwrap();
        assert_eq!((parent.uid(), parent.permissions().mode() & 0o7777), (0, 0o755));
        std::fs::write(at.join("srv/root/data"), "").unwrap();
        ok(shell, directory.path(), &format!("directory {}/srv/root root root 0700", at.display()));
        assert_eq!(std::fs::metadata(at.join("srv/root/data")).unwrap().uid(), 0, "written by root here");
        assert_eq!(std::fs::metadata(at.join("srv/root")).unwrap().uid(), 0);
    }
}

#[test]
fn sweep_removes_what_an_interrupted_apply_left_and_nothing_else() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    for shell in shells {
        let outside = at.join("outside");
        let swept = at.join("swept");
        for path in [&outside, &swept, &swept.join(".crdbctl.abcd1234"), &swept.join(".crdbctl.short")] {
            std::fs::create_dir_all(path).unwrap();
        }
        std::fs::write(outside.join("kept"), "").unwrap();
        let _ = symlink(&outside, swept.join(".crdbctl.linked12"));
        let foreign = swept.join(".crdbctl.foreign1");
        std::fs::create_dir_all(&foreign).unwrap();
        std::os::unix::fs::chown(&foreign, Some(65534), None).unwrap();
        ok(shell, at, &format!("sweep {} {}/not-there", swept.display(), at.display()));
        assert_eq!(entries(&swept), [".crdbctl.foreign1", ".crdbctl.linked12", ".crdbctl.short"], "{shell}");
        assert_eq!(entries(&outside), ["kept"]);
    }
}

fn addr(name: &str) -> ResourceAddr {
    format!("store-1/file.{name}").parse().unwrap()
}

fn stage(steps: Vec<Step>, payload: &[u8], shell: &str) -> Vec<(String, Outcome)> {
    let mut stage = Stage::new(&cluster(), &run(), steps);
    let text = std::mem::take(&mut stage.script);
    let mut child = Command::new(shell)
        .arg("-c")
        .arg(text)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), payload).unwrap();
    let output = child.wait_with_output().unwrap();
    stage
        .outcomes(&output.stdout)
        .into_iter()
        .map(|(addr, (outcome, _))| (addr.to_string(), outcome))
        .collect()
}

#[test]
fn a_failed_step_takes_its_dependents_with_it_and_no_others() {
    for shell in ["dash", "bash"] {
        let step = |name: &str, body: &str, after: &[&str]| Step {
            after: after.iter().map(|name| addr(name)).collect(),
            ..Step::new(&addr(name), body)
        };
        let outcomes = stage(
            vec![
                step("a", "false; echo never", &[]),
                step("b", ":", &["a"]),
                step("c", ":", &["b"]),
                step("d", "true", &[]),
                step("e", "echo said this >&2; exit 7", &["d"]),
            ],
            b"",
            shell,
        );
        let words: Vec<String> =
            outcomes.iter().map(|(addr, outcome)| format!("{addr} {outcome:?}")).collect();
        assert_eq!(
            words,
            [
                "store-1/file.a Failed(\"it ended with status 1\")",
                "store-1/file.b Skipped(\"store-1/file.a failed\")",
                "store-1/file.c Skipped(\"store-1/file.b failed\")",
                "store-1/file.d Converged",
                "store-1/file.e Failed(\"said this\")",
            ],
            "{shell}"
        );
    }
}

#[test]
fn payloads_reach_their_steps_also_past_a_failed_one_and_a_cut_one_fails() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path();
        let step = |name: &str, text: &str, fails: bool| {
            let body = if fails {
                "false".to_owned()
            } else {
                format!("printf %s \"$payload\" >{}/{name}", at.display())
            };
            Step::new(&addr(name), body).with(Content::Public(text.to_owned()))
        };
        let steps = || vec![step("a", "first\n\n", true), step("b", "zweites: ä\n\n", false)];
        let outcomes = stage(steps(), "first\n\nzweites: ä\n\n".as_bytes(), shell);
        assert!(matches!(outcomes[0].1, Outcome::Failed(_)), "{shell}");
        assert_eq!(outcomes[1].1, Outcome::Converged, "{shell}");
        assert_eq!(std::fs::read(at.join("b")).unwrap(), "zweites: ä\n\n".as_bytes());
        std::fs::remove_file(at.join("b")).unwrap();
        let cut = stage(steps(), b"first\n\nzwei", shell);
        assert!(matches!(&cut[1].1, Outcome::Failed(why) if why.contains("only 4 of")), "{shell}: {cut:?}");
        assert!(!at.join("b").exists());
    }
}

#[test]
fn what_a_script_does_not_speak_of_was_not_done() {
    let stage = Stage::new(&cluster(), &run(), vec![Step::new(&addr("a"), ":"), Step::new(&addr("b"), ":")]);
    let outcomes = stage.outcomes(b"done 0 12\nnoise\ndone 9 1\nfail x\n");
    assert_eq!(outcomes[&addr("a")], (Outcome::Converged, 12));
    assert!(matches!(outcomes[&addr("b")].0, Outcome::Failed(_)));
    let words = base64::engine::general_purpose::STANDARD.encode("\u{1b}[31mred");
    let outcomes = stage.outcomes(format!("fail 0 {words}\n").as_bytes());
    assert!(matches!(&outcomes[&addr("a")].0, Outcome::Failed(why) if !why.contains('\u{1b}')));
}
