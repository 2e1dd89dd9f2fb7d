use std::fmt;
use std::time::Duration;

use crdbctl_model::{NodeName, NodeSpec};
use secrecy::SecretString;

/// A host and the way to root on it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The node's name: errors and logs carry it.
    pub node: NodeName,
    /// Where ssh goes: a name, an address or an alias of the user's ssh configuration.
    pub host: String,
    /// What ssh is told beyond the user's own configuration.
    pub ssh: SshOptions,
    /// How root is reached.
    pub privilege: Privilege,
    /// The password for sudo; written to sudo's stdin after sudo asked for it, and nowhere else.
    pub password: Option<SecretString>,
}

/// What ssh is told on its command line; what is `None` comes from the user's own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshOptions {
    /// `ssh -l`.
    pub user: Option<String>,
    /// `ssh -p`.
    pub port: Option<u16>,
    /// `ssh -i`, and no other key then; a leading `~/` is the user's home.
    pub identity_file: Option<String>,
    /// `ssh -F`; a leading `~/` is the user's home.
    pub config_file: Option<String>,
    /// `ssh -J`.
    pub jump: Option<String>,
    /// `ConnectTimeout`, in whole seconds; 10 s unless given.
    pub connect_timeout: Option<Duration>,
}

/// How root is reached after the login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privilege {
    /// As it is when the login is root; else by sudo, else by doas, whichever the host has.
    #[default]
    Auto,
    /// The login is root, or nothing is run.
    Root,
    /// By sudo.
    Sudo,
    /// By doas, without a password: doas takes one from a terminal alone.
    Doas,
    /// Not at all: scripts run as the login user. For tests, and for what needs no root.
    Login,
}

/// A word that is no way to root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no privilege: use auto, root, sudo or doas")]
pub struct ParsePrivilegeError(String);

impl std::str::FromStr for Privilege {
    type Err = ParsePrivilegeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "root" => Ok(Self::Root),
            "sudo" => Ok(Self::Sudo),
            "doas" => Ok(Self::Doas),
            _ => Err(ParsePrivilegeError(text.to_owned())),
        }
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Root => "root",
            Self::Sudo => "sudo",
            Self::Doas => "doas",
            Self::Login => "login",
        })
    }
}

impl Target {
    /// Returns a target with nothing but its name and host: the user's ssh configuration says the rest.
    pub fn new(node: NodeName, host: impl Into<String>) -> Self {
        Self {
            node,
            host: host.into(),
            ssh: SshOptions::default(),
            privilege: Privilege::Auto,
            password: None,
        }
    }

    /// Returns the target that a node of the manifest names; the password is for sudo.
    ///
    /// # Errors
    /// [`ParsePrivilegeError`] when the node's privilege is none that crdbctl knows.
    pub fn from_spec(spec: &NodeSpec, password: Option<SecretString>) -> Result<Self, ParsePrivilegeError> {
        Ok(Self {
            node: spec.name.clone(),
            host: spec.ssh_host.clone(),
            ssh: SshOptions {
                user: spec.ssh_user.clone(),
                port: spec.ssh_port,
                identity_file: spec.ssh_identity_file.clone(),
                config_file: spec.ssh_config_file.clone(),
                jump: spec.ssh_jump.clone(),
                connect_timeout: None,
            },
            privilege: spec.privilege.parse()?,
            password,
        })
    }

    /// Returns what is wrong with the words that become arguments of ssh, if anything is.
    ///
    /// ssh hands host and user to shells (`ProxyCommand`, `Match exec`), so they come from closed sets.
    pub(crate) fn fault(&self) -> Option<String> {
        let is_word = |text: &str, extra: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
        };
        if !is_word(&self.host, "._:%-") {
            return Some(format!("{:?} is no host name or address for ssh", self.host));
        }
        if let Some(user) = self.ssh.user.as_deref().filter(|user| !is_word(user, "._-@+\\")) {
            return Some(format!("{user:?} is no user name for ssh"));
        }
        if let Some(jump) = self.ssh.jump.as_deref().filter(|jump| !is_word(jump, "._:%-@,[]/")) {
            return Some(format!("{jump:?} is no jump host for ssh"));
        }
        let files = [&self.ssh.identity_file, &self.ssh.config_file];
        let bad =
            files.into_iter().flatten().find(|file| file.is_empty() || file.chars().any(char::is_control));
        bad.map(|file| format!("{file:?} is no file name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str) -> Target {
        Target::new(NodeName::new("n1").unwrap(), host)
    }

    #[test]
    fn words_that_ssh_could_read_as_options_or_shell_text_are_refused() {
        for host in ["-oProxyCommand=id", "", "a b", "$(id)", "a;b", "a\nb", "h'x"] {
            assert!(target(host).fault().is_some(), "{host:?} passed");
        }
        for host in ["198.0.2.1", "fe80::1%eth0", "store-1.int", "my_alias"] {
            assert_eq!(target(host).fault(), None);
        }
        let mut hostile = target("h");
        hostile.ssh.user = Some("-x".into());
        assert!(hostile.fault().is_some());
        hostile.ssh.user = Some("CORP\\me".into());
        assert_eq!(hostile.fault(), None);
        hostile.ssh.jump = Some("-Jx".into());
        assert!(hostile.fault().is_some());
        hostile.ssh.jump = Some("me@bastion:2222,[::1]:22".into());
        assert_eq!(hostile.fault(), None);
    }

    #[test]
    fn a_password_is_not_in_debug_output() {
        let mut it = target("h");
        it.password = Some("hunter2".into());
        assert!(!format!("{it:?}").contains("hunter2"));
    }
}
