use std::net::IpAddr;

use crdbctl_cockroach::start::{Address, CanonicalArgs, PathNeed, split_cmdline};
use crdbctl_model::{NodeName, PathProblem, ResourceGraph, StartBlocker};

use super::need::{Check, Managed, Need, NeededPath, asked_at};
use super::unit_lines::UnitLines;
use super::{Answered, Listener, Place};
use crate::answer::{Answer, Content};

/// Returns what keeps the service of `node` from starting as the graph has it, as far as the host's answer shows it.
///
/// What could not be read is a finding that blocks nothing: a start is refused only for what is known to be missing.
pub(crate) fn blockers(graph: &ResourceGraph, node: &NodeName, answer: &Answer) -> Vec<StartBlocker> {
    let Some(managed) = Managed::of(graph, node) else { return Vec::new() };
    let lines = UnitLines::of(managed.unit, &answer.drop_ins);
    let start = &answer.start;
    let mut found: Vec<StartBlocker> = not_loaded(&managed, &lines, answer).into_iter().collect();
    for prefix in ["Condition", "Assert"] {
        checks(&lines, prefix, start, &|path| managed.makes(path), &mut found);
    }
    for (account, line) in managed.accounts(&lines) {
        if start.accounts.get(&account) == Some(&false) {
            let name = account.split_once(' ').map_or("", |(_, name)| name);
            found.push(StartBlocker::Account {
                line: format!("{}={name}", line.key),
                file: line.file.clone(),
            });
        }
    }
    let wanted = lines.mounts_wanted();
    let rights = Rights::of(&managed, &lines);
    let unmounted = |path: &str| {
        start.unmounted.iter().find(|point| {
            holds(point, path) && !wanted.iter().any(|path| holds(point, path.trim_end_matches('/')))
        })
    };
    // The directory of the data is there wherever it is mounted or not: crdbctl makes it.
    let store = managed.service.store.as_str();
    if let Some(point) = unmounted(store) {
        found.push(StartBlocker::Unmounted {
            needed_by: "--store".to_owned(),
            path: store.to_owned(),
            point: point.clone(),
        });
    }
    for needed in managed.paths(&lines) {
        // systemd mounts what it needs for the working directory itself (systemd.exec(5)).
        if let Some(point) = unmounted(&needed.path).filter(|_| needed.need != Need::WorkingDirectory) {
            found.push(StartBlocker::Unmounted {
                needed_by: needed.needed_by,
                path: needed.path,
                point: point.clone(),
            });
        } else if let Some(problem) = problem(&needed, &managed, start, rights) {
            found.push(StartBlocker::Path { needed_by: needed.needed_by, path: needed.path, problem });
        }
    }
    let looks =
        [(&start.root_unclear, "root"), (&start.user_unclear, managed.service.user.as_str())].into_iter();
    for (unclear, user) in looks.filter_map(|(unclear, user)| Some((unclear.as_ref()?, user))) {
        found.push(StartBlocker::UnjudgedPaths {
            paths: unclear.paths.clone(),
            user: user.to_owned(),
            reason: unclear.reason.clone(),
        });
    }
    if let Some(point) = &start.noexec {
        found.push(StartBlocker::NoExec { path: graph.packages.to_string(), point: point.clone() });
    }
    let running = match &answer.process {
        Some(Ok(process)) => Running::of(&split_cmdline(&process.cmdline)),
        Some(Err(_)) => Running::Otherwise,
        None => Running::Nothing,
    };
    for (flag, address) in managed.arguments().iter().flat_map(CanonicalArgs::listeners) {
        let (_, host) = asked_at(&address);
        let Some(listener) = start.listeners.get(&format!("{host} {}", address.port)) else { continue };
        let flag = format!("--{flag}");
        if listener.is_local == Some(false) {
            found.push(StartBlocker::NoSuchAddress { flag, address: address.to_string() });
        } else if is_taken(&address, listener, &running) {
            found.push(StartBlocker::PortTaken { flag, address: address.to_string() });
        }
    }
    found
}

/// Whether systemd refuses the unit because of drop-ins that stay. What crdbctl writes itself, or sets aside, is otherwise before the start.
fn not_loaded(managed: &Managed<'_>, lines: &UnitLines, answer: &Answer) -> Option<StartBlocker> {
    let unit = managed.unit;
    if unit.set_drop_ins_aside || answer.drop_ins.is_empty() {
        return None;
    }
    // A service without a command is refused (systemd.service(5)); an empty line takes the command back.
    let state = if lines.service("ExecStart").is_empty() {
        "bad-setting".to_owned()
    } else {
        refused_state(managed, answer)?
    };
    let drop_ins = answer.drop_ins.iter().map(|it| String::from_utf8_lossy(&it.path).into_owned());
    Some(StartBlocker::NotLoaded { state, unit: unit.name.file_name(), drop_ins: drop_ins.collect() })
}

/// The state of a unit that systemd does not load, when the unit is as it will be at the start.
fn refused_state(managed: &Managed<'_>, answer: &Answer) -> Option<String> {
    let file = &managed.unit.file;
    let is_as_desired = match answer.contents.get(file.path.as_str()) {
        Some(Ok(Content::Bytes(bytes))) => *bytes == file.content.as_bytes(),
        Some(_) => false,
        // Right before a start only the service is asked about. The unit has been written then.
        None => true,
    };
    let shown = answer.service.as_ref()?.as_ref().ok()?;
    let shown = String::from_utf8_lossy(shown);
    let property = |name: &str| {
        shown
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let state = property("LoadState").filter(|state| ["bad-setting", "error"].contains(state))?;
    // What it refused may have been corrected since.
    (is_as_desired && property("NeedDaemonReload") != Some("yes")).then(|| state.to_owned())
}

/// Whether a path is a mount point or lies below it.
fn holds(point: &str, path: &str) -> bool {
    path.strip_prefix(point).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// All checks must hold, and of those with `|` one (systemd.unit(5)).
fn checks(
    lines: &UnitLines,
    prefix: &str,
    start: &Answered,
    makes: &dyn Fn(&str) -> bool,
    found: &mut Vec<StartBlocker>,
) {
    let all: Vec<(Check<'_>, Option<bool>)> = lines
        .checks(prefix)
        .into_iter()
        .map(|line| {
            let check = Check::of(line);
            (check, outcome(&check, start, makes).map(|holds| holds != check.is_negated))
        })
        .collect();
    let (triggers, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(check, _)| check.is_trigger);
    let line = |check: &Check<'_>| format!("{}={}", check.line.key, check.line.value);
    let mut tell = |check: &Check<'_>, holds: Option<bool>| match holds {
        Some(true) => {}
        Some(false) => {
            found.push(StartBlocker::Condition { line: line(check), file: check.line.file.clone() });
        }
        None => {
            found.push(StartBlocker::UnjudgedCondition { line: line(check), file: check.line.file.clone() });
        }
    };
    for (check, holds) in &others {
        tell(check, *holds);
    }
    if triggers.iter().all(|(_, holds)| *holds != Some(true)) {
        let is_certain = triggers.iter().all(|(_, holds)| *holds == Some(false));
        for (check, _) in &triggers {
            tell(check, is_certain.then_some(false));
        }
    }
}

/// Whether what a check asks is so, without its `!`. systemd looks as root and follows links.
fn outcome(check: &Check<'_>, start: &Answered, makes: &dyn Fn(&str) -> bool) -> Option<bool> {
    let Some(kind) = check.looked_at() else {
        return start.conditions.get(&check.asked()?).copied().flatten();
    };
    let path = check.value.trim_end_matches('/');
    let place = start.by_root.get(path)?;
    let exists = place.missing == 0;
    // What crdbctl makes is there before the start.
    if !exists && makes(path) {
        return (kind == "PathExists").then_some(true);
    }
    Some(match kind {
        "PathIsSymbolicLink" => place.is_link,
        "PathIsDirectory" => exists && place.is_directory,
        "PathIsReadWrite" => exists && place.writes,
        "FileNotEmpty" => exists && place.is_file && place.has_content,
        "FileIsExecutable" => exists && place.is_file && place.executes,
        _ => exists,
    })
}

/// What is known of the rights that the process will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// Those of root.
    Root,
    /// Those of the service's user, with the groups that the account has.
    User,
    /// The unit gives it others.
    Unclear,
}

impl Rights {
    fn of(managed: &Managed<'_>, lines: &UnitLines) -> Self {
        let user = managed.service.user.as_str();
        let gives = ["SupplementaryGroups", "AmbientCapabilities", "DynamicUser"];
        let has_others = lines.last("User").is_none_or(|line| line.value != user)
            || gives.iter().any(|key| lines.last(key).is_some())
            || lines.last("Group").is_some_and(|line| line.file != managed.unit.file.path.as_str());
        match (has_others, user) {
            (true, _) => Self::Unclear,
            (false, "root") => Self::Root,
            (false, _) => Self::User,
        }
    }
}

fn problem(
    needed: &NeededPath,
    managed: &Managed<'_>,
    start: &Answered,
    rights: Rights,
) -> Option<PathProblem> {
    let by_root = start.by_root.get(&needed.path)?;
    let exists = by_root.missing == 0;
    let user = || managed.service.user.to_string();
    let by_user = match rights {
        Rights::Root => Some(by_root),
        Rights::User => start.by_user.get(&needed.path),
        Rights::Unclear => None,
    };
    // What the user cannot reach is missing for them.
    let lacks = |right: fn(&Place) -> bool| by_user.is_some_and(|place| place.missing > 0 || !right(place));
    match needed.need {
        // crdbctl's own directories are there before the start, with those above them.
        Need::Exists | Need::File | Need::Program | Need::Parent | Need::WorkingDirectory if !exists => {
            Some(PathProblem::Missing)
        }
        Need::Exists => None,
        Need::File => by_root.is_directory.then_some(PathProblem::ADirectory),
        Need::Parent => (!by_root.is_directory).then_some(PathProblem::NotADirectory),
        Need::Program if by_root.is_directory => Some(PathProblem::ADirectory),
        Need::Program => (!by_root.executes).then_some(PathProblem::NotExecutable),
        Need::WorkingDirectory if !by_root.is_directory => Some(PathProblem::NotADirectory),
        Need::WorkingDirectory => lacks(|place| place.executes).then(|| PathProblem::Unreadable(user())),
        Need::Of(PathNeed::ReadableFile) => match (exists, by_root.is_directory) {
            (false, _) => Some(PathProblem::Missing),
            (true, true) => Some(PathProblem::ADirectory),
            (true, false) => lacks(|place| place.reads).then(|| PathProblem::Unreadable(user())),
        },
        Need::Of(PathNeed::WritableDirectory) => match (exists, by_root.is_directory) {
            (false, _) => Some(PathProblem::Missing),
            (true, false) => Some(PathProblem::NotADirectory),
            (true, true) => {
                lacks(|place| place.writes && place.executes).then(|| PathProblem::Unwritable(user()))
            }
        },
        Need::Of(PathNeed::MadeDirectory) if exists && !by_root.is_directory => {
            Some(PathProblem::NotADirectory)
        }
        Need::Of(PathNeed::MadeDirectory) if exists => {
            lacks(|place| place.writes && place.executes).then(|| PathProblem::Unwritable(user()))
        }
        Need::Of(PathNeed::MadeDirectory) => made(needed, managed, by_root, by_user),
    }
}

/// What keeps the service's user from making a directory where nothing is.
fn made(
    needed: &NeededPath,
    managed: &Managed<'_>,
    by_root: &Place,
    by_user: Option<&Place>,
) -> Option<PathProblem> {
    let user = managed.service.user.as_str();
    let mut below = needed.path.as_str();
    for _ in 0..by_root.missing {
        below = below.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    let below = if below.is_empty() { "/" } else { below };
    let refused =
        |below: &str| Some(PathProblem::CannotBeMade { user: user.to_owned(), below: below.to_owned() });
    // A directory of crdbctl's is as it is to be before the start.
    if let Some(directory) =
        managed.directory_above(&needed.path).filter(|it| it.path.as_str().len() >= below.len())
    {
        return if directory.owner.as_str() == user || user == "root" {
            None
        } else {
            refused(directory.path.as_str())
        };
    }
    if !by_root.is_directory {
        return Some(PathProblem::NotADirectory);
    }
    let can = by_user.is_none_or(|place| {
        place.missing == by_root.missing && place.is_directory && place.writes && place.executes
    });
    if can { None } else { refused(below) }
}

/// What the service's main process is.
enum Running {
    Nothing,
    /// `cockroach start` with these flags.
    Start(CanonicalArgs),
    /// Something else, such as a script that started CockroachDB, or what could not be read.
    Otherwise,
}

impl Running {
    fn of(argv: &[String]) -> Self {
        CanonicalArgs::parse(argv).map_or(Self::Otherwise, Self::Start)
    }
}

/// Whether another program than the node's own listens on an address: what its main process has now it gives up when it stops.
fn is_taken(wanted: &Address, listener: &Listener, running: &Running) -> bool {
    let may_be_own = match running {
        Running::Nothing => false,
        Running::Start(flags) => flags.listeners().iter().any(|(_, address)| address.port == wanted.port),
        // A script may have started CockroachDB as another user, so whose the port is cannot be told.
        Running::Otherwise => return false,
    };
    listener.taken.iter().any(|(place, is_own)| !(*is_own && may_be_own) && meets(wanted, place))
}

/// Whether an address to listen on and one of /proc/net/tcp exclude each other: the same one, or one of them is all of them.
fn meets(wanted: &Address, place: &str) -> bool {
    let Some(taken) = place.split_once(':').and_then(|(address, _)| address_of(address)) else {
        return false;
    };
    let taken = taken.to_canonical();
    let (kind, host) = asked_at(wanted);
    if kind == "any" || taken.is_unspecified() {
        return true;
    }
    // A name may be any of the host's addresses.
    host.parse::<IpAddr>().is_ok_and(|host| host.to_canonical() == taken)
}

/// Reads an address as the kernel prints it: words of 32 bits in the host's byte order, which is little-endian wherever
/// CockroachDB runs (proc(5)).
fn address_of(text: &str) -> Option<IpAddr> {
    let words: Vec<u32> = (0..text.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(text.get(at..at + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit_lines::tests::{drop_in, unit};
    use super::*;

    fn place(missing: usize, bits: &str) -> Place {
        Answered::looks(b"/x\n", "0", format!("{missing} {bits}.\n").as_bytes()).unwrap()["/x"]
    }

    fn said(text: &str, start: &Answered) -> Vec<String> {
        let lines = UnitLines::of(&unit(text, false), &[drop_in("/x/a.conf", "")]);
        let mut found = Vec::new();
        checks(&lines, "Condition", start, &|path| path == "/made", &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn conditions_are_joined_as_systemd_joins_them() {
        let mut start = Answered::default();
        start.by_root.insert("/here".to_owned(), place(0, "fs"));
        start.by_root.insert("/gone".to_owned(), place(1, "dx"));
        start.conditions.insert("ConditionHost=a".to_owned(), Some(false));
        start.conditions.insert("ConditionACPower=true".to_owned(), None);
        // systemd-analyze judges these for another unit and for another environment.
        start.conditions.insert("ConditionPathExists=/etc/%N.hold".to_owned(), Some(false));
        start.conditions.insert("ConditionEnvironment=A".to_owned(), Some(false));
        start.by_root.insert("/made".to_owned(), place(1, "dx"));
        let none: [&str; 0] = [];
        for unjudged in [
            "ConditionPathExists=/etc/%N.hold",
            "ConditionPathExists=!/etc/%N.hold",
            "ConditionEnvironment=A",
            "ConditionFileIsExecutable=/made",
        ] {
            let lines = UnitLines::of(&unit(&format!("[Unit]\n{unjudged}\n"), false), &[]);
            let mut found = Vec::new();
            checks(&lines, "Condition", &start, &|path| path == "/made", &mut found);
            assert!(
                matches!(found.as_slice(), [StartBlocker::UnjudgedCondition { .. }]),
                "{unjudged}: {found:?}"
            );
        }
        for holds in [
            "ConditionPathExists=/made",
            "ConditionPathExists=/here",
            "ConditionPathExists=!/gone",
            "ConditionPathExists=|!/here\nConditionPathExists=|/here",
            "ConditionFileNotEmpty=/here",
            "ConditionPathIsDirectory=!/here",
            "ConditionHost=!a",
            "ConditionPathExists=/gone\nConditionPathExists=",
        ] {
            assert_eq!(said(&format!("[Unit]\n{holds}\n"), &start), none, "{holds}");
        }
        for fails in [
            "ConditionPathExists=/gone",
            "ConditionPathExists=! /here",
            "ConditionFileIsExecutable=/here",
            "ConditionPathIsDirectory=/here",
            "ConditionHost=a",
            "ConditionPathExists=|/gone",
        ] {
            let told = said(&format!("[Unit]\n{fails}\nConditionPathExists=/here\n"), &start);
            assert_eq!(told, [format!("{fails} in /etc/systemd/system/cockroach.service does not hold")]);
        }
        for unclear in ["ConditionACPower=true", "ConditionNeverAsked=1", "ConditionPathExists=/not-asked"] {
            let told = said(&format!("[Unit]\n{unclear}\n"), &start);
            assert!(matches!(&told[..], [one] if one.contains("could not be checked")), "{told:?}");
        }
        let either = "[Unit]\nConditionACPower=|true\nConditionPathExists=|/gone\n";
        assert!(said(either, &start).iter().all(|told| told.contains("could not be checked")));
    }

    #[test]
    fn an_address_is_taken_by_whoever_excludes_it() {
        // 0.0.0.0, 127.0.0.1, ::, ::1 and ::ffff:10.0.0.1, as /proc/net/tcp and tcp6 have them.
        let (any, loopback) = ("00000000:1F90", "0100007F:1F90");
        let (any6, loopback6) =
            ("00000000000000000000000000000000:1F90", "00000000000000000000000001000000:1F90");
        let mapped = "0000000000000000FFFF00000100000A:1F90";
        for (host, place, expected) in [
            ("", loopback, true),
            ("10.0.0.1", any, true),
            ("10.0.0.1", any6, true),
            ("10.0.0.1", loopback, false),
            ("127.0.0.1", loopback, true),
            ("::1", loopback6, true),
            ("10.0.0.1", mapped, true),
            ("node1", loopback, false),
            ("node1", any, true),
            ("0.0.0.0", loopback, true),
            ("::", mapped, true),
            ("", "garbage", false),
        ] {
            let wanted = Address { host: host.to_owned(), port: "8080".to_owned() };
            assert_eq!(meets(&wanted, place), expected, "{host} {place}");
        }
        let start = |flag: &str| Running::of(&["cockroach", "start", flag].map(str::to_owned));
        let running = start("--http-addr=:8080");
        let address = Address::parse(":8080", "").unwrap();
        let taken = |by_own: bool| Listener { is_local: Some(true), taken: vec![(any.to_owned(), by_own)] };
        assert!(!is_taken(&address, &taken(true), &running), "it gives the port up when it stops");
        assert!(is_taken(&address, &taken(false), &running));
        assert!(is_taken(&address, &taken(true), &Running::Nothing), "another process of its user");
        let other = start("--http-addr=:8081");
        assert!(is_taken(&address, &taken(true), &other));
        let script = Running::of(&["/bin/sh", "/opt/start.sh"].map(str::to_owned));
        assert!(!is_taken(&address, &taken(true), &script), "its child may be what listens");
        assert!(!is_taken(&address, &taken(false), &script), "also as another user, such as by su");
    }

    #[test]
    fn every_address_is_asked_about_in_one_way() {
        for (host, asked) in [
            ("", ("any", "-")),
            ("0.0.0.0", ("any", "-")),
            ("::", ("any", "-")),
            ("10.0.0.1", ("ip", "10.0.0.1")),
            ("2001:db8::1", ("ip", "2001:db8::1")),
            ("store-1", ("name", "store-1")),
        ] {
            let address = Address { host: host.to_owned(), port: "26257".to_owned() };
            assert_eq!(asked_at(&address), asked, "{host}");
        }
    }
}
