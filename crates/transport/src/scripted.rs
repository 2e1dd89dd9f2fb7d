use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Lost, TransportErrorKind};
use crate::failure::Failure;
use crate::https::{HttpsError, HttpsErrorKind, HttpsReply};
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
    replies: Arc<Mutex<Vec<Canned>>>,
}

/// The address and the path of a request, and what it gets.
type Canned = (String, String, Result<HttpsReply, HttpsErrorKind>);

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

type Answer = Box<dyn Fn(&Received) -> Result<Output, TransportErrorKind> + Send + Sync>;

struct Rule {
    matches: Box<dyn Fn(&str) -> bool + Send + Sync>,
    answer: Answer,
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
        self.on_each(matches, move |_| answer.clone())
    }

    /// Adds an answer that is made anew for every script that the predicate accepts.
    pub fn on_each(
        self,
        matches: impl Fn(&str) -> bool + Send + Sync + 'static,
        answer: impl Fn(&Received) -> Result<Output, TransportErrorKind> + Send + Sync + 'static,
    ) -> Self {
        let rule = Rule { matches: Box::new(matches), answer: Box::new(answer), once: false, used: false };
        lock(&self.rules).push(rule);
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

    /// Adds the reply to every GET request for a path of an address (`HOST:PORT`).
    pub fn on_https(self, address: &str, path: &str, reply: Result<&[u8], HttpsErrorKind>) -> Self {
        let reply = reply.map(|bytes| HttpsReply { bytes: bytes.to_vec() });
        lock(&self.replies).push((address.to_owned(), path.to_owned(), reply));
        self
    }

    #[expect(clippy::panic, reason = "an unmatched request is a mistake in the test that uses this")]
    pub(crate) fn reply(&self, address: &str, path: &str) -> Result<HttpsReply, HttpsError> {
        let replies = lock(&self.replies);
        let Some((.., reply)) = replies.iter().find(|(at, of, _)| at == address && of == path) else {
            drop(replies);
            panic!("the scripted host has no reply for GET {path} at {address}");
        };
        reply.clone().map_err(|kind| HttpsError::new(kind, address, ""))
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
        let received = Received { script: script.to_owned(), effect, payload };
        lock(&self.record).push(received.clone());
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|rule| !(rule.once && rule.used) && (rule.matches)(script));
        let Some(rule) = rule else {
            drop(rules);
            panic!("the scripted host has no answer for this script:\n{script}");
        };
        rule.used = true;
        (rule.answer)(&received).map_err(|kind| Failure { kind, said: String::new(), ended: true })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Connection, Limits, Mutating, Payload, ReadOnly, Script, Target};
    use crdbctl_model::NodeName;

    fn host(scripted: Scripted) -> Connection {
        Connection::scripted(Target::new(NodeName::new("n1").unwrap(), "h"), scripted)
    }

    #[tokio::test]
    async fn the_first_rule_that_matches_answers_and_all_is_recorded() {
        let scripted = Scripted::new().once("id", 1, "first").on("id", 0, "0\n").on_lost("sleep").on_each(
            |script| script == "cat",
            |got| Ok(Output { status: 0, stdout: got.payload.clone(), stderr: vec![] }),
        );
        let connection = host(scripted.clone());
        let run = async |text: &str| {
            connection.run(&Script::<ReadOnly>::new(text).unwrap(), Limits::default()).await
        };
        assert_eq!(run("id -u").await.unwrap().stdout, b"first");
        assert_eq!(run("id -u").await.unwrap().stdout, b"0\n");
        assert_eq!(run("sleep 1").await.unwrap_err().lost(), Some(&Lost::Disconnected));
        let bootstrap = Script::<Mutating>::new("id; lock").unwrap();
        let start = connection.open_channel(&bootstrap, Limits::default()).await.unwrap();
        let crate::ChannelStart::Ready(mut channel, _) = start else { panic!("refused") };
        let cat = Script::<Mutating>::new("cat").unwrap();
        let payload = Payload::none().bytes("ab").bytes("c");
        let output = channel.run(&cat, payload, Limits::default(), &mut |_| {}).await.unwrap();
        assert_eq!(output.stdout, b"abc");
        let effects: Vec<_> = scripted.received().iter().map(|got| got.effect).collect();
        assert_eq!(effects, ["read-only", "read-only", "read-only", "mutating", "mutating"]);
    }

    #[tokio::test]
    #[should_panic(expected = "no answer for this script")]
    async fn a_script_without_an_answer_panics() {
        let script = Script::<ReadOnly>::new("rm -rf /").unwrap();
        let _ = host(Scripted::new().on("id", 0, "")).run(&script, Limits::default()).await;
    }
}
