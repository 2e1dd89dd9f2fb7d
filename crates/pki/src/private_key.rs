use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{Digest, KeyType};
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::{self, pbes2};
use pkcs8::{EncryptedPrivateKeyInfo, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData as _};
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use x509_parser::pem::Pem;
use zeroize::{Zeroize as _, Zeroizing};

/// The label of PKCS#8's encrypted form (RFC 7468 §11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// How often PBKDF2 hashes, as OWASP's password storage cheat sheet asks of HMAC-SHA-256.
const ITERATIONS: u32 = 600_000;

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
    #[error("is encrypted, and needs its passphrase")]
    Encrypted,
    /// It is encrypted as OpenSSL did before PKCS#8, with a key derived by one round of MD5.
    #[error(
        "is encrypted in the old form (Proc-Type: 4,ENCRYPTED), which protects it badly and is not read; \
         encrypt it as PKCS#8: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW"
    )]
    LegacyEncryption,
    /// It is encrypted in a way that is not known here.
    #[error(
        "is encrypted in a way that is not known: PBES2 with AES is; \
         encrypt it so: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW"
    )]
    UnknownEncryption,
    /// The passphrase does not open it.
    #[error("does not open with this passphrase")]
    WrongPassphrase,
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
        if let Some(kind) = encryption(text) {
            return Err(kind.into());
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

    /// Reads a private key that [`encrypted_pem`](Self::encrypted_pem) or `openssl pkcs8 -topk8` wrote.
    ///
    /// A wrong passphrase usually breaks the padding; where it does not, what comes out is no key.
    pub(crate) fn from_encrypted_pem(
        pem: &SecretString,
        passphrase: &SecretString,
    ) -> Result<Self, KeyError> {
        let blocks = Pem::iter_from_buffer(pem.expose_secret().as_bytes());
        let block = blocks.filter_map(Result::ok).find(|block| block.label == ENCRYPTED);
        let block = block.ok_or(KeyErrorKind::Pem)?;
        let info = EncryptedPrivateKeyInfoRef::try_from(block.contents.as_slice())
            .map_err(|_| KeyErrorKind::UnknownEncryption)?;
        let der = match info.decrypt(passphrase.expose_secret().as_bytes()) {
            Ok(der) => der,
            Err(pkcs8::Error::EncryptedPrivateKey(
                pkcs5::Error::UnsupportedAlgorithm { .. } | pkcs5::Error::NoPbes1CryptSupport,
            )) => return Err(KeyErrorKind::UnknownEncryption.into()),
            Err(_) => return Err(KeyErrorKind::WrongPassphrase.into()),
        };
        if PrivateKeyInfoRef::try_from(der.as_bytes()).is_err() {
            return Err(KeyErrorKind::WrongPassphrase.into());
        }
        let key: PrivateKeyDer<'_> = PrivatePkcs8KeyDer::from(der.as_bytes()).into();
        let pair = KeyPair::try_from(&key).map_err(|_| KeyErrorKind::Unsupported)?;
        Ok(Self { pair })
    }

    /// Returns the key as PKCS#8 PEM that only `passphrase` opens: PBKDF2 with HMAC-SHA-256, AES-256-CBC, which
    /// OpenSSL 1.0.2 and later read. Only for keys made by [`generate`](Self::generate), as below.
    pub(crate) fn encrypted_pem(&self, passphrase: &SecretString) -> Result<SecretString, rcgen::Error> {
        let random =
            |bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).map_err(|_| rcgen::Error::RingUnspecified);
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        random(&mut salt)?;
        random(&mut iv)?;
        let refused = |error: pkcs5::Error| rcgen::Error::PemError(error.to_string());
        let parameters =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv).map_err(refused)?;
        let encrypted = parameters
            .encrypt(passphrase.expose_secret().as_bytes(), self.pair.serialized_der())
            .map_err(refused)?;
        let der = OctetStringRef::new(&encrypted)
            .and_then(|encrypted_data| {
                EncryptedPrivateKeyInfo { encryption_algorithm: parameters.into(), encrypted_data }.to_der()
            })
            .map_err(|error| rcgen::Error::PemError(error.to_string()))?;
        Ok(pem_of(ENCRYPTED, &der))
    }

    /// Returns the key as PKCS#8 PEM. Only for keys made by [`generate`](Self::generate): a key that
    /// was read keeps the encoding that it came in.
    pub(crate) fn to_pkcs8_pem(&self) -> SecretString {
        pem_of("PRIVATE KEY", self.pair.serialized_der())
    }

    pub(crate) const fn pair(&self) -> &KeyPair {
        &self.pair
    }

    pub(crate) fn spki_sha256(&self) -> Digest {
        Digest::of(self.pair.subject_public_key_info())
    }
}

/// Whether the PEM text of a key needs a passphrase that can be used here.
pub(crate) fn is_encrypted(pem: &SecretString) -> bool {
    encryption(pem.expose_secret()) == Some(KeyErrorKind::Encrypted)
}

/// Returns how a key is encrypted, if it is: by PKCS#8's label or RFC 1421's header.
fn encryption(text: &str) -> Option<KeyErrorKind> {
    text.lines().find_map(|line| {
        if line.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Some(KeyErrorKind::Encrypted);
        }
        let is_legacy = line.strip_prefix("Proc-Type:").is_some_and(|rest| rest.contains("ENCRYPTED"));
        is_legacy.then_some(KeyErrorKind::LegacyEncryption)
    })
}

fn pem_of(label: &str, der: &[u8]) -> SecretString {
    let mut base64 = Zeroizing::new(vec![0; der.len().div_ceil(3) * 4]);
    let length = STANDARD.encode_slice(der, &mut base64).expect("base64 takes four bytes for three");
    // Nothing may grow while it is written: a grown buffer leaves a copy of the key behind.
    let mut pem = String::with_capacity(length + length / 64 + 2 * label.len() + 64);
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    for line in base64[..length].chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let secret = SecretString::from(pem.as_str());
    pem.zeroize();
    secret
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
