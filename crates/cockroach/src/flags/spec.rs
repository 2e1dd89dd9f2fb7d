use super::FlagShape;
use crate::{Series, Version};

/// A flag of `cockroach start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagSpec {
    /// The name without dashes, such as `max-sql-memory`.
    pub name: &'static str,
    /// The one-letter form: `s` for `-s`.
    pub short: Option<char>,
    /// What its value looks like.
    pub shape: FlagShape,
    /// Whether each use on the command line adds a value; otherwise the last one wins.
    pub repeated: bool,
    /// The first series that has it; `v2.0`, the oldest one known here, stands for "always".
    pub since: Series,
    /// The first series that lacks it again.
    pub until: Option<Series>,
    /// The flag that it is an older, hidden name of, from v2.1 on.
    pub alias_of: Option<&'static str>,
    /// Whether crdbctl sets it itself, and from what.
    pub managed: Managed,
    /// The first series from which cockroach takes it and ignores it.
    pub ignored_since: Option<Series>,
}

/// Whether a flag is the manifest's to set under `cockroach.flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Managed {
    /// The manifest sets it; without that, cockroach's default holds.
    No,
    /// crdbctl sets it from elsewhere in the manifest unless the manifest sets it under `cockroach.flags`.
    UnlessGiven {
        /// What crdbctl sets it to, and from which field.
        why: &'static str,
    },
    /// crdbctl alone sets it: the manifest has a field of its own for what it means.
    Always {
        /// Which field to use, and why.
        why: &'static str,
    },
    /// crdbctl never starts a node with it.
    Never {
        /// Why not, and what to do instead.
        why: &'static str,
    },
}

/// What a running node needs in order to follow a changed flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestartImpact {
    /// Nothing now: the new value counts from the next start on.
    None,
    /// A restart of the node; the others may still run with the old value.
    Node,
    /// All nodes must be stopped before the first starts with the new value.
    WholeCluster,
}

impl FlagSpec {
    pub(super) const fn new(name: &'static str, shape: FlagShape) -> Self {
        Self {
            name,
            short: None,
            shape,
            repeated: false,
            since: Series::new(2, 0),
            until: None,
            alias_of: None,
            managed: Managed::No,
            ignored_since: None,
        }
    }

    pub(super) const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    pub(super) const fn repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    pub(super) const fn since(mut self, major: u16, minor: u16) -> Self {
        self.since = Series::new(major, minor);
        self
    }

    pub(super) const fn until(mut self, major: u16, minor: u16) -> Self {
        self.until = Some(Series::new(major, minor));
        self
    }

    pub(super) const fn alias_of(mut self, name: &'static str) -> Self {
        self.alias_of = Some(name);
        self
    }

    pub(super) const fn unless_given(mut self, why: &'static str) -> Self {
        self.managed = Managed::UnlessGiven { why };
        self
    }

    pub(super) const fn always(mut self, why: &'static str) -> Self {
        self.managed = Managed::Always { why };
        self
    }

    pub(super) const fn never(mut self, why: &'static str) -> Self {
        self.managed = Managed::Never { why };
        self
    }

    pub(super) const fn ignored_since(mut self, major: u16, minor: u16) -> Self {
        self.ignored_since = Some(Series::new(major, minor));
        self
    }

    /// Returns true when `cockroach start` of this version takes the flag.
    ///
    /// A series that is newer than all known ones is taken to have what the newest known one has.
    #[must_use]
    pub fn is_in(&self, version: &Version) -> bool {
        let series = version.series();
        series >= self.since && self.until.is_none_or(|until| series < until)
    }

    /// Returns what a running node of this version needs in order to follow a change of this flag.
    ///
    /// `--join` is only read at start and kept in the store, so that no restart is needed to update it. Up to
    /// v22.1, `--max-offset` had to be the same on all running nodes.
    /// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-start>,
    /// <https://www.cockroachlabs.com/docs/v22.1/cockroach-start>.
    #[must_use]
    pub fn restart(&self, version: &Version) -> RestartImpact {
        match self.alias_of.unwrap_or(self.name) {
            "join" => RestartImpact::None,
            _ if self.ignored_since.is_some_and(|since| version.series() >= since) => RestartImpact::None,
            "max-offset" if version.series() < Series::new(22, 2) => RestartImpact::WholeCluster,
            _ => RestartImpact::Node,
        }
    }
}
