//! The certificates directory, by the rules of the real program (`pkg/security`).

mod cert_file;
mod go_verify;
mod go_x509;
mod key_pair;
mod loader;
mod manager;
mod peer;
mod pem;
mod permission;
mod principals;
mod tls;
mod verifier;

pub use cert_file::{CertFile, Usage};
pub use go_x509::words_of;
pub use manager::{CertsError, Manager};
pub use peer::Peer;
pub use principals::PrincipalMap;
pub use tls::TlsError;
