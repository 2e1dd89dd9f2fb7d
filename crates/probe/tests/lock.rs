//! How the probe sees who holds a lock, under the shells that it may meet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crdbctl_model::ClusterName;

fn shells() -> Vec<&'static str> {
    let present = |shell: &&str| Path::new("/bin").join(shell).exists();
    ["dash", "bash"].into_iter().filter(present).collect()
}

/// What a probe says of a lock file.
fn lock_line(shell: &str, path: &Path, before: &str) -> String {
    let functions =
        crdbctl_probe::functions(&ClusterName::new("crdbctl-probe-test").unwrap(), &Default::default());
    let text = format!("{functions}\n{before}\nask_lock '{}'", path.display());
    let output = Command::new(shell).arg("-c").arg(&text).output().unwrap();
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_lock_is_told_while_somebody_else_holds_it_and_is_never_taken() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let path = at("store.lock");
    for shell in shells() {
        let _ = std::fs::remove_file(&path);
        assert_eq!(lock_line(shell, &path, ""), "", "{shell}: no file");
        // A holder that died left its file.
        std::fs::write(&path, "run r by b\n").unwrap();
        assert_eq!(lock_line(shell, &path, ""), "", "{shell}: nobody holds it");
        // The way in which an apply holds it: the program that took it is gone, and the shell has it on descriptor 9.
        let text = format!(
            "exec 9>>'{0}'; flock -n 9 || exit 1; printf 'run r by b\\n' >'{0}'; echo ready; read -r _",
            path.display()
        );
        let mut holder = Command::new(shell)
            .args(["-c", &text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(lock_line(shell, &path, ""), "lock cnVuIHIgYnkgYgo=\n", "{shell}");
        // A PID namespace hides it from /proc/locks: then the descriptor tells.
        let hidden = "grep() { case \"$*\" in */proc/locks*) return 1 ;; esac; command grep \"$@\"; }";
        assert_eq!(lock_line(shell, &path, hidden), "lock cnVuIHIgYnkgYgo=\n", "{shell}");
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), modified);
        symlink(&path, at("link")).unwrap();
        assert_eq!(lock_line(shell, &at("link"), ""), "", "{shell}: a link");
        std::fs::remove_file(at("link")).unwrap();
        drop(holder.stdin.take());
        holder.wait().unwrap();
        assert_eq!(lock_line(shell, &path, ""), "", "{shell}: its holder is gone");
        // Whoever asks under its own lock is not told of itself.
        let own = format!("exec 9>>'{}'; flock -n 9", path.display());
        assert_eq!(lock_line(shell, &path, &own), "", "{shell}: own lock");
        // One that is open and not locked is held by nobody.
        let mut open = Command::new(shell)
            .args(["-c", &format!("exec 9>>'{}'; echo ready; read -r _", path.display())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(open.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        assert_eq!(lock_line(shell, &path, ""), "", "{shell}: open and not locked");
        drop(open.stdin.take());
        open.wait().unwrap();
    }
}

/// A file system that never answers: FUSE without anybody who serves it. A look at anything on it blocks.
const STUCK: &str = "mkdir -p \"$at\" && exec 8<>/dev/fuse && mount -i -t fuse -o fd=8,rootmode=40000,user_id=0,group_id=0 none \"$at\" || exit 77";

/// Runs a text in a mount namespace of its own with `$at` stuck; `None` where this machine has no such thing.
fn with_stuck(shell: &str, at: &Path, text: &str) -> Option<String> {
    // Whatever looks is killed in the end; the mount goes with the namespace.
    let text = format!("at='{}'\n{STUCK}\n{text}", at.display());
    let output = Command::new("timeout")
        .args(["-s", "KILL", "30", "unshare", "-m", shell, "-c", &text])
        .output()
        .unwrap();
    if output.status.code() == Some(77) || output.status.code() == Some(1) {
        return None;
    }
    assert!(output.status.success(), "{shell}: {}: {output:?}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_file_system_that_does_not_answer_holds_up_no_probe() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("stuck");
    let lock = directory.path().join("store.lock");
    std::fs::write(&lock, "run r by b\n").unwrap();
    let functions =
        crdbctl_probe::functions(&ClusterName::new("crdbctl-probe-test").unwrap(), &Default::default());
    for shell in shells() {
        let text = format!(
            "{functions}\nask_lock '{lock}'\nask_store_places \"$at/data\" '{good}'\n",
            lock = lock.display(),
            good = directory.path().display()
        );
        let Some(told) = with_stuck(shell, &at, &text) else {
            eprintln!("skipped: FUSE cannot be mounted here");
            return;
        };
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{shell}: {told}");
        let why = "aXQgZGlkIG5vdCBhbnN3ZXIgd2l0aGluIDUgc2Vjb25kcw==";
        assert!(
            lines[0].contains("/stuck/data ") && lines[0].ends_with(&format!("error {why}")),
            "{shell}: {told}"
        );
        assert!(lines[1].ends_with(" used"), "{shell}: {told}");
    }
}
