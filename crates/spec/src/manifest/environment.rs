use std::collections::BTreeMap;

use crate::decode::{Decoder, Fields, read};
use crate::diagnostic::quoted;
use crate::{Diagnostic, Spanned};

/// The environment variables of the service, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The values by name; a value stands on one line.
    pub variables: BTreeMap<String, Spanned<String>>,
}

impl Environment {
    pub(super) fn decode(decoder: &mut Decoder, fields: Fields<'_>) -> Self {
        let path = fields.path.clone();
        let mut variables = BTreeMap::new();
        for entry in fields.all() {
            let name = &entry.key.name;
            let path = format!("{path}.{name}");
            if !is_name(name) {
                decoder.report(
                    Diagnostic::new(
                        entry.key.span,
                        format!("{} is not the name of a variable", quoted(name)),
                    )
                    .help("use letters, digits and _, not beginning with a digit"),
                );
                continue;
            }
            let text = read::text(decoder, &entry.value, &path);
            let value = match text {
                Some(text) if text.is_empty() => Some(text),
                Some(_) => read::line(decoder, &entry.value, &path),
                None => None,
            };
            if let Some(value) = value {
                variables.insert(name.clone(), Spanned::new(value, entry.value.span));
            }
        }
        Self { variables }
    }

    /// Returns the values as plain texts.
    pub fn plain(&self) -> BTreeMap<String, String> {
        self.variables.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect()
    }
}

/// Names of POSIX shells; systemd takes no others (environ(7), systemd.exec(5)).
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}
