use crate::diagnostic::quoted;
use crate::yaml::{Entry, Kind, Node};
use crate::{Diagnostic, Span, Spanned};

use super::{Decoder, nearest};

/// How many unknown keys of a mapping are compared with the known ones: beyond that it is another kind of file.
const MOST_SUGGESTIONS: usize = 100;

/// The keys of a mapping while they are taken out one by one; what is left at the end is unknown.
pub(crate) struct Fields<'n> {
    /// The path to the mapping, such as `nodes[1].ssh`; empty for the manifest itself.
    pub(crate) path: String,
    /// Where the mapping stands.
    pub(crate) span: Span,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
    /// The required keys that are missing; one that an unknown key is a slip of is not reported twice.
    missing: Vec<(&'static str, Diagnostic)>,
}

impl<'n> Fields<'n> {
    /// Returns the keys of `node`; anything but a mapping is reported.
    pub(crate) fn of(decoder: &mut Decoder, node: &'n Node, path: &str) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            Kind::Faulty => return None,
            _ => {
                let what =
                    if path.is_empty() { decoder.document.the().to_owned() } else { format!("`{path}`") };
                decoder.report(
                    Diagnostic::new(node.span, format!("{what} is {}, and must be a mapping", node.noun()))
                        .help("write keys with values, as in `key: value`"),
                );
                return None;
            }
        };
        Some(Self { path: path.to_owned(), span: node.span, entries, asked: Vec::new(), missing: Vec::new() })
    }

    /// Returns keys of a mapping that is left out.
    pub(crate) fn empty(path: &str, span: Span) -> Self {
        Self { path: path.to_owned(), span, entries: &[], asked: Vec::new(), missing: Vec::new() }
    }

    /// Returns the path of a key of this mapping.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Returns the entry of a key, which is thereby known.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.ask(key);
        self.entries.iter().find(|entry| entry.key.name == key)
    }

    /// Returns a key's value as `read` takes it; `None` when the key is missing or its value was reported.
    pub(crate) fn optional<T>(
        &mut self,
        decoder: &mut Decoder,
        key: &'static str,
        read: impl FnOnce(&mut Decoder, &Node, &str) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let entry = self.entry(key)?;
        let path = self.path_of(key);
        if entry.value.is_null() {
            decoder.report(
                Diagnostic::new(entry.key.span, format!("`{path}` has no value"))
                    .help("write one, or leave the key out"),
            );
            return None;
        }
        read(decoder, &entry.value, &path).map(|value| Spanned::new(value, entry.value.span))
    }

    /// Returns a key's value, or `default` when it is missing or was reported.
    pub(crate) fn or<T>(
        &mut self,
        decoder: &mut Decoder,
        key: &'static str,
        default: T,
        read: impl FnOnce(&mut Decoder, &Node, &str) -> Option<T>,
    ) -> Spanned<T> {
        self.optional(decoder, key, read).unwrap_or(Spanned::new(default, self.span))
    }

    /// Returns a key's value; a missing key is reported.
    pub(crate) fn required<T>(
        &mut self,
        decoder: &mut Decoder,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&mut Decoder, &Node, &str) -> Option<T>,
    ) -> Option<Spanned<T>> {
        if !self.entries.iter().any(|entry| entry.key.name == key) {
            self.ask(key);
            let whose = if self.path.is_empty() {
                decoder.document.the().to_owned()
            } else {
                format!("`{}`", self.path)
            };
            let diagnostic = Diagnostic::new(self.span, format!("{whose} has no `{key}`"))
                .help(format!("add it, for example `{example}`"));
            self.missing.push((key, diagnostic));
            return None;
        }
        self.optional(decoder, key, read)
    }

    /// Returns the keys of the mapping under `key`; no keys when it is left out, or was reported.
    pub(crate) fn section(&mut self, decoder: &mut Decoder, key: &'static str) -> Self {
        let path = self.path_of(key);
        let empty = Self::empty(&path, self.span);
        match self.entry(key) {
            None => empty,
            // `flags:` with nothing behind it is a mapping without keys.
            Some(entry) if entry.value.is_null() => Self { span: entry.key.span, ..empty },
            Some(entry) => Fields::of(decoder, &entry.value, &path).unwrap_or(empty),
        }
    }

    /// Returns every entry, all of them thereby known: for mappings whose keys are the user's.
    pub(crate) fn all(mut self) -> &'n [Entry] {
        std::mem::take(&mut self.entries)
    }

    fn ask(&mut self, key: &'static str) {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
    }

    /// Reports required keys that are missing, and keys that nobody asked for. At the top, keys that begin
    /// with `x-` are the user's.
    pub(crate) fn finish(mut self, decoder: &mut Decoder) {
        let mut unknown = 0;
        for entry in self.entries {
            let name = entry.key.name.as_str();
            if self.asked.contains(&name) || self.path.is_empty() && name.starts_with("x-") {
                continue;
            }
            let whose = if self.path.is_empty() {
                decoder.document.a().to_owned()
            } else {
                format!("`{}`", self.path)
            };
            let diagnostic =
                Diagnostic::new(entry.key.span, format!("{} is not a key of {whose}", quoted(name)));
            unknown += 1;
            let near =
                if unknown <= MOST_SUGGESTIONS { nearest(name, self.asked.iter().copied()) } else { None };
            let help = match near {
                Some(known) => {
                    self.missing.retain(|(missing, _)| *missing != known);
                    format!("did you mean `{known}`?")
                }
                None => format!("its keys are {}", self.asked.join(", ")),
            };
            decoder.report(diagnostic.help(help));
        }
        self.missing.into_iter().for_each(|(_, diagnostic)| decoder.report(diagnostic));
    }
}
