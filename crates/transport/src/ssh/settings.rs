use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::arguments;
use crate::failure::Failure;
use crate::not_run::NotRun;
use crate::target::Target;

/// What the user's own configuration makes of a target (`ssh -G`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) user: String,
    pub(super) host: String,
    pub(super) port: String,
    /// The value for `StrictHostKeyChecking`: `yes`, or `accept-new` where the user's configuration has that.
    pub(super) host_keys: &'static str,
    /// The jump hosts or the proxy command, when the way goes through one.
    pub(super) through: Option<String>,
    /// What has to be set back for a connection that runs one command, in words for `-o`.
    pub(super) overrides: Vec<String>,
}

/// Settings that keep ssh from running a command and waiting for it, or its log from being short, each with the value
/// that does not. OpenSSH before 8.7 does not know them and takes them for mistakes, so each is set back only where
/// `ssh -G` tells of it.
const SET_BACK: [(&str, &str); 2] = [("sessiontype", "default"), ("forkafterauthentication", "no")];

impl Settings {
    /// Asks ssh; nothing goes over the network.
    pub(super) async fn ask(target: &Target) -> Result<Self, Failure> {
        let mut command = Command::new("ssh");
        // ssh judges a configuration by what is to be done: `ForkAfterAuthentication` needs a command, and a
        // `RemoteCommand` takes no other beside it.
        command.args(["-G", "-o", "LogLevel=INFO", "-o", "RemoteCommand=none"]);
        command.args(arguments::of_target(target)).arg("--").arg(&target.host).arg("true");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(10), command.output()).await;
        let output = match output {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => {
                return Err(Failure::not_run(NotRun::NoSshClient, error.to_string().as_bytes()));
            }
            Err(_) => {
                return Err(Failure::not_run(NotRun::Configuration, b"`ssh -G` did not answer within 10 s"));
            }
        };
        if !output.status.success() {
            return Err(Failure::not_run(NotRun::Configuration, &output.stderr));
        }
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Returns the settings that `ssh -G` prints; what it does not print stays empty, and host keys strict.
    pub(super) fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
            line.unwrap_or_default().to_owned()
        };
        // `ask` cannot ask here, and `no` is what crdbctl never does: both become `yes`.
        let set = |key: &str| Some(value(key)).filter(|value| !value.is_empty() && value != "none");
        let through = set("proxyjump").or_else(|| set("proxycommand"));
        let host_keys = if value("stricthostkeychecking") == "accept-new" { "accept-new" } else { "yes" };
        let differs = |pair: &&(&str, &str)| {
            let (key, normal) = **pair;
            let value = value(key);
            !value.is_empty() && value != normal
        };
        let overrides =
            SET_BACK.iter().filter(differs).map(|(key, normal)| format!("{key}={normal}")).collect();
        Self {
            user: value("user"),
            host: value("hostname"),
            port: value("port"),
            host_keys,
            through,
            overrides,
        }
    }

    /// Returns what is tried, for messages.
    pub(super) fn tried(&self) -> String {
        let through = self.through.as_ref().map(|through| format!(" through {through}")).unwrap_or_default();
        format!("ssh to {}@{} port {}{through}", self.user, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_keys_are_never_taken_blindly() {
        for (said, want) in [
            ("accept-new", "accept-new"),
            ("false", "yes"),
            ("no", "yes"),
            ("off", "yes"),
            ("ask", "yes"),
            ("true", "yes"),
        ] {
            let text = format!("user me\nhostname h\nport 22\nstricthostkeychecking {said}\n");
            let settings = Settings::parse(&text);
            assert_eq!(settings.host_keys, want, "{said}");
            assert_eq!(settings.tried(), "ssh to me@h port 22");
        }
        assert_eq!(Settings::parse("").host_keys, "yes");
    }

    #[test]
    fn what_keeps_ssh_from_running_a_command_is_set_back() {
        assert_eq!(Settings::parse("sessiontype default\nforkafterauthentication no\n").overrides, [""; 0]);
        assert_eq!(Settings::parse("host h\n").overrides, [""; 0], "an ssh that does not know them");
        let both = Settings::parse("sessiontype subsystem\nforkafterauthentication yes\n");
        assert_eq!(both.overrides, ["sessiontype=default", "forkafterauthentication=no"]);
        // `none` is a value of its own here.
        assert_eq!(Settings::parse("sessiontype none\n").overrides, ["sessiontype=default"]);
    }

    #[test]
    fn the_way_through_another_host_is_known() {
        assert_eq!(Settings::parse("host h\n").through, None);
        assert_eq!(Settings::parse("proxyjump bastion\n").through.as_deref(), Some("bastion"));
        assert_eq!(Settings::parse("proxycommand nc %h %p\n").through.as_deref(), Some("nc %h %p"));
        assert_eq!(Settings::parse("proxycommand none\n").through, None);
    }
}
