use std::time::Duration;

use super::{Delivery, DiskFree, Manifest};
use crate::{Diagnostic, Diagnostics, Span};

/// Returns a diagnostic for each thing that is understood and not carried out yet.
pub(super) fn unsupported(manifest: &Manifest) -> Diagnostics {
    let mut list = Vec::new();
    let mut refuse = |span: Span, what: &str, instead: &str| {
        list.push(Diagnostic::new(span, format!("{what} is not supported yet")).help(instead));
    };
    if manifest.cockroach.delivery.value == Delivery::Pull {
        refuse(manifest.cockroach.delivery.span, "`cockroach.delivery: pull`", "use `delivery: push`");
    }
    for flags in
        std::iter::once(&manifest.cockroach.flags).chain(manifest.nodes.iter().map(|node| &node.flags))
    {
        if let Some(flag) = flags.values.get("unencrypted-localhost-http") {
            let what = "the flag `unencrypted-localhost-http`";
            refuse(flag.name, what, "leave it out: crdbctl asks for a node's health over HTTPS");
        }
    }
    // The defaults are what a preflight will look for.
    let limits = [
        (
            "clock_skew",
            manifest.checks.clock_skew.span,
            manifest.checks.clock_skew.value != Duration::from_millis(250),
        ),
        (
            "disk_free",
            manifest.checks.disk_free.span,
            manifest.checks.disk_free.value != DiskFree::Percent(10),
        ),
    ];
    for (name, span, is_set) in limits {
        if is_set {
            refuse(
                span,
                &format!("`checks.{name}`"),
                "leave it out, and look at the hosts yourself before the first apply",
            );
        }
    }
    Diagnostics::new(manifest.source.clone(), list)
}
