use std::fmt;

use crdbctl_model::UnreadableKind;

/// Why nothing was run on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// The target or the user's ssh configuration is wrong.
    Configuration,
    /// This machine has no `ssh` program, or it could not be started.
    NoSshClient,
    /// The name of the host does not resolve.
    UnknownHost,
    /// The port is closed.
    Refused,
    /// No route, or the network is down.
    Unreachable,
    /// Nothing answered in time.
    TimedOut,
    /// The connection was dropped before the login, each time it was tried (sshd's `MaxStartups` does that).
    Dropped,
    /// The jump host or proxy command failed.
    Jump,
    /// Both sides have no algorithm in common.
    Negotiation,
    /// The host key is in none of the known-hosts files.
    HostKeyUnknown,
    /// The host key is another than the known one, or revoked.
    HostKeyChanged,
    /// The login was refused.
    Login,
    /// sshd refused a session on the live connection (`MaxSessions`).
    SessionRefused,
    /// The login shell ended without running the command.
    NoShell,
    /// Root was refused.
    Privilege(PrivilegeRefusal),
    /// The channel was closed by an earlier error.
    ChannelClosed,
    /// ssh failed in another way; its words say how.
    Other,
}

/// Why the way to root is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivilegeRefusal {
    /// The login is not root, and root is what the manifest says.
    NotRoot,
    /// Neither sudo nor doas is on the host, or not the one asked for.
    NoTool,
    /// A password is needed and none was given.
    PasswordNeeded,
    /// The password was refused; it was sent once.
    WrongPassword,
    /// The user may not run commands as root.
    NotAllowed,
    /// A terminal is asked for (`requiretty`).
    TerminalNeeded,
    /// sudo starts the shell, and lets it start no other program (`NOEXEC`).
    NoExec,
    /// Refused in another way; its words say how.
    Other,
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "ssh cannot be set up",
            Self::NoSshClient => "the ssh program could not be started",
            Self::UnknownHost => "the host name does not resolve",
            Self::Refused => "connection refused",
            Self::Unreachable => "no route to the host",
            Self::TimedOut => "no answer in time",
            Self::Dropped => "the host dropped the connection before the login, each time",
            Self::Jump => "the way through the jump host or proxy failed",
            Self::Negotiation => "no algorithm in common",
            Self::HostKeyUnknown => "the host key is not known",
            Self::HostKeyChanged => "the host key is not the known one",
            Self::Login => "login refused",
            Self::SessionRefused => "the host refused one more session",
            Self::NoShell => "the login shell did not run the command",
            Self::Privilege(refusal) => return refusal.fmt(f),
            Self::ChannelClosed => "the channel was closed by an earlier error",
            Self::Other => "ssh failed",
        })
    }
}

impl fmt::Display for PrivilegeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRoot => "the login is not root",
            Self::NoTool => "no way to root: the program for it is not on the host",
            Self::PasswordNeeded => "root refused: a password is needed",
            Self::WrongPassword => "root refused: wrong password (sent once)",
            Self::NotAllowed => "root refused: the user may not become root",
            Self::TerminalNeeded => "root refused: sudo wants a terminal",
            Self::NoExec => "root refused: the sudoers let the shell start no other program (NOEXEC)",
            Self::Other => "root refused",
        })
    }
}

impl NotRun {
    /// Returns the class of observation that this makes of a node.
    pub fn unreadable_kind(&self) -> UnreadableKind {
        match self {
            Self::HostKeyUnknown | Self::HostKeyChanged => UnreadableKind::HostKey,
            Self::Login => UnreadableKind::Login,
            Self::Privilege(_) => UnreadableKind::Privilege,
            Self::NoShell | Self::ChannelClosed => UnreadableKind::Answer,
            _ => UnreadableKind::Unreachable,
        }
    }

    pub(crate) fn hint(&self, tried: &str) -> String {
        match self {
            Self::Configuration => "mend the ssh settings of the manifest or of ~/.ssh/config".into(),
            Self::NoSshClient => "install the OpenSSH client on this machine".into(),
            Self::UnknownHost => "check the node's hostname in the manifest and this machine's DNS or /etc/hosts".into(),
            Self::Refused => "see that sshd runs on the host and listens on that port".into(),
            Self::Unreachable | Self::TimedOut => {
                "see that the host is up and that a route and the firewalls let this machine reach it".into()
            }
            Self::Dropped => "see the host's sshd log; MaxStartups or a ban of this address drops connections".into(),
            Self::Jump => format!("make `ssh` work by hand first ({tried}); its own error says what fails on the way"),
            Self::Negotiation => "the ssh of one side is too old or hardened: allow a common algorithm in ~/.ssh/config".into(),
            Self::HostKeyUnknown => {
                "log in once with ssh by hand, compare the fingerprint with the one on the host's console \
                 (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then run again"
                    .into()
            }
            Self::HostKeyChanged => {
                "find out why before anything else: a rebuilt host or an impostor. \
                 If it is rebuilt, remove the old key (ssh-keygen -R HOST) and accept the new one by hand"
                    .into()
            }
            Self::Login => {
                "see that `ssh` logs in by hand without asking anything: the user, the key in authorized_keys, \
                 a passphrase loaded into ssh-agent (ssh-add)"
                    .into()
            }
            Self::SessionRefused => "raise MaxSessions in the host's sshd_config, or end other sessions".into(),
            Self::NoShell => {
                "see that the login user's shell (`getent passwd USER` on the host) and its start-up files let a \
                 command run; nologin, false, git-shell and restricted shells do not"
                    .into()
            }
            Self::ChannelClosed => "run again".into(),
            Self::Privilege(refusal) => refusal.hint().into(),
            Self::Other => "make `ssh` work by hand first".into(),
        }
    }
}

impl PrivilegeRefusal {
    fn hint(self) -> &'static str {
        match self {
            Self::NotRoot => "log in as root, or set ssh.privilege to auto or sudo",
            Self::NoTool => "install sudo on the host, or log in as root",
            Self::PasswordNeeded => {
                "give the sudo password (--ask-sudo-password), or see that the user is in the sudoers at all: \
                 sudo asks for a password before it says so"
            }
            Self::WrongPassword => "give the right password; it was not tried again, to lock nobody out",
            Self::NotAllowed => "put the user into the host's sudoers (visudo), or log in as another user",
            Self::TerminalNeeded => "remove requiretty for the user from the host's sudoers",
            Self::NoExec => {
                "take NOEXEC off the user's rule in the host's sudoers (visudo), or add EXEC to it"
            }
            Self::Other => "make `sudo -n true` work for the user on the host",
        }
    }
}
