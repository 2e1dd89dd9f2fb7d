//! Every way to root on a real Debian host, and that no secret is seen on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "privilege/tools.rs"]
mod tools;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crdbctl_model::NodeName;
use crdbctl_testlab::{Lab, require_lab, users};
use crdbctl_transport::{
    ChannelStart, Connection, Limits, Mutating, NotRun, Payload, Privilege, PrivilegeRefusal, ReadOnly,
    Script, Target,
};

fn target(lab: &Lab, user: &str, password: Option<&str>) -> Target {
    let mut target = Target::new(NodeName::new("n1").unwrap(), "host-1");
    target.ssh.user = Some(user.to_owned());
    target.ssh.config_file = Some(lab.ssh_config().display().to_string());
    target.password = password.map(Into::into);
    target
}

fn script(text: &str) -> Script<ReadOnly> {
    Script::new(text).unwrap()
}

/// What the script says as the user, or why it did not run.
async fn outcome(target: Target) -> Result<String, NotRun> {
    let connection = Connection::open(target).await.unwrap();
    let begin = Instant::now();
    let text = "id -u; umask; echo $PATH; wc -c; exit 3";
    let result = connection.run(&script(text), Limits::default()).await;
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    match result {
        Ok(output) => {
            assert_eq!(output.status, 3);
            Ok(output.stdout_text())
        }
        Err(error) => {
            assert!(!error.hint().is_empty());
            Err(error.not_run().unwrap_or_else(|| panic!("{error}")).clone())
        }
    }
}

#[tokio::test]
async fn root_is_reached_or_refused_with_the_reason() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let root = "0\n0077\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0\n";
    let refusal = |why| Err(NotRun::Privilege(why));

    assert_eq!(outcome(target(&lab, "root", None)).await.unwrap(), root);
    assert_eq!(outcome(target(&lab, "root", Some("not needed"))).await.unwrap(), root);
    assert_eq!(outcome(target(&lab, users::ADMIN, None)).await.unwrap(), root);
    assert_eq!(outcome(target(&lab, users::ADMIN, Some("not needed"))).await.unwrap(), root);
    assert_eq!(outcome(target(&lab, users::ASKS, Some(users::ASKS_PASSWORD))).await.unwrap(), root);

    let needed = refusal(PrivilegeRefusal::PasswordNeeded);
    assert_eq!(outcome(target(&lab, users::ASKS, None)).await, needed);
    assert_eq!(outcome(target(&lab, users::PLAIN, None)).await, needed);
    let mut not_root = target(&lab, users::ADMIN, None);
    not_root.privilege = Privilege::Root;
    assert_eq!(outcome(not_root).await, refusal(PrivilegeRefusal::NotRoot));
    host.exec_ok("rm /usr/bin/doas").unwrap();
    let mut doas = target(&lab, users::ADMIN, None);
    doas.privilege = Privilege::Doas;
    assert_eq!(outcome(doas).await, refusal(PrivilegeRefusal::NoTool));

    host.exec_ok("journalctl --rotate --vacuum-time=1s; journalctl --sync").unwrap();
    let wrong = refusal(PrivilegeRefusal::WrongPassword);
    assert_eq!(outcome(target(&lab, users::ASKS, Some("open sesame"))).await, wrong);
    let log = host
        .exec_ok("journalctl --sync; journalctl -o cat | grep -c 'sudo:auth): authentication failure'")
        .unwrap();
    assert_eq!(log.text().trim(), "1", "one attempt, no more");

    host.exec_ok("printf 'plain:x\\n' | chpasswd").unwrap();
    let not_allowed = refusal(PrivilegeRefusal::NotAllowed);
    assert_eq!(outcome(target(&lab, users::PLAIN, Some("x"))).await, not_allowed);
    let tty = "Defaults:admin requiretty\n";
    host.write("/etc/sudoers.d/zz-tty", tty.as_bytes(), 0o440, "root:root").unwrap();
    assert_eq!(outcome(target(&lab, users::ADMIN, None)).await, refusal(PrivilegeRefusal::TerminalNeeded));
    host.exec_ok("rm /etc/sudoers.d/zz-tty").unwrap();

    // Noise of start-up files before and around sudo.
    let noise = "printf 'noise\\n\\033]0;title\\a'; echo noise >&2\n";
    host.write("/home/asks/.bashrc", noise.as_bytes(), 0o644, "asks:asks").unwrap();
    assert_eq!(outcome(target(&lab, users::ASKS, Some(users::ASKS_PASSWORD))).await.unwrap(), root);
    host.write("/home/asks/.bashrc", b"exit 9\n", 0o644, "asks:asks").unwrap();
    assert_eq!(outcome(target(&lab, users::ASKS, Some(users::ASKS_PASSWORD))).await, Err(NotRun::NoShell));
    host.exec_ok("rm /home/asks/.bashrc; usermod -s /usr/sbin/nologin asks").unwrap();
    assert_eq!(outcome(target(&lab, users::ASKS, None)).await, Err(NotRun::NoShell));
}

/// Looks at the arguments and environment of every process, of this machine and of the host on it, until told to end.
fn watch(canaries: Vec<String>) -> (Arc<AtomicBool>, std::thread::JoinHandle<(usize, Vec<String>)>) {
    let end = Arc::new(AtomicBool::new(false));
    let (seen_end, rounds) = (Arc::clone(&end), AtomicUsize::new(0));
    let thread = std::thread::spawn(move || {
        let mut hits = Vec::new();
        while !seen_end.load(Ordering::SeqCst) {
            rounds.fetch_add(1, Ordering::SeqCst);
            for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                for file in ["cmdline", "environ"] {
                    // Processes come and go; kernel threads have neither.
                    let Ok(bytes) = std::fs::read(entry.path().join(file)) else { continue };
                    let text = String::from_utf8_lossy(&bytes);
                    if canaries.iter().any(|canary| text.contains(canary)) {
                        hits.push(format!("{}/{file}: {text}", entry.path().display()));
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        (rounds.load(Ordering::SeqCst), hits)
    });
    (end, thread)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_seen_in_arguments_environments_logs_or_files() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // Never whole in this source or in an argument: the watch would find itself.
    let secret = format!("kanarie-{}", std::process::id().wrapping_mul(7919));
    let secrets = [secret.clone(), users::ASKS_PASSWORD.to_owned()];
    // What shows that the watch sees anything at all.
    let decoy = format!("lockvogel-{}", std::process::id());
    let (end, watching) = watch([&secrets[..], std::slice::from_ref(&decoy)].concat());
    let seen = std::process::Command::new("sleep").arg("0.5").env("DECOY", &decoy).status().unwrap();
    assert!(seen.success());

    for user in [users::ASKS, users::ADMIN, "root"] {
        let password = (user == users::ASKS).then_some(users::ASKS_PASSWORD);
        let connection = Connection::open(target(&lab, user, password)).await.unwrap();
        let output =
            connection.run(&script("sleep 0.3; : nachtigal; echo ok"), Limits::default()).await.unwrap();
        assert_eq!(output.stdout, b"ok\n");
        let bootstrap =
            Script::<Mutating>::new("exec 9>/run/crdbctl-test.lock; flock -n 9 || exit 6").unwrap();
        let start = connection.open_channel(&bootstrap, Limits::default()).await.unwrap();
        let ChannelStart::Ready(mut channel, _) = start else { panic!("{user}: refused: {start:?}") };
        let stage = Script::<Mutating>::new("id -u; IFS= read -r first; sleep 0.2; cat | wc -c; : nachtigal")
            .unwrap();
        let payload =
            Payload::none().secret(format!("{secret}\n").into_bytes().into()).bytes(vec![0; 1_000_000]);
        let output = channel.run(&stage, payload, Limits::default(), &mut |_| {}).await.unwrap();
        assert_eq!(output.stdout_text(), "0\n1000000\n", "{user}: {output:?}");
        let output = channel
            .run(
                &Script::<Mutating>::new("exit 5").unwrap(),
                Payload::none().bytes(vec![7; 9_000_000]),
                Limits::default(),
                &mut |_| {},
            )
            .await
            .unwrap();
        assert_eq!(output.status, 5, "{user}");
        drop(channel);
        drop(connection);
        // The lock ends with the channel, through sudo and its pseudo-terminal too.
        let begin = Instant::now();
        while !host.exec("flock -n /run/crdbctl-test.lock true").unwrap().success() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{user}: the lock stays held");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    end.store(true, Ordering::SeqCst);
    let (rounds, hits) = watching.join().unwrap();
    assert!(rounds > 20, "looked {rounds} times only");
    let (decoys, hits): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| hit.contains(&decoy));
    assert!(!decoys.is_empty(), "the watch is blind");
    assert_eq!(hits, Vec::<String>::new());
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("nachtigal"), "scripts are in the trace log, so it works:\n{log}");
    host.exec_ok("journalctl --sync").unwrap();
    let journal = host.exec_ok("journalctl -o cat").unwrap().text();
    assert!(journal.contains("COMMAND="), "sudo keeps a log here");
    assert!(!journal.contains("nachtigal"), "scripts fill sudo's log");
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "in the trace log");
        assert!(!journal.contains(secret.as_str()), "in the journal");
        let find = "grep -rlF --exclude-dir=proc --exclude-dir=sys -f - /etc /home /root /run /srv /tmp /var 2>/dev/null";
        let found = host.exec_with_input(find, secret.as_bytes()).unwrap().text();
        assert_eq!(found, "", "in files of the host");
    }
}
