use crdbctl_cockroach::{Version, flags as known};

use crate::decode::Decoder;
use crate::manifest::node::Draft;
use crate::manifest::{Flags, Install};
use crate::{Diagnostic, Spanned};

/// Checks the flags of the cluster and of each node against the version.
pub(in crate::manifest) fn flags(
    decoder: &mut Decoder,
    version: &Spanned<Version>,
    cluster: Option<&Flags>,
    nodes: &[Draft],
    install: &Install,
) {
    for flags in cluster.into_iter().chain(nodes.iter().map(|node| &node.flags)) {
        for (name, flag) in &flags.values {
            let values: Vec<&str> = flag.values.iter().map(|value| value.as_str()).collect();
            if let Err(error) = known::check_all(name, &values, version) {
                let is_value = matches!(
                    error.kind,
                    known::FlagErrorKind::Value { .. }
                        | known::FlagErrorKind::Percent { .. }
                        | known::FlagErrorKind::PartOutOfRange { .. }
                        | known::FlagErrorKind::TooSmall { .. }
                );
                let span = match flag.values.first() {
                    Some(value) if is_value && flag.values.len() == 1 => value.span,
                    _ => flag.name,
                };
                decoder.report_sentence(span, &error.to_string());
            } else if name == "store" {
                check_store(decoder, flag.values.as_slice(), install);
            }
        }
    }
}

/// Checks that `install.data` is among the stores: the node's data is looked for there.
fn check_store(decoder: &mut Decoder, stores: &[Spanned<String>], install: &Install) {
    let data = install.data.as_str();
    let link = format!("{}/data", install.root.value);
    let is_data = |store: &Spanned<String>| {
        store.split(',').any(|field| {
            let path = field.strip_prefix("path=").unwrap_or(field);
            path == data || path == link
        })
    };
    if let (false, Some(first)) = (stores.iter().any(is_data), stores.first()) {
        decoder.report(
            Diagnostic::new(first.span, "no store lies in `install.data`").help(format!(
                "write `path={data}` in one of them, or set `install.data` to the first store"
            )),
        );
    }
}
