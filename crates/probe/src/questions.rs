use std::collections::BTreeSet;

use crdbctl_model::{DesiredService, HostPath, OtherCertificates, OwnerName, UnitName};

/// A directory of certificates, and those in it that are asked for by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The directory.
    pub directory: HostPath,
    /// The names of the files in it that are other resources.
    pub asked: BTreeSet<String>,
}

impl CertificateFiles {
    /// Returns words of the script: the directory, the files that are looked for by name, `--`, and those that are asked for by path.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let named = OtherCertificates::NAMED.into_iter().filter(|name| !self.asked.contains(*name));
        let asked = self.asked.iter().map(String::as_str);
        std::iter::once(self.directory.as_str()).chain(named).chain(["--"]).chain(asked)
    }
}

/// What one node is asked, put together from its resources, so that each tool of the host runs over
/// all of its arguments at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// Paths whose type, owner, group and mode are asked; links are not followed.
    pub stat: BTreeSet<HostPath>,
    /// Paths whose link target is asked.
    pub targets: BTreeSet<HostPath>,
    /// Small text files whose content is asked.
    pub contents: BTreeSet<HostPath>,
    /// Files of certificates: their blocks are asked, and nothing else of them leaves the host.
    pub pems: BTreeSet<HostPath>,
    /// Files whose digest is asked; answered from the host's own cache while they are unchanged.
    pub digests: BTreeSet<HostPath>,
    /// Private keys whose public half is asked.
    pub keys: BTreeSet<HostPath>,
    /// The directory whose other certificates are asked.
    pub certificates: Option<CertificateFiles>,
    /// Groups that are looked up.
    pub groups: BTreeSet<OwnerName>,
    /// Users that are looked up.
    pub users: BTreeSet<OwnerName>,
    /// Whether ufw's rules are asked.
    pub firewall: bool,
    /// The unit whose drop-ins are asked.
    pub drop_ins: Option<UnitName>,
    /// The directory whose packages are listed, with what processes run of them.
    pub packages: Option<HostPath>,
    /// The package's directory, when it is not known which files it should have: those that the record tells of are asked.
    pub installed: Option<HostPath>,
    /// The package's directory: while it is not there, what is free where it goes is asked.
    pub room: Option<HostPath>,
    /// Directories whose entries are listed.
    pub entries: BTreeSet<HostPath>,
    /// Directories of which is asked whether they are mount points.
    pub mounts: BTreeSet<HostPath>,
    /// The stores of the service: what is in them, and which file systems hold them.
    pub stores: BTreeSet<HostPath>,
    /// The service that is asked about.
    pub service: Option<DesiredService>,
    /// What the service needs in order to start, beside what else is asked: `look=PATH`, `use=PATH` (with the rights of its user),
    /// `ask=CONDITION` of systemd, `account=KIND NAME`, `listen=KIND HOST PORT`.
    pub start: Vec<String>,
}
