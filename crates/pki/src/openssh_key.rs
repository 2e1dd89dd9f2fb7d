use crdbctl_model::Digest;

/// Why a public key in OpenSSH's form cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpensshKeyError {
    /// It ends early, or goes on behind its end.
    #[error("the public key is cut off, or longer than it says")]
    Length,
    /// It is of another kind than RSA, ECDSA and Ed25519.
    #[error("its public key is of the kind {0:?}, which CockroachDB does not use")]
    Kind(String),
}

/// DER of the object identifiers 1.2.840.113549.1.1.1 with NULL (RFC 3279 §2.3.1).
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, 1.3.132.0.34 and 1.3.132.0.35 (RFC 5480 §2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
/// 1.3.101.112 (RFC 8410 §3).
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// Returns the SHA-256 digest of a public key as a DER SubjectPublicKeyInfo, from OpenSSH's form of the key (what
/// `ssh-keygen -y` prints, out of its base64; RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
///
/// The same as [`key_spki_sha256`](crate::key_spki_sha256) of the private key.
///
/// # Errors
/// When the bytes are no such key, or one of a kind that CockroachDB does not use.
pub fn openssh_spki_sha256(blob: &[u8]) -> Result<Digest, OpensshKeyError> {
    let mut rest = blob;
    let kind = take(&mut rest)?;
    let (algorithm, bits) = match kind {
        b"ssh-rsa" => {
            let (exponent, modulus) = (take(&mut rest)?, take(&mut rest)?);
            // An mpint is the content of a DER INTEGER (RFC 4251 §5).
            let key = der(0x30, &[&der(0x02, &[modulus]), &der(0x02, &[exponent])]);
            (RSA.to_vec(), key)
        }
        b"ecdsa-sha2-nistp256" => (curve(&mut rest, P256)?, take(&mut rest)?.to_vec()),
        b"ecdsa-sha2-nistp384" => (curve(&mut rest, P384)?, take(&mut rest)?.to_vec()),
        b"ecdsa-sha2-nistp521" => (curve(&mut rest, P521)?, take(&mut rest)?.to_vec()),
        b"ssh-ed25519" => (ED25519.to_vec(), take(&mut rest)?.to_vec()),
        other => {
            let kind = String::from_utf8_lossy(&other[..other.len().min(64)]).into_owned();
            return Err(OpensshKeyError::Kind(kind));
        }
    };
    if !rest.is_empty() {
        return Err(OpensshKeyError::Length);
    }
    Ok(Digest::of(der(0x30, &[&der(0x30, &[&algorithm]), &der(0x03, &[&[0], &bits])])))
}

/// Passes over the name of the curve, and returns the algorithm with it.
fn curve(rest: &mut &[u8], curve: &[u8]) -> Result<Vec<u8>, OpensshKeyError> {
    take(rest)?;
    Ok([EC, curve].concat())
}

/// Takes one string: four bytes of length, and so many bytes.
fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], OpensshKeyError> {
    let (length, behind) = rest.split_first_chunk::<4>().ok_or(OpensshKeyError::Length)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| OpensshKeyError::Length)?;
    let (string, behind) = behind.split_at_checked(length).ok_or(OpensshKeyError::Length)?;
    *rest = behind;
    Ok(string)
}

/// Writes an element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let all = length.to_be_bytes();
            let used = &all[all.iter().take_while(|byte| **byte == 0).count()..];
            // At most eight bytes of length.
            bytes.push(0x80 | u8::try_from(used.len()).unwrap_or(8));
            bytes.extend_from_slice(used);
        }
    }
    bytes.extend(parts.concat());
    bytes
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    /// A key by openssl, with these words.
    fn openssl(words: &str) -> Option<String> {
        let output = Command::new("openssl").args(words.split(' ')).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn it_is_the_digest_that_the_private_key_has() {
        let directory = tempfile::tempdir().unwrap();
        for words in [
            "genrsa 2048",
            "genrsa -traditional 3072",
            "ecparam -name prime256v1 -genkey",
            "ecparam -name secp384r1 -genkey -noout",
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        ] {
            let Some(pem) = openssl(words) else {
                crdbctl_testlab::skip_unless_required("this machine has no openssl");
                return;
            };
            let path = directory.path().join("key");
            std::fs::write(&path, &pem).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            let Ok(output) = Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(&path).output()
            else {
                crdbctl_testlab::skip_unless_required("this machine has no ssh-keygen");
                return;
            };
            let printed = String::from_utf8(output.stdout).unwrap();
            let blob = STANDARD.decode(printed.split_whitespace().nth(1).unwrap()).unwrap();
            let expected = crate::key_spki_sha256(&SecretString::from(pem)).unwrap();
            assert_eq!(openssh_spki_sha256(&blob), Ok(expected), "{words}");
            assert_eq!(openssh_spki_sha256(&blob[..blob.len() - 1]), Err(OpensshKeyError::Length));
            assert_eq!(openssh_spki_sha256(&[&blob[..], b"x"].concat()), Err(OpensshKeyError::Length));
        }
    }

    #[test]
    fn an_ed25519_key_is_known_and_another_kind_is_named() {
        // RFC 8410 §10.1: the public key of its example.
        let key = hex::decode("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1").unwrap();
        let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &key].concat();
        let spki = [&hex::decode("302a300506032b6570032100").unwrap()[..], &key].concat();
        assert_eq!(openssh_spki_sha256(&blob), Ok(Digest::of(spki)));
        let dsa = [&[0, 0, 0, 7][..], b"ssh-dss"].concat();
        assert_eq!(openssh_spki_sha256(&dsa), Err(OpensshKeyError::Kind("ssh-dss".to_owned())));
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = openssh_spki_sha256(&bytes);
        }
    }
}
