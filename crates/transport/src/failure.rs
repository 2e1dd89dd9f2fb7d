use crate::error::{Lost, TransportError, TransportErrorKind};
use crate::not_run::NotRun;
use crate::sanitize::sanitize;
use crate::target::Target;
use crate::words::one_line;

/// A failure before anyone said to which host it belongs.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: TransportErrorKind,
    pub(crate) said: String,
    /// Whether the command is known to have ended, however.
    pub(crate) ended: bool,
}

impl Failure {
    pub(crate) fn not_run(why: NotRun, said: &[u8]) -> Self {
        Self { kind: TransportErrorKind::NotRun(why), said: one_line(&sanitize(said)), ended: false }
    }

    pub(crate) fn lost(how: Lost, said: &[u8]) -> Self {
        Self { kind: TransportErrorKind::Lost(how), said: one_line(&sanitize(said)), ended: false }
    }

    /// Returns the same failure with what is known of the command's end.
    pub(crate) fn with_end(mut self, ended: bool) -> Self {
        self.ended = ended;
        self
    }

    /// Returns the error of this target; `tried` is what was tried there.
    pub(crate) fn at(self, target: &Target, tried: &str) -> TransportError {
        let error = TransportError {
            node: target.node.clone(),
            tried: tried.to_owned(),
            kind: self.kind,
            said: self.said,
        };
        tracing::debug!(node = %target.node, %error, "transport failed");
        error
    }
}
