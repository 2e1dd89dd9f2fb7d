use crdbctl_cockroach::Series;

use crate::bench::Bench;
use crate::{Source, Trouble};

/// What a check needs beside one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    OneVersion,
    /// A second program, to which a cluster of the first may be upgraded, of a newer series.
    Upgrade,
}

/// A behaviour that crdbctl relies on.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name, `area.behaviour`.
    pub id: &'static str,
    /// What the program does, in one sentence.
    pub behaviour: &'static str,
    /// Where that is known from.
    pub sources: &'static [Source],
    /// The first series that does so; `None` when all do that crdbctl knows, or the first one is not known.
    pub since: Option<Series>,
    /// What else must be there.
    pub needs: Needs,
    /// The real releases that it was seen with. Empty: only the stand-in was ever seen to do so.
    pub seen: &'static [&'static str],
    pub(crate) run: fn(&mut Bench) -> Result<(), Trouble>,
}

impl Check {
    pub(crate) const fn new(
        id: &'static str,
        behaviour: &'static str,
        sources: &'static [Source],
        run: fn(&mut Bench) -> Result<(), Trouble>,
    ) -> Self {
        Self { id, behaviour, sources, since: None, needs: Needs::OneVersion, seen: &[], run }
    }

    /// The behaviour came with this series.
    pub(crate) const fn since(mut self, major: u16, minor: u16) -> Self {
        self.since = Some(Series::new(major, minor));
        self
    }

    /// It takes two programs to see it.
    pub(crate) const fn upgrade(mut self) -> Self {
        self.needs = Needs::Upgrade;
        self
    }
}
