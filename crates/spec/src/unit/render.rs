use std::collections::BTreeMap;

use super::endpoints::Endpoints;
use super::file::UnitFile;
use super::split::{split_exec, split_words};
use super::template::{self, BUILT_IN_TEMPLATE};
use super::variables::{start_command, variables};
use crdbctl_cockroach::start::CanonicalArgs;

use crate::Diagnostic;
use crate::manifest::{Manifest, Node};

/// A node's unit, and what it makes of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RenderedUnit {
    /// The whole text.
    pub(crate) content: String,
    /// The command line, program first.
    pub(crate) argv: Vec<String>,
    /// The variables that the unit sets.
    pub(crate) environment: BTreeMap<String, String>,
    /// The limit of open files, when the unit sets one.
    pub(crate) nofile: Option<u64>,
    /// Where the node is reached.
    pub(crate) endpoints: Endpoints,
}

/// Why a template gives no unit: a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnitError(String);

/// Returns the unit of a node, from the user's template or the built-in one. What it says of the process is
/// read back from its text, so that both are one truth.
pub(crate) fn render_unit(manifest: &Manifest, node: &Node) -> Result<RenderedUnit, UnitError> {
    let template = manifest.service.template.as_ref().map_or(BUILT_IN_TEMPLATE, |template| &template.text);
    let command = start_command(manifest, node);
    let content = template::render(template, &variables(manifest, node, &command)).map_err(UnitError)?;
    if let Some(c) = content.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(UnitError(format!("the unit would hold the control character U+{:04X}", u32::from(c))));
    }
    let file = UnitFile::parse(&content);
    let argv = match file.list("Service", "ExecStart").as_slice() {
        [line] => split_exec(line).map_err(|error| UnitError(format!("ExecStart has {error}")))?,
        lines => {
            return Err(UnitError(format!(
                "it has {} ExecStart lines under [Service], and needs one",
                lines.len()
            )));
        }
    };
    let mut environment = BTreeMap::new();
    for line in file.list("Service", "Environment") {
        let words = split_words(line).map_err(|error| UnitError(format!("Environment has {error}")))?;
        environment.extend(
            words.iter().filter_map(|word| word.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
    }
    let nofile = match file.last("Service", "LimitNOFILE") {
        None => None,
        Some(limit) => Some(soft_limit(limit)?),
    };
    check_user(manifest, file.last("Service", "User"))?;
    let args = CanonicalArgs::parse(&argv).map_err(|error| UnitError(format!("ExecStart: {error}")))?;
    check_paths(manifest, &args)?;
    let endpoints = Endpoints::of(&args, &node.address.to_string());
    Ok(RenderedUnit { content, argv, environment, nofile, endpoints })
}

/// Refuses a unit that runs as somebody else than the owner of certificates and data.
fn check_user(manifest: &Manifest, found: Option<&str>) -> Result<(), UnitError> {
    let user = manifest.install.user.as_str();
    match found {
        Some(found) if found == user => Ok(()),
        None if user == "root" => Ok(()),
        Some(found) => Err(UnitError(format!("it has User={found}, and `install.user` is {user}"))),
        None => Err(UnitError(format!("it has no User=, and `install.user` is {user}"))),
    }
}

/// Refuses a command line that looks for certificates or data elsewhere than where they are installed.
fn check_paths(manifest: &Manifest, args: &CanonicalArgs) -> Result<(), UnitError> {
    let root = &manifest.install.root.value;
    let values = |flag: &str| args.flags.get(flag).map(|flag| flag.written.as_slice()).unwrap_or_default();
    let certs = format!("{root}/certs");
    if let Some(other) = values("certs-dir").iter().find(|path| path.starts_with('/') && **path != certs) {
        return Err(UnitError(format!("it has --certs-dir={other}, and certificates are in {certs}")));
    }
    let (data, link) = (manifest.install.data.as_str(), format!("{root}/data"));
    let path_of = |store: &String| {
        let field = store.split(',').find_map(|field| field.strip_prefix("path="));
        field.unwrap_or_else(|| store.split(',').next().unwrap_or_default()).to_owned()
    };
    let stores: Vec<String> = values("store").iter().map(path_of).collect();
    let is_elsewhere = stores.iter().all(|path| path.starts_with('/') && path != data && *path != link);
    if !stores.is_empty() && is_elsewhere {
        return Err(UnitError(format!("its stores are {}, and `install.data` is {data}", stores.join(", "))));
    }
    Ok(())
}

/// Returns the soft limit of `65536` or `1024:65536` (systemd.exec(5), process properties).
fn soft_limit(text: &str) -> Result<u64, UnitError> {
    let soft = text.split(':').next().unwrap_or_default();
    soft.parse().map_err(|_| UnitError(format!("LimitNOFILE is `{text}`, and must be a number")))
}

/// Returns what is wrong with the user's template on any node; empty without one.
pub(crate) fn check_template(manifest: &Manifest) -> Vec<Diagnostic> {
    let Some(template) = &manifest.service.template else { return Vec::new() };
    for node in &manifest.nodes {
        let Err(wrong) = render_unit(manifest, node) else { continue };
        let message =
            format!("the template {} gives no unit for {}: {wrong}", template.path.value, node.name.value);
        return vec![
            Diagnostic::new(template.path.span, message)
                .help("variables are listed in specs/manifest.v1.md; `ExecStart={{ exec_start }}` is the whole command line"),
        ];
    }
    Vec::new()
}
