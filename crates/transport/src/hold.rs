use crate::failure::Failure;
use crate::ssh::SshHold;

/// What a command in progress holds of its connection; dropped while the command is busy, it gives it up.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    pub(crate) ssh: Option<SshHold>,
    busy: bool,
}

impl Hold {
    /// Notes that a command runs.
    pub(crate) fn busy(&mut self) {
        self.busy = true;
    }

    /// Notes that it ended.
    pub(crate) fn done(&mut self) {
        self.busy = false;
    }

    /// Returns the failure with what the connection knows of it.
    pub(crate) async fn explain(&mut self, failure: Failure) -> Failure {
        if failure.ended {
            self.done();
        }
        match &self.ssh {
            Some(ssh) => ssh.explain(failure).await,
            None => failure,
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let (true, Some(ssh)) = (self.busy, &self.ssh) {
            ssh.give_up();
        }
    }
}
