use std::collections::BTreeMap;

use super::network::{Network, plain};
use super::words;
use super::{Address, DEFAULT_PORT, StartCommand};
use crate::Version;
use crate::flags::value::{self, Size};
use crate::flags::{self, FlagShape, FlagSpec};

/// The command line of a `cockroach start`, reduced to what cockroach makes of it.
///
/// Two command lines that mean the same are equal in it, however they are written: `--flag value` and
/// `--flag=value`, old names and new ones, default ports, the order of flags and of `--join`, `.25` and `25%`. The
/// three addresses that every node has (`listen-addr`, `advertise-addr`, `http-addr`) are always there. Other
/// flags are only there when they were given: their defaults depend on the version and on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalArgs {
    /// The first word: the binary as it was called.
    pub binary: String,
    /// The flags by their present names.
    pub flags: BTreeMap<String, CanonicalFlag>,
}

/// A flag in a [`CanonicalArgs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalFlag {
    /// Its values in one spelling, for comparing.
    pub values: Vec<String>,
    /// Its values as they were written, for showing; an address with its defaults filled in.
    pub written: Vec<String>,
}

/// Why a command line is not one of `cockroach start`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// There are no words at all, as with a kernel thread or a process that is gone.
    #[error("the command line is empty")]
    Empty,
    /// No sub-command was given.
    #[error("`{binary}` runs without a sub-command; expected `start`")]
    NoCommand {
        /// The first word.
        binary: String,
    },
    /// The sub-command is another one, such as `start-single-node`.
    #[error("`{binary}` runs `{command}`; expected `start`")]
    OtherCommand {
        /// The first word.
        binary: String,
        /// The sub-command.
        command: String,
    },
}

/// Returns the words of `/proc/PID/cmdline`, which ends each with a NUL (proc(5)).
///
/// Bytes that are no UTF-8 become U+FFFD: such a word differs from any that crdbctl writes, and still shows.
#[must_use]
pub fn split_cmdline(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

impl CanonicalArgs {
    /// Returns what a command line means, from its words: the binary, `start` and the flags.
    ///
    /// # Errors
    /// When it is not one of `cockroach start`. Unknown flags and odd values are no errors: they are kept as they are.
    pub fn parse<S: AsRef<str>>(argv: &[S]) -> Result<Self, ArgsError> {
        let (binary, rest) = argv.split_first().ok_or(ArgsError::Empty)?;
        let binary = binary.as_ref().to_owned();
        let (words, others) = words::split(rest);
        match others.first() {
            None => return Err(ArgsError::NoCommand { binary }),
            Some(command) if command != "start" => {
                return Err(ArgsError::OtherCommand { binary, command: command.clone() });
            }
            Some(_) => {}
        }
        let mut network = Network::default();
        let mut flags: BTreeMap<String, CanonicalFlag> = BTreeMap::new();
        for word in words {
            let spec = flags::find(&word.name);
            let written = word.value.unwrap_or_else(|| alone(spec).to_owned());
            if network.take(&word.name, &written) {
                continue;
            }
            let values = spec.map_or_else(|| vec![written.clone()], |spec| canonical(spec, &written));
            let accumulates = spec.is_none_or(|spec| spec.repeated);
            let flag = flags.entry(word.name).or_insert_with(CanonicalFlag::empty);
            if !accumulates {
                *flag = CanonicalFlag::empty();
            }
            flag.values.extend(values);
            flag.written.push(written);
        }
        if let Some(join) = flags.get_mut("join") {
            join.values.sort();
            join.values.dedup();
        }
        for (name, address) in network.filled() {
            let text = address.to_string();
            flags.insert(name.to_owned(), CanonicalFlag { values: vec![text.clone()], written: vec![text] });
        }
        Ok(Self { binary, flags })
    }

    /// Returns the paths of its stores, as they are written; of stores in memory there is none.
    pub fn store_paths(&self) -> impl Iterator<Item = &str> {
        let values = self.flags.get("store").map(|flag| flag.values.as_slice()).unwrap_or_default();
        values.iter().filter_map(|value| value.split(',').find_map(|field| field.strip_prefix("path=")))
    }

    /// Returns `host:port` where other nodes find it, by which `cockroach node status` names it; the host is empty
    /// when the flags leave it to the host's own name.
    #[must_use]
    pub fn advertised(&self) -> Option<&str> {
        Some(self.flags.get("advertise-addr")?.values.first()?.as_str())
    }
}

impl From<(&StartCommand, &Version)> for CanonicalArgs {
    /// Returns what the command line that crdbctl builds for this version means.
    fn from((command, version): (&StartCommand, &Version)) -> Self {
        Self::parse(&command.argv(version)).expect("argv() writes the binary and `start` first")
    }
}

impl CanonicalFlag {
    fn empty() -> Self {
        Self { values: Vec::new(), written: Vec::new() }
    }
}

/// What a flag that stands alone on the command line means.
fn alone(spec: Option<&FlagSpec>) -> &'static str {
    match spec.map(|spec| spec.shape) {
        Some(FlagShape::Bool) => "true",
        Some(FlagShape::Severity) => "DEFAULT",
        _ => "",
    }
}

fn canonical(spec: &FlagSpec, written: &str) -> Vec<String> {
    let one = match spec.shape {
        FlagShape::AddressList => return join_list(written),
        FlagShape::List => return written.split(',').map(str::to_owned).collect(),
        FlagShape::Bool => value::boolean(written).map(|value| value.to_string()),
        FlagShape::Size => value::size(written).map(size),
        FlagShape::Bytes => value::bytes(written).map(|bytes| bytes.to_string()),
        FlagShape::Duration => value::duration(written).map(|nanos| format!("{nanos}ns")),
        FlagShape::Severity => Some(written.to_ascii_uppercase()),
        FlagShape::Path => Some(clean_path(written)),
        FlagShape::Store => Some(store(written)),
        _ => None,
    };
    vec![one.unwrap_or_else(|| written.to_owned())]
}

fn size(size: Size) -> String {
    match size {
        Size::Part(millionths) => value::part(millionths),
        Size::Bytes(bytes) => bytes.to_string(),
    }
}

fn join_list(written: &str) -> Vec<String> {
    let port = DEFAULT_PORT.to_string();
    let names = written.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| Address::parse(name, &port).map_or_else(|| name.to_owned(), |a| plain(a).to_string()))
        .collect()
}

fn store(written: &str) -> String {
    let mut fields: Vec<String> = written
        .split(',')
        .map(|field| match field.split_once('=').unwrap_or(("path", field)) {
            ("path", path) => format!("path={}", clean_path(path)),
            (key @ ("size" | "ballast-size"), value) => {
                format!("{key}={}", value::size(value).map_or_else(|| value.to_owned(), size))
            }
            (key, value) => format!("{key}={value}"),
        })
        .collect();
    fields.sort();
    fields.join(",")
}

/// Returns a path without `//`, `/./` and a slash at its end; `..` stays, as it may lead through a link.
fn clean_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    match (path.starts_with('/'), parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => path.to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &str) -> String {
        let args = CanonicalArgs::parse(&line.split(' ').collect::<Vec<_>>()).unwrap();
        args.flags
            .iter()
            .map(|(name, flag)| format!("{name}: {}", flag.values.join(" + ")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn reads_what_an_old_script_wrote() {
        let line = "/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs/ --store path=/opt/cockroach//data \
                    --host=198.0.2.166 --join=198.0.2.166,198.0.2.158:26257 -j 198.0.2.171 --cache=25% --max-sql-memory 0.25 \
                    --logtostderr --locality=region=kr,zone=seo01 --max-offset=0.5s";
        insta::assert_snapshot!(shown(line), @r"
        advertise-addr: 198.0.2.166:26257
        cache: .25
        certs-dir: /opt/cockroach/certs
        http-addr: 198.0.2.166:8080
        join: 198.0.2.158:26257 + 198.0.2.166:26257 + 198.0.2.171:26257
        listen-addr: 198.0.2.166:26257
        locality: region=kr,zone=seo01
        logtostderr: DEFAULT
        max-offset: 500000000ns
        max-sql-memory: .25
        store: path=/opt/cockroach/data
        ");
    }

    #[test]
    fn other_nodes_find_it_where_it_advertises_or_listens() {
        let at = |flags: &[&str]| {
            let argv: Vec<&str> = ["/opt/x", "start"].iter().chain(flags).copied().collect();
            CanonicalArgs::parse(&argv).unwrap().advertised().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(at(&["--listen-addr=10.0.0.1", "--advertise-addr=198.0.2.1"]), "198.0.2.1:26257");
        assert_eq!(at(&["--listen-addr=10.0.0.1:1"]), "10.0.0.1:1");
        assert_eq!(at(&["--host=10.0.0.1", "--port=2"]), "10.0.0.1:2");
        assert_eq!(at(&[]), ":26257");
    }

    #[test]
    fn the_last_of_a_flag_that_takes_one_value_counts() {
        assert!(shown("cockroach start --cache=.1 --cache=.2").contains("cache: .2\n"));
        assert!(shown("cockroach start --store=/a --store=/b").contains("store: path=/a + path=/b"));
    }

    #[test]
    fn keeps_what_it_does_not_know() {
        assert!(
            shown("cockroach start --from-the-future=1 --from-the-future 2 --cache=lots")
                .contains("from-the-future: 1 + 2")
        );
        assert!(shown("cockroach start --cache=lots").contains("cache: lots"));
    }

    #[test]
    fn a_global_flag_may_stand_before_the_command() {
        assert!(shown("cockroach --vmodule=raft=1 start --cache=.1").contains("vmodule: raft=1"));
    }

    #[test]
    fn tells_other_commands() {
        let said = |words: &[&str]| CanonicalArgs::parse(words).unwrap_err().to_string();
        insta::assert_snapshot!(said(&[]), @"the command line is empty");
        insta::assert_snapshot!(said(&["cockroach"]), @"`cockroach` runs without a sub-command; expected `start`");
        insta::assert_snapshot!(said(&["cockroach", "start-single-node", "--insecure"]), @"`cockroach` runs `start-single-node`; expected `start`");
        insta::assert_snapshot!(said(&["/bin/sh", "-c", "cockroach start"]), @"`/bin/sh` runs without a sub-command; expected `start`");
    }

    #[test]
    fn splits_what_proc_shows() {
        assert_eq!(split_cmdline(b"cockroach\0start\0--attrs=\0\0"), ["cockroach", "start", "--attrs=", ""]);
        assert_eq!(split_cmdline(b"a b\0--x=\xff"), ["a b", "--x=\u{fffd}"]);
        assert!(split_cmdline(b"").is_empty());
        assert!(split_cmdline(b"\0").is_empty());
    }

    #[test]
    fn cleans_paths_without_following_them() {
        for (path, want) in
            [("/a//b/./c/", "/a/b/c"), ("/", "/"), ("a/", "a"), (".", "."), ("", ""), ("/a/../b", "/a/../b")]
        {
            assert_eq!(clean_path(path), want);
        }
    }

    proptest! {
        #[test]
        fn never_panics(words in proptest::collection::vec("(start|-{0,2}(cache|join|store|host|listen-addr|x)?=?\\PC{0,10})", 0..8)) {
            let _ = CanonicalArgs::parse(&words);
        }

        #[test]
        fn reading_bytes_never_panics(bytes: Vec<u8>) {
            let _ = CanonicalArgs::parse(&split_cmdline(&bytes));
        }
    }
}
