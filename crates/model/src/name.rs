use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that breaks the rule of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {rule}")]
pub struct NameError {
    what: &'static str,
    text: String,
    rule: &'static str,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name after checking it.
            ///
            /// # Errors
            /// When the text breaks the rule; the error says it.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    let text = text.chars().take(120).collect();
                    Err(NameError { what: $what, text, rule: $rule })
                }
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

fn only(text: &str, extra: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

fn ends_are_alphanumeric(text: &str) -> bool {
    let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    alphanumeric(text.chars().next()) && alphanumeric(text.chars().next_back())
}

name_type! {
    /// The alias of a node in the manifest, the first half of its addresses and a name in its certificate.
    ///
    /// A DNS name (RFC 1123): it becomes a subject alternative name. `cluster` is taken.
    NodeName, "node name",
    "use lower-case letters, digits, - and . (63 characters at most, letter or digit at both ends, not `cluster`)",
    |text| text.len() <= 63 && ends_are_alphanumeric(text) && only(text, "-.") && text != "cluster"
        && !text.chars().any(|c| c.is_ascii_uppercase()) && !text.contains("..")
}

name_type! {
    /// The name of a cluster: it names locks and ownership records on nodes.
    ClusterName, "cluster name",
    "use lower-case letters, digits and - (63 characters at most, letter or digit at both ends)",
    |text| text.len() <= 63 && ends_are_alphanumeric(text) && only(text, "-")
        && !text.chars().any(|c| c.is_ascii_uppercase())
}

name_type! {
    /// A user or group of a node (the form of useradd(8) on Debian).
    OwnerName, "user or group name",
    "begin with a lower-case letter or _, then lower-case letters, digits, _ and - (32 characters at most)",
    |text| text.len() <= 32
        && text.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

name_type! {
    /// The name of a systemd service without its suffix: `cockroach` for `cockroach.service`.
    UnitName, "service name",
    "use letters, digits, _ - . (100 characters at most, letter or digit at both ends, without .service)",
    |text| text.len() <= 100 && ends_are_alphanumeric(text) && only(text, "_-.") && !text.ends_with(".service")
}

name_type! {
    /// The name of a SQL cluster setting, as `SHOW ALL CLUSTER SETTINGS` has it: safe in a statement without quotes.
    SettingName, "name of a cluster setting",
    "write it as `SHOW ALL CLUSTER SETTINGS` does, as in kv.snapshot_rebalance.max_rate",
    |text| text.len() <= 200
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('.').all(|part| !part.is_empty()
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
}

name_type! {
    /// The last part of an address; file names with other characters are percent-encoded into it.
    ResourceName, "resource name",
    "use letters, digits and _ - . @ + % (250 characters at most)",
    |text| !text.is_empty() && text.len() <= 250 && only(text, "_-.@+%")
}

impl UnitName {
    /// Returns the unit's file name: `cockroach.service`.
    pub fn file_name(&self) -> String {
        format!("{}.service", self.0)
    }
}

impl ResourceName {
    /// Returns what is less than every name, and none itself: where a search begins.
    pub(crate) fn least() -> Self {
        Self(String::new())
    }

    /// Returns a name for any bytes: what a name may not hold is percent-encoded (RFC 3986, 2.1), and
    /// what would be too long ends in a digest.
    pub fn encode(bytes: &[u8]) -> Self {
        let mut text = String::new();
        for byte in bytes {
            let c = char::from(*byte);
            if c.is_ascii_alphanumeric() || "_-.@+".contains(c) {
                text.push(c);
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        if text.is_empty() || text.len() > 250 {
            text = format!("{}-{}", &text[..text.len().min(100)], crate::Digest::of(bytes).short());
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 14] =
        ["", "-x", "x-", "a b", "a\nb", "a\0b", "$(id)", "a;b", "a'b", "a\"b", "../x", "ä", "a/b", "a`b"];

    #[test]
    fn hostile_names_are_refused_everywhere() {
        for text in HOSTILE {
            assert!(NodeName::new(text).is_err(), "{text:?}");
            assert!(ClusterName::new(text).is_err(), "{text:?}");
            assert!(UnitName::new(text).is_err(), "{text:?}");
            if text != "x-" {
                assert!(OwnerName::new(text).is_err(), "{text:?}");
            }
        }
        for text in ["cluster", "Store-1", "a..b", &"a".repeat(64)] {
            assert!(NodeName::new(text).is_err(), "{text:?}");
        }
        assert!(UnitName::new("cockroach.service").is_err());
        assert!(OwnerName::new("0day").is_err());
    }

    #[test]
    fn names_round_trip() {
        let name = NodeName::new("store-1.int").unwrap();
        assert_eq!(name.to_string().parse(), Ok(name.clone()));
        assert_eq!(format!("{name:<13}|"), "store-1.int  |");
        assert_eq!(UnitName::new("cockroach").unwrap().file_name(), "cockroach.service");
    }

    #[test]
    fn any_file_name_becomes_a_resource_name() {
        assert_eq!(ResourceName::encode(b"override.conf").as_str(), "override.conf");
        assert_eq!(ResourceName::encode(b"a b\n\xff/").as_str(), "a%20b%0A%FF%2F");
        let long = ResourceName::encode(&[b'%'; 255]);
        assert!(ResourceName::new(long.as_str()).is_ok());
        assert!(ResourceName::new(ResourceName::encode(b"").as_str()).is_ok());
        assert_ne!(ResourceName::encode(&[b'%'; 255]), ResourceName::encode(&[b'%'; 254]));
    }
}
