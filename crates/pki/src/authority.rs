use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use crdbctl_model::{KeyType, Timestamp};
use rcgen::{CertificateParams, Issuer, KeyIdMethod, KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};
use secrecy::SecretString;

use crate::issued::Purpose;
use crate::private_key::{PrivateKey, is_encrypted};
use crate::profile::{self, crypto};
use crate::signature::SignatureCheck;
use crate::{
    CaBundle, Certificate, CertificateInfo, ClientUser, IssueError, IssueErrorKind, Issued, LoadError,
    LoadErrorKind, NodeNames, der,
};

/// A certificate authority: its certificates and, where it may sign, its key.
pub struct Authority {
    bundle: CaBundle,
    key: Option<AuthorityKey>,
}

struct AuthorityKey {
    /// `None` while it is encrypted and its passphrase was not given.
    key: Option<PrivateKey>,
    /// As it is stored, or shall be.
    pem: SecretString,
}

impl Authority {
    /// Makes a new authority: `O=Cockroach, CN=Cockroach CA`, self-signed, valid from a day ago until
    /// `lifetime` seconds from `now`.
    ///
    /// # Errors
    /// When the lifetime is not positive or ends after the year 9999, or the library fails.
    pub fn create(key_type: KeyType, lifetime: i64, now: Timestamp) -> Result<Self, IssueError> {
        let make = || {
            let not_after = end(lifetime, now)?;
            let key = PrivateKey::generate(key_type).map_err(crypto)?;
            let params = profile::authority(key_type, not_after, now)?;
            let made = params.self_signed(key.pair()).map_err(crypto)?;
            let certificate = read_back(made.der())?;
            let pem = key.to_pkcs8_pem();
            Ok(Self { bundle: CaBundle::of(certificate), key: Some(AuthorityKey { key: Some(key), pem }) })
        };
        make().map_err(|kind| IssueError { what: "the certificate authority".into(), kind })
    }

    /// Returns the authority of `ca.crt` and `ca.key`, whether made by crdbctl, `cockroach cert`, or
    /// openssl. The first certificate of `ca.crt` issues; the key may be PKCS#8, PKCS#1 or SEC1.
    ///
    /// A key that is encrypted as PKCS#8 is [locked](Self::is_locked): that it belongs to the first certificate is
    /// seen when it is [unlocked](Self::unlock).
    ///
    /// # Errors
    /// When either cannot be read, a certificate is not an authority's, or the key does not belong to
    /// the first certificate.
    pub fn load(ca_crt_pem: &[u8], ca_key_pem: &SecretString) -> Result<Self, LoadError> {
        let bundle = CaBundle::parse(ca_crt_pem)?;
        let pem = ca_key_pem.clone();
        if is_encrypted(ca_key_pem) {
            return Ok(Self { bundle, key: Some(AuthorityKey { key: None, pem }) });
        }
        let key = PrivateKey::from_pem(ca_key_pem).map_err(LoadErrorKind::Key)?;
        demand_fitting(&bundle, &key)?;
        Ok(Self { bundle, key: Some(AuthorityKey { key: Some(key), pem }) })
    }

    /// Opens a locked key, so that certificates can be made. Does nothing to any other.
    ///
    /// # Errors
    /// When the passphrase is not the key's, the key is encrypted in an unknown way, or does not belong to the first
    /// certificate.
    pub fn unlock(&mut self, passphrase: &SecretString) -> Result<(), LoadError> {
        let Some(stored) = self.key.as_mut().filter(|stored| stored.key.is_none()) else { return Ok(()) };
        let key = PrivateKey::from_encrypted_pem(&stored.pem, passphrase).map_err(LoadErrorKind::Key)?;
        demand_fitting(&self.bundle, &key)?;
        stored.key = Some(key);
        Ok(())
    }

    /// Returns a [new](Self::create) authority with its key to be stored so that only `passphrase` opens it.
    ///
    /// # Errors
    /// When the key is not at hand, or the library fails.
    pub fn protected_by(mut self, passphrase: &SecretString) -> Result<Self, IssueError> {
        let protect = |stored: Option<&mut AuthorityKey>| {
            let stored = stored.ok_or(IssueErrorKind::NoKey)?;
            let key = stored.key.as_ref().ok_or(IssueErrorKind::Locked)?;
            stored.pem = key.encrypted_pem(passphrase).map_err(crypto)?;
            Ok(())
        };
        match protect(self.key.as_mut()) {
            Ok(()) => Ok(self),
            Err(kind) => Err(IssueError { what: "the encrypted key of the authority".into(), kind }),
        }
    }

    /// Returns the authority with the certificates of `older` trusted beside its own, which issues.
    #[must_use]
    pub fn followed_by(mut self, older: &CaBundle) -> Self {
        self.bundle = self.bundle.followed_by(older);
        self
    }

    /// Returns the authority with its issuing certificate alone.
    #[must_use]
    pub fn without_older(mut self) -> Self {
        self.bundle = self.bundle.alone();
        self
    }

    /// Returns the authority of `ca.crt` alone: certificates can be judged by it and not made.
    ///
    /// # Errors
    /// When it cannot be read, or a certificate is not an authority's.
    pub fn read_only(ca_crt_pem: &[u8]) -> Result<Self, LoadError> {
        Ok(Self { bundle: CaBundle::parse(ca_crt_pem)?, key: None })
    }

    /// Returns the certificates, the issuing one first.
    pub const fn bundle(&self) -> &CaBundle {
        &self.bundle
    }

    /// Returns what the issuing certificate says.
    pub const fn info(&self) -> &CertificateInfo {
        self.bundle.issuer().info()
    }

    /// Whether the key is here, locked or not.
    pub const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether the key is here and needs its passphrase first.
    pub fn is_locked(&self) -> bool {
        self.key.as_ref().is_some_and(|stored| stored.key.is_none())
    }

    /// Whether the key is at hand.
    pub fn can_issue(&self) -> bool {
        self.has_key() && !self.is_locked()
    }

    /// Returns the key's PEM text as it is stored; `None` for an authority without its key.
    pub fn key_pem(&self) -> Option<&SecretString> {
        self.key.as_ref().map(|key| &key.pem)
    }

    /// Makes the certificate of a node: `CN=node`, the names as SANs, for servers and clients.
    ///
    /// `lifetime` is in seconds from `now`; the certificate ends with its authority at the latest.
    ///
    /// # Errors
    /// When the key is not here, the authority is not valid at `now`, or the lifetime is impossible.
    pub fn issue_node(
        &self,
        names: &NodeNames,
        key_type: KeyType,
        lifetime: i64,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        self.issue(Purpose::Node(names), key_type, lifetime, now)
    }

    /// Makes the client certificate of a SQL user: `CN=<user>`, no SAN, for clients only.
    ///
    /// `lifetime` is in seconds from `now`, minutes for the use of one operation; the certificate ends
    /// with its authority at the latest.
    ///
    /// # Errors
    /// As for [`issue_node`](Self::issue_node).
    pub fn issue_client(
        &self,
        user: &ClientUser,
        key_type: KeyType,
        lifetime: i64,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        self.issue(Purpose::Client(user), key_type, lifetime, now)
    }

    fn issue(
        &self,
        purpose: Purpose<'_>,
        key_type: KeyType,
        lifetime: i64,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let make = || {
            let stored = self.key.as_ref().ok_or(IssueErrorKind::NoKey)?;
            let signer = stored.key.as_ref().ok_or(IssueErrorKind::Locked)?;
            let ca = self.info();
            if now > ca.not_after {
                return Err(IssueErrorKind::AuthorityExpired { not_after: ca.not_after });
            }
            if now < ca.not_before {
                return Err(IssueErrorKind::AuthorityNotYetValid { not_before: ca.not_before });
            }
            let wanted = end(lifetime, now)?;
            let not_after = wanted.min(ca.not_after);
            let params = profile::leaf(purpose, key_type, not_after, now)?;
            let key = PrivateKey::generate(key_type).map_err(crypto)?;
            let certificate = sign(&params, &key, self.bundle.issuer(), signer)?;
            Ok(Issued {
                certificate_pem: certificate.to_pem(),
                key_pem: key.to_pkcs8_pem(),
                info: certificate.into_info(),
                capped_by_authority: wanted > not_after,
            })
        };
        make().map_err(|kind| IssueError { what: purpose.describe(), kind })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("issuer", &self.info().subject)
            .field("can_issue", &self.can_issue())
            .finish_non_exhaustive()
    }
}

fn demand_fitting(bundle: &CaBundle, key: &PrivateKey) -> Result<(), LoadErrorKind> {
    let spki = key.spki_sha256();
    if bundle.issuer().info().spki_sha256 == spki {
        return Ok(());
    }
    Err(LoadErrorKind::KeyMismatch {
        subject: bundle.issuer().info().subject.clone(),
        belongs_to: bundle.infos().position(|info| info.spki_sha256 == spki).map(|index| index + 1),
    })
}

fn end(lifetime: i64, now: Timestamp) -> Result<Timestamp, IssueErrorKind> {
    if lifetime > 0 { Ok(now.plus(lifetime)) } else { Err(IssueErrorKind::Lifetime { seconds: lifetime }) }
}

/// Signs a leaf for `ca`, naming it in the very bytes of its subject.
///
/// Verifiers compare names byte for byte, and rcgen writes a name anew from what it understood of
/// it, which is not the same for every authority (repeated attributes, several in one RDN, old string
/// types). So rcgen writes everything but the issuer and the signature, which are put in here.
fn sign(
    params: &CertificateParams,
    key: &PrivateKey,
    ca: &Certificate,
    ca_key: &PrivateKey,
) -> Result<Certificate, IssueErrorKind> {
    let mut issuer = CertificateParams::default();
    issuer.key_identifier_method = KeyIdMethod::PreSpecified(key_identifier(ca));
    let issuer = Issuer::from_params(&issuer, Unsigned(ca_key.pair()));
    let draft = params.signed_by(key.pair(), &issuer).map_err(crypto)?;

    let broken = || IssueErrorKind::Crypto("the certificate was not written as expected".into());
    let parts = der::elements(draft.der()).ok_or_else(broken)?;
    let [draft_tbs, algorithm, _no_signature] = parts[..] else { return Err(broken()) };
    let mut fields = der::elements(draft_tbs).ok_or_else(broken)?;
    // version, serialNumber, signature, issuer, … (RFC 5280 §4.1)
    let ca_subject = ca.with_x509(|x509| x509.subject().as_raw().to_vec());
    *fields.get_mut(3).ok_or_else(broken)? = &ca_subject;
    let tbs = der::sequence(&fields);
    let signature = ca_key.pair().sign(&tbs).map_err(crypto)?;
    let signed = der::sequence(&[&tbs, algorithm, &der::bit_string(&signature)]);

    let certificate = read_back(&signed)?;
    if certificate.names_issuer(ca) && certificate.check_signature(ca) == SignatureCheck::Good {
        Ok(certificate)
    } else {
        Err(IssueErrorKind::Crypto(
            "the signature made does not verify with the authority's certificate".into(),
        ))
    }
}

fn read_back(der: &[u8]) -> Result<Certificate, IssueErrorKind> {
    Certificate::parse_der(der).map_err(|error| IssueErrorKind::Crypto(error.to_string()))
}

/// Returns the authority's subject key identifier, or what one would be by RFC 5280 §4.2.1.2 (1)
/// where it has none, as authorities by old versions of `cockroach` do.
fn key_identifier(ca: &Certificate) -> Vec<u8> {
    match &ca.info().subject_key_id {
        Some(id) => hex::decode(id).expect("it was encoded here"),
        None => ca.with_x509(|x509| {
            digest(&SHA1_FOR_LEGACY_USE_ONLY, &x509.public_key().subject_public_key.data).as_ref().to_vec()
        }),
    }
}

/// The authority's key, signing nothing: for a draft.
struct Unsigned<'a>(&'a KeyPair);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}
