//! The shell functions of an apply, run as they run on a node, on directories of this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use crdbctl_model::{ClusterName, HostPath, Outcome, ResourceAddr, Timestamp};

use crate::run::Run;
use crate::stage::{Stage, prologue};
use crate::step::{Content, Step};

fn run() -> Run {
    Run {
        command: "apply",
        id: "20261204-101500-test".to_owned(),
        by: "tester".to_owned(),
        started: Timestamp::from_unix(0),
    }
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
        crdbctl_testlab::skip_unless_required("only root can set owners");
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
fn a_step_notes_what_it_is_about_to_do_and_does_nothing_when_it_cannot() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let state = at.join("state");
        std::fs::create_dir_all(&state).unwrap();
        let addr: ResourceAddr = "store-1/unit.cockroach".parse().unwrap();
        let mut step = Step::new(&addr, "echo changed >\"$state/changed\"");
        step.note = Some(crdbctl_model::StepNote {
            local: addr.local(),
            run: String::new(),
            desired: Some(crdbctl_model::Digest::of("it's")),
            paths: vec![HostPath::new("/etc/systemd/system/cockroach.service").unwrap()],
            mark: None,
            access: None,
        });
        let stage = Stage::new(&cluster(), &run(), vec![step]);
        let text = stage.script.replace("state=/var/lib/crdbctl", &format!("state={}", state.display()));
        let steps = state.join("shell-test.steps");
        // The power went while an earlier run wrote its last line.
        std::fs::write(&steps, "{\"local\":\"unit.cockroa").unwrap();
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        assert_eq!(stage.outcomes(&output.stdout)[&addr].0, Outcome::Converged, "{shell}: {output:?}");
        let notes = crdbctl_model::StepNote::read(&std::fs::read_to_string(&steps).unwrap());
        assert_eq!(notes.len(), 1, "{shell}");
        assert_eq!(
            (notes[0].run.as_str(), notes[0].local.as_str()),
            ("20261204-101500-test", "unit.cockroach")
        );
        assert!(state.join("changed").exists(), "{shell}");
        std::fs::remove_file(state.join("changed")).unwrap();
        std::fs::remove_file(&steps).unwrap();
        std::fs::create_dir(&steps).unwrap();
        let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
        assert!(matches!(stage.outcomes(&output.stdout)[&addr].0, Outcome::Failed(_)), "{shell}");
        assert!(!state.join("changed").exists(), "{shell}: nothing is done without a note");
        std::fs::remove_dir(&steps).unwrap();
    }
}

#[test]
fn a_removed_user_leaves_a_group_of_its_name_with_its_number() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["dash", "bash"].into_iter().filter(|shell| Path::new("/bin").join(shell).exists()) {
        let run = |takes_group: bool, has_group: bool| {
            let at = directory.path().display();
            let text = format!(
                "rm -f {at}/*; : >{at}/user; {has_group} && : >{at}/group\n\
                 getent() {{ case $1 in passwd) test -e {at}/user ;; group) test -e {at}/group && echo \"$2:x:4321:\" ;; esac; }}\n\
                 userdel() {{ rm {at}/user; if {takes_group}; then rm -f {at}/group; fi; }}\n\
                 groupadd() {{ echo \"groupadd $*\"; : >{at}/group; }}\n(set -e\nremove_user cockroach\nremove_user cockroach\n)"
            );
            let output = sh(shell, directory.path(), &text);
            assert!(output.status.success(), "{shell}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(run(true, true), "groupadd -g 4321 -- cockroach\n", "{shell}");
        assert_eq!(run(false, true), "", "{shell}");
        assert_eq!(run(true, false), "", "{shell}");
    }
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
fn amend_leaves_a_file_alone_that_has_another_hard_link() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    for shell in shells {
        // As a user can make it where fs.protected_hardlinks is 0.
        std::fs::write(at.join("shadow"), "root:x\n").unwrap();
        std::fs::set_permissions(at.join("shadow"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let _ = std::fs::remove_file(at.join("node.key"));
        std::fs::hard_link(at.join("shadow"), at.join("node.key")).unwrap();
        let output = sh(shell, at, &format!("amend {}/node.key nobody nogroup 0644", at.display()));
        assert!(!output.status.success(), "{shell}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("node.key has another hard link"), "{shell}: {said}");
        let now = std::fs::metadata(at.join("shadow")).unwrap();
        assert_eq!((now.uid(), now.mode() & 0o7777), (0, 0o600), "{shell}");
        assert_eq!(entries(at), ["node.key", "shadow"], "{shell}");
    }
}

#[test]
fn amend_never_changes_a_file_whose_link_comes_and_goes() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let Some((shells, directory)) = bench() else { return };
    let (at, over) = (directory.path(), AtomicBool::new(false));
    let (shadow, name) = (at.join("shadow"), at.join("node.key"));
    std::fs::write(&shadow, "root:x\n").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = std::fs::hard_link(&shadow, &name);
                let _ = std::fs::remove_file(&name);
            }
        });
        let given = (0..50).filter(|_| {
            sh(shells[0], at, &format!("amend {} nobody nogroup 0644", name.display()));
            std::fs::metadata(&shadow).unwrap().uid() != 0
        });
        let given = given.count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(given, 0, "times that the file was given away");
    });
}

#[test]
fn a_pair_that_is_a_pipe_or_large_is_not_read() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    assert!(Command::new("mkfifo").arg(at.join("pipe.crt")).status().unwrap().success());
    std::fs::File::create(at.join("large.key")).unwrap().set_len(2 << 30).unwrap();
    std::fs::write(at.join("node.crt"), "x").unwrap();
    for shell in shells {
        for (pair, words) in [
            (["pipe.crt", "node.crt"], "pipe.crt is not a regular file"),
            (["node.crt", "large.key"], "large.key has 2147483648 bytes"),
        ] {
            let [crt, key] = pair.map(|name| at.join(name).display().to_string());
            let output = sh(shell, at, &format!("fitting {crt} {key}"));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains(words), "{shell}: {said}");
        }
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
    // A script that ends early leaves a part unread.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), payload);
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
fn a_step_without_a_change_of_its_own_runs_and_decides_about_those_that_it_serves() {
    let Some((shells, directory)) = bench() else { return };
    let at = directory.path();
    for shell in shells {
        let serving = |body: String| Step {
            addr: None,
            serves: [addr("served")].into(),
            ..Step::new(&addr("unused"), body)
        };
        let outcomes = stage(vec![serving(format!("touch {}/{shell}", at.display()))], b"", shell);
        assert_eq!(outcomes, [("store-1/file.served".to_owned(), Outcome::Converged)]);
        assert!(at.join(shell).exists());
        let outcomes = stage(vec![serving("exit 3".to_owned())], b"", shell);
        assert!(matches!(&outcomes[..], [(_, Outcome::Failed(_))]), "{outcomes:?}");
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

#[test]
fn a_package_is_unpacked_from_the_rest_of_the_payload_and_its_directory_loses_the_group_bit() {
    let Some((shells, directory)) = bench() else { return };
    let program = b"#!/bin/sh\nthe program\n";
    for shell in shells {
        let parent = directory.path().join(shell);
        std::fs::create_dir(&parent).unwrap();
        // What is made in a directory with this bit inherits it.
        std::fs::set_permissions(&parent, std::fs::Permissions::from_mode(0o2755)).unwrap();
        let path = parent.join("cockroach-v1.0.0.linux-amd64");
        let (desired, archive) = package_of(directory.path(), &path, program);
        let package = "store-1/package.x".parse().unwrap();
        let state = parent.join("state");
        let unpack = || {
            let mut step = crate::kinds::package::unpack(&package, &desired);
            step.body = format!("state={}; mkdir -p \"$state\"\n{}", state.display(), step.body);
            vec![step]
        };
        let cut = stage(unpack(), &archive[..archive.len() - 1], shell);
        assert!(matches!(&cut[0].1, Outcome::Failed(why) if why.contains("cut off")), "{shell}: {cut:?}");
        assert!(!path.exists(), "{shell}");
        let mut wrong = archive.clone();
        wrong[20] ^= 1;
        let refused = stage(unpack(), &wrong, shell);
        assert!(matches!(&refused[0].1, Outcome::Failed(why) if why.contains("sha256")), "{refused:?}");
        assert!(!path.exists(), "{shell}");
        let whole = stage(unpack(), &archive, shell);
        assert_eq!(whole[0].1, Outcome::Converged, "{shell}: {whole:?}");
        assert_eq!(std::fs::read(path.join("cockroach")).unwrap(), program);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&path), mode(&path.join("cockroach"))), (0o755, 0o755), "{shell}");
        assert_eq!(entries(&parent), ["cockroach-v1.0.0.linux-amd64", "state"], "{shell}");
        // A wrong file in a package that is there already is replaced, and the rest stays.
        std::fs::write(path.join("cockroach"), "wrong").unwrap();
        let mended = stage(unpack(), &archive, shell);
        assert_eq!(mended[0].1, Outcome::Converged, "{shell}: {mended:?}");
        assert_eq!(std::fs::read(path.join("cockroach")).unwrap(), program);
    }
}

/// A package of a program, and its archive.
fn package_of(directory: &Path, path: &Path, program: &[u8]) -> (crdbctl_model::DesiredPackage, Vec<u8>) {
    use crdbctl_model::{DesiredPackage, Digest, Mode, PackageMember};
    let source = directory.join("source");
    let name = path.file_name().unwrap();
    std::fs::create_dir_all(source.join(name)).unwrap();
    std::fs::write(source.join(name).join("cockroach"), program).unwrap();
    let tar = Command::new("tar").args(["-czf", "-", "-C"]).arg(&source).arg(name).output().unwrap();
    assert!(tar.status.success());
    let desired = DesiredPackage {
        path: HostPath::new(path.to_str().unwrap()).unwrap(),
        version: "v1.0.0".to_owned(),
        archive: Digest::of(&tar.stdout),
        archive_size: tar.stdout.len() as u64,
        unknown: None,
        members: vec![PackageMember {
            path: "cockroach".to_owned(),
            mode: Mode::new(0o755),
            size: program.len() as u64,
            digest: Digest::of(program),
        }],
    };
    (desired, tar.stdout)
}

/// 4 MiB that gzip cannot make much smaller.
fn incompressible() -> Vec<u8> {
    (0_u32..65_536)
        .flat_map(|number| crdbctl_model::Digest::of(number.to_be_bytes()).to_string().into_bytes())
        .collect()
}

/// A file system of its own, unmounted when it is dropped.
struct Disk(std::path::PathBuf);

impl Disk {
    /// Returns a disk of that size at `at`; `None` where none can be mounted.
    fn mount(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "small-disk"]).arg(at).output().ok()?;
        if mounted.status.success() {
            return Some(Self(at.to_owned()));
        }
        crdbctl_testlab::skip_unless_required("no file system can be mounted here");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn failure(outcomes: &[(String, Outcome)]) -> String {
    match &outcomes[0].1 {
        Outcome::Failed(why) => why.clone(),
        other => panic!("it did not fail: {other:?}"),
    }
}

#[test]
fn a_package_without_room_is_refused_before_it_is_written_and_says_which_file_system_lacks_how_much() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let parent = directory.path().join(shell).join("opt");
        let Some(_disk) = Disk::mount(&parent, "size=4m,mode=0755") else { return };
        let (desired, archive) =
            package_of(directory.path(), &parent.join("cockroach-v1.0.0.linux-amd64"), &incompressible());
        let package = "store-1/package.x".parse().unwrap();
        let mut step = crate::kinds::package::unpack(&package, &desired);
        step.body = format!("state={}\n{}", directory.path().display(), step.body);
        let why = failure(&stage(vec![step], &archive, shell));
        let begin = format!("{} (small-disk) has 4.1 MB free; the package needs ", parent.display());
        assert!(why.starts_with(&begin) && why.ends_with(" MB"), "{shell}: {why}");
        assert!(entries(&parent).is_empty(), "{shell}: {:?}", entries(&parent));

        // The same with inodes.
        drop(_disk);
        let Some(_disk) = Disk::mount(&parent, "nr_inodes=6,mode=0755") else { return };
        let step = crate::kinds::package::unpack(&package, &desired);
        let why = failure(&stage(vec![step], &archive, shell));
        assert!(why.contains("(small-disk) has 5 inodes free; the package needs 9"), "{shell}: {why}");
    }
}

#[test]
fn a_package_that_failed_half_way_or_was_ended_from_outside_keeps_no_space() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let parent = directory.path().join(shell).join("opt");
        let Some(_disk) = Disk::mount(&parent, "size=6m,mode=0755") else { return };
        let (desired, archive) =
            package_of(directory.path(), &parent.join("cockroach-v1.0.0.linux-amd64"), &incompressible());
        let package: ResourceAddr = "store-1/package.x".parse().unwrap();
        // What was free when it was asked is taken by others while the archive comes.
        let step = || {
            let mut step = crate::kinds::package::unpack(&package, &desired);
            step.body = format!("room() {{ :; }}\nstate={}\n{}", directory.path().display(), step.body);
            step
        };
        let why = failure(&stage(vec![step()], &archive, shell));
        assert!(why.contains("(small-disk) is full: 0 bytes free"), "{shell}: {why}");
        assert!(entries(&parent).is_empty(), "{shell}: {:?}", entries(&parent));
        // The connection is cut: no more bytes come.
        let why = failure(&stage(vec![step()], &archive[..100_000], shell));
        assert!(why.contains("cut off"), "{shell}: {why}");
        assert!(entries(&parent).is_empty(), "{shell}: {:?}", entries(&parent));
        // The session is ended, with all of its processes.
        for signal in ["HUP", "TERM"] {
            let mut step = step();
            let end = format!("cp /etc/passwd archive.tgz; sh -c 'kill -{signal} $PPID'; head -c");
            step.body = step.body.replacen("head -c", &end, 1);
            let _ = stage(vec![step], &archive, shell);
            assert!(entries(&parent).is_empty(), "{shell}, {signal}: {:?}", entries(&parent));
        }
    }
}

#[test]
fn a_read_only_file_system_is_named_with_the_directory() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let Some(_disk) = Disk::mount(&at, "ro,mode=0755") else { return };
        let output = sh(shell, &at, &format!("put {}/x root root 0644 text", at.display()));
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let wanted = format!("no directory can be created in {}: Read-only file system", at.display());
        assert!(!output.status.success() && said.contains(&wanted), "{shell}: {said}");
    }
}

#[test]
fn a_write_on_a_full_disk_names_the_file_and_the_file_system() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let Some(_disk) = Disk::mount(&at, "size=256k,mode=0755") else { return };
        let _ = std::fs::write(at.join("ballast"), vec![b'x'; 1 << 20]);
        let shown = at.display();
        let names_it = |text: &str, file: &str| {
            let output = sh(shell, &at, text);
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            assert!(!output.status.success(), "{shell}: {text}");
            let wanted = format!("{file} could not be written: {shown} (small-disk) is full: 0 bytes free");
            assert_eq!(said, wanted, "{shell}: {text}");
        };
        names_it(&format!("put {shown}/x root root 0644 text"), &format!("{shown}/x"));
        names_it(
            &format!(
                "(put {shown}/x root root 0600 {}) || exit 1",
                "long ".repeat(1000).trim_end().replace(' ', "-")
            ),
            &format!("{shown}/x"),
        );
        names_it(
            &format!("state={shown}; begin link.data {shown}/data"),
            &format!("{shown}/shell-test.begun"),
        );
        names_it(&format!("state={shown}; pending restart"), &format!("{shown}/shell-test.pending"));
        names_it(&format!("state={shown}; note_key a b"), &format!("{shown}/shell-test.keys"));
        names_it(&format!("state={shown}; known=x; put_known"), &format!("{shown}/shell-test.digests"));
        // An empty list of what was begun says nothing, and takes no room.
        assert_eq!(entries(&at), ["ballast", "shell-test.begun"], "{shell}");

        // Tools that say it in their own words are given the file system as well.
        let step = Step::new(&"store-1/file.x".parse().unwrap(), format!("cp /etc/services {shown}/y"))
            .writing(&HostPath::new(format!("{shown}/y")).unwrap());
        let why = failure(&stage(vec![step], b"", shell));
        assert!(why.ends_with(&format!("\n{shown} (small-disk) is full: 0 bytes free")), "{shell}: {why}");
        // One that fails for another reason is not.
        std::fs::remove_file(at.join("ballast")).unwrap();
        let _ = std::fs::remove_file(at.join("y"));
        let step = Step::new(&"store-1/file.x".parse().unwrap(), "cp /no/such/file /no/place")
            .writing(&HostPath::new(format!("{shown}/y")).unwrap());
        let why = failure(&stage(vec![step], b"", shell));
        assert!(!why.contains("is full"), "{shell}: {why}");
    }
}

#[test]
fn directory_takes_special_bits_off_again() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o7777)).unwrap();
        ok(shell, directory.path(), &format!("directory {} root root 0750", at.display()));
        assert_eq!(std::fs::metadata(&at).unwrap().permissions().mode() & 0o7777, 0o750, "{shell}");
    }
}

#[test]
fn copy_aside_keeps_a_pipe_as_a_pipe_and_does_not_wait_for_it() {
    use std::os::unix::fs::FileTypeExt as _;
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        assert!(Command::new("mkfifo").arg(at.join("pipe")).status().unwrap().success());
        symlink("/nowhere", at.join("link")).unwrap();
        ok(
            shell,
            &at,
            &format!("copy_aside {}/pipe pipe; copy_aside {}/link link", at.display(), at.display()),
        );
        let kept = at.join("state/set-aside/20261204-101500-test");
        assert!(std::fs::symlink_metadata(kept.join("pipe")).unwrap().file_type().is_fifo());
        assert_eq!(std::fs::read_link(kept.join("link")).unwrap(), Path::new("/nowhere"));
    }
}

#[test]
fn a_restart_that_fell_away_or_failed_takes_its_claims_with_it_and_no_others() {
    for shell in ["dash", "bash"] {
        let steps = |broken: &str, restart: &str| {
            vec![
                Step::new(&addr("unit"), ":"),
                Step::new(&addr("enabled"), broken),
                Step::new(&addr("other"), ":"),
                Step {
                    addr: None,
                    after: [addr("unit"), addr("enabled")].into(),
                    serves: [addr("unit")].into(),
                    ..Step::new(&addr("x"), restart)
                },
            ]
        };
        let words = |steps| -> Vec<String> {
            let outcomes = stage(steps, b"", shell);
            outcomes.iter().map(|(addr, outcome)| format!("{addr} {outcome:?}")).collect()
        };
        assert_eq!(
            words(steps("exit 3", "exit 0")),
            [
                "store-1/file.enabled Failed(\"it ended with status 3\")",
                "store-1/file.other Converged",
                "store-1/file.unit Skipped(\"store-1/file.enabled failed\")",
            ],
            "{shell}"
        );
        assert_eq!(
            words(steps(":", "echo no start >&2; exit 1")),
            [
                "store-1/file.enabled Converged",
                "store-1/file.other Converged",
                "store-1/file.unit Failed(\"no start\")",
            ],
            "{shell}"
        );
    }
}

#[test]
fn note_key_keeps_the_newest_first_and_a_few_older_ones() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("state")).unwrap();
        for number in 0..20 {
            ok(shell, &at, &format!("(note_key file{number} public{number})"));
        }
        ok(shell, &at, "(note_key file19 public19)");
        let text = std::fs::read_to_string(at.join("state/shell-test.keys")).unwrap();
        let expected: String = (4..20).rev().map(|number| format!("file{number} public{number}\n")).collect();
        assert_eq!(text, expected, "{shell}");
        let mode = std::fs::metadata(at.join("state/shell-test.keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
}

/// A pair by openssl under `name`, for the tests of what fits.
fn pair(at: &Path, name: &str) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-subj", "/CN=node", "-keyout"])
        .arg(at.join(format!("{name}.key")))
        .arg("-out")
        .arg(at.join(format!("{name}.crt")))
        .output();
    assert!(made.unwrap().status.success());
}

/// The reload of a service whose main process is a shell that writes down a SIGHUP.
fn reload_of_a_shell(shell: &str, at: &Path, path: &str) -> (Output, bool) {
    // What is served is another test's matter.
    let text = crate::kinds::service::reload(&service_in(at)).replace("reread 50 ", "reread 1 ");
    in_a_shell(shell, at, path, &text)
}

fn signal_to_a_shell(shell: &str, at: &Path, path: &str) -> (bool, bool, String) {
    let (output, signalled) = in_a_shell(shell, at, path, &crate::kinds::service::signal(&service_in(at)));
    (output.status.success(), signalled, String::from_utf8_lossy(&output.stdout).into_owned())
}

fn service_in(at: &Path) -> crdbctl_model::DesiredService {
    let desired = serde_json::from_value(serde_json::json!({
        "unit": "cockroach", "user": "cockroach", "argv": [], "environment": {}, "nofile": null,
        "binary": "/opt/x/cockroach", "binary_digest": crdbctl_model::Digest::of("x").to_string(),
        "program": "/opt/cockroach/cockroach", "http_address": "127.0.0.1:1", "sql_address": "127.0.0.1:1", "rpc_address": "127.0.0.1:1",
        "certs": at, "version": "v24.1.0", "store": "/var/lib/cockroach",
    }));
    desired.unwrap()
}

fn in_a_shell(shell: &str, at: &Path, path: &str, text: &str) -> (Output, bool) {
    let _ = std::fs::remove_file(at.join("hup"));
    let text = format!(
        "exec 2>&1\n(trap 'echo >{hup}' HUP; while sleep 0.05; do :; done) & daemon=$!\nsleep 0.2\n\
         main_pid() {{ echo $daemon; }}\nPATH={path}\n(set -e\n{text}\n)\nended=$?\nPATH=/usr/bin:/bin\nsleep 0.3\n\
         kill $daemon\nexit $ended\n",
        hup = at.join("hup").display(),
    );
    let output = sh(shell, at, &text);
    (output, at.join("hup").exists())
}

#[test]
fn a_key_of_another_certificate_is_found_before_the_signal_is_sent() {
    let Some((shells, directory)) = bench() else { return };
    // A host without openssl has everything else.
    let bare = directory.path().join("bare");
    std::fs::create_dir(&bare).unwrap();
    for tool in [
        "sha256sum",
        "grep",
        "head",
        "cat",
        "sleep",
        "mv",
        "chown",
        "chmod",
        "mkdir",
        "mktemp",
        "sync",
        "stat",
        "rmdir",
        "rm",
        "base64",
        "od",
        "sed",
        "tail",
        "timeout",
        "tr",
    ] {
        symlink(Path::new("/usr/bin").join(tool), bare.join(tool)).unwrap();
    }
    let bare = bare.display().to_string();
    let with_ssh = directory.path().join("ssh");
    std::fs::create_dir(&with_ssh).unwrap();
    symlink("/usr/bin/ssh-keygen", with_ssh.join("ssh-keygen")).unwrap();
    let with_ssh = format!("{bare}:{}", with_ssh.display());
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("state")).unwrap();
        pair(&at, "node");
        pair(&at, "other");
        let reload = |path: &str| {
            let (output, signalled) = reload_of_a_shell(shell, &at, path);
            (output.status.success(), signalled, String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let with_openssl = "/usr/bin:/bin";
        // It fits: the signal is sent. Nobody listens on the addresses, which comes after it.
        let (_, signalled, said) = reload(with_openssl);
        assert!(signalled && said.contains("still serves"), "{shell}: {said}");

        std::fs::copy(at.join("other.key"), at.join("node.key")).unwrap();
        let (done, signalled, said) = reload(with_openssl);
        assert!(!done && !signalled && said.contains("does not belong to"), "{shell}: {said}");
        // A file that is not a key is no key of the certificate either.
        std::fs::write(at.join("node.key"), "").unwrap();
        let (done, signalled, said) = reload(with_openssl);
        assert!(!done && !signalled && said.contains("cannot be told"), "{shell}: {said}");

        // Without openssl, ssh-keygen says whose key it is, and the control host looks at what is served.
        let (done, signalled, said) = reload(&with_ssh);
        assert!(!done && !signalled && said.contains("ssh-keygen says"), "{shell}: {said}");
        std::fs::copy(at.join("other.key"), at.join("node.key")).unwrap();
        let (done, signalled, said) = reload(&with_ssh);
        assert!(!done && !signalled && said.contains("does not belong to"), "{shell}: {said}");
        let two = ["other.crt", "node.crt"].map(|file| std::fs::read(at.join(file)).unwrap());
        let own = two[1].clone();
        for (content, fits) in [(two.concat(), true), ([two[1].clone(), two[0].clone()].concat(), false)] {
            std::fs::write(at.join("node.crt"), content).unwrap();
            let block = "-----BEGIN CERTIFICATE-----\nYXV0aG9yaXR5\n-----END CERTIFICATE-----\n";
            let key = "-----BEGIN PRIVATE KEY-----\nYSBrZXk=\n-----END PRIVATE KEY-----\n";
            std::fs::write(at.join("ca.crt"), format!("a note\n{key}{block}{key}")).unwrap();
            let (done, signalled, said) = reload(&with_ssh);
            assert_eq!((done, signalled), (fits, false), "the first certificate counts; {shell}: {said}");
            assert_eq!(said.starts_with("serve: "), fits, "{shell}: {said}");
            // As a step says it, behind whatever a program says before it.
            let words = base64::engine::general_purpose::STANDARD.encode(format!("a warning\n{said}"));
            let ca = match Stage::reread(format!("said 3 {words}\ndone 3 20\n").as_bytes()) {
                Some(crate::stage::Reread::OnDisk(files)) => Some(files.ca),
                _ => None,
            };
            assert_eq!(ca, fits.then(|| block.into()), "only certificates are sent; {shell}");
        }
        std::fs::write(at.join("node.crt"), own).unwrap();

        // Without either, the list of what crdbctl made tells.
        let (done, signalled, said) = reload(&bare);
        assert!(!done && !signalled && said.contains("neither openssl nor ssh-keygen"), "{shell}: {said}");
        let note = |file: &str, public: &str| {
            let digest = crdbctl_model::Digest::of(std::fs::read(at.join(file)).unwrap());
            ok(shell, &at, &format!("(note_key {digest} {public})"));
        };
        note("node.crt", "one");
        note("node.key", "two");
        let (done, signalled, said) = reload(&bare);
        assert!(!done && !signalled && said.contains("does not belong to"), "{shell}: {said}");
        note("node.key", "one");
        let (done, signalled, said) = reload(&bare);
        assert!(done && !signalled && said.starts_with("serve: "), "{shell}: {said}");
        // The control host looks, then has it signalled by a script of its own.
        let (done, signalled, said) = signal_to_a_shell(shell, &at, &bare);
        assert!(done && signalled && said.is_empty(), "{shell}: {said}");
    }
}

#[test]
fn remove_takes_a_file_or_a_link_and_never_what_a_link_leads_to() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("owned")).unwrap();
        std::fs::create_dir(at.join("etc")).unwrap();
        std::fs::write(at.join("etc/passwd"), "kept").unwrap();
        std::fs::write(at.join("owned/file"), "").unwrap();
        symlink(at.join("etc/passwd"), at.join("owned/link")).unwrap();
        std::fs::create_dir(at.join("owned/directory")).unwrap();
        let remove = |name: &str| sh(shell, &at, &format!("remove {}/owned/{name}", at.display()));
        for name in ["file", "link", "never-there"] {
            assert!(remove(name).status.success(), "{shell}: {name}");
        }
        let refused = remove("directory");
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("is a directory"), "{refused:?}");
        assert_eq!(entries(&at.join("owned")), ["directory"], "{shell}");
        assert_eq!(std::fs::read(at.join("etc/passwd")).unwrap(), b"kept");
        // The owner of the directory above swaps it for a link.
        std::os::unix::fs::chown(at.join("owned"), Some(65534), Some(65534)).unwrap();
        symlink(at.join("etc"), at.join("owned/certs")).unwrap();
        let refused = sh(shell, &at, &format!("remove {}/owned/certs/passwd", at.display()));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("refusing to follow"), "{refused:?}");
        assert_eq!(std::fs::read(at.join("etc/passwd")).unwrap(), b"kept");
    }
}

#[test]
fn remove_link_takes_the_link_that_was_planned_and_no_other_thing() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        let remove = |target: &str| {
            let output = sh(shell, &at, &format!("remove_link {}/data {target}", at.display()));
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        symlink("/var/lib/other", at.join("data")).unwrap();
        let (done, said) = remove("/var/lib/cockroach");
        assert!(!done && said.contains("leads to /var/lib/other now"), "{shell}: {said}");
        assert!(remove("/var/lib/other").0, "{shell}");
        assert_eq!(entries(&at), Vec::<String>::new(), "{shell}");
        assert!(remove("/var/lib/other").0, "{shell}: twice");
        std::fs::create_dir(at.join("data")).unwrap();
        assert!(remove("/var/lib/other").1.contains("is not a link"), "{shell}");
        assert_eq!(entries(&at), ["data"], "{shell}");
    }
}

#[test]
fn remove_aside_keeps_what_was_edited_where_only_root_looks() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("unit"), "edited").unwrap();
        ok(shell, &at, &format!("remove_aside {}/unit etc-unit", at.display()));
        let kept = at.join("state/set-aside/20261204-101500-test/etc-unit");
        assert_eq!(std::fs::read(kept).unwrap(), b"edited", "{shell}");
        assert_eq!(entries(&at), ["state"], "{shell}");
        symlink("/etc/passwd", at.join("unit")).unwrap();
        assert!(!sh(shell, &at, &format!("remove_aside {}/unit etc-unit", at.display())).status.success());
        assert_eq!(std::fs::read_link(at.join("unit")).unwrap(), Path::new("/etc/passwd"));
    }
}

#[test]
fn spare_knows_what_is_there_by_whatever_way_it_is_reached() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("srv/certs")).unwrap();
        std::fs::create_dir_all(at.join("old/certs")).unwrap();
        for place in ["srv", "old"] {
            std::fs::write(at.join(place).join("certs/node.key"), place).unwrap();
        }
        // The directory was moved, and a link stands where it was.
        symlink(at.join("srv"), at.join("opt")).unwrap();
        let at = at.display();
        let live = format!("{at}/srv/certs {at}/srv/certs/node.key {at}/srv/gone");
        for path in ["opt/certs/node.key", "opt/certs", "srv/certs/node.key", "opt/gone"] {
            let output = sh(shell, directory.path(), &format!("spare {at}/{path} {live}"));
            assert!(!output.status.success(), "{shell}: {path}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("is another way to"), "{shell}: {path}");
        }
        for path in ["old/certs/node.key", "old/certs", "opt/other", "nowhere/at/all"] {
            ok(shell, directory.path(), &format!("spare {at}/{path} {live}"));
        }
        ok(shell, directory.path(), &format!("spare {at}/opt/certs/node.key"));
    }
}

#[test]
fn remove_directory_takes_an_empty_one_with_what_an_interrupted_apply_left() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("root/.crdbctl.abcdefgh/half")).unwrap();
        std::fs::create_dir_all(at.join("elsewhere")).unwrap();
        let remove = || sh(shell, &at, &format!("remove_directory {}/root", at.display()));
        std::fs::write(at.join("root/notes"), "mine").unwrap();
        assert!(!remove().status.success(), "{shell}");
        assert_eq!(std::fs::read(at.join("root/notes")).unwrap(), b"mine");
        std::fs::remove_file(at.join("root/notes")).unwrap();
        assert!(remove().status.success(), "{shell}: {:?}", remove());
        assert_eq!(entries(&at), ["elsewhere"], "{shell}");
        assert!(remove().status.success(), "{shell}: twice");
        // A link in its place leads to an empty directory.
        symlink(at.join("elsewhere"), at.join("root")).unwrap();
        assert!(String::from_utf8_lossy(&remove().stderr).contains("is not a directory"), "{shell}");
        assert_eq!(entries(&at), ["elsewhere", "root"], "{shell}");
    }
}

#[test]
fn empty_deletes_a_store_and_follows_no_link_out_of_it() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let store = at.join("store");
        std::fs::create_dir_all(store.join("auxiliary/-rf/a b\nc")).unwrap();
        std::fs::create_dir_all(store.join("lost+found")).unwrap();
        std::fs::create_dir_all(at.join("outside")).unwrap();
        std::fs::write(at.join("outside/kept"), "").unwrap();
        for name in ["000001.sst", ".hidden", "auxiliary/-rf/a b\nc/x"] {
            std::fs::write(store.join(name), "").unwrap();
        }
        symlink(at.join("outside"), store.join("out")).unwrap();
        symlink("/", store.join("auxiliary/root")).unwrap();
        std::os::unix::fs::chown(&store, Some(65534), Some(65534)).unwrap();
        let empty = || sh(shell, &at, &format!("empty {}/store", at.display()));
        assert!(empty().status.success(), "{shell}: {:?}", empty());
        assert_eq!(entries(&store), ["lost+found"], "{shell}");
        assert_eq!(entries(&at.join("outside")), ["kept"], "{shell}");
        // A link in its place, even one that root made.
        std::fs::rename(&store, at.join("moved")).unwrap();
        symlink(at.join("outside"), &store).unwrap();
        assert!(String::from_utf8_lossy(&empty().stderr).contains("is not a directory"), "{shell}");
        assert_eq!(entries(&at.join("outside")), ["kept"], "{shell}");
        std::fs::remove_file(&store).unwrap();
        assert!(empty().status.success(), "{shell}: nothing there");
    }
}

#[test]
fn remove_package_takes_its_own_files_and_leaves_those_of_others() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let package = at.join("cockroach-v1.0.0.linux-amd64");
        let remove = |whole: &str| {
            let text =
                format!("remove_package {} {whole} cockroach lib/libgeos.so lib/deep/x", package.display());
            let output = sh(shell, &at, &text);
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let fill = || {
            std::fs::create_dir_all(package.join("lib/deep")).unwrap();
            std::fs::copy("/bin/sleep", package.join("cockroach")).unwrap();
            std::fs::write(package.join("lib/libgeos.so"), "").unwrap();
            std::fs::write(package.join("lib/deep/x"), "").unwrap();
        };
        fill();
        // Somebody runs it.
        let mut running = Command::new(package.join("cockroach")).arg("60").spawn().unwrap();
        let (done, said) = remove("whole");
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(
            !done && said.contains("is in use") && said.contains(&running.id().to_string()),
            "{shell}: {said}"
        );
        assert!(package.join("lib/libgeos.so").exists(), "{shell}");
        // Somebody else's file came in since the plan: what is ours goes, the rest stays, and that is told.
        std::fs::write(package.join("lib/notes"), "mine").unwrap();
        assert!(!remove("whole").0, "{shell}");
        assert_eq!(entries(&package), ["lib"], "{shell}");
        assert_eq!(entries(&package.join("lib")), ["notes"], "{shell}");
        fill();
        let (done, said) = remove("part");
        assert!(done, "{shell}: {said}");
        assert_eq!(entries(&package.join("lib")), ["notes"], "{shell}");
        std::fs::remove_file(package.join("lib/notes")).unwrap();
        fill();
        let (done, said) = remove("whole");
        assert!(done, "{shell}: {said}");
        assert!(remove("whole").0, "{shell}: twice");
        assert_eq!(entries(&at), Vec::<String>::new(), "{shell}");
        std::fs::create_dir(at.join("elsewhere")).unwrap();
        std::fs::write(at.join("elsewhere/cockroach"), "").unwrap();
        symlink(at.join("elsewhere"), &package).unwrap();
        assert!(remove("whole").1.contains("is a link"), "{shell}");
        assert_eq!(entries(&at.join("elsewhere")), ["cockroach"], "{shell}");
    }
}

#[test]
fn forget_takes_one_clusters_record_and_leaves_what_was_set_aside() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        let state = at.join("state");
        std::fs::create_dir_all(state.join("set-aside/run")).unwrap();
        for name in
            ["shell-test.json", "shell-test.keys", "shell-test.begun", "shell-test.steps", "other.json"]
        {
            std::fs::write(state.join(name), "").unwrap();
        }
        ok(shell, &at, "forget");
        assert_eq!(entries(&state), ["other.json", "set-aside"], "{shell}");
        std::fs::remove_dir_all(&state).unwrap();
        std::fs::create_dir(&state).unwrap();
        ok(shell, &at, "(begin link.data /opt/cockroach/data)\n(begin user.cockroach)");
        let begun = std::fs::read_to_string(state.join("shell-test.begun")).unwrap();
        assert_eq!(begun, "link.data /opt/cockroach/data\nuser.cockroach\n", "{shell}");
        let left = [HostPath::new("/srv/crdb/data").unwrap()];
        let note = |begun: &[(&str, &[HostPath])]| {
            ok(shell, &at, &crate::record::note_begun(begun));
            std::fs::read_to_string(state.join("shell-test.begun")).ok()
        };
        let noted = note(&[("link.data", &left), ("user.cockroach", &[])]);
        assert_eq!(noted.as_deref(), Some("link.data /srv/crdb/data\nuser.cockroach\n"), "{shell}");
        assert_eq!((note(&[]), note(&[])), (None, None), "{shell}");
        ok(shell, &at, "begin link.data /opt/cockroach/data");
        ok(shell, &at, "forget");
        assert!(!state.exists(), "{shell}");
    }
}

#[test]
fn a_service_that_does_not_stop_or_stays_enabled_is_not_called_removed() {
    let Some((shells, directory)) = bench() else { return };
    let unit = crdbctl_model::UnitName::new("cockroach").unwrap();
    let change = crdbctl_model::Change {
        addr: "store-1/service.cockroach".parse().unwrap(),
        action: crdbctl_model::Action::Delete,
        cause: crdbctl_model::Cause::Surplus,
        reason: None,
        attributes: Vec::new(),
        unchanged: 0,
        impact: crdbctl_model::Impact::None,
        depends_on: std::collections::BTreeSet::new(),
        desired: None,
        removal: Some(crdbctl_model::Removal::Service { unit, stops: true }),
        before: None,
        bytes: 0,
    };
    let authority = crate::issue::Issuer::new(
        Err(crate::issue::IssueFailure("none".to_owned())),
        Timestamp::from_unix(0),
    );
    let body = crate::kinds::step(&change, &authority).unwrap().unwrap().body;
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir_all(at.join("state")).unwrap();
        // A systemctl that answers as told: what is-enabled prints, the main process, whether it is active.
        let run = |enabled: &str, pid: &str, active: bool| {
            let text = format!(
                "journalctl() {{ :; }}\nsystemctl() {{\ncase $1 in\nis-enabled) echo {enabled} ;;\n\
                 is-active) {active} ;;\nshow) case \"$*\" in *MainPID*) echo {pid} ;; *) echo ActiveState=active ;; esac ;;\n\
                 stop) echo 'Job canceled' >&2; return 1 ;;\nesac\n}}\n(set -e\n{body}\n)"
            );
            let output = sh(shell, &at, &text);
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (done, said) = run("disabled", "0", false);
        assert!(done, "{shell}: {said}");
        let (done, said) = run("disabled", "77", true);
        assert!(!done && said.contains("it still runs: Job canceled"), "{shell}: {said}");
        let (done, said) = run("enabled", "0", false);
        assert!(!done && said.contains("still enabled"), "{shell}: {said}");
    }
}

#[test]
fn a_file_of_an_earlier_apply_gives_way_to_a_link_only_while_it_is_that_file() {
    let Some((shells, directory)) = bench() else { return };
    for shell in shells {
        let at = directory.path().join(shell);
        std::fs::create_dir(&at).unwrap();
        let written = crdbctl_model::Digest::of("unit");
        for (content, kept) in [("edited", true), ("unit", false)] {
            for name in ["unit", "unit.old"] {
                let _ = std::fs::remove_file(at.join(name));
            }
            std::fs::write(at.join("unit"), content).unwrap();
            ok(shell, &at, &format!("link {}/unit /opt/unit {written}", at.display()));
            assert_eq!(std::fs::read_link(at.join("unit")).unwrap(), Path::new("/opt/unit"), "{shell}");
            assert_eq!(at.join("unit.old").exists(), kept, "{shell}: {content}");
        }
    }
}
