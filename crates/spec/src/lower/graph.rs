use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    ArchiveInfo, Digest, Hooks, Mode, NodeName, NodeSpec, PackageMember, Presence, Resource, ResourceGraph,
    Rollout, UnknownArchive,
};

use super::LowerError;
use super::context::NodeContext;
use super::kinds;
use crate::Arch;
use crate::manifest::{Manifest, Node, Privilege};

/// Returns the desired state that a manifest asks for; `archives` holds what is known of the release
/// archive for each architecture of its nodes.
///
/// Pure and deterministic: equal manifests and archives give equal graphs. A decommissioned node has the resources
/// that it had as a member, all of them to be gone ([`ResourceGraph::retire`]).
///
/// # Errors
/// When an archive is missing or holds no program.
pub fn lower(
    manifest: &Manifest,
    archives: &BTreeMap<Arch, ArchiveInfo>,
) -> Result<ResourceGraph, LowerError> {
    lower_with(manifest, archives, &BTreeMap::new())
}

/// Returns the desired state as [`lower`] does, where of some architectures it is not known what is in the archive: their
/// packages say why, and nothing else of their nodes depends on it.
///
/// # Errors
/// As [`lower`], for an architecture of which neither is given.
pub fn lower_with(
    manifest: &Manifest,
    archives: &BTreeMap<Arch, ArchiveInfo>,
    unknown: &BTreeMap<Arch, UnknownArchive>,
) -> Result<ResourceGraph, LowerError> {
    let mut resources = vec![kinds::authority::lower(manifest)];
    resources.extend(kinds::certificate::clients(manifest));
    let mut nodes = BTreeMap::new();
    for node in &manifest.nodes {
        let context = NodeContext::new(manifest, node, archives, unknown)?;
        resources.extend(of_node(&context)?);
        nodes.insert(node.name.value.clone(), node_spec(manifest, node));
    }
    resources.extend(kinds::init::lower(manifest));
    resources.extend(kinds::setting::lower(manifest));
    resources.push(kinds::members::lower(manifest)?);
    resources.push(kinds::version::lower(manifest));
    let rollout = &manifest.rollout;
    let leaving: BTreeSet<NodeName> = manifest.decommissioned().map(|node| node.name.value.clone()).collect();
    let mut graph = ResourceGraph {
        cluster: manifest.name.value.clone(),
        manifest: manifest.digest,
        version: manifest.cockroach.version.to_string(),
        nodes,
        resources: resources.into_iter().map(|resource| (resource.addr.clone(), resource)).collect(),
        rollout: Rollout {
            max_unavailable: rollout.max_unavailable.value,
            settle: rollout.settle.value,
            drain_timeout: rollout.drain_timeout.value,
            health_timeout: rollout.health_timeout.value,
            ranges_pause: rollout.ranges_pause.value,
        },
        hooks: Hooks {
            before_node: manifest.hooks.before_node.as_ref().map(|hook| hook.value.clone()),
            after_node: manifest.hooks.after_node.as_ref().map(|hook| hook.value.clone()),
            timeout: manifest.hooks.timeout.value,
        },
        user: manifest.install.user.value.clone(),
        packages: manifest.install.packages.value.clone(),
        keep_packages: usize::try_from(manifest.install.keep_packages.value).unwrap_or(usize::MAX),
    };
    graph.retire(&leaving);
    kinds::members::before_services_go(&mut graph);
    Ok(graph)
}

/// Returns made-up archives, for graphs that are only looked at: `render`, `graph`. Never plan with them:
/// their digests fit nothing.
pub fn placeholder_archives() -> BTreeMap<Arch, ArchiveInfo> {
    Arch::all().into_iter().map(|arch| (arch, placeholder_archive())).collect()
}

/// Returns a made-up archive with nothing but the program.
pub(super) fn placeholder_archive() -> ArchiveInfo {
    let nothing = Digest::from_bytes([0; 32]);
    let binary =
        PackageMember { path: "cockroach".to_owned(), mode: Mode::new(0o755), size: 0, digest: nothing };
    ArchiveInfo { digest: nothing, size: 0, members: vec![binary] }
}

/// Returns the resources of one node. The service comes last: it depends on everything else.
fn of_node(context: &NodeContext<'_>) -> Result<Vec<Resource>, LowerError> {
    let mut resources = Vec::new();
    resources.extend(kinds::group::lower(context));
    resources.extend(kinds::user::lower(context));
    resources.push(kinds::package::lower(context));
    resources.extend(kinds::directory::lower(context));
    resources.extend(kinds::link::lower(context));
    resources.extend(kinds::certificate::of_node(context));
    resources.extend(kinds::file::lower(context));
    resources.extend(kinds::firewall::lower(context));
    resources.push(kinds::unit::lower(context));
    let everything = resources.iter().map(|resource| resource.addr.clone()).collect();
    resources.push(kinds::service::lower(context, everything)?);
    Ok(resources)
}

fn node_spec(manifest: &Manifest, node: &Node) -> NodeSpec {
    let ssh = manifest.ssh.with(&node.ssh);
    let text = |path: Option<crate::Spanned<crate::manifest::LocalPath>>| path.map(|path| path.to_string());
    NodeSpec {
        name: node.name.value.clone(),
        address: node.address.value,
        ssh_host: node.hostname.to_string(),
        ssh_user: ssh.user.map(|user| user.to_string()),
        ssh_port: ssh.port.map(|port| port.value),
        ssh_identity_file: text(ssh.identity_file),
        ssh_config_file: text(ssh.config_file),
        ssh_jump: ssh.jump.map(|jump| jump.to_string()),
        privilege: ssh.privilege.map_or(Privilege::Auto, |privilege| privilege.value).word().to_owned(),
        arch: manifest.arch_of(node).to_string(),
        presence: Presence::Present,
        locality: node.locality.as_ref().map(|locality| locality.value.to_string()),
    }
}
