use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ResourceAddr;

/// The run that holds a node's lock, as the lock file says.
///
/// The file is `/run/crdbctl/<cluster>.lock`. Its first line is for people:
/// `run 20261204-101500-1a2b3c by ann@bastion since 2026-12-04 10:15:00 UTC, apply`. Then it has a line `change ADDR` for each
/// change that the run makes on the node or to the cluster, and `end`. An older crdbctl wrote the first line alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockHolder {
    /// The command: `apply`, `destroy`, `certs rotate-ca`.
    pub command: String,
    /// The id of the run; `None` when the file does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// User and host of the control side; `None` when the file does not tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it began, in UTC: `2026-12-04 10:15:00`; `None` when the file does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What it changes; `None` when the file does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<BTreeSet<ResourceAddr>>,
}

/// The longest name of who applies that is shown, in characters.
const LONGEST: usize = 100;

/// The commands that take locks.
const COMMANDS: [&str; 3] = ["apply", "destroy", "certs rotate-ca"];

impl LockHolder {
    /// Returns the text of a lock file.
    pub fn text<'a>(
        command: &str,
        run: &str,
        by: &str,
        since: &str,
        changes: impl IntoIterator<Item = &'a ResourceAddr>,
    ) -> String {
        let changes: String = changes.into_iter().map(|addr| format!("change {addr}\n")).collect();
        format!("run {run} by {by} since {since} UTC, {command}\n{changes}end\n")
    }

    /// Returns the holder of which a lock file tells. Only root can write that file; what is in it is bounded and cleaned all the
    /// same, because it is shown.
    pub fn read(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let unnamed = Self { command: "apply".to_owned(), run: None, by: None, since: None, changes: None };
        let Some((run, rest)) = first.strip_prefix("run ").and_then(|rest| rest.split_once(" by ")) else {
            return unnamed;
        };
        let (by, since, command) = match rest.rsplit_once(" since ") {
            None => (rest, None, None),
            Some((by, since)) => {
                let (since, command) = since.split_once(", ").unwrap_or((since, "apply"));
                (by, since.strip_suffix(" UTC").filter(|since| is_moment(since)), Some(command))
            }
        };
        let is_run = !run.is_empty()
            && run.len() <= 40
            && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let command = command.and_then(|command| COMMANDS.into_iter().find(|known| *known == command));
        Self {
            command: command.unwrap_or("apply").to_owned(),
            run: is_run.then(|| run.to_owned()),
            by: name(by),
            since: since.map(str::to_owned),
            changes: changes(text),
        }
    }

    /// Returns whether the run is known to change this resource.
    pub fn changes(&self, addr: &ResourceAddr) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.contains(addr))
    }
}

/// `an apply by ann@bastion has been running since 2026-12-04 10:15:00 UTC (run 20261204-101500-1a2b3c)`.
impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = if self.command.starts_with('a') { "an" } else { "a" };
        write!(f, "{article} {}", self.command)?;
        match &self.by {
            Some(by) => write!(f, " by {by}")?,
            None => f.write_str(" by somebody whom the lock does not name")?,
        }
        match &self.since {
            Some(since) => write!(f, " has been running since {since} UTC")?,
            None => f.write_str(" is running")?,
        }
        match &self.run {
            Some(run) => write!(f, " (run {run})"),
            None => Ok(()),
        }
    }
}

/// The name of who applies, without what could move a terminal's cursor or reorder text, and not too long.
fn name(text: &str) -> Option<String> {
    let is_safe = |c: &char| c.is_alphanumeric() || (c.is_ascii() && !c.is_ascii_control());
    let name: String = text.chars().filter(is_safe).take(LONGEST).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `2026-12-04 10:15:00`.
fn is_moment(text: &str) -> bool {
    text.len() == 19
        && text.bytes().zip(b"0000-00-00 00:00:00").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

/// The changes, when all of them are there.
fn changes(text: &str) -> Option<BTreeSet<ResourceAddr>> {
    let mut changes = BTreeSet::new();
    for line in text.lines().skip(1) {
        if line == "end" {
            return Some(changes);
        }
        changes.insert(line.strip_prefix("change ")?.parse().ok()?);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let addrs: Vec<ResourceAddr> =
            ["store-1/unit.cockroach", "cluster/setting.a.b"].map(|text| text.parse().unwrap()).into();
        for command in COMMANDS {
            let text = LockHolder::text(
                command,
                "20261204-101500-1a2b3c",
                "ann@bastion",
                "2026-12-04 10:15:00",
                &addrs,
            );
            let holder = LockHolder::read(&text);
            assert_eq!(holder.command, command);
            assert!(addrs.iter().all(|addr| holder.changes(addr)), "{holder:?}");
            assert!(!holder.changes(&"store-1/link.data".parse().unwrap()));
            let article = if command == "apply" { "an" } else { "a" };
            assert_eq!(
                holder.to_string(),
                format!(
                    "{article} {command} by ann@bastion has been running since 2026-12-04 10:15:00 UTC (run 20261204-101500-1a2b3c)"
                )
            );
        }
    }

    #[test]
    fn an_older_holder_tells_less() {
        let holder =
            LockHolder::read("run 20261204-101500-1a2b3c by ann@bastion since 2026-12-04 10:15:00 UTC\n");
        assert_eq!(
            holder.to_string(),
            "an apply by ann@bastion has been running since 2026-12-04 10:15:00 UTC (run 20261204-101500-1a2b3c)"
        );
        assert_eq!(holder.changes, None);
        let holder = LockHolder::read("run 20261204-101500-abcdef by ann@bastion\n");
        assert_eq!(holder.to_string(), "an apply by ann@bastion is running (run 20261204-101500-abcdef)");
    }

    #[test]
    fn hostile_text_is_bounded_and_cleaned() {
        let nobody = "an apply by somebody whom the lock does not name is running";
        for text in ["", "\n", "\u{1b}[2J", "run by", "run  by  since  UTC, rm -rf"] {
            assert_eq!(LockHolder::read(text).to_string(), nobody, "{text:?}");
        }
        let long = format!(
            "run {0} by a\u{1b}[2J\u{202e}\u{200b}b{0} since {0} UTC, {0}\nchange {0}\n",
            "x".repeat(9_000)
        );
        let holder = LockHolder::read(&long);
        assert!(holder.run.is_none() && holder.since.is_none() && holder.changes.is_none());
        let by = holder.by.clone().unwrap();
        assert!(by.starts_with("a[2Jbxxx") && by.chars().count() == LONGEST, "{by}");
        assert_eq!(holder.command, "apply");
        // A list that is cut off is none.
        let text = "run r by b since 2026-12-04 10:15:00 UTC, apply\nchange store-1/unit.cockroach\n";
        assert_eq!(LockHolder::read(text).changes, None);
        assert_eq!(LockHolder::read(&format!("{text}end\n")).changes.unwrap().len(), 1);
    }
}
