use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{Digest, KeyType};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData as _};
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

/// A private key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key {kind}")]
pub struct KeyError {
    /// What is wrong with it. Never holds a byte of the key.
    pub kind: KeyErrorKind,
}

/// What is wrong with a private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyErrorKind {
    /// No block of a private key's type.
    #[error("was not found: no PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY block in the PEM text")]
    Missing,
    /// It needs a passphrase.
    #[error(
        "is encrypted: not supported yet; store it decrypted, mode 0600 (`openssl pkey -in OLD -out NEW`)"
    )]
    Encrypted,
    /// The PEM text is broken.
    #[error("is not valid PEM")]
    Pem,
    /// The algorithm, the curve or the size is not one of those supported, or the content is broken.
    #[error(
        "is broken or of an unsupported kind: RSA from 2048 bits, P-256, P-384, P-521 and Ed25519 are known"
    )]
    Unsupported,
}

impl From<KeyErrorKind> for KeyError {
    fn from(kind: KeyErrorKind) -> Self {
        Self { kind }
    }
}

/// Returns the SHA-256 digest of the public half of a private key, as a DER SubjectPublicKeyInfo.
///
/// The same as `openssl pkey -in KEY -pubout -outform DER | sha256sum`, and as
/// [`CertificateInfo::spki_sha256`](crate::CertificateInfo::spki_sha256) of a certificate for it.
///
/// # Errors
/// When the PEM text holds no key, one that needs a passphrase, or one of an unknown kind.
pub fn key_spki_sha256(pem: &SecretString) -> Result<Digest, KeyError> {
    Ok(PrivateKey::from_pem(pem)?.spki_sha256())
}

/// A private key; wiped from memory when dropped.
pub(crate) struct PrivateKey {
    pair: KeyPair,
}

impl PrivateKey {
    /// Makes a new key.
    pub(crate) fn generate(key_type: KeyType) -> Result<Self, rcgen::Error> {
        let algorithm = match key_type {
            KeyType::EcdsaP256 => &PKCS_ECDSA_P256_SHA256,
            KeyType::Rsa2048 => &PKCS_RSA_SHA256,
        };
        Ok(Self { pair: KeyPair::generate_for(algorithm)? })
    }

    /// Reads the first private key of a PEM text: PKCS#8, PKCS#1 or SEC1.
    ///
    /// Other blocks before it are skipped: `openssl ecparam -genkey` writes EC PARAMETERS first.
    pub(crate) fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let text = pem.expose_secret();
        if text.lines().any(is_encryption_mark) {
            return Err(KeyErrorKind::Encrypted.into());
        }
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
            let (kind, der) = section.map_err(|_| KeyErrorKind::Pem)?;
            let der = Zeroizing::new(der);
            let key: PrivateKeyDer<'_> = match kind {
                SectionKind::PrivateKey => PrivatePkcs8KeyDer::from(der.as_slice()).into(),
                SectionKind::RsaPrivateKey => PrivatePkcs1KeyDer::from(der.as_slice()).into(),
                SectionKind::EcPrivateKey => PrivateSec1KeyDer::from(der.as_slice()).into(),
                _ => continue,
            };
            let pair = KeyPair::try_from(&key).map_err(|_| KeyErrorKind::Unsupported)?;
            return Ok(Self { pair });
        }
        Err(KeyErrorKind::Missing.into())
    }

    /// Returns the key as PKCS#8 PEM. Only for keys made by [`generate`](Self::generate): a key that
    /// was read keeps the encoding that it came in.
    pub(crate) fn to_pkcs8_pem(&self) -> SecretString {
        let der = self.pair.serialized_der();
        let mut base64 = Zeroizing::new(vec![0; der.len().div_ceil(3) * 4]);
        let length = STANDARD.encode_slice(der, &mut base64).expect("base64 takes four bytes for three");
        // Nothing may grow while it is written: a grown buffer leaves a copy of the key behind.
        let mut pem = String::with_capacity(length + length / 64 + 64);
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        for line in base64[..length].chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        let secret = SecretString::from(pem.as_str());
        pem.zeroize();
        secret
    }

    pub(crate) const fn pair(&self) -> &KeyPair {
        &self.pair
    }

    pub(crate) fn spki_sha256(&self) -> Digest {
        Digest::of(self.pair.subject_public_key_info())
    }
}

/// Whether a line says that the block needs a passphrase: PKCS#8's label or RFC 1421's header.
fn is_encryption_mark(line: &str) -> bool {
    line.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || line.strip_prefix("Proc-Type:").is_some_and(|rest| rest.contains("ENCRYPTED"))
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.pair.zeroize();
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}
