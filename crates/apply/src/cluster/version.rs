use std::time::{Duration, Instant};

use crdbctl_cockroach::upgrade::Hold;
use crdbctl_cockroach::{ClusterVersion, Series, Version, output, sql};
use crdbctl_model::{DesiredVersion, Event, SettingName, VersionFact};
use crdbctl_probe::Query;

use super::through::{Through, said};
use crate::applier::Applier;
use crate::sessions::Sessions;

/// How long CockroachDB is given to begin by itself before it is told to.
const PATIENCE: Duration = Duration::from_secs(40);

/// Between two looks at the version.
const PAUSE: Duration = Duration::from_secs(2);

/// Holds the finalisation of an upgrade back, before its first node is restarted.
///
/// # Errors
/// Why it cannot be held, or what came back.
pub(super) async fn hold(
    through: &Through,
    sessions: &mut Sessions,
    found: &VersionFact,
) -> Result<(), String> {
    let Ok(cluster) = found.version.parse::<ClusterVersion>() else {
        return Err(format!("the cluster's version is {:?}", found.version));
    };
    let hold = match Hold::of(cluster.series()) {
        Some(Hold::AutoUpgrade) if found.auto_upgrade.is_some() => Hold::AutoUpgrade,
        Some(_) => Hold::PreserveDowngrade,
        None => return Err(format!("nothing holds it back in a cluster of {}", cluster.series())),
    };
    let statement = sql::set_setting(&name(hold.setting()), &hold.value(cluster.series()));
    through.sql(sessions, &[statement]).await
}

/// Lets the upgrade be finalised and waits until it is; releases what held it back.
///
/// # Errors
/// What stands against it, what came back, or that it did not come in time.
pub(super) async fn finalise(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    desired: &DesiredVersion,
    found: &VersionFact,
) -> Result<(), String> {
    let Ok(wanted) = desired.version.parse::<Version>() else {
        return Err(format!("{} is not a version", desired.version));
    };
    as_planned(found, &held(through, sessions, found).await?)?;
    let mut statements = Vec::new();
    if found.preserve_downgrade.as_deref().is_some_and(|series| !series.is_empty()) {
        statements.push(sql::reset_setting(&name(Hold::PreserveDowngrade.setting())));
    }
    if found.auto_upgrade == Some(false) {
        statements.push(sql::reset_setting(&name(Hold::AutoUpgrade.setting())));
    }
    through.sql(sessions, &statements).await?;
    wait(applier, through, sessions, wanted.series(), found).await
}

async fn wait(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    wanted: Series,
    found: &VersionFact,
) -> Result<(), String> {
    let timeout = Duration::from_secs(applier.graph.rollout.health_timeout);
    let began = Instant::now();
    let mut moved = began;
    let mut last: Option<String> = None;
    let mut asked = false;
    loop {
        let shown = show(through, sessions).await?;
        let version: ClusterVersion = shown.parse().map_err(|error| format!("{error}"))?;
        if version.is_final(wanted) {
            return Ok(());
        }
        if *applier.stop.borrow() {
            return Err(format!("interrupted while the version is {shown}; CockroachDB goes on by itself"));
        }
        if last.as_ref() != Some(&shown) {
            let reason = format!("finalisation ({shown} -> {})", wanted.setting());
            applier.tell(Event::Waiting { node: through.node.clone(), reason, left_seconds: None });
            moved = Instant::now();
            last = Some(shown.clone());
        }
        if matches!(version, ClusterVersion::Final(_)) && !asked && moved.elapsed() >= PATIENCE {
            asked = true;
            // An order would be obeyed in spite of what somebody has set meanwhile.
            let released = VersionFact {
                auto_upgrade: found.auto_upgrade.map(|_| true),
                preserve_downgrade: found.preserve_downgrade.as_ref().map(|_| String::new()),
                version: found.version.clone(),
            };
            as_planned(&released, &held(through, sessions, found).await?)?;
            // It refuses when not every node runs the new version, and says which.
            let statement = sql::set_setting(&name("version"), &wanted.setting());
            if let Err(why) = through.sql(sessions, &[statement]).await
                && !why.contains("no answer in time")
            {
                return Err(why);
            }
        }
        if moved.elapsed() >= timeout {
            return Err(format!(
                "the version is {shown} and has not moved for {} s: see that every member is live and runs {wanted} (`cockroach node status`), and the cluster's licence",
                timeout.as_secs()
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads again what holds the finalisation back, of the settings that the cluster was found to have.
async fn held(
    through: &Through,
    sessions: &mut Sessions,
    found: &VersionFact,
) -> Result<VersionFact, String> {
    let mut now = found.clone();
    if found.auto_upgrade.is_some() {
        let value = ask(through, sessions, &Query::Hold(Hold::AutoUpgrade)).await?;
        now.auto_upgrade = Some(match value.as_str() {
            "true" | "t" => true,
            "false" | "f" => false,
            other => return Err(format!("{} is {other:?} on {}", Hold::AutoUpgrade, through.node)),
        });
    }
    if found.preserve_downgrade.is_some() {
        now.preserve_downgrade = Some(ask(through, sessions, &Query::Hold(Hold::PreserveDowngrade)).await?);
    }
    Ok(now)
}

/// Whether nothing holds the finalisation back that the plan did not show: somebody may have wanted that since.
fn as_planned(planned: &VersionFact, now: &VersionFact) -> Result<(), String> {
    let refuse = |hold: Hold, value: &str| {
        Err(format!(
            "{hold} = {value} holds the finalisation back, and the plan did not show it: somebody has set it since. Nothing \
             was finalised. Plan again to let it go, or write `cockroach.upgrade: {{finalize: manual}}`"
        ))
    };
    if now.auto_upgrade == Some(false) && planned.auto_upgrade != Some(false) {
        return refuse(Hold::AutoUpgrade, "false");
    }
    match now.preserve_downgrade.as_deref() {
        Some(series) if !series.is_empty() && planned.preserve_downgrade.as_deref() != Some(series) => {
            refuse(Hold::PreserveDowngrade, series)
        }
        _ => Ok(()),
    }
}

async fn show(through: &Through, sessions: &mut Sessions) -> Result<String, String> {
    ask(through, sessions, &Query::Version).await
}

async fn ask(through: &Through, sessions: &mut Sessions, query: &Query) -> Result<String, String> {
    let outputs = through.run(sessions, &[query.command()]).await?;
    match outputs.first() {
        Some(found) if found.is_success() => {
            output::setting(found.stdout.as_bytes()).map_err(|error| error.to_string())
        }
        Some(found) => {
            let name = if let Query::Hold(hold) = query { hold.setting() } else { "version" };
            Err(format!("SHOW CLUSTER SETTING {name} on {}: {}", through.node, said(found)))
        }
        None => Err(format!("{} gave no answer", through.node)),
    }
}

fn name(text: &str) -> SettingName {
    SettingName::new(text).expect("CockroachDB's own names are names of settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_that_the_plan_did_not_show_is_not_overridden() {
        let fact = |auto_upgrade, preserve_downgrade: &str| VersionFact {
            version: "24.1".to_owned(),
            auto_upgrade,
            preserve_downgrade: Some(preserve_downgrade.to_owned()),
        };
        let free = fact(Some(true), "");
        assert_eq!(as_planned(&free, &free), Ok(()));
        let preserved = fact(Some(true), "24.1");
        let why = as_planned(&free, &preserved).unwrap_err();
        assert!(why.contains("cluster.preserve_downgrade_option = 24.1"), "{why}");
        // As it was planned, and where it went meanwhile.
        assert_eq!(as_planned(&preserved, &preserved), Ok(()));
        assert_eq!(as_planned(&preserved, &free), Ok(()));
        assert!(as_planned(&fact(Some(true), "23.2"), &preserved).is_err());
        assert!(as_planned(&preserved, &fact(Some(false), "24.1")).unwrap_err().contains("auto_upgrade"));
        assert_eq!(as_planned(&fact(Some(false), ""), &fact(Some(false), "")), Ok(()));
        // Older clusters have but one of them.
        assert_eq!(as_planned(&fact(None, ""), &fact(None, "")), Ok(()));
    }
}
