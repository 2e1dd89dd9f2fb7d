//! The flags of one command and the values they take.

use crate::cli::value;
use crate::release::Series;

/// What a flag's value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` when given without a value.
    Bool,
    /// Any text.
    Text,
    /// Text that may be left away after the flag (`--logtostderr`, `--logtostderr=INFO`).
    OptionalText,
    /// A whole number.
    Int,
    /// A size in bytes with an optional unit.
    Bytes,
    /// A size in bytes, a percentage or a fraction below one.
    Size,
    /// A Go duration such as `500ms`.
    Duration,
    /// `host`, `host:port` or `:port`.
    Address,
    /// `key=value` tiers, comma-separated.
    Locality,
    /// A store specification.
    Store,
}

/// Whether giving a flag changes what the stand-in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modelled {
    /// It does.
    Yes,
    /// It is checked and then has no effect.
    Ignored,
    /// It is refused, because pretending would mislead a test.
    Refused,
}

/// One flag.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Name without dashes.
    pub name: &'static str,
    /// One-letter form.
    pub short: Option<char>,
    /// What its value looks like.
    pub kind: Kind,
    /// First series that has it.
    pub since: Series,
    /// First series that no longer has it.
    pub until: Option<Series>,
    /// Where a hidden old spelling stores its value.
    pub alias_of: Option<&'static str>,
    /// What the stand-in makes of it.
    pub modelled: Modelled,
    /// May be given several times, each adding a value.
    pub repeated: bool,
}

impl Flag {
    /// A flag that every series has, without effect until told otherwise.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            short: None,
            kind,
            since: Series::new(0, 0),
            until: None,
            alias_of: None,
            modelled: Modelled::Ignored,
            repeated: false,
        }
    }

    pub(crate) const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    pub(crate) const fn since(mut self, year: u16, ordinal: u16) -> Self {
        self.since = Series::new(year, ordinal);
        self
    }

    pub(crate) const fn until(mut self, year: u16, ordinal: u16) -> Self {
        self.until = Some(Series::new(year, ordinal));
        self
    }

    /// A hidden old spelling; always has an effect, that of its target.
    pub(crate) const fn alias(mut self, target: &'static str) -> Self {
        self.alias_of = Some(target);
        self.modelled = Modelled::Yes;
        self
    }

    pub(crate) const fn works(mut self) -> Self {
        self.modelled = Modelled::Yes;
        self
    }

    pub(crate) const fn refused(mut self) -> Self {
        self.modelled = Modelled::Refused;
        self
    }

    pub(crate) const fn repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Whether this series has it.
    #[must_use]
    pub fn exists_in(&self, series: Series) -> bool {
        series >= self.since && self.until.is_none_or(|until| series < until)
    }

    /// The value that the flag has when none follows it.
    pub(crate) fn value_when_bare(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Bool => Some("true"),
            Kind::OptionalText => Some("INFO"),
            _ => None,
        }
    }

    /// Checks a value, and returns what the real program would complain of.
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        match self.kind {
            Kind::Bool => value::boolean(text).map(drop),
            Kind::Text | Kind::OptionalText => Ok(()),
            Kind::Int => text
                .parse::<i64>()
                .map(drop)
                .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
            Kind::Bytes => value::bytes(text).map(drop),
            Kind::Size => value::size(text),
            Kind::Duration => value::duration(text).map(drop),
            Kind::Address => value::Address::parse(text, "").map(drop),
            Kind::Locality => value::locality(text).map(drop),
            Kind::Store => value::StoreSpec::parse(text).map(drop),
        }
    }
}
