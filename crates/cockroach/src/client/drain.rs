use std::fmt;
use std::time::Duration;

use crate::output::Failure;
use crate::{Series, Version};

/// Returns the words of the `cockroach node drain` that drains the very node which it is sent to; `None` before
/// v20.1, where there is no such command and the stop itself drains.
///
/// `running` is the version of the binary that runs the command, which is that of the running process. From v22.1 on a
/// drain that names no node is deprecated, and `--self` is what cannot hit another one; before it there was no such
/// flag, and the command drains the node that it is sent to.
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-node> and `pkg/cli/quit.go` of
/// <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn drain(running: &Version, wait: Duration) -> Option<Vec<String>> {
    if running.series() < Series::new(20, 1) {
        return None;
    }
    let own = (running.series() >= Series::new(22, 1)).then(|| "--self".to_owned());
    let wait = format!("--drain-wait={}s", wait.as_secs().max(1));
    Some(["node", "drain"].into_iter().map(str::to_owned).chain(own).chain([wait]).collect())
}

/// What a `cockroach node drain` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drain {
    /// Clients and leases are gone from the node. Its process runs and takes no new ones.
    Drained,
    /// The time was over first.
    TimedOut {
        /// What was left as it said last: leases, sessions and the like.
        remaining: Option<u64>,
    },
    /// It failed; the node may drain all the same.
    Failed(Failure),
}

impl Drain {
    /// Returns what became of a drain, from the command's status and what it wrote.
    ///
    /// `timed_out` tells that it was ended from outside because it took too long.
    #[must_use]
    pub fn of(status: i32, timed_out: bool, stderr: &str) -> Self {
        if status == 0 {
            return Self::Drained;
        }
        if timed_out || stderr.contains("drain timeout") {
            return Self::TimedOut { remaining: remaining(stderr) };
        }
        Self::Failed(Failure::of(stderr))
    }
}

/// Returns the last figure of `node is draining... remaining: 50`.
fn remaining(stderr: &str) -> Option<u64> {
    let (_, after) = stderr.rsplit_once("remaining: ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl fmt::Display for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drained => f.write_str("drained"),
            Self::TimedOut { remaining: Some(left) } => write!(f, "the time was over with {left} remaining"),
            Self::TimedOut { remaining: None } => f.write_str("the time was over"),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_version_gets_the_words_that_it_knows() {
        let table = [
            ("v2.0.7", None),
            ("v2.1.11", None),
            ("v19.1.11", None),
            ("v19.2.12", None),
            ("v20.1.17", Some("node drain --drain-wait=600s")),
            ("v20.2.19", Some("node drain --drain-wait=600s")),
            ("v21.2.17", Some("node drain --drain-wait=600s")),
            ("v22.1.0", Some("node drain --self --drain-wait=600s")),
            ("v22.2.19", Some("node drain --self --drain-wait=600s")),
            ("v24.1.0", Some("node drain --self --drain-wait=600s")),
            ("v26.2.0", Some("node drain --self --drain-wait=600s")),
        ];
        for (version, words) in table {
            let found = drain(&version.parse().unwrap(), Duration::from_secs(600));
            assert_eq!(found.map(|words| words.join(" ")).as_deref(), words, "{version}");
        }
    }

    #[test]
    fn no_wait_would_be_no_limit_at_all() {
        let words = drain(&"v24.1.0".parse().unwrap(), Duration::ZERO).unwrap();
        assert_eq!(words.last().map(String::as_str), Some("--drain-wait=1s"));
    }

    #[test]
    fn a_drain_that_is_not_over_says_what_is_left() {
        let said = "node is draining... remaining: 50\nnode is draining... remaining: 7\nERROR: drain timeout\nFailed running \"node drain\"\n";
        assert_eq!(Drain::of(1, false, said), Drain::TimedOut { remaining: Some(7) });
        assert_eq!(Drain::of(124, true, "node is draining... "), Drain::TimedOut { remaining: None });
        assert_eq!(Drain::of(0, false, "node is draining... remaining: 0 (complete)\n"), Drain::Drained);
        let refused = Drain::of(1, false, "ERROR: cannot dial server.\nIs the server running?\n");
        assert!(
            matches!(&refused, Drain::Failed(failure) if failure.message == "cannot dial server."),
            "{refused:?}"
        );
    }

    proptest! {
        #[test]
        fn never_panics(status: i32, text in "(?s).{0,200}|.{0,20}remaining: .{0,30}") {
            let _ = Drain::of(status, false, &text).to_string();
        }
    }
}
