use std::time::{Duration, Instant};

use crdbctl_model::{DesiredService, Event, HealthFact};
use crdbctl_probe::{HealthGoal, health_script, read_health};
use tokio::sync::watch;

use crate::session::Session;

/// Waits until the node's health is as wanted. The node itself polls, a few seconds a round trip.
///
/// # Errors
/// What it said last, when the time is over, the service stops, or nobody wants to wait any more.
pub(crate) async fn health(
    session: &mut Session,
    service: &DesiredService,
    goal: HealthGoal,
    timeout: Duration,
    stop: &watch::Receiver<bool>,
) -> Result<HealthFact, String> {
    let began = Instant::now();
    let (mut said, mut told) = (HealthFact::NotAsked, None);
    loop {
        if *stop.borrow() {
            return Err(format!("interrupted while waiting; last seen: {}", describe(&said)));
        }
        let output = session
            .ask(health_script(service, goal), Duration::from_secs(120))
            .await
            .map_err(|error| error.to_string())?;
        said = read_health(&output.stdout).map_err(|error| error.to_string())?;
        if goal.is_met_by(&said) {
            return Ok(said);
        }
        if said == HealthFact::NotAsked {
            return Err("the service does not run".to_owned());
        }
        if began.elapsed() >= timeout {
            return Err(format!("not as wanted after {} s: {}", timeout.as_secs(), describe(&said)));
        }
        if told.as_ref() != Some(&said) {
            let reason = format!("readiness ({})", describe(&said));
            session.tell(Event::Waiting { node: session.node.clone(), reason });
            told = Some(said.clone());
        }
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
