use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, MembersFact, Mode, SettingFact, VersionFact};

/// What was found where a resource shall be: one variant a kind. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The authority's directory on the control host, or `ca.crt` on a node.
    Ca(CaFact),
    /// A client's certificate on the control host, or a node's certificate.
    Certificate(NodeCertificateFact),
    /// A group.
    Group(GroupFact),
    /// A user.
    User(UserFact),
    /// A package.
    Package(PackageFact),
    /// A directory, or something else that stands there.
    Directory(PathFact),
    /// A link, or something else that stands there.
    Link(LinkFact),
    /// A file, or something else that stands there.
    File(FileFact),
    /// The firewall.
    Firewall(FirewallFact),
    /// The unit's file.
    Unit(UnitFact),
    /// A drop-in of the unit.
    DropIn(DropInFact),
    /// The service.
    Service(ServiceFact),
    /// The cluster's initialisation.
    Init(InitFact),
    /// A SQL cluster setting.
    Setting(SettingFact),
    /// The cluster's members.
    Members(MembersFact),
    /// The cluster's version.
    Version(VersionFact),
}

/// What kind of file stands at a path (the types of stat(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Special,
}

/// The attributes of whatever stands at a path, links not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathFact {
    /// What it is.
    pub kind: FileKind,
    /// Its owner's name; the number when the host has no name for it.
    pub owner: String,
    /// Its group's name; the number when the host has no name for it.
    pub group: String,
    /// Its permission bits.
    pub mode: Mode,
}

/// A group of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFact {
    /// Its number.
    pub gid: u32,
}

/// A user of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFact {
    /// Its number.
    pub uid: u32,
    /// The name of its primary group, or its number.
    pub group: String,
    /// Its home directory.
    pub home: String,
    /// Its login shell.
    pub shell: String,
}

/// A file of a package on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFileFact {
    /// Its attributes.
    pub path: PathFact,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its content; `None` when it is not a regular file.
    pub digest: Option<Digest>,
}

/// A package's directory on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFact {
    /// The directory.
    pub path: PathFact,
    /// The files that were looked for and are there, by path below the directory.
    pub files: BTreeMap<String, PackageFileFact>,
}

/// Something at the place of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFact {
    /// Its attributes.
    pub path: PathFact,
    /// Where it points; `None` when it is not a link.
    pub target: Option<String>,
    /// The digest of its content, where a regular file stands in the place of a unit's link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Something at the place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFact {
    /// Its attributes.
    pub path: PathFact,
    /// The digest of its content; `None` when it is not a regular file.
    pub digest: Option<Digest>,
    /// Its content, bytes that are not UTF-8 replaced; `None` when it is not a regular file or too large to show.
    pub content: Option<String>,
}

/// The authority's certificates at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaFact {
    /// The file's attributes.
    pub path: PathFact,
    /// The PEM text.
    pub pem: String,
    /// On the control host: whether the key is beside it. Always `false` for a node.
    pub has_key: bool,
}

/// The public half of a key on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicKey {
    /// The SHA-256 digest of the DER SubjectPublicKeyInfo.
    Spki(Digest),
    /// The file is not a private key that CockroachDB could read, in the words of the tool that tried.
    NotAKey(String),
    /// It could not be told, for this reason.
    Unknown(String),
}

/// A certificate file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFileFact {
    /// The file's attributes.
    pub path: PathFact,
    /// The PEM text, bytes that are not UTF-8 replaced.
    pub pem: String,
}

/// A key file. Its content never leaves the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFileFact {
    /// The file's attributes.
    pub path: PathFact,
    /// The public half.
    pub public: PublicKey,
    /// Whether crdbctl made it, as its list on the host tells; of a key that is not in the list nothing is known.
    #[serde(default)]
    pub made: bool,
}

/// A certificate and its key; either may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeCertificateFact {
    /// The certificate's file.
    pub certificate: Option<CertificateFileFact>,
    /// The key's file.
    pub key: Option<KeyFileFact>,
}

/// The firewall of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallFact {
    /// Whether ufw is switched on (`ENABLED` in /etc/ufw/ufw.conf).
    pub enabled: bool,
    /// Whether ufw writes rules for IPv6 too (`IPV6` in /etc/default/ufw).
    pub ipv6: bool,
    /// The `### tuple ###` lines of /etc/ufw/user.rules and user6.rules, without that mark.
    pub rules: Vec<String>,
}

/// The unit's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFact {
    /// The file.
    pub file: FileFact,
}

/// A drop-in file that systemd applies to the unit (systemd.unit(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropInFact {
    /// Its path on the host, percent-encoded where a name has unusual characters.
    pub path: String,
    /// The file.
    pub file: FileFact,
}

/// The main process of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFact {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)).
    pub started: u64,
    /// The user that it runs as.
    pub user: String,
    /// The file that it runs (`/proc/PID/exe`), without the mark of a deleted one.
    pub exe: String,
    /// Whether that file has been deleted or replaced since.
    pub exe_deleted: bool,
    /// The digest of the code that it runs, read through `/proc/PID/exe`; `None` when it is the wanted file itself.
    pub exe_digest: Option<Digest>,
    /// Its command line.
    pub argv: Vec<String>,
    /// The variables of its environment that were asked for and are set.
    pub environment: BTreeMap<String, String>,
    /// Its soft limit of open files; `None` for unlimited.
    pub nofile: Option<u64>,
    /// The hard limit of the host's first process, above which nothing in a container can be set; `None` for
    /// unlimited.
    pub nofile_ceiling: Option<u64>,
}

/// What `/health?ready=1` of a node answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthFact {
    /// The service is not running, so nothing was asked.
    NotAsked,
    /// Status 200.
    Ready,
    /// It waits for `cockroach init`.
    WaitingForInit,
    /// It answered, and is not ready, for this reason.
    NotReady(String),
    /// It could not be asked, or did not answer, for this reason.
    Unknown(String),
}

/// How a node is asked for its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthWay {
    /// By curl or openssl on the host.
    #[default]
    OnHost,
    /// By a request from the control host through the ssh connection, because the host has neither.
    ThroughSsh,
    /// In no way, for this reason: whether it is ready cannot be known.
    None(String),
}

impl HealthWay {
    /// Returns whether the host itself asks.
    pub fn is_on_host(&self) -> bool {
        *self == Self::OnHost
    }

    /// Returns what to do about a node that can be asked in no way.
    pub fn remedy(address: &str) -> String {
        format!(
            "install curl or openssl on the host, or let sshd forward connections to {address} (AllowTcpForwarding and \
             PermitOpen in sshd_config, `restrict` and no-port-forwarding in authorized_keys)"
        )
    }
}

/// The service as systemd and /proc tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFact {
    /// `LoadState` of systemctl show: `loaded`, `not-found`, …
    pub load_state: String,
    /// `ActiveState`: `active`, `inactive`, `failed`, `activating`, …
    pub active_state: String,
    /// `SubState`: `running`, `dead`, `auto-restart`, …
    pub sub_state: String,
    /// `UnitFileState`: `enabled`, `disabled`, `linked`, …
    pub unit_file_state: String,
    /// Whether unit files changed since systemd read them.
    pub need_daemon_reload: bool,
    /// The main process, when there is one.
    pub process: Option<ProcessFact>,
    /// What the health endpoint said.
    pub health: HealthFact,
    /// How the health endpoint is asked.
    #[serde(default, skip_serializing_if = "HealthWay::is_on_host")]
    pub health_way: HealthWay,
    /// What an interrupted apply left to do: `reload` or `restart`.
    pub pending: Option<String>,
    /// Whether the store's directory has anything in it; `None` when there is no such directory.
    pub store_used: Option<bool>,
}

impl ServiceFact {
    /// Returns the service without what changes by itself: its health, and, while it is not up, how far its next start has
    /// come. A service that fails and is started again and again looks another way at every look.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        let mut service =
            Self { health: HealthFact::NotAsked, health_way: HealthWay::OnHost, ..self.clone() };
        if service.active_state != "active" && service.active_state != "reloading" {
            service.active_state = "not active".to_owned();
            service.sub_state.clear();
            service.process = None;
            service.store_used = None;
        }
        service
    }
}

/// What the nodes together tell of the cluster's initialisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitFact {
    /// Why it is known to be initialised, or not.
    pub because: String,
}
