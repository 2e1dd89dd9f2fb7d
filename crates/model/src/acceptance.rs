use std::fmt;
use std::str::FromStr;

use glob::Pattern;

use crate::{AddrPattern, Day, ResourceAddr, SourceSpan, Timestamp};

/// Drift that somebody knows of and accepts for a time, as a file beside the manifest says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The file's name, for messages.
    pub file: String,
    /// The entries, in the file's order: of several that fit, the first counts.
    pub entries: Vec<AcceptEntry>,
}

/// Drift of some resources, accepted for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptEntry {
    /// Of which resources.
    pub address: AddrPattern,
    /// Of which of their attributes; `None` for the whole change, also of what is missing or too much.
    pub attribute: Option<AttributePattern>,
    /// The last day, in UTC, on which it is accepted.
    pub until: Day,
    /// Why, in the words of who accepted it.
    pub reason: String,
    /// Where the entry stands in the file.
    pub origin: SourceSpan,
}

/// The name of an attribute, in which `*` stands for any characters, `?` for one and `[…]` for one of a set: `mode`, `flags.*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePattern(Pattern);

/// Text that is no pattern of attributes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pattern of attributes ({why}): write a name such as mode, or flags.* for several")]
pub struct ParseAttributePatternError {
    text: String,
    why: String,
}

impl Acceptance {
    /// Returns the entries that accept nothing any more.
    pub fn expired(&self, today: Day) -> impl Iterator<Item = &AcceptEntry> {
        self.entries.iter().filter(move |entry| entry.is_expired(today))
    }

    /// Returns when the next of the entries that hold ends; `None` when none holds.
    pub fn next_end(&self, today: Day) -> Option<Timestamp> {
        let holding = self.entries.iter().filter(|entry| !entry.is_expired(today));
        holding.map(|entry| entry.until).min().map(Day::end)
    }
}

impl AcceptEntry {
    /// Returns whether its last day has passed.
    pub fn is_expired(&self, today: Day) -> bool {
        self.until < today
    }

    /// Returns whether it speaks of this resource.
    pub fn matches(&self, addr: &ResourceAddr) -> bool {
        self.address.matches(addr)
    }
}

/// What it accepts: `store-1/* mode`.
impl fmt::Display for AcceptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.attribute {
            Some(attribute) => write!(f, "{} {attribute}", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

impl AttributePattern {
    /// Returns whether an attribute of this name is one of those that are meant.
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl fmt::Display for AttributePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl FromStr for AttributePattern {
    type Err = ParseAttributePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why: &str| ParseAttributePatternError {
            text: text.chars().take(200).collect(),
            why: why.to_owned(),
        };
        if text.is_empty() {
            return Err(fail("it is empty"));
        }
        if text.contains("**") {
            return Err(fail("** means nothing more than *"));
        }
        Pattern::new(text).map(Self).map_err(|error| fail(error.msg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(until: &str) -> AcceptEntry {
        AcceptEntry {
            address: "store-1/*".parse().unwrap(),
            attribute: Some("mode".parse().unwrap()),
            until: until.parse().unwrap(),
            reason: "scanner".to_owned(),
            origin: SourceSpan { line: 2, column: 5 },
        }
    }

    #[test]
    fn an_entry_holds_to_the_end_of_its_last_day() {
        let entry = entry("2027-01-31");
        let end = entry.until.end();
        assert!(!entry.is_expired(Day::of(end.plus(-1))));
        assert!(entry.is_expired(Day::of(end)));
        assert_eq!(entry.to_string(), "store-1/* mode");
    }

    #[test]
    fn the_next_end_is_that_of_entries_that_hold() {
        let entries = vec![entry("2027-01-31"), entry("2027-03-01"), entry("2026-12-31")];
        let acceptance = Acceptance { file: "cluster.accept.yaml".to_owned(), entries };
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(acceptance.next_end(day("2027-01-05")), Some(day("2027-01-31").end()));
        assert_eq!(acceptance.next_end(day("2027-02-01")), Some(day("2027-03-01").end()));
        assert_eq!(acceptance.next_end(day("2027-03-02")), None);
        assert_eq!(acceptance.expired(day("2027-01-31")).count(), 1);
        assert_eq!(acceptance.expired(day("2027-02-01")).count(), 2);
    }

    #[test]
    fn attributes_are_meant_by_name_or_pattern() {
        let matches = |pattern: &str, name: &str| pattern.parse::<AttributePattern>().unwrap().matches(name);
        assert!(matches("mode", "mode") && matches("flags.*", "flags.cache") && matches("*", "content"));
        assert!(!matches("mode", "Mode") && !matches("mode", "modes") && !matches("flags.?", "flags.cache"));
        for text in ["", "a[", "**"] {
            assert!(text.parse::<AttributePattern>().is_err(), "{text}");
        }
    }
}
