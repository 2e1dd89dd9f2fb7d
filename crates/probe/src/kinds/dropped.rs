use std::collections::BTreeMap;

use crdbctl_model::{
    Dropped, Fact, FileKind, HealthFact, HealthWay, Observed, ResourceKind, ServiceFact, UnitFact,
};

use super::{account, certificate, directory, file, firewall, link, present, stat_of, unknown, unreadable};
use crate::answer::{Answer, Stat};

/// Returns what an answer says about something that the manifest no longer has.
pub(crate) fn read_dropped(dropped: &Dropped, answer: &Answer) -> Observed {
    let (kind, paths) = (dropped.addr.kind, dropped.paths.as_slice());
    match (kind, paths) {
        (ResourceKind::Group, _) => account::group_named(dropped.name(), answer),
        (ResourceKind::User, _) => account::user_named(dropped.name(), answer),
        (ResourceKind::Service, _) => service(dropped.name(), answer),
        (ResourceKind::Firewall, _) => match &answer.firewall {
            // Where ufw is gone, its rules are.
            Some(Ok(None)) => Observed::Absent,
            _ => firewall::of_host(answer),
        },
        (ResourceKind::Directory, [path, ..]) => {
            match (dropped.is_data(), answer.stores.get(path.as_str())) {
                (true, Some(Err(why))) => unreadable(path, why),
                (true, None) if is_directory(path, answer) => {
                    unreadable(path, "whether there is anything in it was not told")
                }
                _ => directory::directory_at(path, answer),
            }
        }
        (ResourceKind::Package, [path, ..]) => directory::directory_at(path, answer),
        (ResourceKind::Link, [path, ..]) => link::link_at(path, answer),
        (ResourceKind::Certificate, [path, key]) => certificate::pair_at(path, key, answer),
        (ResourceKind::Certificate, [path]) => certificate::ca_at(path, answer),
        (ResourceKind::File | ResourceKind::Unit, [path, ..]) => match file::file_at(path, answer) {
            Ok(None) => Observed::Absent,
            Ok(Some(file)) if kind == ResourceKind::Unit => present(Fact::Unit(UnitFact { file })),
            Ok(Some(file)) => present(Fact::File(file)),
            Err(why) => unreadable(path, &why),
        },
        _ => unknown("the record does not tell where it is"),
    }
}

fn is_directory(path: &crdbctl_model::HostPath, answer: &Answer) -> bool {
    matches!(stat_of(path, answer), Stat::Present(found) if found.kind == FileKind::Directory)
}

/// A service of another name than the manifest's: whether it is there, runs and would be started. A unit that systemd does not
/// know, and that does not run, is gone.
fn service(name: &str, answer: &Answer) -> Observed {
    let shown = match answer.dropped_services.get(name) {
        Some(Ok(shown)) => String::from_utf8_lossy(shown).into_owned(),
        Some(Err(why)) => return unknown(format!("systemctl show {name}.service failed: {why}")),
        None => return unknown("the host's answer does not speak of it"),
    };
    let properties: BTreeMap<&str, &str> = shown.lines().filter_map(|line| line.split_once('=')).collect();
    let property = |name: &str| properties.get(name).map(|value| (*value).to_owned());
    let (Some(load_state), Some(active_state)) = (property("LoadState"), property("ActiveState")) else {
        return unknown(format!("systemctl show printed {shown:?}"));
    };
    let is_idle = matches!(active_state.as_str(), "inactive" | "failed");
    if load_state == "not-found" && is_idle {
        return Observed::Absent;
    }
    present(Fact::Service(ServiceFact {
        load_state,
        active_state,
        sub_state: property("SubState").unwrap_or_default(),
        unit_file_state: property("UnitFileState").unwrap_or_default(),
        need_daemon_reload: property("NeedDaemonReload").as_deref() == Some("yes"),
        process: None,
        health: HealthFact::NotAsked,
        health_way: HealthWay::OnHost,
        pending: None,
        store_used: None,
    }))
}
