use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{
    Digest, FileKind, HealthFact, HealthWay, HostPath, Mode, MountPoint, PathFact, Room, StorePlace,
    StoreState, Timestamp,
};

use crate::start::{Answered, Listener};

/// Why an answer of a node could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It does not begin as an answer does.
    #[error("the answer does not begin with `crdbctl-probe 1`: {0:?}")]
    Header(String),
    /// It ends early.
    #[error("the answer was cut off after {0} lines")]
    CutOff(usize),
    /// Its digest is not the one that the host sent.
    #[error("the answer was altered on its way: its digest is not the one that the host computed")]
    Altered,
    /// A line is not of the form expected.
    #[error("line {number} of the answer is not understood: {line:?}")]
    Line {
        /// Which line, from 1.
        number: usize,
        /// Its beginning.
        line: String,
    },
    /// It is not text.
    #[error("the answer is not UTF-8 text")]
    NotText,
}

/// A result of reading on the host: the value, or the host's own words about why not.
pub(crate) type Read<T> = Result<T, String>;

/// A small file's content, or the digest of a larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Large(Digest),
}

/// A path's attributes, with the error of stat(1) kept apart from "nothing there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stat {
    Present(PathFact),
    Absent,
    Error(String),
}

/// The main process, as the script tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawProcess {
    pub(crate) pid: u32,
    pub(crate) started: u64,
    pub(crate) user: String,
    pub(crate) nofile: String,
    pub(crate) hash: String,
    pub(crate) exe: Vec<u8>,
    pub(crate) cmdline: Vec<u8>,
    pub(crate) environment: Vec<Vec<u8>>,
}

/// The host's own description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawHost {
    pub(crate) machine: String,
    pub(crate) kernel: String,
    pub(crate) os: String,
    pub(crate) hostname: String,
    pub(crate) machine_id: Option<Digest>,
}

/// What ufw's files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawFirewall {
    pub(crate) enabled: bool,
    pub(crate) ipv6: bool,
    pub(crate) rules: String,
}

/// A drop-in file: its path, attributes and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawDropIn {
    pub(crate) path: Vec<u8>,
    pub(crate) stat: Option<PathFact>,
    pub(crate) content: Read<Content>,
}

/// One node's answer to the probe script, taken apart and not yet judged.
///
/// Form: the line `crdbctl-probe 1`, the lasting body, the line `live`, the lines that change by
/// themselves (clock, health), and `end SHA256` with the digest of the body. A line is a word and
/// fields parted by one space; free text is in base64, so any byte survives, or behind a `=` where no byte of it needs that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The digest of the body: equal while the host is unchanged.
    pub digest: Digest,
    pub(crate) host: RawHost,
    pub(crate) record: Option<Read<Vec<u8>>>,
    /// The names of other clusters' records.
    pub(crate) other_records: Vec<String>,
    pub(crate) pending: Option<Read<Vec<u8>>>,
    pub(crate) groups: BTreeMap<String, (i32, Vec<u8>)>,
    pub(crate) users: BTreeMap<String, (i32, Vec<u8>, String)>,
    pub(crate) stats: BTreeMap<String, Stat>,
    pub(crate) targets: BTreeMap<String, Vec<u8>>,
    pub(crate) contents: BTreeMap<String, Read<Content>>,
    pub(crate) digests: BTreeMap<String, Read<(Digest, u64)>>,
    pub(crate) keys: BTreeMap<String, Result<RawKey, KeyProblem>>,
    /// The other certificates in the directory of the node's, by name.
    pub(crate) certificates: BTreeMap<Vec<u8>, Read<Content>>,
    /// Whether all that are looked for by name are among those, where they are there.
    pub(crate) named_certificates: bool,
    /// Whether those are all, or why not.
    pub(crate) all_certificates: Option<Read<()>>,
    pub(crate) firewall: Option<Read<Option<RawFirewall>>>,
    pub(crate) drop_ins: Vec<RawDropIn>,
    pub(crate) service: Option<Read<Vec<u8>>>,
    pub(crate) process: Option<Read<RawProcess>>,
    /// The stores, by path, with the file systems that hold them.
    pub(crate) store_places: BTreeMap<String, StorePlace>,
    /// The directories of data that the manifest no longer names: whether there is anything in them.
    pub(crate) stores: BTreeMap<String, Read<bool>>,
    /// What systemd says of services that the manifest no longer has, by name without `.service`.
    pub(crate) dropped_services: BTreeMap<String, Read<Vec<u8>>>,
    /// Packages in other places than the manifest's that another process than the service's runs a program of.
    pub(crate) dropped_in_use: BTreeSet<String>,
    /// Where dropped things really are whose path leads over a link.
    pub(crate) places: BTreeMap<String, Vec<u8>>,
    pub(crate) begun: Option<Read<Vec<u8>>>,
    pub(crate) noted: Option<Read<Vec<u8>>>,
    /// What the lock file of the cluster says, while another run holds the lock.
    pub(crate) lock: Option<Vec<u8>>,
    pub(crate) entries: BTreeMap<String, Read<Vec<u8>>>,
    pub(crate) in_use: Option<Read<Vec<u8>>>,
    pub(crate) mounts: BTreeSet<String>,
    /// What is told about a start.
    pub(crate) start: Answered,
    pub(crate) clock: Timestamp,
    pub(crate) clock_millis: u16,
    pub(crate) room: Option<Room>,
    pub(crate) health: Option<Read<RawHealth>>,
    /// What the node said through the ssh connection.
    pub(crate) health_through_ssh: Option<HealthFact>,
    /// How the health is asked.
    pub(crate) health_way: HealthWay,
}

/// What is told of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawKey {
    /// The digest of its public half.
    pub(crate) spki: Digest,
    /// Whether it is in the list of keys that crdbctl made.
    pub(crate) made: bool,
}

/// Why the public half of a key is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    /// The file is not a private key.
    Bad(String),
    /// It could not be told.
    Unknown(String),
}

impl Answer {
    /// Returns the parts of an answer.
    ///
    /// # Errors
    /// When it is cut off, altered, or has a line that is not understood.
    pub fn parse(bytes: &[u8]) -> Result<Self, AnswerError> {
        // Names of accounts may have any byte. What is not UTF-8 is replaced; the digest is of the bytes as they came.
        let text = String::from_utf8_lossy(bytes);
        let rest = text.strip_prefix("crdbctl-probe 1\n").ok_or_else(|| {
            AnswerError::Header(text.lines().next().unwrap_or_default().chars().take(120).collect())
        })?;
        let cut_off = || AnswerError::CutOff(text.lines().count());
        let live_at = rest.find("\nlive\n").ok_or_else(cut_off)?;
        let (body, live) = (&rest[..=live_at], &rest[live_at + "\nlive\n".len()..]);
        let end_at =
            live.rfind("end ").filter(|at| *at == 0 || live[..*at].ends_with('\n')).ok_or_else(cut_off)?;
        let claimed: Digest = live[end_at + 4..].trim_end().parse().map_err(|_| cut_off())?;
        let header = "crdbctl-probe 1\n".len();
        let length = bytes[header..].windows(6).position(|at| at == b"\nlive\n").ok_or_else(cut_off)?;
        let digest = Digest::of(&bytes[header..=header + length]);
        if digest != claimed {
            return Err(AnswerError::Altered);
        }
        let mut answer = Self::empty(digest);
        for (index, line) in body.lines().chain(live[..end_at].lines()).enumerate() {
            answer.take_line(line).ok_or_else(|| AnswerError::Line {
                number: index + 2,
                line: line.chars().take(120).collect(),
            })?;
        }
        Ok(answer)
    }

    fn empty(digest: Digest) -> Self {
        Self {
            digest,
            host: RawHost::default(),
            record: None,
            other_records: Vec::new(),
            pending: None,
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            stats: BTreeMap::new(),
            targets: BTreeMap::new(),
            contents: BTreeMap::new(),
            digests: BTreeMap::new(),
            keys: BTreeMap::new(),
            certificates: BTreeMap::new(),
            named_certificates: false,
            all_certificates: None,
            firewall: None,
            drop_ins: Vec::new(),
            service: None,
            process: None,
            store_places: BTreeMap::new(),
            stores: BTreeMap::new(),
            dropped_services: BTreeMap::new(),
            dropped_in_use: BTreeSet::new(),
            places: BTreeMap::new(),
            begun: None,
            noted: None,
            lock: None,
            entries: BTreeMap::new(),
            in_use: None,
            mounts: BTreeSet::new(),
            start: Answered::default(),
            clock: Timestamp::from_unix(0),
            clock_millis: 0,
            health: None,
            room: None,
            health_through_ssh: None,
            health_way: HealthWay::OnHost,
        }
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        if let Some(error) = line.strip_prefix("stat: ") {
            let (path, stat) = stat_error(error)?;
            self.stats.insert(path, stat);
            return Some(());
        }
        let fields: Vec<&str> = line.split(' ').collect();
        match fields.as_slice() {
            ["host", machine, kernel, os, version, hostname, machine_id] => {
                self.host = RawHost {
                    machine: text(machine)?,
                    kernel: text(kernel)?,
                    os: format!("{} {}", text(os)?, text(version)?).trim().to_owned(),
                    hostname: text(hostname)?,
                    machine_id: machine_id.parse().ok(),
                };
            }
            ["record", "json", value] => self.record = Some(Ok(decode(value)?)),
            ["other-record", name] => self.other_records.push(text(name)?),
            ["record", "pending", value] => self.pending = Some(Ok(decode(value)?)),
            ["record", "begun", value] => self.begun = Some(Ok(decode(value)?)),
            ["record-error", "begun", said] => self.begun = Some(Err(text(said)?)),
            ["record", "steps", value] => self.noted = Some(Ok(decode(value)?)),
            ["record-error", "steps", said] => self.noted = Some(Err(text(said)?)),
            ["lock", value] => self.lock = Some(decode(value)?),
            ["entries", path, "ok", value] => {
                self.entries.insert((*path).to_owned(), Ok(decode(value)?));
            }
            ["entries", path, "error", said] => {
                self.entries.insert((*path).to_owned(), Err(text(said)?));
            }
            ["in-use", "ok", value] => self.in_use = Some(Ok(decode(value)?)),
            ["in-use", "error", said] => self.in_use = Some(Err(text(said)?)),
            ["mount", path] => {
                self.mounts.insert((*path).to_owned());
            }
            ["record-error", "json", said] => self.record = Some(Err(text(said)?)),
            ["record-error", "pending", said] => self.pending = Some(Err(text(said)?)),
            ["group", name, status, value] => {
                self.groups.insert((*name).to_owned(), (status.parse().ok()?, decode(value)?));
            }
            ["user", name, status, value, group] => {
                let user = (status.parse().ok()?, decode(value)?, text(group)?);
                self.users.insert((*name).to_owned(), user);
            }
            ["stat", mode, uid, gid, path, ..] => {
                // The rest of the line: names may have spaces.
                let names = line.splitn(6, ' ').nth(5)?;
                let fact = path_fact(mode, uid, gid, names)?;
                self.stats.insert((*path).to_owned(), Stat::Present(fact));
            }
            ["target", path, target] => {
                self.targets.insert((*path).to_owned(), decode(target)?);
            }
            ["content", path, kind, value] => {
                self.contents.insert((*path).to_owned(), content(kind, value)?);
            }
            ["digest", path, "ok", digest, size] => {
                let read = match (digest.parse(), size.parse()) {
                    (Ok(digest), Ok(size)) => Ok((digest, size)),
                    _ => Err(format!("the host told the digest {digest:?} and the size {size:?}")),
                };
                self.digests.insert((*path).to_owned(), read);
            }
            ["digest", path, "error", said] => {
                self.digests.insert((*path).to_owned(), Err(text(said)?));
            }
            ["key", path, whose @ ("spki" | "made"), digest] => {
                let key = match digest.parse() {
                    Ok(spki) => Ok(RawKey { spki, made: *whose == "made" }),
                    Err(_) => Err(KeyProblem::Unknown(format!("the host told the digest {digest:?}"))),
                };
                self.keys.insert((*path).to_owned(), key);
            }
            ["key", path, "ssh", value] => {
                let half = crdbctl_pki::openssh_spki_sha256(&decode(value)?);
                let key = half.map(|spki| RawKey { spki, made: false });
                self.keys
                    .insert((*path).to_owned(), key.map_err(|error| KeyProblem::Unknown(error.to_string())));
            }
            ["key", path, "bad", said] => {
                self.keys.insert((*path).to_owned(), Err(KeyProblem::Bad(text(said)?)));
            }
            ["key", path, "error", said] => {
                self.keys.insert((*path).to_owned(), Err(KeyProblem::Unknown(text(said)?)));
            }
            ["certificate", name, kind, value] => {
                self.certificates.insert(decode(name)?, content(kind, value)?);
            }
            ["certificates", "named"] => self.named_certificates = true,
            ["certificates", "ok"] => self.all_certificates = Some(Ok(())),
            ["certificates", "error", said] => self.all_certificates = Some(Err(text(said)?)),
            ["firewall", "absent"] => self.firewall = Some(Ok(None)),
            ["firewall", "ok", enabled, ipv6, rules] => {
                let rules = String::from_utf8_lossy(&decode(rules)?).into_owned();
                self.firewall =
                    Some(Ok(Some(RawFirewall { enabled: *enabled != "0", ipv6: *ipv6 != "0", rules })));
            }
            ["firewall", "error", said] => self.firewall = Some(Err(text(said)?)),
            ["drop-in", path, stat @ .., kind, value] => {
                let stat = stat.join(" ");
                let parts: Vec<&str> = stat.splitn(4, ',').collect();
                let stat = match parts.as_slice() {
                    [mode, uid, gid, names] => Some(path_fact(mode, uid, gid, names)?),
                    _ => None,
                };
                self.drop_ins.push(RawDropIn { path: decode(path)?, stat, content: content(kind, value)? });
            }
            ["service", "ok", value] => self.service = Some(Ok(decode(value)?)),
            ["service", "error", said] => self.service = Some(Err(text(said)?)),
            ["process", "error", said] => self.process = Some(Err(text(said)?)),
            ["process", "ok", pid, started, nofile, hash, exe, cmdline, user, environment @ ..] => {
                self.process = Some(Ok(RawProcess {
                    pid: pid.parse().ok()?,
                    started: started.parse().unwrap_or(0),
                    user: text(user)?,
                    nofile: (*nofile).to_owned(),
                    hash: (*hash).to_owned(),
                    exe: decode(exe)?,
                    cmdline: decode(cmdline)?,
                    environment: environment.iter().map(|value| decode(value)).collect::<Option<_>>()?,
                }));
            }
            ["store-place", path, mount, state @ ..] => {
                let place = StorePlace {
                    state: store_state(state)?,
                    mount: MountPoint::from_octal(&decode(mount)?),
                    missing: BTreeSet::new(),
                };
                self.store_places.insert((*path).to_owned(), place);
            }
            ["store-missing", path, mount] => {
                self.store_places.get_mut(*path)?.missing.insert(MountPoint::from_octal(&decode(mount)?));
            }
            ["store-at", path, used @ ..] => {
                self.stores.insert((*path).to_owned(), store(used)?);
            }
            ["dropped-service", name, "ok", value] => {
                self.dropped_services.insert((*name).to_owned(), Ok(decode(value)?));
            }
            ["dropped-service", name, "error", said] => {
                self.dropped_services.insert((*name).to_owned(), Err(text(said)?));
            }
            ["place", path, real] => {
                self.places.insert((*path).to_owned(), decode(real)?);
            }
            ["package-in-use", path] => {
                self.dropped_in_use.insert((*path).to_owned());
            }
            ["start", "looks", paths, root, by_root, user, by_user] => {
                let paths = decode(paths)?;
                match Answered::looks(&paths, root, &decode(by_root)?) {
                    Ok(looks) => self.start.by_root = looks,
                    Err(unclear) => self.start.root_unclear = Some(unclear),
                }
                match Answered::looks(&paths, user, &decode(by_user)?) {
                    Ok(looks) => self.start.by_user = looks,
                    Err(unclear) => self.start.user_unclear = Some(unclear),
                }
            }
            ["start", "condition", condition, holds] => {
                let holds = match *holds {
                    "yes" => Some(true),
                    "no" => Some(false),
                    "unknown" => None,
                    _ => return None,
                };
                self.start.conditions.insert(text(condition)?, holds);
            }
            ["start", "account", kind, name, exists @ ("yes" | "no")] => {
                self.start.accounts.insert(format!("{kind} {name}"), *exists == "yes");
            }
            ["start", "listen", host, port, place, taken] => {
                let is_local = match *place {
                    "local" => Some(true),
                    "elsewhere" => Some(false),
                    "unknown" => None,
                    _ => return None,
                };
                let by = |word: &str| {
                    let (address, whose) = word.rsplit_once('/')?;
                    Some((address.to_owned(), whose == "own"))
                };
                let taken = taken.split(',').filter(|word| *word != "-" && !word.is_empty());
                let listener = Listener { is_local, taken: taken.map(by).collect::<Option<_>>()? };
                self.start.listeners.insert(format!("{host} {port}"), listener);
            }
            ["start", "unmounted", point] => {
                self.start.unmounted.insert(MountPoint::from_octal(&decode(point)?).to_string());
            }
            ["start", "noexec", point] => {
                self.start.noexec = Some(MountPoint::from_octal(&decode(point)?).to_string());
            }
            ["clock", seconds, millis] => {
                self.clock = Timestamp::from_unix(seconds.parse().ok()?);
                self.clock_millis = millis.parse().ok()?;
            }
            ["room", path, swept, told] => self.room = room(path, swept, &text(told)?),
            ["health", ..] => {
                let health = health_line(line)?;
                if matches!(health, Ok(RawHealth::ThroughSsh { .. })) {
                    self.health_way = HealthWay::ThroughSsh;
                }
                self.health = Some(health);
            }
            _ => return None,
        }
        Some(())
    }
}

/// What a `health` line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawHealth {
    /// The service does not run, so nothing was asked.
    Idle,
    /// The HTTP answer with the exit status of what asked.
    Said(i32, Vec<u8>),
    /// Neither curl nor openssl is on the host: the question goes through the ssh connection.
    ThroughSsh {
        /// Whether the service runs.
        runs: bool,
    },
}

/// Reads a `health` line.
pub(crate) fn health_line(line: &str) -> Option<Read<RawHealth>> {
    let fields: Vec<&str> = line.split(' ').collect();
    match fields.as_slice() {
        ["health", "idle"] => Some(Ok(RawHealth::Idle)),
        ["health", "idle", "ssh"] => Some(Ok(RawHealth::ThroughSsh { runs: false })),
        ["health", "ssh"] => Some(Ok(RawHealth::ThroughSsh { runs: true })),
        ["health", "said", status, value] => Some(Ok(RawHealth::Said(status.parse().ok()?, decode(value)?))),
        ["health", "error", said] => Some(Err(text(said)?)),
        _ => None,
    }
}

/// Reads the words of df(1) about the directory where a package goes; `None` when they say nothing of use, for which no
/// probe need fail.
fn room(path: &str, swept: &str, told: &str) -> Option<Room> {
    let mut fields = told.lines().nth(1)?.split_whitespace();
    let device = fields.next()?.to_owned();
    // Some file systems count no inodes, and some no bytes: the total is 0 or a dash then.
    let mut free = || {
        let (total, free) = (fields.next()?, fields.next()?);
        Some(total.parse::<u64>().ok().filter(|total| *total > 0).and_then(|_| free.parse::<u64>().ok()))
    };
    let (bytes, inodes) = (free()?, free()?);
    let swept: u64 = swept.parse().ok()?;
    Some(Room {
        path: HostPath::new(path).ok()?,
        device,
        mount: fields.collect::<Vec<_>>().join(" "),
        bytes: bytes.map(|bytes| bytes.saturating_add(swept)),
        inodes,
    })
}

fn decode(field: &str) -> Option<Vec<u8>> {
    // No base64 text begins with its filler.
    match field.strip_prefix('=') {
        Some(raw) => Some(raw.as_bytes().to_vec()),
        None => STANDARD.decode(field).ok(),
    }
}

fn text(field: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&decode(field)?).trim_end_matches('\n').to_owned())
}

/// Whether there is anything in a store.
fn store(fields: &[&str]) -> Option<Read<bool>> {
    match fields {
        ["empty"] => Some(Ok(false)),
        ["used"] => Some(Ok(true)),
        ["error", said] => Some(Err(text(said)?)),
        _ => None,
    }
}

fn store_state(fields: &[&str]) -> Option<StoreState> {
    match fields {
        ["absent"] => Some(StoreState::Absent),
        ["other"] => Some(StoreState::Other),
        fields => Some(match store(fields)? {
            Ok(true) => StoreState::Used,
            Ok(false) => StoreState::Empty,
            Err(reason) => StoreState::Unknown { reason },
        }),
    }
}

fn content(kind: &str, value: &str) -> Option<Read<Content>> {
    Some(match kind {
        "text" => Ok(Content::Bytes(decode(value)?)),
        "digest" => match value.parse() {
            Ok(digest) => Ok(Content::Large(digest)),
            Err(_) => Err(format!("the host told the digest {value:?}")),
        },
        "error" => Err(text(value)?),
        _ => return None,
    })
}

/// Reads the words of stat(1) about a path that it could not look at: `cannot statx '/x': Permission denied`.
fn stat_error(error: &str) -> Option<(String, Stat)> {
    let quoted = error.strip_prefix("cannot statx ").or_else(|| error.strip_prefix("cannot stat "))?;
    let (path, why) = quoted.rsplit_once(": ")?;
    let path = path.trim_matches('\'').to_owned();
    // ENOENT and ENOTDIR both say that nothing is at the path (path_resolution(7)).
    let stat = match why {
        "No such file or directory" | "Not a directory" => Stat::Absent,
        other => Stat::Error(other.to_owned()),
    };
    Some((path, stat))
}

/// Reads what stat(1) says of a path; `names` is `OWNER:GROUP`, of which neither has a colon (passwd(5), group(5)).
fn path_fact(mode: &str, uid: &str, gid: &str, names: &str) -> Option<PathFact> {
    let (owner, group) = names.split_once(':')?;
    let bits = u32::from_str_radix(mode, 16).ok()?;
    let kind = match bits & 0o170_000 {
        0o100_000 => FileKind::Regular,
        0o040_000 => FileKind::Directory,
        0o120_000 => FileKind::Link,
        _ => FileKind::Special,
    };
    // stat(1) prints UNKNOWN for a number without a name.
    let named =
        |name: &str, number: &str| if name == "UNKNOWN" { number.to_owned() } else { name.to_owned() };
    Some(PathFact { kind, owner: named(owner, uid), group: named(group, gid), mode: Mode::new(bits) })
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
