use crate::Span;

/// A node of the manifest, aliases and merges resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Where it stands; for an alias, where its anchor stands.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// What was reported already, and has no value.
    Faulty,
}

/// A single value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// The text, escapes and variables resolved.
    pub(crate) text: String,
    /// How it was written.
    pub(crate) style: Style,
    /// Whether a variable was put in; quotes then say nothing about the type, since flow style needs them.
    pub(crate) substituted: bool,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: may be a number, a boolean or null.
    Plain,
    /// In quotes, or as a block (`|`, `>`): a text.
    Quoted,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Node,
}

/// The key of a mapping: always a scalar, taken as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) style: Style,
    pub(crate) span: Span,
}

impl Scalar {
    /// Returns whether it stands for nothing in YAML 1.2's core schema (10.3.2).
    pub(crate) fn is_null(&self) -> bool {
        self.style == Style::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// Returns whether it is an empty or null scalar.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.is_null())
    }

    /// Returns what it is, as a noun for messages.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_null() => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Faulty => "faulty",
        }
    }

    /// Returns how many nodes and text bytes it holds, itself and keys counted.
    pub(crate) fn weight(&self) -> (usize, usize) {
        match &self.kind {
            Kind::Scalar(scalar) => (1, scalar.text.len()),
            Kind::Faulty => (1, 0),
            Kind::Sequence(items) => items.iter().map(Self::weight).fold((1, 0), add),
            Kind::Mapping(entries) => entries
                .iter()
                .map(|entry| add((1, entry.key.name.len()), entry.value.weight()))
                .fold((1, 0), add),
        }
    }

    /// Returns how many levels of collections it holds; 0 for a scalar.
    pub(crate) fn depth(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) | Kind::Faulty => 0,
            Kind::Sequence(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Kind::Mapping(entries) => 1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
        }
    }
}

fn add(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0 + b.0, a.1 + b.1)
}
