use std::sync::Arc;

use crdbctl_model::{ClusterName, Digest};

use super::check;
use super::node::Draft;
use super::{Certificates, Checks, Cockroach, Firewall, Hooks, Install, Manifest, Rollout, Service, Ssh};
use crate::decode::{Decoder, Fields, read};
use crate::yaml::{Kind, Node};
use crate::{Diagnostic, Inputs, Source};

/// The most nodes that a manifest may have.
const MOST_NODES: usize = 2000;

impl Manifest {
    /// Returns the manifest that a tree says, with everything checked that can be without rendering; `None`
    /// when something was reported that leaves no manifest.
    pub(crate) fn decode(
        decoder: &mut Decoder,
        root: &Node,
        inputs: &Inputs<'_>,
        source: &Arc<Source>,
    ) -> Option<Self> {
        let mut fields = Fields::of(decoder, root, "")?;
        fields.required(decoder, "apiVersion", "apiVersion: crdbctl/v1", read::exactly("crdbctl/v1"));
        fields.required(decoder, "kind", "kind: Cluster", read::exactly("Cluster"));
        let name = fields.required(decoder, "name", "name: store", read::parsed::<ClusterName>);

        let has_cockroach = fields.entry("cockroach").is_some();
        let section = fields.section(decoder, "cockroach");
        let (version, cockroach) = if has_cockroach {
            Cockroach::decode(decoder, section)
        } else {
            // The required section is missing: say so once, not as its missing keys.
            fields.required(decoder, "cockroach", "cockroach: {version: v24.1.0}", read::text);
            (None, None)
        };

        let before_paths = decoder.count();
        let section = fields.section(decoder, "install");
        let install = Install::decode(decoder, section);
        let section = fields.section(decoder, "service");
        let service = Service::decode(decoder, section, inputs);
        if decoder.count() == before_paths {
            check::paths(decoder, &install, &service);
        }
        check::owner(decoder, &install);

        let section = fields.section(decoder, "certificates");
        let certificates = Certificates::decode(decoder, section);
        let firewall = fields
            .optional(decoder, "firewall", Firewall::decode)
            .map_or_else(|| Firewall::ufw(fields.span), |firewall| firewall.value);
        let section = fields.section(decoder, "rollout");
        let rollout = Rollout::decode(decoder, section);
        let section = fields.section(decoder, "checks");
        let checks = Checks::decode(decoder, section);
        let section = fields.section(decoder, "hooks");
        let hooks = Hooks::decode(decoder, section);
        let section = fields.section(decoder, "ssh");
        let ssh = Ssh::decode(decoder, section);
        let drafts =
            fields.required(decoder, "nodes", "nodes: [{name: store-1, address: 198.0.2.166}]", nodes);
        fields.finish(decoder);

        let span = drafts.as_ref().map(|drafts| drafts.span);
        let drafts = drafts.map(|drafts| drafts.value).unwrap_or_default();
        check::unique(decoder, &drafts, &ssh);
        check::reachable(decoder, &drafts);
        check::localities(decoder, &drafts);
        check::principals(decoder, &certificates, &drafts);
        if let Some(cockroach) = &cockroach {
            check::join(decoder, cockroach, &drafts);
            check::archive(decoder, cockroach, &drafts);
        }
        if let Some(version) = &version {
            let cluster = cockroach.as_ref().map(|cockroach| &cockroach.flags);
            check::flags(decoder, version, cluster, &drafts, &install);
        }
        if let Some(span) = span {
            check::quorum(decoder, &rollout, &drafts, span);
        }
        let nodes: Vec<_> = drafts.into_iter().filter_map(Draft::complete).collect();
        Some(Self {
            name: name?,
            cockroach: cockroach?,
            install,
            certificates,
            firewall,
            service,
            rollout,
            checks,
            hooks,
            ssh,
            nodes,
            digest: Digest::of(source.text()),
            source: source.clone(),
        })
    }
}

fn nodes(decoder: &mut Decoder, node: &Node, path: &str) -> Option<Vec<Draft>> {
    let Kind::Sequence(items) = &node.kind else {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}` is {}, and must be a list", node.noun()))
                .help("write `- {name: store-1, address: 198.0.2.166}`, a line for each node"),
        );
        return None;
    };
    if items.is_empty() || items.len() > MOST_NODES {
        decoder.report(
            Diagnostic::new(node.span, format!("a cluster of {} nodes", items.len()))
                .help(format!("list the cluster's nodes, 1 to {MOST_NODES}")),
        );
        return None;
    }
    let draft = |(index, item)| Draft::decode(decoder, item, &format!("{path}[{index}]"));
    Some(items.iter().enumerate().filter_map(draft).collect())
}
