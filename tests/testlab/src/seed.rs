use std::fmt::Write as _;
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tar::{Builder, Header};

use crate::error::{Doing as _, LabError};
use crate::keys::KeyPair;
use crate::users;

/// What tells a new host from the base tree.
#[derive(Debug)]
pub(crate) struct Seed<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: Ipv4Addr,
    /// Names and addresses of all hosts of the lab, this one included.
    pub(crate) neighbours: &'a [(String, Ipv4Addr)],
    pub(crate) host_key: &'a KeyPair,
    pub(crate) authorized: &'a str,
    pub(crate) machine_id: &'a str,
}

impl Seed<'_> {
    /// Writes the files as a tar archive. Folders are not in it: they keep the owners and modes of the base tree.
    pub(crate) fn write(&self, path: &Path) -> Result<(), LabError> {
        self.archive(path).doing(|| format!("writing {}", path.display()))
    }

    fn archive(&self, path: &Path) -> std::io::Result<()> {
        let mut archive = Builder::new(File::create(path)?);
        let mut add = |name: &str, mode: u32, owner: u64, bytes: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(mode);
            header.set_uid(owner);
            header.set_gid(owner);
            header.set_mtime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()));
            archive.append_data(&mut header, name, bytes)
        };
        add("etc/hostname", 0o644, 0, format!("{}\n", self.name).as_bytes())?;
        add("etc/hosts", 0o644, 0, self.hosts().as_bytes())?;
        add("etc/machine-id", 0o444, 0, format!("{}\n", self.machine_id).as_bytes())?;
        // The number matters: it must sort before 80-container-host0.network, which would ask for DHCP.
        add("etc/systemd/network/10-host0.network", 0o644, 0, self.network().as_bytes())?;
        add("etc/ssh/ssh_host_ed25519_key", 0o600, 0, &self.host_key.private)?;
        add("etc/ssh/ssh_host_ed25519_key.pub", 0o644, 0, format!("{}\n", self.host_key.public).as_bytes())?;
        for (home, owner) in users::HOMES {
            let path = format!("{home}/.ssh/authorized_keys");
            add(&path, 0o600, owner, format!("{}\n", self.authorized).as_bytes())?;
        }
        archive.into_inner()?.sync_data()
    }

    fn hosts(&self) -> String {
        let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
        for (name, address) in self.neighbours {
            let _ = writeln!(text, "{address} {name}");
        }
        text
    }

    fn network(&self) -> String {
        format!(
            "[Match]\nName=host0\n\n[Network]\nAddress={}/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
            self.address
        )
    }
}
