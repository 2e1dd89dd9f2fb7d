//! Command lines read the way cobra and pflag read them.

use std::collections::BTreeMap;

use crate::cli::failure::{Failure, code};
use crate::cli::flag::{Flag, Modelled};
use crate::release::Series;

/// The flags and arguments that were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    values: BTreeMap<&'static str, Vec<String>>,
    /// What is not a flag, in order.
    pub arguments: Vec<String>,
}

impl Given {
    /// The last value of a flag.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.last().map(String::as_str)
    }

    /// All values of a flag, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a flag was given at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether a boolean flag is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.last(name).is_some_and(|text| crate::cli::value::boolean(text) == Ok(true))
    }

    /// Gives a flag a value from the environment unless the command line did.
    pub fn fall_back(&mut self, name: &'static str, value: String) {
        self.values.entry(name).or_insert_with(|| vec![value]);
    }
}

/// Why a command line is refused, in pflag's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A flag is wrong; the real program shows the usage first.
    Flag(String),
    /// The stand-in does not do this.
    NotModelled(String),
}

impl Refusal {
    /// Turns it into what the command prints.
    ///
    /// Flag errors have an exit code of their own since the codes were introduced in v21.1.
    #[must_use]
    pub fn into_failure(self, command: &str, series: Series) -> Failure {
        match self {
            Self::NotModelled(what) => Failure::not_modelled(&what),
            Self::Flag(message) => {
                let code =
                    if series >= Series::new(21, 1) { code::COMMAND_LINE_FLAG } else { code::UNSPECIFIED };
                let mut failure = Failure::new(message).code(code);
                failure.preface = format!("Usage:\n  cockroach {command} [flags]\n\n");
                failure
            }
        }
    }
}

/// Reads a command line: `--flag=value`, `--flag value`, `-fvalue`, `-f value`, `--` ends the flags, and
/// flags and arguments may be mixed.
///
/// # Errors
/// On the first flag that this series does not know or whose value is wrong.
pub fn parse(flags: &'static [Flag], series: Series, command_line: &[String]) -> Result<Given, Refusal> {
    let mut given = Given::default();
    let mut rest = command_line.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            given.arguments.extend(rest.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if name.is_empty() || name.starts_with('-') {
                return Err(Refusal::Flag(format!("bad flag syntax: {word}")));
            }
            let flag = flags
                .iter()
                .find(|flag| flag.name == name && flag.exists_in(series))
                .ok_or_else(|| Refusal::Flag(format!("unknown flag: --{name}")))?;
            let value = match (value, flag.value_when_bare()) {
                (Some(value), _) => value.to_owned(),
                (None, Some(bare)) => bare.to_owned(),
                (None, None) => rest
                    .next()
                    .ok_or_else(|| Refusal::Flag(format!("flag needs an argument: --{name}")))?
                    .clone(),
            };
            set(&mut given, flag, value)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            short(&mut given, flags, series, letters, &mut rest)?;
        } else {
            given.arguments.push(word.clone());
        }
    }
    Ok(given)
}

fn short<'a>(
    given: &mut Given,
    flags: &'static [Flag],
    series: Series,
    letters: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), Refusal> {
    let mut left = letters.chars();
    while let Some(letter) = left.next() {
        let flag = flags
            .iter()
            .find(|flag| flag.short == Some(letter) && flag.exists_in(series))
            .ok_or_else(|| Refusal::Flag(format!("unknown shorthand flag: '{letter}' in -{letters}")))?;
        let after = left.as_str();
        if let Some(bare) = flag.value_when_bare().filter(|_| !after.starts_with('=')) {
            set(given, flag, bare.to_owned())?;
            continue;
        }
        let value = if after.is_empty() {
            rest.next()
                .ok_or_else(|| Refusal::Flag(format!("flag needs an argument: '{letter}' in -{letters}")))?
                .clone()
        } else {
            after.strip_prefix('=').unwrap_or(after).to_owned()
        };
        return set(given, flag, value);
    }
    Ok(())
}

fn set(given: &mut Given, flag: &Flag, value: String) -> Result<(), Refusal> {
    let spelling =
        flag.short.map_or(format!("--{}", flag.name), |letter| format!("-{letter}, --{}", flag.name));
    flag.check(&value)
        .map_err(|why| Refusal::Flag(format!("invalid argument {value:?} for {spelling:?} flag: {why}")))?;
    if flag.modelled == Modelled::Refused && crate::cli::value::boolean(&value) != Ok(false) {
        return Err(Refusal::NotModelled(format!("the flag --{}", flag.name)));
    }
    let values = given.values.entry(flag.name).or_default();
    if !flag.repeated {
        values.clear();
    }
    values.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flag::Kind;

    static FLAGS: &[Flag] = &[
        Flag::new("certs-dir", Kind::Text),
        Flag::new("insecure", Kind::Bool),
        Flag::new("background", Kind::Bool).refused(),
        Flag::new("port", Kind::Text).short('p'),
        Flag::new("quiet", Kind::Bool).short('q'),
        Flag::new("join", Kind::Text).short('j').repeated(),
        Flag::new("log", Kind::Text).since(21, 1),
        Flag::new("logtostderr", Kind::OptionalText),
        Flag::new("cache", Kind::Size),
    ];

    fn read(line: &str) -> Result<Given, Refusal> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(FLAGS, Series::new(24, 1), &words)
    }

    fn refused(line: &str) -> String {
        match read(line).unwrap_err() {
            Refusal::Flag(message) | Refusal::NotModelled(message) => message,
        }
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        for line in ["--port=1", "--port 1", "-p1", "-p=1", "-p 1", "-qp1", "-qp 1"] {
            assert_eq!(read(line).unwrap().last("port"), Some("1"), "{line}");
        }
        assert_eq!(read("--certs-dir=").unwrap().last("certs-dir"), Some(""));
        assert!(read("--certs-dir= --insecure").unwrap().is_on("insecure"));
        assert!(!read("--insecure=false").unwrap().is_on("insecure"));
        assert_eq!(read("--join=a --join b,c").unwrap().all("join"), ["a", "b,c"]);
        assert_eq!(read("--port=1 --port=2").unwrap().all("port"), ["2"]);
    }

    #[test]
    fn a_bare_flag_does_not_take_the_next_word() {
        let given = read("--insecure false --logtostderr x").unwrap();
        assert!(given.is_on("insecure"));
        assert_eq!(given.arguments, ["false", "x"]);
        assert_eq!(given.last("logtostderr"), Some("INFO"));
    }

    #[test]
    fn two_dashes_end_the_flags() {
        let given = read("1 -- --nope -p").unwrap();
        assert_eq!(given.arguments, ["1", "--nope", "-p"]);
    }

    #[test]
    fn refusals_say_what_pflag_says() {
        assert_eq!(refused("--nope"), "unknown flag: --nope");
        assert_eq!(refused("--nope=1"), "unknown flag: --nope");
        assert_eq!(refused("-x1"), "unknown shorthand flag: 'x' in -x1");
        assert_eq!(refused("--port"), "flag needs an argument: --port");
        assert_eq!(refused("-qp"), "flag needs an argument: 'p' in -qp");
        assert_eq!(refused("--=1"), "bad flag syntax: --=1");
        assert_eq!(
            refused("--insecure=maybe"),
            r#"invalid argument "maybe" for "--insecure" flag: strconv.ParseBool: parsing "maybe": invalid syntax"#
        );
        assert_eq!(refused("--background"), "the flag --background");
        assert!(read("--background=false").is_ok());
    }

    #[test]
    fn flags_of_later_series_are_unknown() {
        let words = ["--log=x".to_owned()];
        assert!(parse(FLAGS, Series::new(21, 1), &words).is_ok());
        assert_eq!(
            parse(FLAGS, Series::new(20, 2), &words),
            Err(Refusal::Flag("unknown flag: --log".to_owned()))
        );
    }

    #[test]
    fn flag_errors_have_their_own_exit_code_since_v21_1() {
        let code = |year, ordinal| {
            read("--nope").unwrap_err().into_failure("start", Series::new(year, ordinal)).code
        };
        assert_eq!((code(20, 2), code(21, 1)), (1, 4));
    }

    proptest::proptest! {
        #[test]
        fn no_command_line_makes_it_panic(words in proptest::collection::vec("-{0,3}(port|join|q|p|)=?\\PC{0,3}", 0..6)) {
            let _ = parse(FLAGS, Series::new(24, 1), &words);
        }
    }
}
