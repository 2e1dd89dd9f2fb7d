//! Values with rules of their own: what is not refused here can stand in a unit, a shell word, an ssh
//! command line or a certificate as it is.

mod archive_source;
mod error;
mod jump;
mod limit;
mod local_path;
mod locality;
mod network;
mod peer_name;
mod sql_user;
mod ssh_user;

pub use archive_source::ArchiveSource;
pub use error::ValueError;
pub use jump::Jump;
pub use limit::DiskFree;
pub use local_path::LocalPath;
pub use locality::Locality;
pub(crate) use network::allow_from;
pub use peer_name::PeerName;
pub use sql_user::SqlUser;
pub use ssh_user::SshUser;
