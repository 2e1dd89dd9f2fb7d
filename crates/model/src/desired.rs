use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    DesiredMembers, DesiredSetting, DesiredVersion, Digest, HostPath, Mode, NodeName, OwnerName, UnitName,
};

/// What a resource shall be: one variant a kind, holding all that is needed to compare and to make it.
///
/// Holds no secret: keys are made when a plan is applied and never enter it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desired {
    /// The certificate authority on the control host.
    Authority(DesiredAuthority),
    /// A client's certificate and key in the authority's directory on the control host.
    ClientCertificate(DesiredClientCertificate),
    /// A group.
    Group(DesiredGroup),
    /// A user.
    User(DesiredUser),
    /// An unpacked release.
    Package(DesiredPackage),
    /// A directory.
    Directory(DesiredDirectory),
    /// A symbolic link.
    Link(DesiredLink),
    /// `ca.crt` on a node.
    Ca(DesiredCa),
    /// `node.crt` and `node.key` on a node.
    NodeCertificate(DesiredNodeCertificate),
    /// A plain file.
    File(DesiredFile),
    /// The firewall's rules.
    Firewall(DesiredFirewall),
    /// The systemd unit's file.
    Unit(DesiredUnit),
    /// The running service.
    Service(DesiredService),
    /// The initialised cluster.
    Init(DesiredInit),
    /// A SQL cluster setting.
    Setting(DesiredSetting),
    /// Who belongs to the cluster.
    Members(DesiredMembers),
    /// The version of the cluster as a whole.
    Version(DesiredVersion),
}

/// The algorithm of a key that crdbctl makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyType {
    /// ECDSA on the NIST curve P-256.
    #[serde(rename = "ecdsa-p256")]
    EcdsaP256,
    /// RSA with a modulus of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
}

/// Whether the authority must be able to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityKey {
    /// `ca.key` is there.
    Present,
    /// Only `ca.crt` is there: certificates can be judged and not made.
    Missing,
}

/// The certificate authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredAuthority {
    /// The directory on the control host, as the manifest spells it, relative to the manifest.
    pub directory: String,
    /// The algorithm of a newly made key.
    pub key: KeyType,
    /// How long a newly made certificate is valid, in seconds.
    pub lifetime: i64,
}

/// A client certificate, `client.<user>.crt` with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredClientCertificate {
    /// The SQL user, the certificate's common name.
    pub user: String,
    /// The algorithm of a newly made key.
    pub key: KeyType,
    /// How long a newly made certificate is valid, in seconds.
    pub lifetime: i64,
    /// How long before its end a certificate is replaced, in seconds.
    pub renew_before: i64,
}

/// A system group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredGroup {
    /// Its name.
    pub name: OwnerName,
}

/// A system account without a login shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredUser {
    /// Its name.
    pub name: OwnerName,
    /// Its primary group.
    pub group: OwnerName,
    /// Its home directory; not created.
    pub home: HostPath,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageMember {
    /// The path below the package's directory, in normal form: `lib/libgeos.so`.
    pub path: String,
    /// The mode it gets: `0755` when the archive marks it executable, else `0644`.
    pub mode: Mode,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its content.
    pub digest: Digest,
}

/// A release unpacked under the packages directory, root:root, writable by root alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredPackage {
    /// The package's directory, such as `/opt/cockroach-v24.1.0.linux-amd64`.
    pub path: HostPath,
    /// The version, such as `v24.1.0`.
    pub version: String,
    /// The digest of the archive.
    pub archive: Digest,
    /// The size of the archive in bytes.
    pub archive_size: u64,
    /// The files, sorted by path.
    pub members: Vec<PackageMember>,
    /// Why none of the above is known, when it is not; its digest and size are 0 and it has no files then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownArchive>,
}

/// Why it is not known what is in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownArchive {
    /// What was tried and what came back.
    pub reason: String,
    /// What to do next.
    pub hint: String,
}

impl DesiredPackage {
    /// What stays free when a package is unpacked: other writers, and the file system's own bookkeeping.
    const RESERVE: u64 = 16 << 20;

    /// Returns how many bytes must be free where the package goes: the archive and its files lie there together
    /// until the files are in place.
    pub fn needed_bytes(&self) -> u64 {
        let files = self.members.iter().map(|member| member.size);
        files.fold(self.archive_size.saturating_add(Self::RESERVE), u64::saturating_add)
    }

    /// Returns how many inodes must be free there: the files, their directories, and a few for what is written beside them.
    pub fn needed_inodes(&self) -> u64 {
        let directories: usize = self.members.iter().map(|member| member.path.matches('/').count()).sum();
        (self.members.len() + directories + 8) as u64
    }
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredDirectory {
    /// Where.
    pub path: HostPath,
    /// Its owner.
    pub owner: OwnerName,
    /// Its group.
    pub group: OwnerName,
    /// Its mode.
    pub mode: Mode,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredLink {
    /// Where.
    pub path: HostPath,
    /// What it points to.
    pub target: HostPath,
}

/// The authority's certificates on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredCa {
    /// Where.
    pub path: HostPath,
    /// Its owner.
    pub owner: OwnerName,
    /// Its group.
    pub group: OwnerName,
    /// Its mode.
    pub mode: Mode,
}

/// A node's certificate and key. A predicate, not bytes: what satisfies it is kept, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredNodeCertificate {
    /// Where the certificate is; mode 0644.
    pub certificate: HostPath,
    /// Where the key is; mode 0600.
    pub key: HostPath,
    /// The owner of both.
    pub owner: OwnerName,
    /// The group of both.
    pub group: OwnerName,
    /// The DNS names that it must cover; it may have more.
    pub dns_names: BTreeSet<String>,
    /// The IP addresses that it must cover.
    pub addresses: BTreeSet<IpAddr>,
    /// The algorithm of a newly made key.
    pub key_type: KeyType,
    /// How long a newly made certificate is valid, in seconds.
    pub lifetime: i64,
    /// How long before its end a certificate is replaced, in seconds.
    pub renew_before: i64,
}

/// A text file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredFile {
    /// Where.
    pub path: HostPath,
    /// Its whole content.
    pub content: String,
    /// Its owner.
    pub owner: OwnerName,
    /// Its group.
    pub group: OwnerName,
    /// Its mode.
    pub mode: Mode,
}

/// Whom a firewall rule lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AllowFrom {
    /// Everybody, over IPv4 and IPv6.
    Any,
    /// An address or a network in CIDR notation, as ufw writes it.
    Network(String),
}

/// The rules that let CockroachDB's traffic through ufw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredFirewall {
    /// The application profile that the rules name.
    pub profile: String,
    /// The profile's file; rules are renewed when it changes.
    pub profile_path: HostPath,
    /// The ports of the profile, as ufw writes them: `26257,8080/tcp`.
    pub ports: String,
    /// Whom to let in.
    pub allow_from: BTreeSet<AllowFrom>,
    /// Whether to switch ufw on when it is off.
    pub enable: bool,
    /// The port that sshd listens on: allowed before ufw is switched on.
    pub ssh_port: u16,
}

/// The systemd unit's file, with what is done about drop-ins that the manifest does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredUnit {
    /// The unit's name.
    pub name: UnitName,
    /// Its file.
    pub file: DesiredFile,
    /// Whether foreign drop-ins are set aside; otherwise they are left and shown.
    pub set_drop_ins_aside: bool,
}

/// The service: enabled, active, and with the process that the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredService {
    /// The unit's name.
    pub unit: UnitName,
    /// The user that the process runs as.
    pub user: OwnerName,
    /// The command line, program first.
    pub argv: Vec<String>,
    /// The environment variables that the unit sets; other variables of the process are not compared.
    pub environment: BTreeMap<String, String>,
    /// The limit of open files; `None` when the unit leaves it to systemd.
    pub nofile: Option<u64>,
    /// The binary that the process must run, in its package.
    pub binary: HostPath,
    /// The digest of that binary's content; `None` when it is not known what is in the archive.
    pub binary_digest: Option<Digest>,
    /// The program through which the unit runs it: usually a link to `binary`.
    pub program: HostPath,
    /// `host:port` of the HTTPS endpoint with `/health`, as seen from the node itself.
    pub http_address: String,
    /// `host:port` where SQL is spoken, as seen from the node itself.
    pub sql_address: String,
    /// `host:port` where nodes and the commands of operators speak RPC, as seen from the node itself; the same as for SQL unless
    /// the node has a `--sql-addr` of its own.
    pub rpc_address: String,
    /// The directory with ca.crt, for the checks made on the node.
    pub certs: HostPath,
    /// The CockroachDB version, such as `v24.1.0`.
    pub version: String,
    /// Where the store lies.
    pub store: HostPath,
}

/// The initialisation of the cluster, once in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredInit {
    /// Every node that must wait for it.
    pub nodes: BTreeSet<NodeName>,
    /// The node that is asked; one of the join list.
    pub through: NodeName,
}

impl Desired {
    /// Returns where the resource is on a node, its own path first: a package's directory and then its files, a
    /// certificate and then its key. Empty for what has no path of its own: accounts, rules, the service, and all that
    /// is cluster-wide.
    pub fn paths(&self) -> Vec<HostPath> {
        match self {
            Self::Package(package) => {
                let files = package.members.iter().filter_map(|member| package.path.join(&member.path).ok());
                std::iter::once(package.path.clone()).chain(files).collect()
            }
            Self::Directory(directory) => vec![directory.path.clone()],
            Self::Link(link) => vec![link.path.clone()],
            Self::Ca(ca) => vec![ca.path.clone()],
            Self::NodeCertificate(pair) => vec![pair.certificate.clone(), pair.key.clone()],
            Self::File(file) => vec![file.path.clone()],
            Self::Unit(unit) => vec![unit.file.path.clone()],
            Self::Authority(_)
            | Self::ClientCertificate(_)
            | Self::Group(_)
            | Self::User(_)
            | Self::Firewall(_)
            | Self::Service(_)
            | Self::Init(_)
            | Self::Setting(_)
            | Self::Members(_)
            | Self::Version(_) => Vec::new(),
        }
    }
}
