//! From the text of a manifest to a validated [`Manifest`], and from there to a
//! [`crdbctl_model::ResourceGraph`].
//!
//! ```text
//! text ──yaml──▶ nodes with positions ──manifest──▶ Manifest ──lower──▶ ResourceGraph ──output──▶ dot, mermaid, json, files
//! ```
//!
//! Everything is pure: the environment and the text of a unit template come in through [`Inputs`].
//! Whatever is wrong with a manifest is found before any connection is made, and all of it is
//! reported at once as [`Diagnostics`], each with file, line, column, the line itself and what to
//! write instead. `specs/manifest.v1.md` describes every key. [`parse_accept`] reads the file of drift that is accepted in the same way.

mod accept;
mod decode;
mod diagnostic;
mod inputs;
mod lower;
pub mod manifest;
mod output;
mod parse;
mod source;
mod span;
mod unit;
mod yaml;

pub use accept::parse_accept;
pub use crdbctl_cockroach::archive::Arch;
pub use diagnostic::{Diagnostic, DiagnosticRecord, Diagnostics};
pub use inputs::Inputs;
pub use lower::{LowerError, LowerErrorKind, lower, lower_with, placeholder_archives};
pub use manifest::Manifest;
pub use output::{render, to_dot, to_json, to_mermaid};
pub use parse::{parse, parse_bytes};
pub use source::Source;
pub use span::{Span, Spanned};
pub use unit::{
    BUILT_IN_TEMPLATE, SplitError, SplitErrorKind, SystemdContext, TEMPLATE_VARIABLES, split_exec,
    systemd_quote,
};
