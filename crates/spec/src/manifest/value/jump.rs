use std::str::FromStr;

use super::error::text_type;
use super::{PeerName, SshUser, ValueError};

/// The hosts that ssh jumps through (`ssh -J`): `[user@]host[:port]`, with commas between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jump(String);

text_type!(Jump);

impl FromStr for Jump {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.split(',').all(is_hop) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(
                text,
                "is not a host to jump through",
                "write [user@]host[:port], several with commas between, as in ops@bastion.example.com:2222",
            ))
        }
    }
}

fn is_hop(text: &str) -> bool {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, text),
    };
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or("no port"))),
        None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    user.is_none_or(|user| user.parse::<SshUser>().is_ok())
        && host.parse::<PeerName>().is_ok_and(|name| !name.is_wildcard())
        && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_hops() {
        for text in
            ["bastion", "ops@bastion:22", "a@b.example,c:2222", "[2001:db8::1]:22", "ops@[::1]", "10.0.0.1"]
        {
            assert_eq!(text.parse::<Jump>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn is_never_an_option_or_a_command() {
        for text in [
            "", "-oX=y", "a,-b", "a,", "a b", "a:0", "a:x", "a:99999", "$(id)", "-u@b", "a;b", "none\n",
            "[::1]22", "*.b",
        ] {
            assert!(text.parse::<Jump>().is_err(), "{text:?}");
        }
    }
}
