//! What is kept of runs: of one that went well, one that failed, one that was locked out and one that was killed; and no
//! secret in any of them.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crdbctl_testlab::users::ASKS_PASSWORD as SUDO_PASSWORD;

use crate::bench::{Bench, Done};
use crate::rotation::{PASSPHRASE, encrypt_key};

/// A line of a private key, which a hook prints beside the sudo password and the passphrase.
const KEY_BODY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";

fn apply(bench: &Bench) -> Done {
    let secrets = [("CRDBCTL_SUDO_PASSWORD_COMMAND", "cat password"), (PASSPHRASE, "printf 'correct horse'")];
    bench.crdbctl_with(&["apply", "--yes"], &secrets)
}

/// The text of the newest log.
fn newest(bench: &Bench) -> String {
    bench.crdbctl(&["log", "latest", "--format", "json"]).code(0).stdout
}

fn shown(bench: &Bench) -> String {
    bench.crdbctl(&["log", "latest"]).code(0).stdout
}

/// The lines with a time in front.
fn timed(text: &str) -> Vec<&str> {
    let is_time = |line: &&str| line.get(2..3) == Some(":") && line.get(8..10) == Some("  ");
    text.lines().filter(is_time).collect()
}

fn restart_with(bench: &Bench, cache: &str, hook: &str) {
    let flags = format!("  flags: {{cache: \"{cache}\"}}\n");
    bench.manifest_with(&flags, "", &format!("hooks: {{before_node: \"{hook}\"}}"), "asks");
}

#[test]
fn every_run_has_a_log_however_it_ends_and_no_secret_is_in_it() {
    let Some(bench) = Bench::start_stand_in(1) else { return };
    bench.manifest("", "asks");
    std::fs::write(bench.path("password"), format!("{SUDO_PASSWORD}\n")).unwrap();

    // One that goes well: what was told is told again, line by line.
    let done = apply(&bench).code(0);
    let well = shown(&bench);
    assert!(!timed(&done.stderr).is_empty());
    assert_eq!(timed(&well), timed(&done.stderr));
    let summary = done.stdout.lines().find(|line| line.starts_with("Applied. ")).unwrap();
    assert!(well.contains(summary) && well.ends_with("Ended: done (0).\n"), "{well}");
    let planned = done.stdout.lines().find(|line| line.starts_with("Plan: ")).unwrap();
    assert!(well.contains(planned.split_once('.').unwrap().0), "{well}");
    let runs = bench.path("state/crdbctl/runs");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = runs.read_dir().unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&runs), mode(&file)), (0o700, 0o600));
    let id = done.stdout.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert_eq!(file.file_name().unwrap().to_str(), Some(format!("{id}.jsonl").as_str()));
    // The record on the host names the same run.
    let record = bench.host(1).exec_ok("cat /var/lib/crdbctl/store.json").unwrap().text();
    assert!(record.contains(id), "{id} in {record}");

    // A hook that prints all that it should not, in a run that fails afterwards.
    encrypt_key(&bench.path("keys"));
    let split = SUDO_PASSWORD.split_at(2);
    let leak = format!(
        "password {SUDO_PASSWORD} or {}\u{1b}[1m{}\npassphrase correct horse\n-----BEGIN PRIVATE KEY-----\n{KEY_BODY}\n\
         -----END PRIVATE KEY-----\nafterwards\n",
        split.0, split.1
    );
    std::fs::write(bench.path("leak"), leak).unwrap();
    bench.host(1).exec_ok("rm /opt/cockroach/certs/node.key /opt/cockroach/certs/node.crt").unwrap();
    restart_with(&bench, ".30", "cat leak; cat leak >&2; exit 9");
    let failed = apply(&bench).code(4);
    assert!(failed.stderr.contains("afterwards"), "{failed:?}");
    let text = newest(&bench);
    for secret in [SUDO_PASSWORD, "correct horse", KEY_BODY] {
        assert!(failed.stderr.contains(secret), "the hook said {secret}");
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let told = shown(&bench);
    for words in [
        "before_node: password [redacted] or [redacted]",
        "before_node: passphrase [redacted]",
        "before_node: afterwards",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    assert!(told.contains("exit status: 9") && told.ends_with("Ended: done in part (4).\n"), "{told}");

    // One that another apply keeps from beginning.
    let holder = "exec 9>>/run/crdbctl/store.lock; flock -n 9; echo 'run 20261204-101500-abcdef by ann@bastion' >/run/crdbctl/store.lock; \
                  setsid sleep 60 >/dev/null 2>&1 </dev/null & echo $!";
    let sleeper = bench.host(1).exec_ok(holder).unwrap().text();
    apply(&bench).code(6);
    let locked = shown(&bench);
    assert!(locked.contains("Error: not applied: another apply holds the lock of store-1"), "{locked}");
    assert!(
        locked.contains("ann@bastion") && locked.ends_with("Ended: not begun: locked (6).\n"),
        "{locked}"
    );
    bench.host(1).exec_ok(&format!("kill {sleeper}")).unwrap();

    // One that is killed while a hook runs.
    restart_with(&bench, ".30", "echo asleep; exec sleep 4");
    let mut killed = bench
        .command(&["apply", "--yes"])
        .envs([("CRDBCTL_SUDO_PASSWORD_COMMAND", "cat password"), (PASSPHRASE, "printf 'correct horse'")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !newest(&bench).contains("\"line\":\"asleep\"") {
        assert!(Instant::now() < deadline, "{}", shown(&bench));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(bench.crdbctl(&["log"]).stdout.contains("still going"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let cut = shown(&bench);
    assert!(cut.contains("before_node: asleep") && cut.contains("Cut off. The log ends at "), "{cut}");
    assert!(!newest(&bench).contains("\"type\":\"end\""));

    let listed = bench.crdbctl(&["log"]).code(0).stdout;
    let results = ["cut off", "not begun: locked (6)", "done in part (4)", "done (0)"];
    for (line, result) in listed.lines().skip(1).zip(results) {
        assert!(line.contains(result), "{result} in {listed}");
    }
    assert_eq!(listed.lines().count(), 5, "{listed}");
    for file in runs.read_dir().unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!([SUDO_PASSWORD, "correct horse", KEY_BODY].iter().all(|secret| !text.contains(secret)));
    }
}
