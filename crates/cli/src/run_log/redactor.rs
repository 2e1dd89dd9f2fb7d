use std::collections::BTreeSet;

use crdbctl_model::{Event, NodeName, Outcome, RunSummary};
use crdbctl_report::clean_lines;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

/// What stands where a secret was.
const SECRET: &str = "[redacted]";

/// What stands where a private key was.
const KEY: &str = "[private key redacted]";

/// Members of a plan's document that are crdbctl's own words and names: a secret that happens to read the same is not
/// told by them, and would be by what stood in their place.
const NAMES: [&str; 9] =
    ["action", "addr", "because", "cause", "cluster", "depends_on", "impact", "kind", "node"];

/// Keeps secrets out of what is written, and makes text of hosts and hooks harmless.
///
/// Known secrets are found as they are, as a shell quotes them and as JSON has them; private keys by the lines that
/// begin and end them (RFC 7468), also when a hook prints them line by line.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Zeroizing<String>>,
    /// The hooks that have begun to print a private key and have not ended it.
    in_key: BTreeSet<(NodeName, String)>,
}

impl Redactor {
    /// Takes note of a secret that must not be written.
    pub(crate) fn conceal(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            return;
        }
        let mut forms = vec![Zeroizing::new(secret.to_owned())];
        forms.push(Zeroizing::new(secret.replace('\'', "'\\''")));
        let json = Zeroizing::new(Value::from(secret).to_string());
        forms.push(Zeroizing::new(json[1..json.len() - 1].to_owned()));
        forms.push(Zeroizing::new(clean_lines(secret)));
        self.secrets.append(&mut forms);
        // The longest first: a shorter one may be part of it.
        self.secrets.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.secrets.dedup();
    }

    /// Returns text without secrets, its lines safe on a terminal.
    pub(crate) fn text(&self, text: &str) -> String {
        let redact = |text: &str| self.without_secrets(&without_keys(text));
        // Escapes within a secret hide it from a search, and not from a reader.
        let bare = |text: &str| crdbctl_transport::sanitize(text.as_bytes());
        let (as_it_is, as_it_reads) = (redact(text), redact(&bare(text)));
        let text = if bare(&as_it_is) == as_it_reads { as_it_is } else { as_it_reads };
        self.without_secrets(&clean_lines(&text))
    }

    /// Returns an event without secrets. Hooks print line by line: a key may begin in one event and end in another.
    pub(crate) fn event(&mut self, event: &Event) -> Event {
        let mut event = event.clone();
        match &mut event {
            Event::Hook { node, hook, line } => *line = self.hook_line(node, hook, line),
            Event::Finished { outcome, .. } => *outcome = self.outcome(outcome),
            Event::Waiting { reason: text, .. } | Event::Node { what: text, .. } => *text = self.text(text),
            Event::Done(summary) => *summary = self.summary(summary),
            // Names and numbers alone. No wildcard: whoever adds an event says here whether it has text.
            Event::Started { .. } | Event::Sent { .. } | Event::Phase { .. } => {}
        }
        event
    }

    /// Returns a summary without secrets.
    pub(crate) fn summary(&self, summary: &RunSummary) -> RunSummary {
        let mut summary = summary.clone();
        for (_, outcome) in summary.nodes.iter_mut().flat_map(|node| &mut node.changes) {
            *outcome = self.outcome(outcome);
        }
        for text in summary.failures.iter_mut().chain(&mut summary.notes) {
            *text = self.text(text);
        }
        summary
    }

    /// Takes secrets out of a plan's document.
    pub(crate) fn plan(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let clean = self.without_secrets(&without_keys(text));
                if clean != *text {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.plan(item)),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter_mut().collect();
                members.retain(|(name, _)| !NAMES.contains(&name.as_str()));
                members.into_iter().for_each(|(_, value)| self.plan(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn outcome(&self, outcome: &Outcome) -> Outcome {
        match outcome {
            Outcome::Converged => Outcome::Converged,
            Outcome::Failed(reason) => Outcome::Failed(self.text(reason)),
            Outcome::Skipped(reason) => Outcome::Skipped(self.text(reason)),
        }
    }

    fn hook_line(&mut self, node: &NodeName, hook: &str, line: &str) -> String {
        let at = (node.clone(), hook.to_owned());
        let bare = crdbctl_transport::sanitize(line.as_bytes());
        let is_mark =
            |line: &str| key_mark(line, "-----BEGIN ").is_some() || key_mark(line, "-----END ").is_some();
        let mut line = if is_mark(&bare) { bare } else { line.to_owned() };
        if self.in_key.contains(&at) {
            let Some(end) = key_mark(&line, "-----END ") else { return KEY.to_owned() };
            self.in_key.remove(&at);
            line = format!("{KEY}{}", &line[end.1..]);
        }
        let last = std::iter::successors(key_mark(&line, "-----BEGIN "), |found| {
            key_mark(&line[found.1..], "-----BEGIN ").map(|next| (found.1 + next.0, found.1 + next.1))
        });
        if let Some((_, begin)) = last.last()
            && key_mark(&line[begin..], "-----END ").is_none()
        {
            self.in_key.insert(at);
        }
        self.text(&line)
    }

    fn without_secrets(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), SECRET) } else { text }
        })
    }
}

/// Returns text with every private key in it replaced, to its end or, where that is missing, to the text's.
fn without_keys(text: &str) -> String {
    let (mut clean, mut rest) = (String::new(), text);
    while let Some((start, begin)) = key_mark(rest, "-----BEGIN ") {
        clean.push_str(&rest[..start]);
        clean.push_str(KEY);
        rest = key_mark(&rest[begin..], "-----END ").map_or("", |(_, end)| &rest[begin + end..]);
    }
    clean + rest
}

/// Returns where the first line that begins or ends a private key begins and ends.
fn key_mark(text: &str, mark: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(mark) {
        let (start, label) = (from + at, from + at + mark.len());
        let is_label = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
        let length = text[label..].find(|c| !is_label(c)).unwrap_or(text.len() - label);
        let end = label + length;
        if text[label..end].contains("PRIVATE KEY") {
            let dashes = text[end..].find(|c| c != '-').unwrap_or(text.len() - end);
            return Some((start, end + dashes));
        }
        from = label;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        secrets.iter().for_each(|secret| redactor.conceal(&SecretString::from(*secret)));
        redactor
    }

    #[test]
    fn secrets_go_in_every_form_that_they_come_in() {
        let redactor = redactor(&["pa'ss\"wörd", "pa"]);
        for text in [
            "sudo: pa'ss\"wörd: wrong",
            "+ echo 'pa'\\''ss\"wörd'",
            r#"{"password":"pa'ss\"wörd"}"#,
            "pa'\x1b[1mss\"\x1b[0mwörd",
            "pa'ss\"wörd and pa'ss\x1b[1m\"wörd",
        ] {
            let clean = redactor.text(text);
            assert!(clean.contains(SECRET) && !clean.contains("wörd"), "{clean}");
        }
        assert_eq!(redactor.text("pa, part, other"), "[redacted], [redacted]rt, other");
        assert_eq!(redactor.text("a\x1b[2J\nb"), "a\\x1b[2J\nb");
        assert_eq!(Redactor::default().text("as it is"), "as it is");
    }

    #[test]
    fn an_empty_secret_is_none() {
        assert_eq!(redactor(&[""]).text("as it is"), "as it is");
    }

    #[test]
    fn private_keys_go_and_certificates_stay() {
        let key = |label: &str| format!("-----BEGIN {label}-----\nMIGHAgEA\n-----END {label}-----");
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
            let text = format!("before {} after\n{}", key(label), key(label));
            assert_eq!(
                redactor(&[]).text(&text),
                "before [private key redacted] after\n[private key redacted]"
            );
        }
        assert_eq!(redactor(&[]).text(&key("CERTIFICATE")), key("CERTIFICATE"));
        let both = format!("{}\n{}", key("CERTIFICATE"), key("PRIVATE KEY"));
        assert!(!redactor(&[]).text(&both).replace(&key("CERTIFICATE"), "").contains("MIGH"));
        let hidden = "-----BEGIN PRI\x1b[0mVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----";
        assert_eq!(redactor(&[]).text(hidden), KEY);
        let cut = "x -----BEGIN PRIVATE KEY-----\nMIGHAgEA\nMIGH";
        assert_eq!(redactor(&[]).text(cut), "x [private key redacted]");
    }

    #[test]
    fn a_key_that_a_hook_prints_line_by_line_goes_too() {
        let mut redactor = redactor(&["hunter2"]);
        let node = |name: &str| NodeName::new(name).unwrap();
        let mut said = |at: &str, line: &str| {
            let event = Event::Hook { node: node(at), hook: "before_node".to_owned(), line: line.to_owned() };
            match redactor.event(&event) {
                Event::Hook { line, .. } => line,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(said("store-1", "key: -----BEGIN EC PRIVATE KEY-----"), "key: [private key redacted]");
        assert_eq!(said("store-2", "something else"), "something else");
        assert_eq!(said("store-1", "MHcCAQEEIB"), KEY);
        assert_eq!(said("store-1", "standard error hunter2 in between"), KEY);
        assert_eq!(
            said("store-1", "-----END EC PRIVATE KEY----- with hunter2"),
            "[private key redacted] with [redacted]"
        );
        assert_eq!(said("store-1", "afterwards"), "afterwards");
        let one_line =
            "-----BEGIN PRIVATE KEY-----MIGH-----END PRIVATE KEY----- -----BEGIN PRIVATE KEY-----MI";
        assert_eq!(said("store-1", one_line), "[private key redacted] [private key redacted]");
        assert_eq!(said("store-1", "GHAgEA"), KEY);
        assert_eq!(said("store-1", "-----END PRIVATE\x1b[0m KEY-----"), KEY);
        assert_eq!(said("store-1", "-----BEGIN\x1b[1m PRIVATE KEY-----"), KEY);
        assert_eq!(said("store-1", "MIGH"), KEY);
    }

    #[test]
    fn a_plan_keeps_its_names() {
        let mut plan = serde_json::json!({
            "cluster": "store", "changes": [{"addr": "store-1/unit.x", "depends_on": ["store-1/user.x"],
                "attributes": [{"name": "environment", "before": "PASSWORD=store", "after": ["a", "store"]}]}],
            "complete": true,
        });
        redactor(&["store"]).plan(&mut plan);
        assert_eq!(plan["cluster"], "store");
        assert_eq!(plan["changes"][0]["depends_on"][0], "store-1/user.x");
        assert_eq!(plan["changes"][0]["attributes"][0]["before"], "PASSWORD=[redacted]");
        assert_eq!(plan["changes"][0]["attributes"][0]["after"][1], "[redacted]");
    }
}
