//! Readers of single values: each takes the decoder, the node and the path for messages, and returns the
//! value, or `None` after reporting what is wrong.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::diagnostic::{is_invisible, quoted};
use crate::yaml::{Kind, Node, Scalar, Style};
use crate::{Diagnostic, Spanned};

use super::{Decoder, nearest};

/// Returns the scalar; collections and null are reported.
fn scalar<'n>(decoder: &mut Decoder, node: &'n Node, path: &str, wanted: &str) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) if !scalar.is_null() => Some(scalar),
        Kind::Faulty => None,
        _ => {
            decoder.report(
                Diagnostic::new(node.span, format!("`{path}` is {}, and must be {wanted}", node.noun()))
                    .help(format!("write {wanted}, or leave the key out")),
            );
            None
        }
    }
}

/// Returns the text of a scalar as it is written, whatever YAML would make of it: `no`, `0750` and `.25` stay texts.
pub(crate) fn text(decoder: &mut Decoder, node: &Node, path: &str) -> Option<String> {
    scalar(decoder, node, path, "a text").map(|scalar| scalar.text.clone())
}

/// Returns a text that is not empty and has no control characters.
pub(crate) fn line(decoder: &mut Decoder, node: &Node, path: &str) -> Option<String> {
    let text = text(decoder, node, path)?;
    if text.is_empty() {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}` is empty"))
                .help("write a value; a key that may be missing can be left out"),
        );
        return None;
    }
    if let Some(c) = text.chars().find(|c| c.is_control() || is_invisible(*c)) {
        let kind = if c.is_control() { "control" } else { "invisible" };
        let message = format!("`{path}` holds the {kind} character U+{:04X}", u32::from(c));
        decoder.report(
            Diagnostic::new(node.span, message)
                .help("write it on one line, without control and invisible characters"),
        );
        return None;
    }
    Some(text)
}

/// Returns a text parsed as `T`; its error's advice becomes help.
pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(
    decoder: &mut Decoder,
    node: &Node,
    path: &str,
) -> Option<T> {
    let text = text(decoder, node, path)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            decoder.report_error(node.span, path, &error);
            None
        }
    }
}

/// Returns one of a few words.
pub(crate) fn word<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(&mut Decoder, &Node, &str) -> Option<T> {
    move |decoder, node, path| {
        let text = text(decoder, node, path)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let all = all.join(", ");
        let diagnostic = Diagnostic::new(node.span, format!("`{path}` cannot be {}", quoted(&text)));
        decoder.report(match nearest(&text, words.iter().map(|(word, _)| *word)) {
            Some(word) => diagnostic.help(format!("did you mean `{word}`? The choices are {all}")),
            None => diagnostic.help(format!("the choices are {all}")),
        });
        None
    }
}

/// Returns a reader that takes one word and nothing else.
pub(crate) fn exactly(word: &'static str) -> impl Fn(&mut Decoder, &Node, &str) -> Option<()> {
    move |decoder, node, path| {
        let text = text(decoder, node, path)?;
        if text == word {
            return Some(());
        }
        let message = format!("`{path}` is {}, and must be `{word}`", quoted(&text));
        let newer = path == "apiVersion" && text.starts_with("crdbctl/");
        let help = if newer {
            "this crdbctl knows no other; is there a newer one?"
        } else {
            "is this the right file?"
        };
        decoder.report(Diagnostic::new(node.span, message).help(format!("write `{path}: {word}`; {help}")));
        None
    }
}

/// Returns a boolean: those of YAML 1.2's core schema and no others.
pub(crate) fn boolean(decoder: &mut Decoder, node: &Node, path: &str) -> Option<bool> {
    let scalar = scalar(decoder, node, path, "true or false")?;
    if scalar.style == Style::Plain || scalar.substituted {
        match scalar.text.as_str() {
            "true" | "True" | "TRUE" => return Some(true),
            "false" | "False" | "FALSE" => return Some(false),
            _ => {}
        }
    }
    let shown = quoted(&scalar.text);
    let help = match scalar.text.to_ascii_lowercase().as_str() {
        "true" | "false" => "write it without quotes",
        "yes" | "on" | "y" | "1" => "write `true`: YAML 1.2 has no other word for it",
        "no" | "off" | "n" | "0" => "write `false`: YAML 1.2 has no other word for it",
        _ => "write `true` or `false`",
    };
    decoder.report(
        Diagnostic::new(node.span, format!("`{path}` must be true or false, and is {shown}")).help(help),
    );
    None
}

/// Returns a whole number within `range`.
pub(crate) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&mut Decoder, &Node, &str) -> Option<T>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    move |decoder, node, path| {
        let scalar = scalar(decoder, node, path, "a whole number")?;
        let text = scalar.text.as_str();
        let report = |decoder: &mut Decoder, help: String| {
            let message = format!("`{path}` must be a whole number, and is {}", quoted(text));
            decoder.report(Diagnostic::new(node.span, message).help(help));
        };
        let bounds = || format!("write a number from {} to {}", range.start(), range.end());
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            report(decoder, bounds());
            return None;
        }
        if scalar.style == Style::Quoted && !scalar.substituted {
            report(decoder, "write it without quotes".to_owned());
            return None;
        }
        if text.len() > 1 && text.starts_with('0') {
            // Some readers of YAML take it as octal, others do not.
            report(decoder, "write it without leading zeros: they could mean octal".to_owned());
            return None;
        }
        match text.parse::<T>() {
            Ok(value) if range.contains(&value) => Some(value),
            _ => {
                let message = format!("`{path}` is out of range: {}", quoted(text));
                decoder.report(Diagnostic::new(node.span, message).help(bounds()));
                None
            }
        }
    }
}

/// Returns a duration.
pub(crate) fn duration(decoder: &mut Decoder, node: &Node, path: &str) -> Option<Duration> {
    let text = text(decoder, node, path)?;
    match super::duration::duration(&text) {
        Ok(duration) => Some(duration),
        Err(error) => {
            decoder.report_error(node.span, path, &error);
            None
        }
    }
}

/// Returns a duration in whole seconds.
pub(crate) fn seconds(decoder: &mut Decoder, node: &Node, path: &str) -> Option<u64> {
    let duration = duration(decoder, node, path)?;
    if duration.subsec_nanos() > 0 {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}` is not a number of whole seconds"))
                .help("write it in seconds or longer units, as in 60s"),
        );
        return None;
    }
    Some(duration.as_secs())
}

/// Returns the items of a list that has some, each as `read` takes it; `instead` is what to write for none.
pub(crate) fn some<T>(
    instead: &'static str,
    read: impl Fn(&mut Decoder, &Node, &str) -> Option<T>,
) -> impl Fn(&mut Decoder, &Node, &str) -> Option<Vec<Spanned<T>>> {
    let list = list(read);
    move |decoder, node, path| {
        if matches!(&node.kind, Kind::Sequence(items) if items.is_empty()) {
            decoder.report(Diagnostic::new(node.span, format!("`{path}` is an empty list")).help(instead));
            return None;
        }
        list(decoder, node, path)
    }
}

/// Returns the items of a list, each as `read` takes it; items that were reported are left out.
pub(crate) fn list<T>(
    read: impl Fn(&mut Decoder, &Node, &str) -> Option<T>,
) -> impl Fn(&mut Decoder, &Node, &str) -> Option<Vec<Spanned<T>>> {
    move |decoder, node, path| {
        let Kind::Sequence(items) = &node.kind else {
            if node.kind == Kind::Faulty {
                return None;
            }
            decoder.report(
                Diagnostic::new(node.span, format!("`{path}` is {}, and must be a list", node.noun()))
                    .help("write `[a, b]`, or items on lines of their own that begin with `- `"),
            );
            return None;
        };
        let item = |(index, item): (usize, &Node)| {
            read(decoder, item, &format!("{path}[{index}]")).map(|value| Spanned::new(value, item.span))
        };
        Some(items.iter().enumerate().filter_map(item).collect())
    }
}
