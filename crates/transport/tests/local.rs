//! The wrapper and the resident shell by this machine's `sh`, without ssh.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use crdbctl_model::NodeName;
use crdbctl_transport::{
    Channel, ChannelStart, Connection, Limits, Lost, Mutating, NotRun, Output, Payload, Privilege,
    PrivilegeRefusal, ReadOnly, Script, Target,
};

fn here() -> Connection {
    let mut target = Target::new(NodeName::new("n1").unwrap(), "localhost");
    target.privilege = Privilege::Login;
    Connection::local(target)
}

fn script(text: &str) -> Script<ReadOnly> {
    Script::new(text).unwrap()
}

async fn run(text: &str) -> Output {
    here().run(&script(text), Limits::default()).await.unwrap()
}

async fn channel(bootstrap: &str) -> Channel {
    match here().open_channel(&Script::<Mutating>::new(bootstrap).unwrap(), Limits::default()).await.unwrap()
    {
        ChannelStart::Ready(channel, _) => channel,
        ChannelStart::Refused(output) => panic!("refused: {output:?}"),
    }
}

async fn stage(channel: &mut Channel, text: &str, payload: Payload) -> Output {
    channel
        .run(&Script::<Mutating>::new(text).unwrap(), payload, Limits::default(), &mut |_| {})
        .await
        .unwrap()
}

#[tokio::test]
async fn status_and_both_streams_come_back_to_the_byte() {
    let output = run("printf 'a\\n\\n'; printf 'b' >&2; exit 7").await;
    assert_eq!(output, Output { status: 7, stdout: b"a\n\n".to_vec(), stderr: b"b".to_vec() });
    let output = run("").await;
    assert_eq!(output, Output { status: 0, stdout: vec![], stderr: vec![] });
    assert_eq!(run("sh -c 'kill -9 $$'").await.status, 137);
}

#[tokio::test]
async fn scripts_get_a_known_environment() {
    let output = run("umask; echo $LC_ALL; echo $PATH; echo $#; wc -c; echo $-").await;
    let text = output.stdout_text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..5],
        ["0077", "C", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "0", "0"]
    );
    assert!(!lines[5].contains('f') && !lines[5].contains('e'), "{lines:?}");
    let output = run("env | grep -c -E '^(HOME|PATH|LC_ALL|PWD|SHLVL|_)='; env | wc -l").await;
    let text = output.stdout_text();
    let counts: Vec<_> = text.lines().collect();
    assert_eq!(counts[0], counts[1], "nothing else of our environment gets in");
}

#[tokio::test]
async fn a_syntax_error_is_a_status_and_not_a_lost_shell() {
    let output = run("echo before\nif then").await;
    assert_eq!(output.status, 2);
    assert!(output.stderr_text().contains("yntax error"), "{output:?}");
}

#[tokio::test]
async fn a_killed_shell_is_a_lost_outcome() {
    let error = here().run(&script("kill -9 $$; sleep 1"), Limits::default()).await.unwrap_err();
    assert!(matches!(error.lost(), Some(Lost::Disconnected | Lost::ShellGone)), "{error}");
}

#[tokio::test]
async fn a_process_left_in_the_background_does_not_hold_the_answer() {
    let begin = Instant::now();
    let output = run("sleep 30 & echo started").await;
    assert_eq!(output.stdout, b"started\n");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn time_and_output_have_limits() {
    let begin = Instant::now();
    let limits = Limits::within(Duration::from_millis(300));
    let error = here().run(&script("sleep 20"), limits).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::TimedOut(Duration::from_millis(300))));
    assert!(begin.elapsed() < Duration::from_secs(5));
    let limits = Limits { max_output: 10_000, ..Limits::default() };
    for text in ["yes", "yes >&2", "head -c 10001 /dev/zero"] {
        let error = here().run(&script(text), limits).await.unwrap_err();
        assert_eq!(error.lost(), Some(&Lost::TooMuchOutput(10_000)), "{text}");
    }
    let output = here().run(&script("head -c 10000 /dev/zero"), limits).await.unwrap();
    assert_eq!(output.stdout.len(), 10_000);
}

#[tokio::test]
async fn a_long_script_goes_over_stdin() {
    let text = format!("# {}\nwc -c; echo end", "x".repeat(300_000));
    assert_eq!(run(&text).await.stdout, b"0\nend\n");
    let error = here().run(&script(&"'".repeat(300_000)), Limits::default()).await;
    assert!(error.is_ok());
}

#[tokio::test]
async fn output_that_looks_like_ours_is_output() {
    let text = r"printf '\n\001crdbctl x start y\n\n\001 end 0 0\n\n\001'";
    assert_eq!(run(text).await.stdout, b"\n\x01crdbctl x start y\n\n\x01 end 0 0\n\n\x01");
}

#[tokio::test]
async fn privileges_that_are_not_there_are_refused_before_anything_runs() {
    let is_root = run("id -u").await.stdout == b"0\n";
    let mut target = here().target().clone();
    target.privilege = Privilege::Root;
    let result = Connection::local(target.clone()).run(&script("id -u"), Limits::default()).await;
    if is_root {
        assert_eq!(result.unwrap().stdout, b"0\n");
    } else {
        let not_root = NotRun::Privilege(PrivilegeRefusal::NotRoot);
        assert_eq!(result.unwrap_err().not_run(), Some(&not_root));
    }
    target.privilege = Privilege::Doas;
    if run("command -v doas").await.is_success() {
        crdbctl_testlab::skip("this machine has doas");
        return;
    }
    let error = Connection::local(target).run(&script("echo ran"), Limits::default()).await.unwrap_err();
    assert_eq!(error.not_run(), Some(&NotRun::Privilege(PrivilegeRefusal::NoTool)));
    assert_eq!(
        error.to_string(),
        "n1: sh on this machine: no way to root: the program for it is not on the host"
    );
}

#[tokio::test]
async fn a_channel_runs_stages_that_share_the_bootstrap_alone() {
    let mut channel = channel("lock=held; exec 9</dev/null").await;
    let output = stage(&mut channel, "echo $lock; mine=1; echo err >&2; exit 3", Payload::none()).await;
    assert_eq!(output, Output { status: 3, stdout: b"held\n".to_vec(), stderr: b"err\n".to_vec() });
    let output =
        stage(&mut channel, "echo ${mine-unset} ${token-unset} $#; wc -c; : <&9", Payload::none()).await;
    assert_eq!(output.stdout, b"unset unset 0\n0\n");
    assert!(output.is_success(), "{output:?}");
    channel.close().await;
}

#[tokio::test]
async fn a_bootstrap_that_fails_by_any_way_is_refused_with_its_output() {
    for (text, status) in
        [("echo held by x; exit 6", 6), ("echo held by x; return 6", 6), ("echo held by x; false", 1)]
    {
        let start = here().open_channel(&Script::new(text).unwrap(), Limits::default()).await.unwrap();
        let ChannelStart::Refused(output) = start else { panic!("{text} was not refused") };
        assert_eq!((output.status, &output.stdout[..]), (status, &b"held by x\n"[..]), "{text}");
    }
}

#[tokio::test]
async fn every_byte_value_survives_in_a_payload_of_several_parts() {
    let mut channel = channel(":").await;
    let all: Vec<u8> = (0..=255).cycle().take(1_300_000).collect();
    let payload = Payload::none()
        .bytes(all.clone())
        .secret(b"se\0cret\n".to_vec().into())
        .reader(700_000, std::io::Cursor::new(all.clone()));
    let text = "head -c 1300000 | sha256sum; head -c 8; head -c 700000 | sha256sum; wc -c";
    let mut seen = Vec::new();
    let output = channel
        .run(&Script::<Mutating>::new(text).unwrap(), payload, Limits::default(), &mut |sent| seen.push(sent))
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all");
    std::fs::write(&file, &all).unwrap();
    let file = crdbctl_transport::quote(file.to_str().unwrap()).unwrap();
    let want =
        run(&format!("sha256sum <{file}; printf 'se\\0cret\\n'; head -c 700000 {file} | sha256sum; echo 0"))
            .await;
    assert_eq!(output.stdout_text(), want.stdout_text());
    assert_eq!(seen.last(), Some(&2_000_008));
    assert!(seen.is_sorted());
    // The same shell, still in step.
    assert_eq!(stage(&mut channel, "cat", Payload::none().bytes("ok")).await.stdout, b"ok");
    channel.close().await;
}

#[tokio::test]
async fn a_stage_that_ends_before_its_payload_leaves_the_channel_in_step() {
    let mut channel = channel(":").await;
    let endless = || Payload::none().reader(1 << 40, tokio::io::repeat(b'r'));
    for text in ["exit 5", "head -c 3; exit 5", "exec <&-; exit 5", "kill -9 $(sh -c 'echo $PPID')"] {
        let begin = Instant::now();
        let output = stage(&mut channel, text, endless()).await;
        assert!(output.status == 5 || output.status == 137, "{text}: {output:?}");
        let output = stage(&mut channel, "echo in step; cat", Payload::none().bytes("run x 1 2 y\n")).await;
        assert_eq!(output.stdout_text(), "in step\nrun x 1 2 y\n", "after {text}");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
    channel.close().await;
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_here_closes_the_channel() {
    let mut channel = channel(":").await;
    let script = Script::<Mutating>::new("cat").unwrap();
    let short = Payload::none().reader(100, &b"short"[..]);
    let error = channel.run(&script, short, Limits::default(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::PayloadUnread));
    assert_eq!(error.said, "100 bytes were to be sent, 5 were there");
    let error = channel.run(&script, Payload::none(), Limits::default(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.not_run(), Some(&NotRun::ChannelClosed));
}

#[tokio::test]
async fn a_stage_given_up_in_the_middle_closes_the_channel() {
    let mut channel = channel(":").await;
    let script = Script::<Mutating>::new("sleep 20").unwrap();
    let limits = Limits::within(Duration::from_millis(200));
    let error = channel.run(&script, Payload::none(), limits, &mut |_| {}).await.unwrap_err();
    assert!(matches!(error.lost(), Some(Lost::TimedOut(_))), "{error}");
    let error = channel.run(&script, Payload::none(), limits, &mut |_| {}).await.unwrap_err();
    assert!(error.is_not_run());
}

#[tokio::test]
async fn the_lock_of_a_channel_is_free_when_it_is_closed_or_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("lock");
    let bootstrap =
        format!("exec 9>{}; flock -n 9 || exit 6", crdbctl_transport::quote(lock.to_str().unwrap()).unwrap());
    let mut first = channel(&bootstrap).await;
    // What the shell starts to read its stdin must not hold the lock, what a stage starts does.
    let refused =
        here().open_channel(&Script::new(bootstrap.as_str()).unwrap(), Limits::default()).await.unwrap();
    assert!(matches!(refused, ChannelStart::Refused(Output { status: 6, .. })), "{refused:?}");
    assert!(stage(&mut first, ":", Payload::none()).await.is_success());
    first.close().await;
    let second = channel(&bootstrap).await;
    drop(second);
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let start =
            here().open_channel(&Script::new(bootstrap.as_str()).unwrap(), Limits::default()).await.unwrap();
        if let ChannelStart::Ready(channel, _) = start {
            channel.close().await;
            return;
        }
    }
    panic!("the lock of a dropped channel stays held");
}

#[tokio::test]
async fn output_of_a_stage_has_a_limit() {
    let mut channel = channel(":").await;
    let limits = Limits { max_output: 1000, ..Limits::default() };
    let script = Script::<Mutating>::new("yes").unwrap();
    let error = channel.run(&script, Payload::none(), limits, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.lost(), Some(&Lost::TooMuchOutput(1000)));
}

#[tokio::test]
async fn a_payload_follows_the_script_and_is_no_part_of_it() {
    let payload = || Payload::none().bytes("abc").secret(b"secret\n\n".to_vec().into());
    let text = "head -c 3; printf '|'; cat; printf '|%s' \"$#\"";
    let output = here().read_only().run_with(&script(text), payload(), Limits::default()).await.unwrap();
    assert_eq!(output.stdout_text(), "abc|secret\n\n|0");
    let unread = here().run_with(&script("exit 3"), payload(), Limits::default()).await.unwrap();
    assert_eq!((unread.status, unread.stdout), (3, Vec::new()));
    let shown =
        here().run_with(&script("tr '\\0' ' ' </proc/$$/cmdline"), payload(), Limits::default()).await;
    assert!(!shown.unwrap().stdout_text().contains("secret"));
}
