use std::collections::BTreeMap;

use crdbctl_cockroach::Version;
use crdbctl_cockroach::archive::DEFAULT_URL;
use crdbctl_cockroach::settings::{Reserved, holds_password, reserved};
use crdbctl_model::{Digest, Finalize, NodeName, SettingName};

use super::{ArchiveSource, Environment, Flags};
use crate::decode::{Decoder, Fields, read};
use crate::diagnostic::quoted;
use crate::yaml::{Kind, Node};
use crate::{Arch, Diagnostic, Spanned};

/// Which CockroachDB, from where, and how it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cockroach {
    /// The version.
    pub version: Spanned<Version>,
    /// Where its archive comes from.
    pub archive: Spanned<ArchiveSource>,
    /// The digests that the archive must have, by architecture; missing ones come from `<archive>.sha256sum`.
    pub sha256: BTreeMap<Arch, Spanned<Digest>>,
    /// The architecture of nodes that do not name their own.
    pub arch: Spanned<Arch>,
    /// How the archive travels.
    pub delivery: Spanned<Delivery>,
    /// The nodes that a starting node asks for its cluster, as given; `None` for the first three.
    pub join: Option<Spanned<Vec<Spanned<NodeName>>>>,
    /// Flags of every node.
    pub flags: Flags,
    /// Environment variables of the service.
    pub environment: Environment,
    /// SQL cluster settings, by name.
    pub settings: BTreeMap<SettingName, Spanned<String>>,
    /// Who makes an upgrade permanent.
    pub finalize: Spanned<Finalize>,
}

/// How the archive travels to the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The control host fetches it once and streams it to each node.
    Push,
    /// Each node fetches it itself.
    Pull,
}

/// What to write for an empty join list.
const JOIN_SOME: &str = "name three nodes or so, or leave the key out to have the first three";

impl Cockroach {
    pub(super) fn decode(
        decoder: &mut Decoder,
        mut fields: Fields<'_>,
    ) -> (Option<Spanned<Version>>, Option<Self>) {
        let version = fields.required(decoder, "version", "version: v24.1.0", read::parsed::<Version>);
        let archive = ArchiveSource::Url(DEFAULT_URL.to_owned());
        let archive = fields.or(decoder, "archive", archive, read::parsed);
        let sha256 =
            fields.optional(decoder, "sha256", sha256).map(|spanned| spanned.value).unwrap_or_default();
        let arch = fields.or(decoder, "arch", Arch::Amd64, read::parsed);
        let delivery = [("push", Delivery::Push), ("pull", Delivery::Pull)];
        let delivery = fields.or(decoder, "delivery", Delivery::Push, read::word(&delivery));
        let join = fields.optional(decoder, "join", read::some(JOIN_SOME, read::parsed::<NodeName>));
        let flags = fields.section(decoder, "flags");
        let flags = Flags::decode(decoder, flags);
        let environment = fields.section(decoder, "environment");
        let environment = Environment::decode(decoder, environment);
        let settings = fields.section(decoder, "settings");
        let settings = decode_settings(decoder, settings);
        let mut upgrade = fields.section(decoder, "upgrade");
        let choices = [("auto", Finalize::Auto), ("manual", Finalize::Manual)];
        let finalize = upgrade.or(decoder, "finalize", Finalize::Auto, read::word(&choices));
        upgrade.finish(decoder);
        fields.finish(decoder);
        let cockroach = version.clone().map(|version| Self {
            version,
            archive,
            sha256,
            arch,
            delivery,
            join,
            flags,
            environment,
            settings,
            finalize,
        });
        (version, cockroach)
    }
}

/// Returns the digests: of one text for every architecture, or of a mapping by architecture.
fn sha256(decoder: &mut Decoder, node: &Node, path: &str) -> Option<BTreeMap<Arch, Spanned<Digest>>> {
    let Kind::Mapping(entries) = &node.kind else {
        let digest = Spanned::new(read::parsed(decoder, node, path)?, node.span);
        return Some(Arch::all().into_iter().map(|arch| (arch, digest)).collect());
    };
    let mut digests = BTreeMap::new();
    for entry in entries {
        let path = format!("{path}.{}", entry.key.name);
        match entry.key.name.parse::<Arch>() {
            Ok(arch) => {
                if let Some(digest) = read::parsed(decoder, &entry.value, &path) {
                    digests.insert(arch, Spanned::new(digest, entry.value.span));
                }
            }
            Err(error) => decoder.report_error(entry.key.span, "cockroach.sha256", &error),
        }
    }
    Some(digests)
}

/// Returns the settings: names as in `SHOW ALL CLUSTER SETTINGS`, values as texts.
fn decode_settings(decoder: &mut Decoder, fields: Fields<'_>) -> BTreeMap<SettingName, Spanned<String>> {
    let mut settings = BTreeMap::new();
    for entry in fields.all() {
        let path = format!("cockroach.settings.{}", entry.key.name);
        let Ok(name) = SettingName::new(&entry.key.name) else {
            let message = format!("{} is not the name of a cluster setting", quoted(&entry.key.name));
            decoder.report(
                Diagnostic::new(entry.key.span, message).help(
                    "write it as `SHOW ALL CLUSTER SETTINGS` does, as in kv.snapshot_rebalance.max_rate",
                ),
            );
            continue;
        };
        if let Some(reserved) = reserved(&name) {
            let (why, help) = match reserved {
                Reserved::Upgrade => (
                    "belongs to upgrades",
                    "leave it out: `cockroach.version` and `cockroach.upgrade.finalize` say what it shall be",
                ),
                Reserved::Secret => (
                    "is a secret, and would stand in plans and lists of processes",
                    "leave it out, and set it once with SQL",
                ),
            };
            decoder.report(Diagnostic::new(entry.key.span, format!("`{path}` {why}")).help(help));
            continue;
        }
        let Some(value) = read::text(decoder, &entry.value, &path) else { continue };
        if holds_password(&value) {
            let message =
                format!("`{path}` holds a password, and would stand in plans and lists of processes");
            let help = "leave it out, and set it once with SQL";
            decoder.report(Diagnostic::new(entry.value.span, message).help(help));
            continue;
        }
        if value.contains(|c: char| c.is_control()) {
            let message = format!("`{path}` has a control character in it");
            decoder.report(Diagnostic::new(entry.value.span, message).help("write it on one line"));
            continue;
        }
        settings.insert(name, Spanned::new(value, entry.value.span));
    }
    settings
}
