use std::net::IpAddr;

use crdbctl_cockroach::start::{Address, CanonicalArgs, PathNeed};
use crdbctl_model::{
    Desired, DesiredDirectory, DesiredService, DesiredUnit, HostPath, NodeName, ResourceGraph,
};

use super::unit_lines::{Line, UnitLines};

/// What is needed of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// What a flag of CockroachDB needs, with the rights of the service's user.
    Of(PathNeed),
    /// That something is there; systemd looks, as root.
    Exists,
    /// A file that systemd reads, as root.
    File,
    /// A directory that the process is started in.
    WorkingDirectory,
    /// A program.
    Program,
    /// A directory that exists, for a file that is made in it.
    Parent,
}

/// A path that a start needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NeededPath {
    pub(super) needed_by: String,
    pub(super) path: String,
    pub(super) need: Need,
}

/// What crdbctl has on a node itself, and would create: nobody else has to see to it.
#[derive(Clone, Debug)]
pub(super) struct Managed<'a> {
    pub(super) service: &'a DesiredService,
    pub(super) unit: &'a DesiredUnit,
    paths: Vec<HostPath>,
    directories: Vec<&'a DesiredDirectory>,
    links: Vec<(&'a HostPath, &'a HostPath)>,
    accounts: Vec<String>,
}

impl<'a> Managed<'a> {
    /// Returns what the graph has on a node, when it has a service and a unit there.
    pub(super) fn of(graph: &'a ResourceGraph, node: &NodeName) -> Option<Self> {
        let (mut service, mut unit) = (None, None);
        let (mut paths, mut directories, mut links) = (Vec::new(), Vec::new(), Vec::new());
        let mut accounts = vec!["user root".to_owned(), "group root".to_owned()];
        for resource in graph.of_node(node) {
            match &resource.desired {
                Desired::Service(it) => service = Some(it),
                Desired::Unit(it) => unit = Some(it),
                Desired::Directory(it) => directories.push(it),
                Desired::Link(it) => links.push((&it.path, &it.target)),
                Desired::Package(it) => paths.push(it.path.clone()),
                Desired::User(it) => accounts.push(format!("user {}", it.name)),
                Desired::Group(it) => accounts.push(format!("group {}", it.name)),
                Desired::File(_) | Desired::Ca(_) | Desired::NodeCertificate(_) => {
                    paths.extend(resource.desired.paths());
                }
                Desired::Authority(_)
                | Desired::ClientCertificate(_)
                | Desired::Firewall(_)
                | Desired::Init(_)
                | Desired::Setting(_)
                | Desired::Members(_)
                | Desired::Version(_) => {}
            }
        }
        Some(Self { service: service?, unit: unit?, paths, directories, links, accounts })
    }

    /// Returns whether crdbctl makes it, or has made it.
    pub(super) fn makes(&self, path: &str) -> bool {
        let below =
            |whole: &HostPath| path.strip_prefix(whole.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.paths.iter().any(|it| it.as_str() == path || below(it))
            || self.directories.iter().any(|it| it.path.as_str() == path)
            || self.links.iter().any(|(it, _)| it.as_str() == path)
            || self.service.program.as_str() == path
    }

    /// Returns the lowest directory that crdbctl has at a path or above it.
    pub(super) fn directory_above(&self, path: &str) -> Option<&'a DesiredDirectory> {
        let holds = |it: &&&DesiredDirectory| {
            path.strip_prefix(it.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.directories.iter().filter(holds).max_by_key(|it| it.path.as_str().len()).copied()
    }

    /// Returns a path with the link of crdbctl's that it begins with followed.
    fn followed(&self, path: &str) -> String {
        self.links
            .iter()
            .find_map(|(link, target)| {
                let rest = path.strip_prefix(link.as_str()).filter(|rest| rest.starts_with('/'))?;
                Some(format!("{target}{rest}"))
            })
            .unwrap_or_else(|| path.to_owned())
    }

    pub(super) fn arguments(&self) -> Option<CanonicalArgs> {
        CanonicalArgs::parse(&self.service.argv).ok()
    }

    /// Returns the accounts that the unit names and crdbctl does not have, as `user NAME`, with their lines.
    pub(super) fn accounts<'l>(&self, lines: &'l UnitLines) -> Vec<(String, &'l Line)> {
        let mut found = Vec::new();
        let mut add = |kind: &str, name: &str, line: &'l Line| {
            let word = format!("{kind} {name}");
            let is_plain = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            // A number needs no name.
            let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain && !is_number && !self.accounts.contains(&word) {
                found.push((word, line));
            }
        };
        // With DynamicUser= systemd makes it (systemd.exec(5)).
        if lines.last("DynamicUser").is_none_or(|line| line.value != "yes") {
            for (key, kind) in [("User", "user"), ("Group", "group")] {
                if let Some(line) = lines.last(key) {
                    add(kind, &line.value, line);
                }
            }
        }
        for line in lines.service("SupplementaryGroups") {
            line.value.split_whitespace().for_each(|name| add("group", name, line));
        }
        found
    }

    /// Returns the paths that a start needs and crdbctl does not make.
    pub(super) fn paths(&self, lines: &UnitLines) -> Vec<NeededPath> {
        let mut all = Vec::new();
        for needed in self.arguments().iter().flat_map(CanonicalArgs::needed_paths) {
            let needed_by = format!("--{}", needed.flag);
            all.push(NeededPath { needed_by, path: needed.path, need: Need::Of(needed.need) });
        }
        let mut add = |line: &Line, path: &str, need: Need| {
            let needed_by = format!("{}= in {}", line.key, line.file);
            all.push(NeededPath { needed_by, path: path.to_owned(), need });
        };
        // A `-` before a path means that it may be missing (systemd.exec(5)).
        for line in lines.service("EnvironmentFile") {
            add(line, &line.value, Need::File);
        }
        if let Some(line) = lines.last("WorkingDirectory") {
            add(line, &line.value, Need::WorkingDirectory);
        }
        if let Some(line) = lines.last("RootDirectory") {
            add(line, &line.value, Need::Exists);
        }
        for key in ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost"] {
            for line in lines.service(key) {
                let word = line.value.split_whitespace().next().unwrap_or_default();
                let program = word.trim_start_matches(['@', ':', '+', '!', '|']);
                add(line, program, Need::Program);
            }
        }
        // What systemd makes for the service may be among them, and is made before (systemd.exec(5), StateDirectory=).
        let makes = [
            "StateDirectory",
            "RuntimeDirectory",
            "LogsDirectory",
            "CacheDirectory",
            "ConfigurationDirectory",
        ];
        if makes.iter().all(|key| lines.service(key).is_empty()) {
            for key in ["ReadWritePaths", "ReadOnlyPaths", "BindPaths", "BindReadOnlyPaths"] {
                for line in lines.service(key) {
                    for word in line.value.split_whitespace() {
                        let path = word.trim_start_matches('+').split(':').next().unwrap_or_default();
                        add(line, path, Need::Exists);
                    }
                }
            }
            for key in ["StandardOutput", "StandardError"] {
                if let Some(line) = lines.last(key)
                    && let Some((kind, path)) = line.value.split_once(':')
                    && ["file", "append", "truncate"].contains(&kind)
                {
                    add(line, path.rsplit_once('/').map_or("", |(parent, _)| parent), Need::Parent);
                }
            }
        }
        for needed in &mut all {
            needed.path = self.followed(needed.path.trim_end_matches('/'));
        }
        // Quotes, globs and specifiers are not for this reader.
        all.retain(|it| is_plain(&it.path) && !self.makes(&it.path));
        all
    }
}

/// Whether it is a path that is what it looks like.
pub(super) fn is_plain(path: &str) -> bool {
    path.starts_with('/')
        && path.len() > 1
        && !path.contains(|c: char| c.is_control() || "%*?[]\"'\\".contains(c))
}

/// The checks of systemd that a look at a path answers.
pub(super) const LOOKED_AT: [&str; 6] = [
    "PathExists",
    "PathIsDirectory",
    "PathIsSymbolicLink",
    "PathIsReadWrite",
    "FileNotEmpty",
    "FileIsExecutable",
];

/// A condition or assert, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check<'l> {
    pub(super) line: &'l Line,
    /// One of several of which one must hold (`|`).
    pub(super) is_trigger: bool,
    /// It must not hold (`!`).
    pub(super) is_negated: bool,
    pub(super) value: &'l str,
}

impl<'l> Check<'l> {
    pub(super) fn of(line: &'l Line) -> Self {
        let (is_trigger, rest) = match line.value.strip_prefix('|') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, line.value.as_str()),
        };
        let (is_negated, rest) = match rest.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        Self { line, is_trigger, is_negated, value: rest }
    }

    /// Returns its type when a look at its path answers it.
    pub(super) fn looked_at(&self) -> Option<&'static str> {
        let key = &self.line.key;
        let name = key.strip_prefix("Condition").or_else(|| key.strip_prefix("Assert"))?;
        LOOKED_AT.into_iter().find(|known| *known == name).filter(|_| is_plain(self.value))
    }

    /// Returns it as systemd is asked about it; `None` when systemd-analyze would judge another thing: it expands specifiers for a unit
    /// of its own (`test.service`), and looks at the environment of whoever calls it instead of the manager's.
    pub(super) fn asked(&self) -> Option<String> {
        let is_asked = !self.value.contains('%') && !self.line.key.ends_with("Environment");
        is_asked.then(|| format!("{}={}", self.line.key, self.value))
    }
}

/// Returns how the host is asked about an address to listen on: the kind of its host, and the host as the answer repeats
/// it. No host, `0.0.0.0` and `::` all mean every address, which no interface has by itself.
pub(super) fn asked_at(address: &Address) -> (&'static str, &str) {
    match address.host.as_str() {
        "" => ("any", "-"),
        host => match host.parse::<IpAddr>() {
            Ok(ip) if ip.is_unspecified() => ("any", "-"),
            Ok(_) => ("ip", host),
            Err(_) => ("name", host),
        },
    }
}

/// Returns the words of what is asked of the host about a start; drop-ins there add theirs. Empty when the graph has no
/// service on the node.
pub(crate) fn words(graph: &ResourceGraph, node: &NodeName) -> Vec<String> {
    let Some(managed) = Managed::of(graph, node) else { return Vec::new() };
    let lines = UnitLines::of(managed.unit, &[]);
    let mut words = Vec::new();
    for line in lines.checks("Condition").into_iter().chain(lines.checks("Assert")) {
        let check = Check::of(line);
        match check.looked_at() {
            Some(_) => words.push(format!("look={}", check.value)),
            None => words.extend(check.asked().map(|asked| format!("ask={asked}"))),
        }
    }
    for needed in managed.paths(&lines) {
        words.push(match needed.need {
            Need::Of(_) | Need::WorkingDirectory => format!("use={}", needed.path),
            Need::Exists | Need::File | Need::Program | Need::Parent => format!("look={}", needed.path),
        });
    }
    words.extend(managed.accounts(&lines).into_iter().map(|(account, _)| format!("account={account}")));
    for (_, address) in managed.arguments().iter().flat_map(CanonicalArgs::listeners) {
        let (kind, host) = asked_at(&address);
        words.push(format!("listen={kind} {host} {}", address.port));
    }
    // A line break would begin another word.
    words.retain(|word| !word.contains(|c: char| c.is_control()));
    words.dedup();
    words
}
