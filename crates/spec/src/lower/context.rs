use std::collections::BTreeMap;

use crdbctl_cockroach::archive::{Os, package_dir_name};
use crdbctl_model::{
    ArchiveInfo, Desired, HostPath, Mode, OwnerName, Presence, Resource, ResourceAddr, ResourceKind,
    ResourceName, SourceSpan, UnknownArchive,
};

use super::graph::placeholder_archive;
use super::{LowerError, LowerErrorKind};
use crate::manifest::{Manifest, Node, NodeState};
use crate::unit::{RenderedUnit, render_unit};
use crate::{Arch, Span};

/// What lowering a node needs, worked out once.
pub(super) struct NodeContext<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) node: &'a Node,
    pub(super) arch: Arch,
    pub(super) archive: ArchiveInfo,
    /// Why `archive` is made up, when it is.
    pub(super) unknown: Option<UnknownArchive>,
    pub(super) unit: RenderedUnit,
}

impl<'a> NodeContext<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        node: &'a Node,
        archives: &BTreeMap<Arch, ArchiveInfo>,
        unknown: &BTreeMap<Arch, UnknownArchive>,
    ) -> Result<Self, LowerError> {
        let fail = |kind| LowerError { node: node.name.value.clone(), kind };
        let arch = manifest.arch_of(node);
        let (archive, unknown) = match (archives.get(&arch), unknown.get(&arch)) {
            (Some(archive), _) => (archive.clone(), None),
            // Nothing is put on it, so nobody fetches an archive for its sake.
            (None, _) if node.state.value == NodeState::Decommissioned => (placeholder_archive(), None),
            (None, Some(unknown)) => (placeholder_archive(), Some(unknown.clone())),
            (None, None) => return Err(fail(LowerErrorKind::NoArchive(arch))),
        };
        let unit =
            render_unit(manifest, node).map_err(|error| fail(LowerErrorKind::Template(error.to_string())))?;
        Ok(Self { manifest, node, arch, archive, unknown, unit })
    }

    pub(super) fn fail(&self, kind: LowerErrorKind) -> LowerError {
        LowerError { node: self.node.name.value.clone(), kind }
    }

    /// Returns the name of the package's directory.
    pub(super) fn package_name(&self) -> String {
        package_dir_name(&self.manifest.cockroach.version, Os::Linux, self.arch)
    }

    /// Returns the package's directory.
    pub(super) fn package(&self) -> HostPath {
        join(&self.manifest.install.packages, &self.package_name())
    }

    pub(super) fn root(&self) -> &HostPath {
        &self.manifest.install.root
    }

    pub(super) fn certs(&self) -> HostPath {
        join(self.root(), "certs")
    }

    pub(super) fn user(&self) -> OwnerName {
        self.manifest.install.user.value.clone()
    }

    pub(super) fn group(&self) -> OwnerName {
        self.manifest.install.group.value.clone()
    }

    /// Returns the address of a resource of this node.
    pub(super) fn addr(&self, kind: ResourceKind, name: &str) -> ResourceAddr {
        ResourceAddr::on_node(self.node.name.value.clone(), kind, ResourceName::encode(name.as_bytes()))
    }

    /// Returns a resource of this node.
    pub(super) fn resource<const N: usize>(
        &self,
        (kind, name): (ResourceKind, &str),
        desired: Desired,
        depends_on: [Option<ResourceAddr>; N],
        span: Span,
    ) -> Resource {
        Resource {
            addr: self.addr(kind, name),
            desired,
            presence: Presence::Present,
            depends_on: depends_on.into_iter().flatten().collect(),
            origin: origin(self.manifest, span),
        }
    }

    /// Returns the address of the user, when it is made.
    pub(super) fn user_addr(&self) -> Option<ResourceAddr> {
        let install = &self.manifest.install;
        install.create_user.value.then(|| self.addr(ResourceKind::User, install.user.as_str()))
    }

    /// Returns the address of the group, when it is made.
    pub(super) fn group_addr(&self) -> Option<ResourceAddr> {
        let install = &self.manifest.install;
        install.create_user.value.then(|| self.addr(ResourceKind::Group, install.group.as_str()))
    }

    /// Returns the address of a directory.
    pub(super) fn directory_addr(&self, name: &str) -> Option<ResourceAddr> {
        Some(self.addr(ResourceKind::Directory, name))
    }
}

/// Returns the address of the authority.
pub(super) fn authority_addr() -> ResourceAddr {
    ResourceAddr::of_cluster(ResourceKind::Authority, ResourceName::encode(b"ca"))
}

pub(super) fn origin(manifest: &Manifest, span: Span) -> SourceSpan {
    manifest.source.position(span)
}

/// Returns a path below a directory of the manifest.
pub(super) fn join(directory: &HostPath, name: &str) -> HostPath {
    directory.join(name).expect("what crdbctl puts into a directory has a plain name")
}

pub(super) fn root_owner() -> OwnerName {
    OwnerName::new("root").expect("root is a plain word")
}

pub(super) const MODE_0644: Mode = Mode::new(0o644);
pub(super) const MODE_0750: Mode = Mode::new(0o750);
