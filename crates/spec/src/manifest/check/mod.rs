//! What can only be judged when several parts of a manifest are seen together.

mod archive;
mod flags;
mod join;
mod localities;
mod nodes;
mod paths;
mod principals;
mod quorum;

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::decode::Decoder;
use crate::{Diagnostic, Span, Spanned};

pub(super) use archive::archive;
pub(super) use flags::flags;
pub(super) use join::join;
pub(super) use localities::localities;
pub(super) use nodes::{reachable, unique};
pub(super) use paths::{owner, paths};
pub(super) use principals::principals;
pub(super) use quorum::quorum;

/// Reports each value that has been there before; `what` is the noun before it, such as `the name`.
pub(super) fn doubles<T: Ord + Display>(decoder: &mut Decoder, values: &[Spanned<T>], what: &str) {
    let mut seen: BTreeMap<&T, Span> = BTreeMap::new();
    for value in values {
        match seen.get(&value.value) {
            None => {
                seen.insert(&value.value, value.span);
            }
            Some(first) => decoder.report(
                Diagnostic::new(value.span, format!("{what} `{}` is here a second time", value.value))
                    .label("again here")
                    .related(*first, "first here")
                    .help("keep one of them"),
            ),
        }
    }
}
