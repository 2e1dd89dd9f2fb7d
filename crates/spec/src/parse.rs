use std::sync::Arc;

use crdbctl_model::Digest;

use crate::decode::Decoder;
use crate::manifest::Manifest;
use crate::yaml;
use crate::{Diagnostics, Inputs, Source};

/// Returns the manifest that `text` says; `file` is its name in messages.
///
/// # Errors
/// Everything that is wrong with it, at once. A text that is not YAML at all gives what is wrong as YAML.
pub fn parse(text: &str, file: &str, inputs: &Inputs<'_>) -> Result<Manifest, Diagnostics> {
    let source = Arc::new(Source::new(file, text));
    let loaded = yaml::load(&source, inputs.environment);
    let mut decoder = Decoder { diagnostics: loaded.diagnostics, document: source.document() };
    let decoded = loaded.root.and_then(|root| Manifest::decode(&mut decoder, &root, inputs, &source));
    let mut manifest = match decoded {
        Some(manifest) if decoder.diagnostics.is_empty() => manifest,
        Some(manifest) => {
            // Whoever mends the rest should not then be told of more.
            let unsupported = manifest.unsupported();
            decoder.diagnostics.extend(unsupported.iter().cloned());
            return Err(Diagnostics::new(source, decoder.diagnostics));
        }
        None => return Err(Diagnostics::new(source, decoder.diagnostics)),
    };
    let template = manifest.service.template.as_ref().map(|template| template.text.as_str());
    manifest.digest = Digest::of_json(&(text, loaded.variables, template));
    let diagnostics = crate::unit::check_template(&manifest);
    if diagnostics.is_empty() { Ok(manifest) } else { Err(Diagnostics::new(source, diagnostics)) }
}

/// Returns the manifest that the bytes of a file say; see [`parse`].
///
/// # Errors
/// As [`parse`], and when they are not UTF-8.
pub fn parse_bytes(bytes: &[u8], file: &str, inputs: &Inputs<'_>) -> Result<Manifest, Diagnostics> {
    match yaml::utf8(bytes) {
        Ok(text) => parse(text, file, inputs),
        Err(diagnostic) => Err(Diagnostics::new(Arc::new(Source::new(file, "")), vec![diagnostic])),
    }
}
