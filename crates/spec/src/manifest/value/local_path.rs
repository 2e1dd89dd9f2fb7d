use std::str::FromStr;

use super::ValueError;
use super::error::text_type;

/// A path of the control host, as the manifest spells it; a relative one counts from the manifest.
///
/// Any path is taken that is no option and stands on one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalPath(String);

text_type!(LocalPath);

impl FromStr for LocalPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem: &str, advice| Err(ValueError::new(text, problem, advice));
        if text.is_empty() {
            return fail("is no path", "write a path, or leave the key out");
        }
        if text.starts_with('-') {
            return fail("begins with -, and programs would take it for an option", "write ./ before it");
        }
        if text.chars().any(char::is_control) {
            return fail("holds a control character", "use a path without line breaks and the like");
        }
        if text.len() > 4000 {
            return fail("is too long", "use a path of 4000 bytes at most");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_and_no_options() {
        for text in ["keys", "./-x", "~/.ssh/id", "/a b/'c'", "../keys", "$(id)"] {
            assert_eq!(text.parse::<LocalPath>().unwrap().as_str(), text);
        }
        for text in ["", "-x", "a\nb", "a\0"] {
            assert!(text.parse::<LocalPath>().is_err(), "{text:?}");
        }
    }
}
