//! How long tests took, from what nextest prints.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many tests the table shows.
const SHOWN: usize = 20;

/// The times of the tests that have ended.
#[derive(Default)]
pub(crate) struct Slowest {
    /// By name. A test that fails is printed once more after the summary.
    times: BTreeMap<String, Duration>,
}

impl Slowest {
    /// Takes the time from a line of nextest, if the line says that a test has ended.
    pub(crate) fn add(&mut self, line: &str) {
        if let Some((test, time)) = ended(line) {
            self.times.insert(test.to_owned(), time);
        }
    }

    /// Returns the table, the slowest test first, or `None` when no test has ended.
    pub(crate) fn table(&self) -> Option<String> {
        if self.times.is_empty() {
            return None;
        }
        let mut tests: Vec<_> = self.times.iter().collect();
        tests.sort_by(|(_, a), (_, b)| b.cmp(a));
        let all: Duration = self.times.values().sum();
        let mut table = format!(
            "The slowest of {} tests (together {:.0} s, run in parallel):\n",
            tests.len(),
            all.as_secs_f64()
        );
        for (test, time) in tests.into_iter().take(SHOWN) {
            table.push_str(&format!("{:>8.1} s  {test}\n", time.as_secs_f64()));
        }
        Some(table)
    }
}

/// Reads `PASS [   1.234s] (  12/1389) crdbctl-pki::parse a_test`. The counter is absent in some versions of nextest.
fn ended(line: &str) -> Option<(&str, Duration)> {
    let (status, rest) = line.trim().split_once(" [")?;
    // `TRY 1 FAIL` is followed by another try, `SLOW` and `TERMINATING` by the end of the test.
    if !["PASS", "FAIL", "LEAK", "LEAK-FAIL", "TIMEOUT", "ABORT"].contains(&status)
        && !status.starts_with("SIG")
        && !status.starts_with("FLAKY")
    {
        return None;
    }
    let (time, test) = rest.split_once("s] ")?;
    let seconds: f64 = time.trim().parse().ok()?;
    let test = test.trim_start();
    let test = match test.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, test)) => test.trim_start(),
        None => test,
    };
    Some((test, Duration::try_from_secs_f64(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Slowest;

    #[test]
    fn the_slowest_tests_come_first_and_each_once() {
        let mut slowest = Slowest::default();
        assert_eq!(slowest.table(), None);
        for line in [
            "        PASS [   0.013s] (   1/1389) crdbctl-pki::parse a_test",
            "        SLOW [> 60.000s] (─────────) crdbctl::real_hosts life::five",
            "        PASS [ 289.100s] (   2/1389) crdbctl::real_hosts life::five",
            " TERMINATING [>600.000s] (─────────) crdbctl::real_hosts hangs",
            "     TIMEOUT [ 600.010s] (   3/1389) crdbctl::real_hosts hangs",
            "     SIGKILL [   2.000s] crdbctl-apply killed",
            "        FAIL [   1.500s] (   4/1389) crdbctl-spec fails",
            "     Summary [ 601.000s] 4 tests run: 2 passed, 2 failed",
            "        FAIL [   1.500s] (   4/1389) crdbctl-spec fails",
            "        SKIP [         ] (──────) crdbctl-planner ignored",
            "   Compiling crdbctl v0.1.0 [x]",
        ] {
            slowest.add(line);
        }
        assert_eq!(
            slowest.table().unwrap(),
            "The slowest of 5 tests (together 893 s, run in parallel):\n   \
             600.0 s  crdbctl::real_hosts hangs\n   \
             289.1 s  crdbctl::real_hosts life::five\n     \
             2.0 s  crdbctl-apply killed\n     \
             1.5 s  crdbctl-spec fails\n     \
             0.0 s  crdbctl-pki::parse a_test\n"
        );
    }

    #[test]
    fn the_table_ends_after_twenty() {
        let mut slowest = Slowest::default();
        for number in 0..30 {
            slowest.add(&format!("PASS [ {number}.0s] (1/30) test-{number:02}"));
        }
        let table = slowest.table().unwrap();
        assert_eq!(table.lines().count(), 1 + 20);
        assert!(table.lines().nth(1).unwrap().ends_with("test-29"), "{table}");
    }
}
