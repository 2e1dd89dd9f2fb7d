use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crdbctl_model::{KeyType, Timestamp};
use crdbctl_pki::{Authority, ClientUser, NodeNames};
use secrecy::ExposeSecret as _;

use crate::Trouble;

const DAY: i64 = 86_400;

/// An authority, and certificates of it as crdbctl makes them.
pub(crate) struct Certificates {
    authority: Authority,
}

impl Certificates {
    /// Makes an authority.
    pub(crate) fn new(key: KeyType) -> Result<Self, Trouble> {
        let authority =
            Authority::create(key, 3660 * DAY, now()?).map_err(Trouble::untried("making an authority"))?;
        Ok(Self { authority })
    }

    /// Returns `ca.crt`.
    pub(crate) fn ca_pem(&self) -> String {
        self.authority.bundle().to_pem()
    }

    /// Puts `ca.crt`, `node.crt` and `node.key` into a directory and returns the certificate's serial number.
    pub(crate) fn install_node(&self, directory: &Path, ip: IpAddr, key: KeyType) -> Result<String, Trouble> {
        let names = NodeNames::new(["localhost"], [ip]).map_err(Trouble::untried("naming a node"))?;
        let issued = self
            .authority
            .issue_node(&names, key, 1830 * DAY, now()?)
            .map_err(Trouble::untried("making a node's certificate"))?;
        self.install(directory, "node", &issued)?;
        Ok(issued.info.serial)
    }

    /// Puts `ca.crt`, `client.root.crt` and `client.root.key` into a directory, for an hour.
    pub(crate) fn install_root(&self, directory: &Path, key: KeyType) -> Result<(), Trouble> {
        let issued = self
            .authority
            .issue_client(&ClientUser::root(), key, 3600, now()?)
            .map_err(Trouble::untried("making a client certificate"))?;
        self.install(directory, "client.root", &issued)
    }

    fn install(&self, directory: &Path, name: &str, issued: &crdbctl_pki::Issued) -> Result<(), Trouble> {
        let write = || {
            fs::create_dir_all(directory)?;
            put(&directory.join("ca.crt"), self.ca_pem().as_bytes(), 0o644)?;
            put(&directory.join(format!("{name}.crt")), issued.certificate_pem.as_bytes(), 0o644)?;
            put(&directory.join(format!("{name}.key")), issued.key_pem.expose_secret().as_bytes(), 0o600)
        };
        write().map_err(Trouble::untried(format!("writing certificates to {}", directory.display())))
    }
}

/// As crdbctl puts a file on a host: whole, by a rename.
fn put(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
    fs::rename(&beside, path)
}

fn now() -> Result<Timestamp, Trouble> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).map_err(Trouble::untried("reading the clock"))?;
    i64::try_from(since.as_secs()).map(Timestamp::from_unix).map_err(Trouble::untried("reading the clock"))
}
