use std::fmt;
use std::time::{Duration, Instant};

use crdbctl_model::{DesiredService, HealthFact, HealthWay};
use crdbctl_probe::{HealthAnswer, HealthGoal, health_script, health_through_ssh, read_health};
use crdbctl_transport::ReadOnlyConnection;
use tokio::sync::watch;

use crate::gate::left;
use crate::session::Session;

/// How long one look polls through ssh before systemd is asked again whether the service still runs.
const POLL: Duration = Duration::from_secs(5);

/// How a wait for a node's health ended without it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotWell {
    /// Somebody wants the run to end.
    Interrupted,
    /// It is not well: what it said last.
    Unwell(String),
}

impl fmt::Display for NotWell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("the run was interrupted"),
            Self::Unwell(why) => f.write_str(why),
        }
    }
}

/// Returns what a node says of its health: at once when it is as wanted or the service does not run, else within
/// five seconds.
///
/// # Errors
/// When it cannot be asked.
pub(crate) async fn look(
    session: &mut Session,
    service: &DesiredService,
    goal: HealthGoal,
) -> Result<HealthFact, String> {
    let output = session
        .ask(health_script(service, goal), Duration::from_secs(120))
        .await
        .map_err(|error| error.to_string())?;
    match read_health(&output.stdout).map_err(|error| error.to_string())? {
        HealthAnswer::Known(health) => Ok(health),
        HealthAnswer::ThroughSsh { runs } => look_through_ssh(&session.asking, service, goal, runs).await,
    }
}

/// Polls a node that has neither curl nor openssl from here, as its script would there.
async fn look_through_ssh(
    asking: &ReadOnlyConnection,
    service: &DesiredService,
    goal: HealthGoal,
    runs: bool,
) -> Result<HealthFact, String> {
    let began = Instant::now();
    loop {
        let said = health_through_ssh(asking, &service.http_address, runs)
            .await
            .map_err(|why| format!("{why}; {}", HealthWay::remedy(&service.http_address)))?;
        if !runs || goal.is_met_by(&said) || began.elapsed() > POLL {
            return Ok(said);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Waits until the node's health is as wanted. The node itself polls, a few seconds a round trip.
///
/// # Errors
/// What it said last, when the time is over, the service stops, or nobody wants to wait any more.
pub(crate) async fn health(
    session: &mut Session,
    service: &DesiredService,
    goal: HealthGoal,
    timeout: Duration,
    stop: Option<&watch::Receiver<bool>>,
) -> Result<HealthFact, NotWell> {
    let began = Instant::now();
    let mut teller = session.teller();
    loop {
        if stop.is_some_and(|stop| *stop.borrow()) {
            return Err(NotWell::Interrupted);
        }
        let said = look(session, service, goal).await.map_err(NotWell::Unwell)?;
        if goal.is_met_by(&said) {
            return Ok(said);
        }
        if said == HealthFact::NotAsked {
            return Err(NotWell::Unwell(describe(&said)));
        }
        let Some(rest) = timeout.checked_sub(began.elapsed()) else {
            let words = format!("not as wanted after {}: {}", left(timeout), describe(&said));
            return Err(NotWell::Unwell(words));
        };
        teller.waits(&format!("readiness ({})", describe(&said)), rest);
    }
}

/// Returns a node's health in words.
pub(crate) fn describe(health: &HealthFact) -> String {
    match health {
        HealthFact::NotAsked => "the service does not run".to_owned(),
        HealthFact::Ready => "ready".to_owned(),
        HealthFact::WaitingForInit => "waiting for cluster initialization".to_owned(),
        HealthFact::NotReady(why) => format!("not ready: {why}"),
        HealthFact::Unknown(why) => format!("no answer: {why}"),
    }
}
