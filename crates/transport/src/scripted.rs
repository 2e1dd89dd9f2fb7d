use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Lost, TransportErrorKind};
use crate::failure::Failure;
use crate::not_run::NotRun;
use crate::output::Output;

/// Canned answers for tests above the transport, and a record of what was asked.
///
/// Rules are looked at in the order they were added; the first that matches answers. A script that none matches
/// panics: a fake that says yes to everything proves nothing.
#[derive(Clone, Default)]
pub struct Scripted {
    rules: Arc<Mutex<Vec<Rule>>>,
    record: Arc<Mutex<Vec<Received>>>,
}

/// One script that was run against a [`Scripted`] host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The text of the script.
    pub script: String,
    /// The name of its effect: `read-only` or `mutating`.
    pub effect: &'static str,
    /// The payload that came with it, all parts in one.
    pub payload: Vec<u8>,
}

struct Rule {
    matches: Box<dyn Fn(&str) -> bool + Send + Sync>,
    answer: Result<Output, TransportErrorKind>,
    once: bool,
    used: bool,
}

impl Scripted {
    /// Returns a host without answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer for every script that has the text in it.
    pub fn on(self, part: &str, status: u8, stdout: impl Into<Vec<u8>>) -> Self {
        let part = part.to_owned();
        let answer = Output { status, stdout: stdout.into(), stderr: Vec::new() };
        self.on_match(move |script| script.contains(&part), Ok(answer))
    }

    /// Adds an answer for the next script that has the text in it, and for that one alone.
    pub fn once(self, part: &str, status: u8, stdout: impl Into<Vec<u8>>) -> Self {
        let it = self.on(part, status, stdout);
        if let Some(rule) = lock(&it.rules).last_mut() {
            rule.once = true;
        }
        it
    }

    /// Adds an answer for every script that the predicate accepts.
    pub fn on_match(
        self,
        matches: impl Fn(&str) -> bool + Send + Sync + 'static,
        answer: Result<Output, TransportErrorKind>,
    ) -> Self {
        lock(&self.rules).push(Rule { matches: Box::new(matches), answer, once: false, used: false });
        self
    }

    /// Adds a broken connection for every script that has the text in it.
    pub fn on_lost(self, part: &str) -> Self {
        let part = part.to_owned();
        self.on_match(move |script| script.contains(&part), Err(TransportErrorKind::Lost(Lost::Disconnected)))
    }

    /// Adds a refusal for every script that has the text in it.
    pub fn on_not_run(self, part: &str, why: NotRun) -> Self {
        let part = part.to_owned();
        self.on_match(move |script| script.contains(&part), Err(TransportErrorKind::NotRun(why)))
    }

    /// Returns everything that was run, in order.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.record).clone()
    }

    #[expect(clippy::panic, reason = "an unmatched script is a mistake in the test that uses this")]
    pub(crate) fn answer(
        &self,
        effect: &'static str,
        script: &str,
        payload: Vec<u8>,
    ) -> Result<Output, Failure> {
        lock(&self.record).push(Received { script: script.to_owned(), effect, payload });
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|rule| !(rule.once && rule.used) && (rule.matches)(script));
        let Some(rule) = rule else {
            drop(rules);
            panic!("the scripted host has no answer for this script:\n{script}");
        };
        rule.used = true;
        rule.answer.clone().map_err(|kind| Failure { kind, said: String::new() })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("received", &lock(&self.record).len()).finish_non_exhaustive()
    }
}
