//! sudo, sudo-rs and doas: the reason of each refusal, and one attempt with a wrong password. And every login shell.

use crdbctl_testlab::{Host, Lab, require_lab, users};
use crdbctl_transport::{
    ChannelStart, Connection, Limits, Lost, Mutating, NotRun, Payload, Privilege, PrivilegeRefusal, Script,
    Target,
};

use super::{outcome, script, target};

const ROOT: &str = "0\n0077\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0\n";

/// What `user` gets with a password or without one, by a way to root.
async fn by(lab: &Lab, way: Privilege, user: &str, password: Option<&str>) -> Result<String, NotRun> {
    let mut target = target(lab, user, password);
    target.privilege = way;
    outcome(target).await
}

fn refused(why: PrivilegeRefusal) -> Result<String, NotRun> {
    Err(NotRun::Privilege(why))
}

/// Looks at what the host keeps of attempts to authenticate.
struct Attempts<'a>(&'a Host);

impl Attempts<'_> {
    fn forget(&self) {
        self.0.exec_ok("rm -rf /run/faillock; journalctl --rotate --vacuum-time=1s").unwrap();
    }

    /// The lines of pam_unix(8): one for the first wrong password, and one for how many more there were.
    fn logged(&self) -> String {
        let log = "journalctl --sync; journalctl -o cat | grep 'pam_unix([a-z]*:auth).*authentication failure' || true";
        self.0.exec_ok(log).unwrap().text()
    }

    fn are_one(&self, tool: &str) {
        let logged = self.logged();
        assert_eq!(logged.lines().count(), 1, "{tool}: one attempt, no more: {logged}");
    }

    /// Makes PAM count refusals with pam_faillock(8), as distributions set it up.
    fn count_by_faillock(&self) {
        self.0
            .exec_ok(
                "printf 'deny = 100\\n' >/etc/security/faillock.conf
                 sed -i -e '1i auth required pam_faillock.so preauth' \\
                 -e 's/@include common-auth/auth sufficient pam_unix.so/' \\
                 -e '$a auth [default=die] pam_faillock.so authfail' /etc/pam.d/sudo",
            )
            .unwrap();
    }

    fn of_faillock(&self, user: &str) -> usize {
        let listed = self.0.exec_ok(&format!("faillock --user {user}")).unwrap().text();
        listed.lines().filter(|line| line.ends_with(" V")).count()
    }
}

#[tokio::test]
async fn sudo_rs_and_doas_refuse_with_the_reason_and_after_one_attempt() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let attempts = Attempts(host);
    host.exec_ok("printf 'plain:x\\n' | chpasswd").unwrap();
    let wrong = "open sesame";

    for tool in ["sudo", "sudo-rs"] {
        if tool == "sudo-rs" {
            host.exec_ok("mv /usr/bin/sudo /usr/bin/sudo.ws && ln -s sudo-rs /usr/bin/sudo && sudo -V 2>&1 | grep -q sudo-rs")
                .unwrap();
        }
        let sudo = async |user, password| by(&lab, Privilege::Sudo, user, password).await;
        assert_eq!(sudo(users::ADMIN, None).await.unwrap(), ROOT, "{tool}");
        assert_eq!(sudo(users::ADMIN, Some("not needed")).await.unwrap(), ROOT, "{tool}");
        assert_eq!(sudo(users::ASKS, Some(users::ASKS_PASSWORD)).await.unwrap(), ROOT, "{tool}");

        assert_eq!(sudo(users::ASKS, None).await, refused(PrivilegeRefusal::PasswordNeeded), "{tool}");
        // The sudo of Todd Miller asks whoever it is before it says so.
        let outsider = sudo(users::PLAIN, None).await;
        let want = match tool {
            "sudo" => PrivilegeRefusal::PasswordNeeded,
            _ => PrivilegeRefusal::NotAllowed,
        };
        assert_eq!(outsider, refused(want), "{tool}");
        assert_eq!(sudo(users::PLAIN, Some("x")).await, refused(PrivilegeRefusal::NotAllowed), "{tool}");

        attempts.forget();
        assert_eq!(sudo(users::ASKS, Some(wrong)).await, refused(PrivilegeRefusal::WrongPassword), "{tool}");
        attempts.are_one(tool);
        let mut guess = target(&lab, users::ASKS, Some(wrong));
        guess.privilege = Privilege::Sudo;
        attempts.forget();
        let connection = Connection::open(guess).await.unwrap();
        let start = connection.open_channel(&Script::new(":").unwrap(), Limits::default()).await;
        let error = start.map(drop).unwrap_err();
        assert_eq!(
            error.not_run(),
            Some(&NotRun::Privilege(PrivilegeRefusal::WrongPassword)),
            "{tool}: {error}"
        );
        assert!(!error.said.contains("crdbctl"), "{tool}: {error}");
        attempts.are_one(tool);
        let left = host.exec("pgrep -u asks -a -f crdbctl").unwrap();
        assert_eq!(left.text(), "", "{tool}: left behind on the host");

        carries_scripts(&lab, tool).await;

        host.write("/etc/sudoers.d/zz", b"admin ALL=(ALL:ALL) NOPASSWD: NOEXEC: ALL\n", 0o440, "root:root")
            .unwrap();
        // sudo-rs knows it from 0.2.7 on; the version of these hosts passes the rule over.
        if tool == "sudo" {
            assert_eq!(sudo(users::ADMIN, None).await, refused(PrivilegeRefusal::NoExec));
            assert_eq!(sudo(users::ADMIN, Some("")).await, refused(PrivilegeRefusal::NoExec));
        }
        host.write("/etc/sudoers.d/zz", b"admin ALL=(ALL:ALL) !ALL\n", 0o440, "root:root").unwrap();
        let denied = sudo(users::ADMIN, None).await;
        assert!(
            matches!(
                denied,
                Err(NotRun::Privilege(PrivilegeRefusal::NotAllowed | PrivilegeRefusal::PasswordNeeded))
            ),
            "{tool}: {denied:?}"
        );
        // A tool that does not work is no silent login shell.
        host.write("/etc/sudoers.d/zz", b"", 0o440, "root:root").unwrap();
        host.exec_ok("chmod 0755 $(readlink -f /usr/bin/sudo)").unwrap();
        assert_eq!(sudo(users::ADMIN, None).await, refused(PrivilegeRefusal::Other), "{tool}");
        host.exec_ok("chmod 4755 $(readlink -f /usr/bin/sudo)").unwrap();
    }
    // Where pam_faillock ends an attempt, sudo-rs does not ask again, and has other words for both.
    attempts.count_by_faillock();
    attempts.forget();
    let sudo = async |password| by(&lab, Privilege::Sudo, users::ASKS, password).await;
    assert_eq!(sudo(Some(wrong)).await, refused(PrivilegeRefusal::WrongPassword));
    assert_eq!(attempts.of_faillock(users::ASKS), 1);
    assert_eq!(sudo(None).await, refused(PrivilegeRefusal::PasswordNeeded));
    doas(&lab, &attempts).await;
}

/// Scripts, payloads and channels go through a sudo that asked for a password, and what breaks is told.
async fn carries_scripts(lab: &Lab, tool: &str) {
    let connection = Connection::open(target(lab, users::ASKS, Some(users::ASKS_PASSWORD))).await.unwrap();
    let payload: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let output =
        connection.run_with(&script("cat"), Payload::none().bytes(payload.clone()), Limits::default()).await;
    assert!(output.unwrap().stdout == payload, "{tool}: the payload changed on its way");
    let gone = connection.run(&script("kill -9 $$; sleep 1"), Limits::default()).await.unwrap_err();
    assert_eq!(gone.lost(), Some(&Lost::ShellGone), "{tool}: {gone}");
    let bootstrap = Script::<Mutating>::new("echo locked").unwrap();
    let ChannelStart::Ready(mut channel, output) =
        connection.open_channel(&bootstrap, Limits::default()).await.unwrap()
    else {
        panic!("{tool}: refused")
    };
    assert_eq!(output.stdout_text(), "locked\n", "{tool}");
    let stage = Script::<Mutating>::new("cat; exit 5").unwrap();
    let output = channel
        .run(&stage, Payload::none().bytes("go\nstop 1\n"), Limits::default(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!((output.status, output.stdout_text().as_str()), (5, "go\nstop 1\n"), "{tool}");
    channel.close().await;
}

async fn doas(lab: &Lab, attempts: &Attempts<'_>) {
    let host = attempts.0;
    let doas = async |user| by(lab, Privilege::Doas, user, None).await;
    // Not set up: it says so, and no password would help.
    assert_eq!(doas(users::ADMIN).await, refused(PrivilegeRefusal::Other));
    host.write("/etc/doas.conf", b"permit nopass admin\npermit asks\n", 0o400, "root:root").unwrap();
    assert_eq!(doas(users::ADMIN).await.unwrap(), ROOT);
    attempts.forget();
    assert_eq!(doas(users::ASKS).await, refused(PrivilegeRefusal::PasswordNeeded));
    assert_eq!(attempts.logged(), "", "nothing was tried");
    assert_eq!(doas(users::PLAIN).await, refused(PrivilegeRefusal::NotAllowed));
    host.exec_ok("rm /usr/bin/sudo").unwrap();
    assert_eq!(
        by(lab, Privilege::Auto, users::ADMIN, None).await.unwrap(),
        ROOT,
        "doas where there is no sudo"
    );
}

#[tokio::test]
async fn any_login_shell_runs_scripts_or_is_named() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    // Values that shells read in ways of their own, a script too long for an argument, and one nearly so.
    let text = "printf '%s\\n' 'a\\b' \"c\\\\d\" 'it'\\''s' \"$(echo sub)\" 'no! !! !$ ^x^y' '~ $HOME `id` \u{e4}\u{1f600}' \
                '\\n \\0101 %s'; printf '\\\\\\n\\t|\\n'";
    let long = |length: usize| format!("# {}\n{text}", "!'\\x".repeat(length / 4));
    let connect = async |user: &str| {
        let mut target: Target = target(&lab, user, None);
        target.privilege = Privilege::Auto;
        Connection::open(target).await.unwrap()
    };
    host.exec_ok(
        "ln -s busybox /usr/bin/ash; for shell in /usr/bin/ash /usr/bin/fish; do grep -qx $shell /etc/shells || echo $shell >>/etc/shells; done",
    )
    .unwrap();
    let mut want = None;
    for shell in ["bash", "dash", "ash", "zsh", "fish", "tcsh", "csh", "sh"] {
        host.exec_ok(&format!(
            "usermod -s $(command -v {shell}) admin && usermod -s $(command -v {shell}) root"
        ))
        .unwrap();
        for user in [users::ADMIN, "root"] {
            let connection = connect(user).await;
            for length in [0, 9000, 28_000, 200_000] {
                let output = connection.run(&script(&long(length)), Limits::default()).await;
                let output = output.unwrap_or_else(|error| panic!("{shell}, {user}, {length}: {error}"));
                let want = want.get_or_insert_with(|| output.stdout_text());
                assert_eq!(&output.stdout_text(), want, "{shell}, {user}, {length}");
                assert_eq!(output.stderr_text(), "", "{shell}, {user}, {length}");
            }
            let bootstrap = Script::<Mutating>::new(text).unwrap();
            let ChannelStart::Ready(channel, output) =
                connection.open_channel(&bootstrap, Limits::default()).await.unwrap()
            else {
                panic!("{shell}: refused")
            };
            assert_eq!(Some(output.stdout_text()), want, "{shell}");
            channel.close().await;
        }
    }
    assert_eq!(
        want.unwrap(),
        "a\\b\nc\\d\nit's\nsub\nno! !! !$ ^x^y\n~ $HOME `id` \u{e4}\u{1f600}\n\\n \\0101 %s\n\\\n\t|\n"
    );
    for (shell, said) in [
        ("/usr/sbin/nologin", "This account is currently not available."),
        ("/usr/bin/false", "status 1"),
        ("/usr/bin/rbash", "restricted"),
    ] {
        host.exec_ok(&format!("ln -sf bash /usr/bin/rbash; usermod -s {shell} admin")).unwrap();
        let error = connect(users::ADMIN).await.run(&script("id"), Limits::default()).await.unwrap_err();
        assert_eq!(error.not_run(), Some(&NotRun::NoShell), "{error}");
        assert!(error.said.contains(said) && !error.said.contains(';'), "{error}");
    }
}
