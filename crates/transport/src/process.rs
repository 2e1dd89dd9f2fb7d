use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

/// A command that runs, on a host or here, with its streams.
pub(crate) struct Process {
    /// Where its stdin goes, unless it was started without.
    pub(crate) stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    pub(crate) stdout: Box<dyn AsyncRead + Send + Unpin>,
    pub(crate) stderr: Box<dyn AsyncRead + Send + Unpin>,
    pub(crate) handle: Handle,
}

/// What is left of a process beside its streams.
#[derive(Debug)]
pub(crate) enum Handle {
    Ssh(openssh::Child<Arc<openssh::Session>>),
    Local(tokio::process::Child),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this status.
    Status(i32),
    /// Without one: killed by a signal, or the connection broke; ssh's multiplexing cannot tell which.
    Unknown,
}

impl Process {
    /// Starts the command with this machine's `sh`.
    pub(crate) fn local(command: &str, stdin: bool) -> std::io::Result<Self> {
        let mut child = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(if stdin { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || std::io::Error::other("a stream of the process is missing");
        Ok(Self {
            stdin: child.stdin.take().map(|stdin| Box::new(stdin) as _),
            stdout: Box::new(child.stdout.take().ok_or_else(missing)?),
            stderr: Box::new(child.stderr.take().ok_or_else(missing)?),
            handle: Handle::Local(child),
        })
    }

    /// Returns the process that a session on a live connection is.
    pub(crate) fn ssh(mut child: openssh::Child<Arc<openssh::Session>>) -> std::io::Result<Self> {
        let missing = || std::io::Error::other("a stream of the session is missing");
        Ok(Self {
            stdin: child.stdin().take().map(|stdin| Box::new(stdin) as _),
            stdout: Box::new(child.stdout().take().ok_or_else(missing)?),
            stderr: Box::new(child.stderr().take().ok_or_else(missing)?),
            handle: Handle::Ssh(child),
        })
    }
}

impl Handle {
    /// Waits for the end.
    pub(crate) async fn wait(self) -> Ended {
        match self {
            Self::Local(mut child) => match child.wait().await {
                Ok(status) => status.code().map_or(Ended::Unknown, Ended::Status),
                Err(_) => Ended::Unknown,
            },
            Self::Ssh(child) => match child.wait().await {
                Ok(status) => status.code().map_or(Ended::Unknown, Ended::Status),
                // The crate makes an error of status 127.
                Err(openssh::Error::Remote(_)) => Ended::Status(127),
                Err(_) => Ended::Unknown,
            },
        }
    }
}
