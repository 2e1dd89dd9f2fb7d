/// Returns whether PEM text has a block of a private key of any form, by its BEGIN line.
///
/// A host sends that line without the block, so that a key in a file of certificates is seen and never leaves it.
pub fn has_private_key(pem: &str) -> bool {
    pem.lines().any(|line| {
        let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
        label.is_some_and(|(label, _)| label.ends_with("PRIVATE KEY"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_form_is_seen_and_a_certificate_is_none() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
        ] {
            assert!(
                has_private_key(&format!("x\n-----BEGIN {label}-----\n-----END {label}-----\n")),
                "{label}"
            );
        }
        for pem in [
            "",
            "PRIVATE KEY",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert!(!has_private_key(pem), "{pem}");
        }
    }
}
