use std::time::{Duration, Instant};

use crdbctl_cockroach::upgrade::Hold;
use crdbctl_cockroach::{ClusterVersion, Series, Version, output, sql};
use crdbctl_model::{DesiredVersion, Event, Outcome, SettingName, VersionFact};
use crdbctl_probe::Query;

use super::through::{Through, said};
use crate::applier::Applier;
use crate::sessions::Sessions;

/// How long CockroachDB is given to begin by itself before it is told to.
const PATIENCE: Duration = Duration::from_secs(40);

/// Between two looks at the version.
const PAUSE: Duration = Duration::from_secs(2);

/// Holds the finalisation of an upgrade back, before its first node is restarted.
pub(super) async fn hold(through: &Through, sessions: &mut Sessions, found: &VersionFact) -> Outcome {
    let Ok(cluster) = found.version.parse::<ClusterVersion>() else {
        return Outcome::Failed(format!("the cluster's version is {:?}", found.version));
    };
    let hold = match Hold::of(cluster.series()) {
        Some(Hold::AutoUpgrade) if found.auto_upgrade.is_some() => Hold::AutoUpgrade,
        Some(_) => Hold::PreserveDowngrade,
        None => {
            return Outcome::Failed(format!("nothing holds it back in a cluster of {}", cluster.series()));
        }
    };
    let statement = sql::set_setting(&name(hold.setting()), &hold.value(cluster.series()));
    match through.sql(sessions, &[statement]).await {
        Ok(()) => Outcome::Converged,
        Err(why) => Outcome::Failed(why),
    }
}

/// Lets the upgrade be finalised and waits until it is; releases what held it back.
pub(super) async fn finalise(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    desired: &DesiredVersion,
    found: &VersionFact,
) -> Outcome {
    let Ok(wanted) = desired.version.parse::<Version>() else {
        return Outcome::Failed(format!("{} is not a version", desired.version));
    };
    let mut statements = Vec::new();
    if found.preserve_downgrade.as_deref().is_some_and(|series| !series.is_empty()) {
        statements.push(sql::reset_setting(&name(Hold::PreserveDowngrade.setting())));
    }
    if found.auto_upgrade == Some(false) {
        statements.push(sql::reset_setting(&name(Hold::AutoUpgrade.setting())));
    }
    if let Err(why) = through.sql(sessions, &statements).await {
        return Outcome::Failed(why);
    }
    match wait(applier, through, sessions, wanted.series()).await {
        Ok(()) => Outcome::Converged,
        Err(why) => Outcome::Failed(why),
    }
}

async fn wait(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    wanted: Series,
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
            applier.tell(Event::Waiting { node: through.node.clone(), reason });
            moved = Instant::now();
            last = Some(shown.clone());
        }
        if matches!(version, ClusterVersion::Final(_)) && !asked && moved.elapsed() >= PATIENCE {
            asked = true;
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

async fn show(through: &Through, sessions: &mut Sessions) -> Result<String, String> {
    let outputs = through.run(sessions, &[Query::Version.command()]).await?;
    match outputs.first() {
        Some(found) if found.is_success() => {
            output::setting(found.stdout.as_bytes()).map_err(|error| error.to_string())
        }
        Some(found) => Err(format!("SHOW CLUSTER SETTING version on {}: {}", through.node, said(found))),
        None => Err(format!("{} gave no answer", through.node)),
    }
}

fn name(text: &str) -> SettingName {
    SettingName::new(text).expect("CockroachDB's own names are names of settings")
}
