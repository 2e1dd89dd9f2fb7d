//! Certificates: making them, reading them, and judging whether what a host has will do.
//!
//! No network, no async and no clock: the moment comes in as a [`crdbctl_model::Timestamp`]. Only
//! [`AuthorityDirectory`] touches files.
//!
//! - Reading: [`Certificate`] from PEM or DER, with everything worth knowing as [`CertificateInfo`].
//! - Making: [`Authority`] signs certificates of nodes and clients, shaped as `cockroach cert`
//!   shapes them; the authority may have been made by crdbctl, by `cockroach cert` or by openssl.
//! - Judging: [`judge_node`], [`judge_client`] and [`judge_ca`] decide by predicate, not by bytes,
//!   so a valid certificate made elsewhere is kept.
//! - Keeping: [`AuthorityDirectory`], the directory on the control host that holds `ca.key`.

mod authority;
mod ca_bundle;
mod certificate;
mod certificate_info;
mod chain;
mod client_user;
mod der;
mod directory;
mod exposed_key;
mod issue_error;
mod issued;
mod judge;
mod key_algorithm;
mod load_error;
mod node_names;
mod openssh_key;
mod principals;
mod private_key;
mod profile;
mod read_error;
mod shown;
mod signature;

pub use authority::Authority;
pub use ca_bundle::{CaBundle, OlderNeeded};
pub use certificate::Certificate;
pub use certificate_info::{CertificateInfo, ExtendedKeyUsage, KeyUsage};
pub use chain::{Acceptance, Undecided};
pub use client_user::{ClientUser, ClientUserError};
pub use crdbctl_model::KeyType;
pub use directory::{AuthorityDirectory, ClientFiles, DirectoryError, DirectoryErrorKind};
pub use exposed_key::has_private_key;
pub use issue_error::{IssueError, IssueErrorKind};
pub use issued::Issued;
pub use judge::{
    CaVerdict, ClientRequirement, Finding, FindingCode, KeyFact, NodeRequirement, Verdict, judge_ca,
    judge_client, judge_node, judge_node_client,
};
pub use key_algorithm::KeyAlgorithm;
pub use load_error::{LoadError, LoadErrorKind};
pub use node_names::{NodeNames, NodeNamesError};
pub use openssh_key::{OpensshKeyError, openssh_spki_sha256};
pub use principals::Principals;
pub use private_key::{KeyError, KeyErrorKind, key_spki_sha256};
pub use profile::BACKDATED_SECONDS;
pub use read_error::{ReadError, ReadErrorKind};
