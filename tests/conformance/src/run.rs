use crdbctl_cockroach::upgrade::UpgradeStep;

use crate::bench::Bench;
use crate::{Check, Needs, Program, TABLE, Trouble, Verdict};

/// A check and what came of it.
#[derive(Debug)]
pub struct Result {
    /// The check.
    pub check: &'static Check,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of all checks, in the table's order.
#[derive(Debug)]
pub struct Report {
    /// A result a check.
    pub results: Vec<Result>,
}

impl Report {
    /// Returns the checks that did not pass, with why.
    pub fn failures(&self) -> impl Iterator<Item = (&'static Check, &Trouble)> {
        self.results.iter().filter_map(|result| match &result.verdict {
            Verdict::Failed(trouble) => Some((result.check, trouble)),
            _ => None,
        })
    }
}

/// Tries every check on a program, and those of upgrades with a second, `newer` one; `tell` hears of each as it ends.
///
/// Starts nodes on loopback addresses, in a temporary directory, and stops them all. Checks build on one another: the
/// first ones start the nodes which the later ones look at, so that a failure can make later ones fail too.
pub fn run(program: &Program, newer: Option<&Program>, mut tell: impl FnMut(&Result)) -> Report {
    let mut bench = Bench::new(program, newer);
    let results = TABLE.iter().map(|check| {
        let verdict = match reason_to_skip(check, program, newer) {
            Some(reason) => Verdict::Skipped(reason),
            None => {
                match bench.as_mut().map_err(|trouble| trouble.clone()).and_then(|bench| (check.run)(bench)) {
                    Ok(()) => Verdict::Holds,
                    Err(trouble) => Verdict::Failed(trouble),
                }
            }
        };
        let result = Result { check, verdict };
        tell(&result);
        result
    });
    Report { results: results.collect() }
}

fn reason_to_skip(check: &Check, program: &Program, newer: Option<&Program>) -> Option<String> {
    let running = program.version.series();
    if let Some(since) = check.since.filter(|since| running < *since) {
        return Some(format!("since {since}, and this is {}", program.version));
    }
    if check.needs == Needs::OneVersion {
        return None;
    }
    let Some(newer) = newer else { return Some("needs a second archive, of a newer series".to_owned()) };
    match UpgradeStep::check(&program.version, &newer.version) {
        UpgradeStep::Refused { reason, .. } => Some(reason),
        UpgradeStep::Allowed { .. } if newer.version.series() <= running => {
            Some(format!("{} is of no newer series than {}", newer.version, program.version))
        }
        UpgradeStep::Allowed { .. } => None,
    }
}
