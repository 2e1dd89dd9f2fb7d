use crdbctl_model::{AllowFrom, Desired, HostPath, KeyType, Mode, OwnerName};

use crate::count;

/// A few words on what a new resource will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// The words.
    pub(crate) text: String,
    /// What stands instead when nodes differ in it.
    pub(crate) label: &'static str,
}

fn phrase(label: &'static str, text: impl Into<String>) -> Phrase {
    Phrase { text: text.into(), label }
}

/// Returns what a new resource will be; always the same number of phrases for the same kind.
pub(crate) fn describe(desired: &Desired) -> Vec<Phrase> {
    let file = |path: &HostPath, owner: &OwnerName, group: &OwnerName, mode: Mode| {
        phrase("path and owner", format!("{path} {owner}:{group} {mode}"))
    };
    match desired {
        Desired::Authority(it) => vec![
            phrase("place", format!("{}/", it.directory.trim_end_matches('/'))),
            phrase("key", key_type(it.key)),
            phrase("lifetime", lifetime(it.lifetime)),
        ],
        Desired::ClientCertificate(it) => vec![
            phrase("name", format!("for SQL user {}", it.user)),
            phrase("key", key_type(it.key)),
            phrase("lifetime", lifetime(it.lifetime)),
        ],
        Desired::Group(_) => vec![phrase("kind", "system group")],
        Desired::User(it) => vec![
            phrase("kind", "system account"),
            phrase("group", format!("group {}", it.group)),
            phrase("home", format!("home {}", it.home)),
        ],
        Desired::Package(it) => vec![
            phrase("path", it.path.as_str()),
            phrase("files", count(it.members.len(), "file")),
            phrase("archive", format!("archive sha256 {}…", it.archive.short())),
        ],
        Desired::Directory(it) => vec![file(&it.path, &it.owner, &it.group, it.mode)],
        Desired::Link(it) => vec![phrase("path and target", format!("{} -> {}", it.path, it.target))],
        Desired::Ca(it) => vec![file(&it.path, &it.owner, &it.group, it.mode)],
        Desired::NodeCertificate(it) => vec![
            phrase("path", it.certificate.as_str()),
            phrase("key", it.key.file_name()),
            phrase("key type", key_type(it.key_type)),
            phrase("lifetime", lifetime(it.lifetime)),
            phrase("names", {
                let names = it.dns_names.iter().cloned();
                names.chain(it.addresses.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
            }),
        ],
        Desired::File(it) => vec![file(&it.path, &it.owner, &it.group, it.mode)],
        Desired::Firewall(it) => vec![
            phrase("ports", format!("allow {} from {}", it.ports, sources(it.allow_from.iter()))),
            phrase("ufw", if it.enable { "ufw switched on" } else { "ufw stays as it is" }),
        ],
        Desired::Unit(it) => {
            let it = &it.file;
            vec![file(&it.path, &it.owner, &it.group, it.mode)]
        }
        Desired::Service(it) => vec![
            phrase("user", format!("enabled and started as {}", it.user)),
            phrase("version", it.version.as_str()),
            phrase("address", format!("on {}", it.sql_address)),
        ],
        Desired::Init(it) => vec![phrase("node", format!("cockroach init, through {}", it.through))],
        Desired::Setting(it) => vec![phrase("value", format!("{} = {}", it.name, quoted(&it.value)))],
        Desired::Members(it) => {
            vec![phrase("members", format!("{} stay, {} leave", it.staying.len(), it.leaving.len()))]
        }
        Desired::Version(it) => vec![phrase("version", it.version.as_str())],
    }
}

fn quoted(value: &str) -> String {
    format!("'{value}'")
}

fn key_type(key: KeyType) -> &'static str {
    match key {
        KeyType::EcdsaP256 => "ecdsa-p256",
        KeyType::Rsa2048 => "rsa-2048",
    }
}

fn lifetime(seconds: i64) -> String {
    match seconds {
        days if days % 86_400 == 0 => format!("valid {}d", days / 86_400),
        hours if hours % 3_600 == 0 => format!("valid {}h", hours / 3_600),
        other => format!("valid {other}s"),
    }
}

fn sources<'a>(sources: impl Iterator<Item = &'a AllowFrom>) -> String {
    let words: Vec<String> = sources
        .map(|source| match source {
            AllowFrom::Any => "anywhere".to_owned(),
            AllowFrom::Network(network) => network.clone(),
        })
        .collect();
    words.join(", ")
}
