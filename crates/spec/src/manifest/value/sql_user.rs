use std::str::FromStr;

use super::ValueError;
use super::error::text_type;

/// A SQL user: the common name of its certificate and a part of the certificate's file name.
///
/// Source of the form: <https://www.cockroachlabs.com/docs/stable/create-user> (user names).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SqlUser(String);

text_type!(SqlUser);

impl FromStr for SqlUser {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let is_plain =
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b));
        if text.len() > 63 || !begins_well || !is_plain {
            return Err(ValueError::new(
                text,
                "is not a SQL user that crdbctl makes certificates for",
                "begin with a lower-case letter or _, then lower-case letters, digits, _ - and . (63 characters at most)",
            ));
        }
        if text == "node" {
            return Err(ValueError::new(
                text,
                "is the user of the nodes themselves, and a certificate for it would be a key to everything",
                "leave out node; root is the first administrator",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_users_and_no_paths() {
        for text in ["root", "app_1", "a.b-c", "_x"] {
            assert_eq!(text.parse::<SqlUser>().unwrap().as_str(), text);
        }
        for text in ["", "node", "Root", "-x", "../x", "a/b", "a b", "a\n", "1a", ".", &"a".repeat(64)] {
            assert!(text.parse::<SqlUser>().is_err(), "{text:?}");
        }
    }
}
