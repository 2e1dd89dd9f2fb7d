use std::collections::BTreeMap;
use std::sync::Arc;

use crdbctl_model::{AcceptEntry, Acceptance, AddrPattern, AttributePattern, Day};

use crate::decode::{Decoder, Fields, read};
use crate::diagnostic::quoted;
use crate::source::Document;
use crate::yaml::Node;
use crate::{Diagnostic, Diagnostics, Inputs, Source, yaml};

/// How many days ahead drift may be accepted: what is accepted for longer is not known drift but another desired state.
const MOST_DAYS: i64 = 366;

/// The most entries of a file.
const MOST_ENTRIES: usize = 1000;

const EXAMPLE: &str =
    "accept: [{address: store-1/unit.cockroach, attribute: mode, until: 2027-01-31, reason: OPS-12}]";

/// Returns the drift that the bytes of a file accept; `file` is its name in messages, and `today` the day from which on a year is the
/// longest.
///
/// Of `inputs` the environment alone counts. An entry whose day has passed is no error: what it is worth is told with what was found.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn parse_accept(
    bytes: &[u8],
    file: &str,
    inputs: &Inputs<'_>,
    today: Day,
) -> Result<Acceptance, Diagnostics> {
    let text = match yaml::utf8(bytes) {
        Ok(text) => text,
        Err(diagnostic) => {
            return Err(Diagnostics::new(Arc::new(Source::of(Document::Accept, file, "")), vec![diagnostic]));
        }
    };
    let source = Arc::new(Source::of(Document::Accept, file, text));
    let loaded = yaml::load(&source, inputs.environment);
    let mut decoder = Decoder { diagnostics: loaded.diagnostics, document: source.document() };
    let entries = loaded.root.and_then(|root| decode(&mut decoder, &root, &source, today));
    match entries {
        Some(entries) if decoder.diagnostics.is_empty() => Ok(Acceptance { file: file.to_owned(), entries }),
        _ => Err(Diagnostics::new(source, decoder.diagnostics)),
    }
}

fn decode(decoder: &mut Decoder, root: &Node, source: &Source, today: Day) -> Option<Vec<AcceptEntry>> {
    let mut fields = Fields::of(decoder, root, "")?;
    // Whoever writes them means them; the file says what it is without them.
    fields.optional(decoder, "apiVersion", read::exactly("crdbctl/v1"));
    fields.optional(decoder, "kind", read::exactly("Accept"));
    let entries = read::list(|decoder: &mut Decoder, node: &Node, path: &str| {
        entry(decoder, node, path, source, today)
    });
    let entries = fields.required(decoder, "accept", EXAMPLE, entries);
    fields.finish(decoder);
    let entries = entries?;
    if entries.len() > MOST_ENTRIES {
        let message = format!("`accept` has {} entries; {MOST_ENTRIES} are the most", entries.len());
        decoder
            .report(Diagnostic::new(entries.span, message).help("let patterns speak of several resources"));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries.iter() {
        if let Some(line) = seen.get(&entry.to_string()) {
            let message = format!("{} is accepted a second time", quoted(&entry.to_string()));
            let help = format!("keep one of them; the first is on line {line}");
            decoder.report(Diagnostic::new(entry.span, message).help(help));
        } else {
            seen.insert(entry.to_string(), entry.origin.line);
        }
    }
    Some(entries.value.into_iter().map(|entry| entry.value).collect())
}

fn entry(decoder: &mut Decoder, node: &Node, path: &str, source: &Source, today: Day) -> Option<AcceptEntry> {
    let mut fields = Fields::of(decoder, node, path)?;
    let address =
        fields.required(decoder, "address", "address: store-1/unit.cockroach", read::parsed::<AddrPattern>);
    let attribute = fields.entry("attribute").is_some();
    let pattern = fields.optional(decoder, "attribute", read::parsed::<AttributePattern>);
    let until = fields.required(decoder, "until", "until: 2027-01-31", read::parsed::<Day>);
    let reason = fields.required(decoder, "reason", "reason: OPS-12, the scanner rewrites it", read::line);
    let span = fields.span;
    fields.finish(decoder);
    if let Some(until) = &until
        && until.since(today) > MOST_DAYS
    {
        let message = format!("`{path}.until`: {} is more than a year ahead", until.value);
        decoder.report(Diagnostic::new(until.span, message).help(format!(
            "drift is accepted for a time: write a day up to {}, or let the manifest say what the hosts shall be",
            today.plus(MOST_DAYS)
        )));
    }
    if let Some(reason) = reason.as_ref().filter(|reason| reason.trim().is_empty()) {
        let message = format!("`{path}.reason` is blank");
        decoder.report(
            Diagnostic::new(reason.span, message)
                .help("say why it is accepted, for whoever finds it expired"),
        );
    }
    // A wrong attribute must not become an entry that accepts all.
    if attribute && pattern.is_none() {
        return None;
    }
    Some(AcceptEntry {
        address: address?.value,
        attribute: pattern.map(|pattern| pattern.value),
        until: until?.value,
        reason: reason?.value,
        origin: source.position(span),
    })
}
