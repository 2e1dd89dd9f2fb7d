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
