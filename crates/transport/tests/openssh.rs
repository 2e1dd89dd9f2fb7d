//! The OpenSSH transport against a real sshd of this test's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod requests;
mod support;

use std::time::{Duration, Instant};

use crdbctl_transport::{
    ChannelStart, Connection, Limits, Lost, Mutating, NotRun, Output, Payload, ReadOnly, Script, Target,
    TransportError,
};
use support::{Relay, Sshd};

fn script(text: &str) -> Script<ReadOnly> {
    Script::new(text).unwrap()
}

async fn refused(target: Target) -> (NotRun, TransportError) {
    let error = Connection::open(target).await.unwrap_err();
    assert!(!error.hint().is_empty());
    (error.not_run().unwrap_or_else(|| panic!("{error}")).clone(), error)
}

#[tokio::test]
async fn scripts_run_with_status_and_both_streams() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
    let run = async |text: &str| connection.run(&script(text), Limits::default()).await.unwrap();
    let output = run("printf 'it'\\''s \\\\ here\\n'; echo err >&2; exit 3").await;
    assert_eq!(output, Output { status: 3, stdout: b"it's \\ here\n".to_vec(), stderr: b"err\n".to_vec() });
    assert_eq!(run("exit 127").await.status, 127);
    assert_eq!(run("exit 255").await.status, 255);
    assert_eq!(
        run("wc -c; sh -c 'kill -9 $$'").await,
        Output { status: 137, stdout: b"0\n".to_vec(), stderr: b"Killed\n".to_vec() }
    );
    let output = run("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2").await;
    assert_eq!((output.stdout.len(), output.stderr.len()), (1_000_000, 1_000_000));
    assert_eq!(run(&format!("# {}\necho long", "y".repeat(200_000))).await.stdout, b"long\n");
    let all: String = (1..=0x7f_u8).map(char::from).collect();
    let text = format!("printf %s {}", crdbctl_transport::quote(&all).unwrap());
    assert_eq!(run(&text).await.stdout, all.as_bytes());
}

#[tokio::test]
async fn time_and_output_have_limits_and_the_connection_lives_on() {
    // One session, so that one which hangs would be in the way of the next.
    let Some(sshd) = Sshd::start("MaxSessions 1") else { return };
    let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
    let limits = Limits { max_output: 100_000, timeout: Duration::from_secs(2) };
    let error = connection.run(&script("yes"), limits).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::TooMuchOutput(100_000)));
    let begin = Instant::now();
    let error = connection.run(&script("sleep 60"), limits).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::TimedOut(limits.timeout)));
    assert!(begin.elapsed() < Duration::from_secs(6));
    assert_eq!(connection.run(&script("echo on"), Limits::default()).await.unwrap().stdout, b"on\n");
    let error = connection.run(&script("sleep 60"), limits).await.unwrap_err();
    assert!(error.lost().is_some(), "{error}");
    // A session that hangs must not keep ssh alive once nobody wants it.
    let socket = control_sockets(&sshd);
    assert_eq!(socket.len(), 1, "{socket:?}");
    drop(connection);
    for _ in 0..40 {
        if control_sockets(&sshd).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("ssh stays: {:?}", control_sockets(&sshd));
}

/// The ssh masters that go to this sshd.
fn control_sockets(sshd: &Sshd) -> Vec<String> {
    let needle = sshd.at("ssh_config").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.starts_with("ssh") && line.contains(&needle)).collect()
}

#[tokio::test]
async fn a_killed_shell_and_a_cut_connection_are_lost_outcomes() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::to(sshd.port);
    sshd.trust(relay.port, "host_key.pub");
    let connection = Connection::open(sshd.target(relay.port)).await.unwrap();
    let error = connection.run(&script("kill -9 $$"), Limits::default()).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::ShellGone), "{error}");
    let running = tokio::spawn({
        let connection = connection.clone();
        let text = format!("touch {}; sleep 60", sshd.at("running").display());
        async move { connection.run(&script(&text), Limits::default()).await }
    });
    while !sshd.at("running").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    relay.cut();
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::Disconnected), "{error}");
    // Nothing was run since: it is safe to connect again.
    assert_eq!(connection.run(&script("echo again"), Limits::default()).await.unwrap().stdout, b"again\n");
    assert_eq!(relay.accepted(), 2, "the killed shell cost no connection, the cut one did");
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_a_lost_outcome_in_time() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::to(sshd.port);
    sshd.trust(relay.port, "host_key.pub");
    let connection = Connection::open(sshd.target(relay.port)).await.unwrap();
    relay.stall();
    let begin = Instant::now();
    let error = connection.run(&script("echo x"), Limits::default()).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::Disconnected), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn unknown_and_changed_host_keys_are_refused_whatever_the_user_says() {
    let Some(sshd) = Sshd::start("") else { return };
    std::fs::write(sshd.at("known_hosts"), "").unwrap();
    for setting in ["", "StrictHostKeyChecking no", "StrictHostKeyChecking ask"] {
        sshd.configure(setting);
        let (why, error) = refused(sshd.target(sshd.port)).await;
        assert_eq!(why, NotRun::HostKeyUnknown, "{setting}: {error}");
        assert!(
            error.to_string().contains(&format!("port {}: the host key is not known", sshd.port)),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(sshd.at("known_hosts")).unwrap(), "");
    }
    // What the user's own settings allow is theirs to allow.
    sshd.configure("StrictHostKeyChecking accept-new");
    Connection::open(sshd.target(sshd.port)).await.unwrap();
    sshd.keygen("other");
    sshd.trust(sshd.port, "other.pub");
    for setting in ["", "StrictHostKeyChecking no", "StrictHostKeyChecking accept-new"] {
        sshd.configure(setting);
        let (why, error) = refused(sshd.target(sshd.port)).await;
        assert_eq!(why, NotRun::HostKeyChanged, "{setting}: {error}");
        assert!(error.said.contains("SHA256:"), "the fingerprint is shown: {error}");
        assert!(!error.said.contains("@@"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_key_is_tried_once() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::to(sshd.port);
    sshd.trust(relay.port, "host_key.pub");
    std::fs::write(sshd.at("authorized_keys"), "").unwrap();
    let (why, error) = refused(sshd.target(relay.port)).await;
    assert_eq!(why, NotRun::Login, "{error}");
    assert!(error.said.contains("Permission denied"), "{error}");
    assert_eq!(relay.accepted(), 1);
}

#[tokio::test]
async fn connections_that_cannot_be_are_told_apart() {
    let Some(sshd) = Sshd::start("") else { return };
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    assert_eq!(refused(sshd.target(free)).await.0, NotRun::Refused);
    let mut target = sshd.target(sshd.port);
    target.host = "no-such-host.invalid".into();
    assert_eq!(refused(target.clone()).await.0, NotRun::UnknownHost);
    target.host = "-oProxyCommand=touch /tmp/pwn".into();
    assert_eq!(refused(target).await.0, NotRun::Configuration);
    let mut target = sshd.target(sshd.port);
    target.ssh.config_file = Some("/nonexistent/config".into());
    let (why, error) = refused(target).await;
    assert_eq!(why, NotRun::Configuration, "{error}");
    sshd.configure("NoSuchOption yes");
    let (why, error) = refused(sshd.target(sshd.port)).await;
    assert_eq!(why, NotRun::Configuration, "{error}");
    assert!(error.said.contains("nosuchoption"), "{error}");
    // A listener that never says a word.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    sshd.configure("");
    let mut target = sshd.target(silent.local_addr().unwrap().port());
    target.ssh.connect_timeout = Some(Duration::from_secs(1));
    let begin = Instant::now();
    let (why, error) = refused(target).await;
    assert_eq!(why, NotRun::TimedOut, "{error}");
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_jump_host_is_gone_through_or_named() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target(sshd.port);
    sshd.configure(&format!("Host bastion\nHostName 127.0.0.1\nPort {}\nHost *", sshd.port));
    std::fs::write(
        sshd.at("known_hosts"),
        format!("[127.0.0.1]:{} {}", sshd.port, std::fs::read_to_string(sshd.at("host_key.pub")).unwrap()),
    )
    .unwrap();
    target.ssh.jump = Some("bastion".into());
    let connection = Connection::open(target.clone()).await.unwrap();
    assert!(connection.run(&script("true"), Limits::default()).await.unwrap().is_success());
    target.ssh.jump = Some("no-such-bastion.invalid".into());
    let (why, error) = refused(target).await;
    assert_eq!(why, NotRun::Jump, "{error}");
    assert!(error.tried.ends_with("through no-such-bastion.invalid"), "{error}");
    assert!(error.said.contains("Could not resolve hostname no-such-bastion.invalid"), "{error}");
}

#[tokio::test]
async fn many_hosts_behind_one_bastion_that_takes_few_at_once_are_all_reached() {
    let Some(sshd) = Sshd::start("MaxStartups 9:100:9") else { return };
    sshd.configure(&format!("Host bastion\nHostName 127.0.0.1\nPort {}\nHost *", sshd.port));
    let Some(node) = Sshd::start("MaxStartups 100") else { return };
    std::fs::copy(sshd.at("authorized_keys"), node.at("authorized_keys")).unwrap();
    let line = |it: &Sshd| {
        format!("[127.0.0.1]:{} {}", it.port, std::fs::read_to_string(it.at("host_key.pub")).unwrap())
    };
    std::fs::write(sshd.at("known_hosts"), format!("{}{}", line(&sshd), line(&node))).unwrap();
    let mut target = sshd.target(node.port);
    target.ssh.jump = Some("bastion".into());
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let target = target.clone();
            tokio::spawn(async move { Connection::open(target).await })
        })
        .collect();
    for task in tasks {
        let connection = task.await.unwrap().unwrap();
        assert!(connection.run(&script("true"), Limits::default()).await.unwrap().is_success());
    }
}

#[tokio::test]
async fn connections_dropped_before_the_login_are_tried_again() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::dropping(sshd.port, 2);
    sshd.trust(relay.port, "host_key.pub");
    Connection::open(sshd.target(relay.port)).await.unwrap();
    assert_eq!(relay.accepted(), 3);
    let relay = Relay::dropping(sshd.port, usize::MAX);
    let (why, error) = refused(sshd.target(relay.port)).await;
    assert_eq!(why, NotRun::Dropped, "{error}");
    assert_eq!(relay.accepted(), 4);
}

#[tokio::test]
async fn a_quiet_configuration_hides_no_reason_and_stops_no_retry() {
    let Some(sshd) = Sshd::start("") else { return };
    let known = std::fs::read_to_string(sshd.at("known_hosts")).unwrap();
    std::fs::write(sshd.at("quiet"), "LogLevel FATAL\n").unwrap();
    for level in [
        "LogLevel QUIET".to_owned(),
        "LogLevel FATAL".to_owned(),
        "LogLevel DEBUG3".to_owned(),
        "LogVerbose *".to_owned(),
        "Match host 127.0.0.1\nLogLevel QUIET\nMatch all".to_owned(),
        format!("Include {}", sshd.at("quiet").display()),
    ] {
        sshd.configure(&level);
        Connection::open(sshd.target(sshd.port)).await.unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let (why, error) = refused(sshd.target(free)).await;
        assert_eq!(why, NotRun::Refused, "{level}: {error}");
        assert!(!error.said.contains("debug") && error.said.len() < 400, "{level}: {error}");
        std::fs::write(sshd.at("known_hosts"), "").unwrap();
        assert_eq!(refused(sshd.target(sshd.port)).await.0, NotRun::HostKeyUnknown, "{level}");
        std::fs::write(sshd.at("known_hosts"), &known).unwrap();
        std::fs::write(sshd.at("authorized_keys"), "").unwrap();
        let (why, error) = refused(sshd.target(sshd.port)).await;
        assert_eq!(why, NotRun::Login, "{level}: {error}");
        std::fs::copy(sshd.at("id.pub"), sshd.at("authorized_keys")).unwrap();
        let relay = Relay::dropping(sshd.port, 1);
        sshd.trust(relay.port, "host_key.pub");
        sshd.configure(&level);
        Connection::open(sshd.target(relay.port)).await.unwrap();
        assert_eq!(relay.accepted(), 2, "{level}: tried again");
        std::fs::write(sshd.at("known_hosts"), &known).unwrap();
    }
    // Through a jump host, whose ssh reads the same configuration.
    let mut target = sshd.target(sshd.port);
    target.ssh.jump = Some("no-such-bastion.invalid".into());
    for level in ["LogLevel QUIET", "LogLevel DEBUG3"] {
        sshd.configure(level);
        let (why, error) = refused(target.clone()).await;
        assert_eq!(why, NotRun::Jump, "{level}: {error}");
        assert!(
            error.said.contains("Could not resolve hostname no-such-bastion.invalid"),
            "{level}: {error}"
        );
        assert!(!error.said.contains("debug"), "{level}: {error}");
    }
    sshd.configure("LogLevel QUIET\nNoSuchOption yes");
    let (why, error) = refused(sshd.target(sshd.port)).await;
    assert_eq!(why, NotRun::Configuration, "{error}");
    assert!(error.said.contains("nosuchoption"), "{error}");
}

#[tokio::test]
async fn settings_for_logins_by_hand_change_no_script() {
    let banner = "Banner /etc/os-release\nAcceptEnv *";
    let Some(sshd) = Sshd::start(banner) else { return };
    for setting in [
        "ControlMaster auto\nControlPath none\nControlPersist 1",
        "ControlMaster ask\nControlPersist no",
        "RequestTTY force",
        "RemoteCommand echo hijacked",
        "VisualHostKey yes",
        "PermitLocalCommand yes\nLocalCommand echo local",
        "SetEnv LC_ALL=de_DE.UTF-8 LANGUAGE=de LANG=de_DE.UTF-8",
        "SendEnv *",
        "BatchMode no",
        "StdinNull yes",
        "ForkAfterAuthentication yes",
        "SessionType none",
        "SessionType subsystem",
        "EscapeChar none",
        "Compression yes",
        "ExitOnForwardFailure yes\nLocalForward 127.0.0.1:1 127.0.0.1:2",
        "LogVerbose *",
    ] {
        sshd.configure(setting);
        let connection = Connection::open(sshd.target(sshd.port))
            .await
            .unwrap_or_else(|error| panic!("{setting}: {error}"));
        let text = "echo $LC_ALL $LANG $LANGUAGE; echo err >&2; exit 3";
        let output = connection.run(&script(text), Limits::default()).await;
        let output = output.unwrap_or_else(|error| panic!("{setting}: {error}"));
        assert_eq!(
            output,
            Output { status: 3, stdout: b"C\n".to_vec(), stderr: b"err\n".to_vec() },
            "{setting}"
        );
    }
}

#[tokio::test]
async fn noise_of_the_login_is_no_output() {
    let force = "ForceCommand sh -c 'yes | head -c 5000; echo rc >&2; printf \"\\n\\001crdbctl x start y\\n\"; \
                 eval \"$SSH_ORIGINAL_COMMAND\"; echo after'";
    let Some(sshd) = Sshd::start(force) else { return };
    let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
    let output = connection.run(&script("echo out; echo err >&2"), Limits::default()).await.unwrap();
    assert_eq!(output, Output { status: 0, stdout: b"out\n".to_vec(), stderr: b"err\n".to_vec() });
}

#[tokio::test]
async fn a_login_shell_that_runs_nothing_is_no_shell() {
    for (force, said) in [
        ("ForceCommand echo This account is not available.; exit 1", "This account is not available."),
        ("ForceCommand exit 0", "status 0"),
        ("ForceCommand yes", "y"),
    ] {
        let Some(sshd) = Sshd::start(force) else { return };
        let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
        let error = connection.run(&script("id"), Limits::default()).await.unwrap_err();
        assert_eq!(error.not_run(), Some(&NotRun::NoShell), "{error}");
        assert!(error.said.starts_with(said), "{error}");
    }
}

#[tokio::test]
async fn fish_as_login_shell_runs_scripts_all_the_same() {
    if std::process::Command::new("fish").arg("--version").output().is_err() {
        crdbctl_testlab::skip_unless_required("this machine has no fish: `cargo xtask setup` installs it");
        return;
    }
    let Some(sshd) = Sshd::start("ForceCommand fish --no-config -c \"$SSH_ORIGINAL_COMMAND\"") else {
        return;
    };
    let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
    let text = "printf '%s\\n' 'a\\b' \"c\\\\d\" 'it'\\''s' \"$(echo sub)\"; printf '\\\\\\n'";
    let output = connection.run(&script(text), Limits::default()).await.unwrap();
    assert_eq!(output.stdout_text(), "a\\b\nc\\d\nit's\nsub\n\\\n");
}

#[tokio::test]
async fn one_session_at_a_time_is_enough() {
    let Some(sshd) = Sshd::start("MaxSessions 1") else { return };
    let connection = Connection::open(sshd.target(sshd.port)).await.unwrap();
    let runs: Vec<_> = (0..8)
        .map(|number| {
            let connection = connection.clone();
            tokio::spawn(async move {
                connection.run(&script(&format!("echo {number}")), Limits::default()).await
            })
        })
        .collect();
    for (number, run) in runs.into_iter().enumerate() {
        assert_eq!(run.await.unwrap().unwrap().stdout_text(), format!("{number}\n"));
    }
    let start = connection.open_channel(&Script::new(":").unwrap(), Limits::default()).await.unwrap();
    let ChannelStart::Ready(mut channel, _) = start else { panic!("refused") };
    let error = connection.run(&script("id"), Limits::default()).await.unwrap_err();
    assert_eq!(error.not_run(), Some(&NotRun::SessionRefused), "{error}");
    let stage = Script::<Mutating>::new("cat").unwrap();
    let output =
        channel.run(&stage, Payload::none().bytes("x"), Limits::default(), &mut |_| {}).await.unwrap();
    assert_eq!(output.stdout, b"x");
    channel.close().await;
    assert!(connection.run(&script("id"), Limits::default()).await.unwrap().is_success());
}

#[tokio::test]
async fn a_channel_carries_stages_and_ends_with_the_connection() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::to(sshd.port);
    sshd.trust(relay.port, "host_key.pub");
    let connection = Connection::open(sshd.target(relay.port)).await.unwrap();
    let lock = crdbctl_transport::quote(sshd.at("lock").to_str().unwrap()).unwrap();
    let bootstrap =
        Script::<Mutating>::new(format!("exec 9>{lock}; flock -n 9 || exit 6; echo locked")).unwrap();
    let start = connection.open_channel(&bootstrap, Limits::default()).await.unwrap();
    let ChannelStart::Ready(mut channel, output) = start else { panic!("refused") };
    assert_eq!(output.stdout, b"locked\n");
    let ChannelStart::Refused(output) = connection.open_channel(&bootstrap, Limits::default()).await.unwrap()
    else {
        panic!("two locks")
    };
    assert_eq!(output.status, 6);
    let all: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let stage = Script::<Mutating>::new("head -c 3000000 | cat; echo done >&2; exit 4").unwrap();
    let output = channel
        .run(&stage, Payload::none().bytes(all.clone()), Limits::default(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!((output.status, output.stderr), (4, b"done\n".to_vec()));
    assert!(output.stdout == all, "the payload changed on its way");
    relay.cut();
    let error =
        channel.run(&stage, Payload::none().bytes(all), Limits::default(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::Disconnected), "{error}");
    for _ in 0..60 {
        let start = connection.open_channel(&bootstrap, Limits::default()).await.unwrap();
        if matches!(start, ChannelStart::Ready(..)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the lock outlives its connection");
}

#[tokio::test]
async fn connecting_and_one_probe_go_in_25_kb() {
    let Some(sshd) = Sshd::start("") else { return };
    let relay = Relay::to(sshd.port);
    sshd.trust(relay.port, "host_key.pub");
    let connection = Connection::open(sshd.target(relay.port)).await.unwrap();
    let text = format!("# {}\nhead -c 4000 /dev/zero", "z".repeat(8000));
    connection.run(&script(&text), Limits::default()).await.unwrap();
    assert!((12_000..25_000).contains(&relay.bytes()), "{} bytes", relay.bytes());
}

/// The least times of a run, of opening a channel and of a stage, through a port.
async fn least_times(sshd: &Sshd, port: u16) -> [Duration; 3] {
    sshd.trust(port, "host_key.pub");
    let connection = Connection::open(sshd.target(port)).await.unwrap();
    let text = script(&format!("# {}\necho x", "z".repeat(8000)));
    let stage = Script::<Mutating>::new("cat >/dev/null").unwrap();
    let mut least = [Duration::MAX; 3];
    for _ in 0..3 {
        let begin = Instant::now();
        connection.run(&text, Limits::default()).await.unwrap();
        let run = begin.elapsed();
        let begin = Instant::now();
        let start = connection.open_channel(&Script::new(":").unwrap(), Limits::default()).await.unwrap();
        let open = begin.elapsed();
        let ChannelStart::Ready(mut channel, _) = start else { panic!("refused") };
        let begin = Instant::now();
        let payload = Payload::none().bytes(vec![7; 20_000]);
        channel.run(&stage, payload, Limits::default(), &mut |_| {}).await.unwrap();
        let stage = begin.elapsed();
        channel.close().await;
        for (least, now) in least.iter_mut().zip([run, open, stage]) {
            *least = now.min(*least);
        }
    }
    least
}

#[tokio::test]
async fn a_run_takes_two_round_trips_and_a_stage_one() {
    let Some(sshd) = Sshd::start("") else { return };
    // Long, so that the noise of a busy machine is a small part of it.
    let trip = Duration::from_millis(500);
    let near = least_times(&sshd, Relay::to(sshd.port).port).await;
    let far = least_times(&sshd, Relay::delaying(sshd.port, trip / 2).port).await;
    let trips: Vec<f64> = near
        .iter()
        .zip(far)
        .map(|(near, far)| (far.as_secs_f64() - near.as_secs_f64()) / trip.as_secs_f64())
        .collect();
    assert!(trips[0] < 2.8 && trips[1] < 2.8 && trips[2] < 1.8, "round trips of run, open, stage: {trips:?}");
}
