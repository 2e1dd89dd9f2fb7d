use std::collections::BTreeSet;

use crdbctl_model::{Change, HostPath, ResourceAddr, ResourceKind, StepNote};
use crdbctl_transport::quote;
use secrecy::SecretString;

/// Content that a step needs, sent on the script's standard input and never part of its text.
pub(crate) enum Content {
    /// No content.
    None,
    /// Text that anybody may read.
    Public(String),
    /// A key.
    Secret(SecretString),
    /// All that is left of the script's standard input, read by the body itself.
    Rest,
}

/// One change on a node, as the body of a shell function. The functions of `apply.sh` and the variables
/// `state`, `cluster`, `run` and `payload` are at hand.
pub(crate) struct Step {
    /// The change that it makes; `None` for what serves several.
    pub(crate) addr: Option<ResourceAddr>,
    /// The changes that are made only when this step, which has no address, has gone well too; empty for all.
    pub(crate) serves: BTreeSet<ResourceAddr>,
    /// What must have gone well before it.
    pub(crate) after: BTreeSet<ResourceAddr>,
    /// The shell text.
    pub(crate) body: String,
    /// The value of `payload`.
    pub(crate) content: Content,
    /// What it notes on the node before it does anything.
    pub(crate) note: Option<StepNote>,
    /// Directories that it writes to, swept of what an interrupted apply left.
    pub(crate) writes_in: Vec<HostPath>,
}

impl Step {
    /// Returns a step without content.
    pub(crate) fn new(addr: &ResourceAddr, body: impl Into<String>) -> Self {
        Self {
            addr: Some(addr.clone()),
            after: BTreeSet::new(),
            serves: BTreeSet::new(),
            body: body.into(),
            content: Content::None,
            note: None,
            writes_in: Vec::new(),
        }
    }

    /// Returns the step with content.
    pub(crate) fn with(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    /// Returns the step, which first notes on the node that it makes `change`. With the record, the notes go too.
    pub(crate) fn noting(mut self, change: &Change) -> Self {
        self.note = (change.addr.kind != ResourceKind::Record).then(|| StepNote::of(change));
        self
    }

    /// Returns the step, noting that it writes in the directory of `path`.
    pub(crate) fn writing(mut self, path: &HostPath) -> Self {
        self.writes_in.push(path.parent());
        self
    }
}

/// Returns a shell call: the function, then every argument quoted.
pub(crate) fn call(function: &str, arguments: &[&str]) -> String {
    let mut text = function.to_owned();
    for argument in arguments {
        text.push(' ');
        text.push_str(&quoted(argument));
    }
    text
}

/// Returns `word` quoted for the shell.
pub(crate) fn quoted(word: &str) -> String {
    quote(word).expect("values of a resource graph hold no NUL").to_string()
}
