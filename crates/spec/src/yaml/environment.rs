use std::collections::BTreeMap;

use crate::diagnostic::quoted;
use crate::{Diagnostic, Span};

/// Puts variables into values and remembers which were used.
pub(super) struct Environment<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    /// The variables that were used, with what they stood for.
    pub(super) used: BTreeMap<String, Option<String>>,
}

impl<'a> Environment<'a> {
    pub(super) fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, used: BTreeMap::new() }
    }

    /// Returns `text` with `${NAME}`, `${NAME:-default}` and `$$` replaced; `None` when there is nothing to replace.
    ///
    /// A `$` before anything else stands for itself. `raw` is the value as it stands in the manifest at `span`.
    pub(super) fn expand(&mut self, text: &str, raw: &str, span: Span) -> Result<Option<String>, Diagnostic> {
        if !text.contains("$$") && !text.contains("${") {
            return Ok(None);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$$") {
                out.push('$');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("${") {
                let place = narrow(rest, raw, span);
                let Some((inside, after)) = after.split_once('}') else {
                    return Err(Diagnostic::new(place, "a variable that does not end")
                        .help("write `${NAME}`, or `$$` for a single dollar sign"));
                };
                out.push_str(&self.value(inside, place)?);
                rest = after;
            } else {
                out.push('$');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        Ok(Some(out))
    }

    fn value(&mut self, inside: &str, place: Span) -> Result<String, Diagnostic> {
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let (name, operator) = inside.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Diagnostic::new(place, format!("{} is not the name of a variable", quoted(name)))
                .help("write `${NAME}` with letters, digits and _, or `$$` for a single dollar sign"));
        }
        let default = match operator {
            "" => None,
            operator => match operator.strip_prefix(":-") {
                Some(default) if !default.contains("${") => Some(default),
                Some(_) => {
                    return Err(Diagnostic::new(place, "a variable inside the default of a variable")
                        .help("write one of them only"));
                }
                None => {
                    return Err(Diagnostic::new(
                        place,
                        format!("{} is not understood", quoted(&format!("${{{inside}}}"))),
                    )
                    .help(format!("only `${{{name}}}` and `${{{name}:-default}}` are")));
                }
            },
        };
        let value = (self.get)(name);
        self.used.insert(name.to_owned(), value.clone());
        // As in a shell, :- takes the default for an empty variable too.
        match (value, default) {
            (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => {
                Err(Diagnostic::new(place, format!("the environment variable {} is not set", quoted(name)))
                    .help(format!("set it, or give a default: `${{{name}:-default}}`")))
            }
        }
    }
}

/// Returns the place of a variable in a value, or the whole value's when escapes hide it.
fn narrow(rest: &str, raw: &str, span: Span) -> Span {
    let end = rest.find('}').map_or_else(|| rest.find('\n').unwrap_or(rest.len()), |at| at + 1);
    match raw.find(&rest[..end]) {
        Some(at) => Span::new(span.start + at, span.start + at + end),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<Option<String>, String> {
        let get = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "EVIL" => Some("${A} $$ \n}".to_owned()),
            _ => None,
        };
        Environment::new(&get).expand(text, text, Span::new(0, text.len())).map_err(|d| d.message)
    }

    #[test]
    fn replaces_once_and_literally() {
        for (text, want) in [
            ("${A}", "1"),
            ("x${A}y${A}", "x1y1"),
            ("${B:-d e}", "d e"),
            ("${B:-}", ""),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY}", ""),
            ("$$", "$"),
            ("$${A}", "${A}"),
            ("$$$$", "$$"),
            ("${EVIL}", "${A} $$ \n}"),
            ("$(id) $A $ ${A}$", "$(id) $A $ 1$"),
        ] {
            assert_eq!(expand(text), Ok(Some(want.to_owned())), "{text}");
        }
        assert_eq!(expand("$(id) $A"), Ok(None));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for (text, says) in [
            ("${B}", "not set"),
            ("a ${A", "does not end"),
            ("${}", "not the name"),
            ("${1A}", "not the name"),
            ("${A:?x}", "not understood"),
            ("${A-x}", "not understood"),
            ("${B:-${A}}", "inside the default"),
        ] {
            let error = expand(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
