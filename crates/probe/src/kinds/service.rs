use std::collections::BTreeMap;

use crdbctl_cockroach::start::CanonicalArgs;
use crdbctl_model::{
    DesiredService, Digest, Fact, HealthFact, HostPath, Observed, ProcessFact, ServiceFact, StoreState,
};

use super::{present, unknown};
use crate::answer::{Answer, RawHealth, RawProcess};
use crate::health;
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredService, questions: &mut Questions) {
    questions.stores.insert(desired.store.clone());
    if let Ok(arguments) = CanonicalArgs::parse(&desired.argv) {
        questions.stores.extend(arguments.store_paths().filter_map(|path| HostPath::new(path).ok()));
    }
    questions.service = Some(desired.clone());
}

pub(super) fn read(desired: &DesiredService, answer: &Answer) -> Observed {
    let shown = match &answer.service {
        Some(Ok(shown)) => String::from_utf8_lossy(shown).into_owned(),
        Some(Err(why)) => {
            return unknown(format!("systemctl show {} failed: {why}", desired.unit.file_name()));
        }
        None => return unknown("the host's answer does not speak of it"),
    };
    let properties: BTreeMap<&str, &str> = shown.lines().filter_map(|line| line.split_once('=')).collect();
    let property = |name: &str| properties.get(name).map(|value| (*value).to_owned());
    let (Some(load_state), Some(active_state), Some(sub_state)) =
        (property("LoadState"), property("ActiveState"), property("SubState"))
    else {
        return unknown(format!("systemctl show printed {shown:?}"));
    };
    let process = match &answer.process {
        None => None,
        Some(Ok(raw)) => match process(raw) {
            Ok(process) => Some(process),
            Err(why) => return unknown(why),
        },
        Some(Err(why)) => return unknown(format!("cannot read the main process in /proc: {why}")),
    };
    let pending = match &answer.pending {
        None => None,
        Some(Ok(text)) => Some(String::from_utf8_lossy(text).trim().to_owned()),
        Some(Err(why)) => return unknown(format!("cannot read what an earlier apply left to do: {why}")),
    };
    let store_used = match answer.store_places.get(desired.store.as_str()).map(|place| &place.state) {
        None | Some(StoreState::Absent | StoreState::Other) => None,
        Some(StoreState::Empty) => Some(false),
        Some(StoreState::Used) => Some(true),
        Some(StoreState::Unknown { reason }) => {
            return unknown(format!("cannot read the store's directory {}: {reason}", desired.store));
        }
    };
    present(Fact::Service(ServiceFact {
        load_state,
        active_state,
        sub_state,
        unit_file_state: property("UnitFileState").unwrap_or_default(),
        need_daemon_reload: property("NeedDaemonReload").as_deref() == Some("yes"),
        process,
        health: health(answer),
        health_way: answer.health_way.clone(),
        pending,
        store_used,
    }))
}

fn health(answer: &Answer) -> HealthFact {
    match &answer.health {
        Some(Ok(RawHealth::Idle)) => HealthFact::NotAsked,
        Some(Ok(RawHealth::Said(status, said))) => health::judge(*status, said),
        Some(Ok(RawHealth::ThroughSsh { runs })) => match &answer.health_through_ssh {
            Some(health) => health.clone(),
            None if *runs => HealthFact::Unknown("neither curl nor openssl is on the host".to_owned()),
            None => HealthFact::NotAsked,
        },
        Some(Err(why)) => HealthFact::Unknown(why.clone()),
        None => HealthFact::Unknown("the host's answer does not speak of it".to_owned()),
    }
}

fn process(raw: &RawProcess) -> Result<ProcessFact, String> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let exe = lossy(&raw.exe);
    let exe_digest = match raw.hash.as_str() {
        "-" => None,
        "?" => return Err(format!("cannot read the running program, /proc/{}/exe", raw.pid)),
        hash => Some(hash.parse::<Digest>().map_err(|error| error.to_string())?),
    };
    let mut argv: Vec<String> = raw.cmdline.split(|byte| *byte == 0).map(lossy).collect();
    // Every argument ends in a NUL (proc(5)), so the last piece is empty.
    if argv.last().is_some_and(String::is_empty) {
        argv.pop();
    }
    let environment = raw
        .environment
        .iter()
        .filter_map(|entry| {
            let entry = lossy(entry);
            entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let (nofile, ceiling) = raw.nofile.split_once('/').unwrap_or((&raw.nofile, "unlimited"));
    Ok(ProcessFact {
        pid: raw.pid,
        started: raw.started,
        user: raw.user.clone(),
        exe_deleted: exe.ends_with(" (deleted)"),
        exe: exe.trim_end_matches(" (deleted)").to_owned(),
        exe_digest,
        argv,
        environment,
        nofile: limit(raw, nofile)?,
        nofile_ceiling: limit(raw, ceiling)?,
    })
}

fn limit(raw: &RawProcess, text: &str) -> Result<Option<u64>, String> {
    match text {
        "unlimited" => Ok(None),
        number => number.parse().map(Some).map_err(|_| format!("/proc/{}/limits says {number:?}", raw.pid)),
    }
}
