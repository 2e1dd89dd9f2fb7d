//! PEM files as the real program reads them.

use rustls_pki_types::pem::{PemObject, SectionKind};

/// Returns the DER of every block of a `.crt` file.
///
/// # Errors
/// When a block is of another type: keys and certificates do not mix in one file.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut blocks = Vec::new();
    for (number, block) in labels(text).into_iter().enumerate() {
        if block != "CERTIFICATE" {
            return Err(format!("block #{number} is of type {block}, not CERTIFICATE"));
        }
    }
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
        let (_, der) = block.map_err(|error| error.to_string())?;
        blocks.push(der);
    }
    Ok(blocks)
}

/// The labels of all blocks, also of types that the PEM library leaves out.
fn labels(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----")?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERT: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_in_a_certificate_file_is_refused_by_its_number() {
        let text = format!("{CERT}{KEY}");
        assert_eq!(
            certificates(text.as_bytes()).unwrap_err(),
            "block #1 is of type PRIVATE KEY, not CERTIFICATE"
        );
        let odd = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
        assert_eq!(
            certificates(odd.as_bytes()).unwrap_err(),
            "block #0 is of type X509 CRL, not CERTIFICATE"
        );
    }

    #[test]
    fn text_around_blocks_is_skipped() {
        assert_eq!(certificates(format!("subject=x\n{CERT}\n{CERT}").as_bytes()).unwrap().len(), 2);
        assert!(certificates(b"nothing here").unwrap().is_empty());
    }
}
