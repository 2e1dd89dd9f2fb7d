use std::time::Duration;

/// How long a script may run and how much it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the request to the end of the script; beyond it the node is cut off.
    pub timeout: Duration,
    /// Bytes of stdout and stderr together; beyond it the node is cut off.
    pub max_output: usize,
}

impl Limits {
    /// Returns limits with this time and the default amount of output.
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, ..Self::default() }
    }
}

impl Default for Limits {
    /// Returns one minute and 4 MiB.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), max_output: 4 << 20 }
    }
}
