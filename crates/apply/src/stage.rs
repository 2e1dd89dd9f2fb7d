use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{ClusterName, HostPath, Outcome, ResourceAddr, StepNote};
use crdbctl_transport::{Payload, sanitize};
use secrecy::{ExposeSecret, SecretSlice};

use crate::run::Run;
use crate::served::OnDisk;
use crate::step::{Content, Step, quoted};

const LIBRARY: &str = include_str!("apply.sh");

/// Where crdbctl keeps its own things on a node.
pub(crate) const STATE: &str = "/var/lib/crdbctl";

/// What became of a reload of certificates, by the step that did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// The process goes by what is on disk.
    Seen,
    /// These files are on disk. The host has no openssl: nothing was signalled yet, and the control host does the rest.
    OnDisk(OnDisk),
    /// It cannot be understood.
    Unclear(String),
}

/// Several steps as one script with one payload.
pub(crate) struct Stage {
    pub(crate) script: String,
    pub(crate) payload: Payload,
    addrs: Vec<Option<ResourceAddr>>,
    serves: BTreeMap<usize, BTreeSet<ResourceAddr>>,
    numbers: BTreeMap<ResourceAddr, usize>,
}

impl Stage {
    /// Puts steps together, in their order.
    pub(crate) fn new(cluster: &ClusterName, run: &Run, steps: Vec<Step>) -> Self {
        let mut script = prologue(cluster, run);
        let directories: BTreeSet<&HostPath> = steps.iter().flat_map(|step| &step.writes_in).collect();
        if !directories.is_empty() {
            let words: Vec<String> = directories.iter().map(|path| quoted(path.as_str())).collect();
            let _ = writeln!(script, "sweep {}", words.join(" "));
            // For the message of a step that fails because one of them is full.
            let _ = writeln!(script, "writes_in={}", quoted(&words.join(" ")));
        }
        let mut numbers = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            if let Some(addr) = &step.addr {
                numbers.insert(addr.clone(), number);
            }
        }
        let mut payload = Payload::none();
        let mut addrs = Vec::with_capacity(steps.len());
        let mut serves = BTreeMap::new();
        for (number, step) in steps.into_iter().enumerate() {
            let before: Vec<String> =
                step.after.iter().filter_map(|addr| Some(numbers.get(addr)?.to_string())).collect();
            let size = match step.content {
                Content::None => "0".to_owned(),
                Content::Rest => "rest".to_owned(),
                Content::Public(text) => {
                    let size = text.len();
                    payload = payload.bytes(text.into_bytes());
                    size.to_string()
                }
                Content::Secret(secret) => {
                    let bytes = secret.expose_secret().as_bytes().to_vec();
                    let size = bytes.len();
                    payload = payload.secret(SecretSlice::from(bytes));
                    size.to_string()
                }
            };
            let note = step.note.map(|note| note_step(note, run)).unwrap_or_default();
            let _ = writeln!(script, "step_{number}() {{\n{note}{}\n}}", step.body);
            let _ = writeln!(script, "run_step {number} {size} {}", before.join(" "));
            if step.addr.is_none() {
                serves.insert(number, step.serves);
            }
            addrs.push(step.addr);
        }
        Self { script, payload, addrs, serves, numbers }
    }

    /// Returns the outcome of every change of this stage from what the script printed. A change that it
    /// does not speak of was not reached.
    pub(crate) fn outcomes(&self, printed: &[u8]) -> BTreeMap<ResourceAddr, (Outcome, u64)> {
        let mut outcomes = BTreeMap::new();
        let mut common: BTreeMap<usize, Outcome> = self
            .serves
            .keys()
            .map(|number| (*number, Outcome::Failed("the node did not say what became of it".to_owned())))
            .collect();
        for line in String::from_utf8_lossy(printed).lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (number, outcome, took) = match words.as_slice() {
                ["done", number, took] => (*number, Outcome::Converged, took.parse().unwrap_or(0)),
                ["skip", number, earlier] => {
                    (*number, Outcome::Skipped(format!("{} failed", self.name(earlier))), 0)
                }
                ["fail", number, words] => (*number, Outcome::Failed(decode(words)), 0),
                _ => continue,
            };
            let Ok(number) = number.parse::<usize>() else { continue };
            match self.addrs.get(number) {
                Some(Some(addr)) => {
                    outcomes.insert(addr.clone(), (outcome, took));
                }
                Some(None) => {
                    common.insert(number, outcome);
                }
                None => {}
            }
        }
        for addr in self.numbers.keys() {
            outcomes
                .entry(addr.clone())
                .or_insert_with(|| (Outcome::Failed("the node did not say what became of it".to_owned()), 0));
        }
        // What is made by a common step alone is what became of that step.
        for (number, outcome) in &common {
            for addr in self.serves.get(number).into_iter().flatten() {
                outcomes.entry(addr.clone()).or_insert_with(|| (outcome.clone(), 0));
            }
        }
        // What serves others decides about them: a file in place whose restart fell away is not done.
        for (number, lost) in common.into_iter().filter(|(_, outcome)| *outcome != Outcome::Converged) {
            let served = self.serves.get(&number);
            for (addr, (outcome, _)) in &mut outcomes {
                let is_served = served.is_none_or(|served| served.is_empty() || served.contains(addr));
                if is_served && *outcome == Outcome::Converged {
                    *outcome = lost.clone();
                }
            }
        }
        outcomes
    }

    /// Returns what steps that went well have to say to whoever applies.
    pub(crate) fn told(printed: &[u8]) -> Vec<String> {
        let printed = String::from_utf8_lossy(printed);
        let said: Vec<String> = said(&printed).collect();
        let told = said.iter().flat_map(|words| words.lines()).filter_map(|line| line.strip_prefix("told: "));
        told.map(|words| words.trim().to_owned()).collect()
    }

    /// Returns what a step that reloads certificates said of it; `None` when no step did.
    pub(crate) fn reread(printed: &[u8]) -> Option<Reread> {
        let printed = String::from_utf8_lossy(printed);
        let mut found = None;
        for words in said(&printed) {
            for line in words.lines() {
                if line == "reread: seen" {
                    found = Some(Reread::Seen);
                } else if let Some(files) = line.strip_prefix("serve: ") {
                    let files: Option<Vec<Vec<u8>>> =
                        files.split(' ').map(|field| STANDARD.decode(field).ok()).collect();
                    found = Some(match files.and_then(|files| <[Vec<u8>; 3]>::try_from(files).ok()) {
                        Some([node, front, ca]) => Reread::OnDisk(OnDisk { node, front, ca }),
                        None => Reread::Unclear(line.chars().take(120).collect()),
                    });
                }
            }
        }
        found
    }

    /// Returns the changes of this stage, those without a step of their own among them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &ResourceAddr> {
        self.numbers.keys().chain(self.serves.values().flatten())
    }

    fn name(&self, number: &str) -> String {
        number
            .parse::<usize>()
            .ok()
            .and_then(|number| self.addrs.get(number)?.as_ref().map(ToString::to_string))
            .unwrap_or_else(|| "an earlier step".to_owned())
    }
}

/// Returns the functions and variables that every script of an apply begins with.
pub(crate) fn prologue(cluster: &ClusterName, run: &Run) -> String {
    format!("{LIBRARY}state={STATE} cluster={} run={}\n", quoted(cluster.as_str()), quoted(&run.id))
}

/// Returns the line with which a step notes what it is about to do. A step that cannot note it fails, and does nothing.
fn note_step(note: StepNote, run: &Run) -> String {
    let json = serde_json::to_string(&StepNote { run: run.id.clone(), ..note })
        .expect("a note holds maps with text as keys alone");
    format!("({})\n", crate::step::call("note_step", &[&json]))
}

/// Returns what steps that went well said.
fn said(printed: &str) -> impl Iterator<Item = String> {
    printed.lines().filter_map(|line| Some(decode(line.strip_prefix("said ")?.split_once(' ')?.1)))
}

fn decode(words: &str) -> String {
    let bytes = STANDARD.decode(words).unwrap_or_default();
    sanitize(&bytes).trim().to_owned()
}
