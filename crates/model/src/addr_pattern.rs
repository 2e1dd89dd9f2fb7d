use std::fmt;
use std::str::FromStr;

use glob::{MatchOptions, Pattern};
use serde::{Deserialize, Serialize};

use crate::{NodeName, ResourceAddr};

/// What `*` and `?` stand for: never the `/` between node and resource, so that no pattern reaches further than it reads.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A pattern of addresses: an address in which `*` stands for any characters, `?` for one and `[…]` for one of a set.
///
/// `store-1/*` is all of a node, `*/unit.*` every unit, `*/*` everything; `cluster/*` what is cluster-wide. `*` does not cross the `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddrPattern(Pattern);

/// Text that is no pattern of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a pattern of addresses: write node/kind.name with * for any characters, for example store-1/* or */unit.* ({why})"
)]
pub struct ParseAddrPatternError {
    text: String,
    why: String,
}

impl AddrPattern {
    /// Returns whether an address is one of those that are meant.
    pub fn matches(&self, addr: &ResourceAddr) -> bool {
        self.0.matches_with(&addr.to_string(), OPTIONS)
    }

    /// Returns whether the pattern's first part means a node, as in `store-1/*` and `*/unit.*`.
    pub fn matches_node(&self, node: &NodeName) -> bool {
        let (scope, _) = self.0.as_str().split_once('/').unwrap_or_default();
        // What was parsed as a whole can be parsed in parts: there is no `/` between brackets.
        Pattern::new(scope).is_ok_and(|scope| scope.matches_with(node.as_str(), OPTIONS))
    }
}

impl fmt::Display for AddrPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl FromStr for AddrPattern {
    type Err = ParseAddrPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail =
            |why: &str| ParseAddrPatternError { text: text.chars().take(200).collect(), why: why.to_owned() };
        match text.split('/').collect::<Vec<_>>()[..] {
            ["", _] => return Err(fail("nothing stands before the /")),
            [_, ""] => return Err(fail("nothing stands after the /")),
            [scope, _] if Pattern::new(scope).is_err() => return Err(fail("brackets do not close")),
            [_, _] => {}
            [_] => return Err(fail("it has no /")),
            _ => return Err(fail("it has more than one /")),
        }
        if text.contains("**") {
            return Err(fail("** means nothing more than *"));
        }
        Pattern::new(text).map(Self).map_err(|error| fail(error.msg))
    }
}

impl TryFrom<String> for AddrPattern {
    type Error = ParseAddrPatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AddrPattern> for String {
    fn from(pattern: AddrPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str) -> Vec<&'static str> {
        let pattern: AddrPattern = pattern.parse().unwrap();
        let all = [
            "store-1/unit.cockroach",
            "store-1/drop-in.10-x.conf",
            "store-10/unit.cockroach",
            "store-10/service.cockroach",
            "cluster/init.store",
        ];
        all.into_iter().filter(|addr| pattern.matches(&addr.parse().unwrap())).collect()
    }

    #[test]
    fn a_pattern_reaches_no_further_than_it_reads() {
        assert_eq!(matched("store-1/*"), ["store-1/unit.cockroach", "store-1/drop-in.10-x.conf"]);
        assert_eq!(matched("*/unit.*"), ["store-1/unit.cockroach", "store-10/unit.cockroach"]);
        assert_eq!(matched("store-1?/*"), ["store-10/unit.cockroach", "store-10/service.cockroach"]);
        assert_eq!(matched("store-[2-9]/*"), [""; 0]);
        assert_eq!(matched("store-1/unit.cockroach"), ["store-1/unit.cockroach"]);
        assert_eq!(matched("store-1/unit"), [""; 0]);
        assert_eq!(matched("cluster/*"), ["cluster/init.store"]);
        assert_eq!(matched("*/*").len(), 5);
    }

    #[test]
    fn the_node_of_a_pattern_is_known() {
        let node = |pattern: &str, node: &str| {
            pattern.parse::<AddrPattern>().unwrap().matches_node(&NodeName::new(node).unwrap())
        };
        assert!(
            node("store-1/*", "store-1") && node("*/unit.x", "store-1") && node("store-[12]/*", "store-2")
        );
        assert!(!node("store-1/*", "store-10") && !node("cluster/*", "store-1"));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, why) in [
            ("store-1", "it has no /"),
            ("*", "it has no /"),
            ("", "it has no /"),
            ("/unit.x", "nothing stands before"),
            ("store-1/", "nothing stands after"),
            ("a/b/c", "more than one /"),
            ("store-[1/*", "do not close"),
            ("a[x/y]b", "do not close"),
            ("store-1/**", "** means nothing more"),
            ("store-1/[", "invalid range"),
        ] {
            let error =
                text.parse::<AddrPattern>().map(|pattern| pattern.to_string()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn patterns_round_trip() {
        for text in ["store-1/*", "*/unit.*", "store-[!3]/drop-in.?0-*"] {
            let pattern: AddrPattern = text.parse().unwrap();
            let json = serde_json::to_string(&pattern).unwrap();
            assert_eq!(
                (json.as_str(), serde_json::from_str(&json).unwrap()),
                (format!("{text:?}").as_str(), pattern)
            );
        }
    }
}
