use std::str::FromStr;

use super::ValueError;
use super::error::text_type;

/// A user that ssh logs in as: no option, no word of a shell (compare `valid_ruser` of OpenSSH 9.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SshUser(String);

text_type!(SshUser);

impl FromStr for SshUser {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+@-".contains(&byte));
        if text.is_empty() || text.len() > 128 || text.starts_with(['-', '@']) || !is_plain {
            return Err(ValueError::new(
                text,
                "is not a user that ssh can be given safely",
                "use letters, digits and . _ + - @, not beginning with - or @; for others, put `User` into your ssh configuration",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_an_option_or_a_command() {
        for text in ["azmin", "deploy.bot", "a@corp.example", "_x", "A-1"] {
            assert_eq!(text.parse::<SshUser>().unwrap().as_str(), text);
        }
        for text in
            ["", "-oProxyCommand=id", "a b", "a;b", "$(id)", "`id`", "a'b", "a\"b", "a\\", "a\n", "%r", "@a"]
        {
            assert!(text.parse::<SshUser>().is_err(), "{text:?}");
        }
    }
}
