use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// Where a node stands, from the widest tier to the narrowest: `region=kr,zone=seo01`.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-start#locality>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locality {
    tiers: Vec<(String, String)>,
}

impl Locality {
    /// Returns the tiers as keys and values, in order.
    pub fn tiers(&self) -> &[(String, String)] {
        &self.tiers
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> Vec<&str> {
        self.tiers.iter().map(|(key, _)| key.as_str()).collect()
    }
}

impl FromStr for Locality {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let advice = "write tiers with commas between, as in region=kr,zone=seo01";
        let fail = |problem: &str| Err(ValueError::new(text, problem, advice));
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        let mut tiers: Vec<(String, String)> = Vec::new();
        for tier in text.split(',') {
            let Some((key, value)) = tier.split_once('=') else { return fail("is not a locality") };
            if !is_plain(key) || !is_plain(value) {
                return fail("is not a locality of letters, digits and _ . -");
            }
            if tiers.iter().any(|(other, _)| other == key) {
                return fail("has a tier twice");
            }
            tiers.push((key.to_owned(), value.to_owned()));
        }
        Ok(Self { tiers })
    }
}

impl fmt::Display for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tiers: Vec<String> = self.tiers.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.pad(&tiers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_tiers_in_order() {
        for text in ["region=kr", "region=kr,zone=seo01", "region=eu-west.1,zone=a,rack=3"] {
            assert_eq!(text.parse::<Locality>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "region",
            "region=",
            "=kr",
            "region=kr,",
            "region=a=b",
            "a=1,a=2",
            "a=b c",
            "a=$(id)",
            "a=b\n",
            "a=%n",
        ] {
            assert!(text.parse::<Locality>().is_err(), "{text:?}");
        }
    }
}
