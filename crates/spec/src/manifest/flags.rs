use std::collections::BTreeMap;

use crate::decode::{Decoder, Fields, read};
use crate::yaml::{Kind, Node};
use crate::{Diagnostic, Span, Spanned};

/// Flags of `cockroach start` by name, without dashes, each with its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The values by flag; more than one for flags that may be repeated.
    pub values: BTreeMap<String, Flag>,
}

/// The values of a flag, with the places of its name and of the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Where its name stands.
    pub name: Span,
    /// Its values.
    pub values: Vec<Spanned<String>>,
}

impl Flags {
    /// Decodes the mapping; whether the version has the flags is checked later, when the version is known.
    pub(super) fn decode(decoder: &mut Decoder, fields: Fields<'_>) -> Self {
        let path = fields.path.clone();
        let mut values = BTreeMap::new();
        for entry in fields.all() {
            let path = format!("{path}.{}", entry.key.name);
            if let Some(values_of_flag) = values_of(decoder, &entry.value, &path) {
                values.insert(entry.key.name.clone(), Flag { name: entry.key.span, values: values_of_flag });
            }
        }
        Self { values }
    }

    /// Returns these flags with those of `over` put over them.
    #[must_use]
    pub fn with(&self, over: &Self) -> Self {
        let mut values = self.values.clone();
        values.extend(over.values.clone());
        Self { values }
    }

    /// Returns the values as plain texts.
    pub fn plain(&self) -> BTreeMap<String, Vec<String>> {
        let texts = |flag: &Flag| flag.values.iter().map(|value| value.value.clone()).collect();
        self.values.iter().map(|(name, flag)| (name.clone(), texts(flag))).collect()
    }
}

fn values_of(decoder: &mut Decoder, node: &Node, path: &str) -> Option<Vec<Spanned<String>>> {
    match &node.kind {
        Kind::Sequence(items) if items.is_empty() => {
            decoder.report(
                Diagnostic::new(node.span, format!("`{path}` is an empty list"))
                    .help("leave the flag out instead"),
            );
            None
        }
        Kind::Sequence(items) => {
            let before = decoder.count();
            let values = read::list(flag_value)(decoder, node, path)?;
            (values.len() == items.len() && decoder.count() == before).then_some(values)
        }
        _ => flag_value(decoder, node, path).map(|value| vec![Spanned::new(value, node.span)]),
    }
}

/// Returns the text of a value: an empty one may mean something to cockroach, a line break cannot stand in a unit.
fn flag_value(decoder: &mut Decoder, node: &Node, path: &str) -> Option<String> {
    let text = read::text(decoder, node, path)?;
    if text.is_empty() { Some(text) } else { read::line(decoder, node, path) }
}
