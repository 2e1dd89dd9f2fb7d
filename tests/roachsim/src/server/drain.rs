//! How a node empties itself of clients and leases: `node drain`, and SIGTERM.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::intake::Gate;
use super::join::link;
use super::node::Node;
use crate::cli::value::Address;
use crate::cluster::NodeId;
use crate::settings;
use crate::wire::{Code, Request, Response};

/// How often `node drain` hears of a drain that lasts.
const REPORT: Duration = Duration::from_millis(500);

/// Where a drain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nobody asked for one.
    Idle,
    /// It has this much left, a number of leases and sessions.
    Draining(u64),
    /// It is over.
    Drained,
}

/// A node's drain; there is only one in a process's life.
#[derive(Debug)]
pub(super) struct Drain {
    progress: watch::Sender<Progress>,
}

impl Drain {
    pub(super) fn new() -> Self {
        Self { progress: watch::Sender::new(Progress::Idle) }
    }

    /// Begins the drain unless it has begun.
    fn begin(&self, node: &Arc<Node>) {
        let work = u64::from(node.counts().leaseholders) + *node.intake.sessions().borrow() as u64;
        let first = self.progress.send_if_modified(|progress| {
            let first = *progress == Progress::Idle;
            if first {
                *progress = Progress::Draining(work.max(1));
            }
            first
        });
        if first {
            let node = Arc::clone(node);
            tokio::spawn(async move { walk(&node).await });
        }
    }

    /// Drains, or waits for the drain that is under way.
    pub(super) async fn to_the_end(&self, node: &Arc<Node>) {
        self.begin(node);
        let _ = self.progress.subscribe().wait_for(|progress| *progress == Progress::Drained).await;
    }
}

fn wait_of(node: &Node, key: &str) -> Duration {
    let nanos = settings::find(node.config.release.series, key)
        .and_then(|found| node.setting(found.setting).parse().ok())
        .unwrap_or(0);
    Duration::from_nanos(nanos)
}

/// The phases, in order, with the settings that bound them.
async fn walk(node: &Arc<Node>) {
    node.log.info("starting drain");
    node.unready();
    sleep(wait_of(node, "server.shutdown.drain_wait")).await;
    node.intake.advance(Gate::Refusing);
    let mut sessions = node.intake.sessions();
    let _ = timeout(
        wait_of(node, "server.shutdown.connection_wait"),
        sessions.wait_for(|sessions| *sessions == 0),
    )
    .await;
    node.intake.advance(Gate::Closing);
    let _ =
        timeout(wait_of(node, "server.shutdown.query_wait"), sessions.wait_for(|sessions| *sessions == 0))
            .await;
    node.hand_over_leases();
    let began = Instant::now();
    let at_first = match *node.drain.progress.borrow() {
        Progress::Draining(work) => work,
        Progress::Idle | Progress::Drained => 1,
    };
    loop {
        // Looked at again and again: a slow drain may be sped up while it lasts.
        let lasts = node.config.tuning.drain + node.faults().slow_drain.unwrap_or_default();
        let elapsed = began.elapsed();
        if elapsed >= lasts {
            break;
        }
        let left = u128::from(at_first) * (lasts - elapsed).as_millis() / lasts.as_millis().max(1);
        let left = u64::try_from(left).unwrap_or(u64::MAX).max(1);
        node.drain.progress.send_replace(Progress::Draining(left));
        sleep((lasts - elapsed).min(Duration::from_millis(50))).await;
    }
    node.log.info("drain completed");
    node.drain.progress.send_replace(Progress::Drained);
}

/// Answers a request to drain, or passes it on to the node it is for.
pub(super) async fn answer(
    node: &Arc<Node>,
    target: Option<NodeId>,
    drain: bool,
    shutdown: bool,
) -> Response {
    if let Some(target) = target.filter(|target| Some(*target) != node.id()) {
        return pass_on(node, target, drain, shutdown).await;
    }
    let mut remaining = 0;
    let mut draining = *node.drain.progress.borrow() != Progress::Idle;
    if drain {
        let mut progress = node.drain.progress.subscribe();
        let before = *progress.borrow();
        let work = u64::from(node.counts().leaseholders) + *node.intake.sessions().borrow() as u64;
        node.drain.begin(node);
        let end = progress.wait_for(|progress| *progress == Progress::Drained);
        let over = timeout(REPORT, end).await.is_ok();
        remaining = match (before, over) {
            // What this call has done counts as remaining, so that the caller asks again.
            (Progress::Draining(work), true) => work,
            (Progress::Idle, true) => work.max(1),
            (Progress::Drained, _) => 0,
            (_, false) => match *progress.borrow() {
                Progress::Draining(work) => work,
                Progress::Idle | Progress::Drained => 1,
            },
        };
        draining = true;
    }
    if shutdown {
        node.shut_down();
    }
    Response::Drain { draining, remaining }
}

async fn pass_on(node: &Arc<Node>, target: NodeId, drain: bool, shutdown: bool) -> Response {
    let addresses = node.state().map(|state| state.addresses()).unwrap_or_default();
    let Some(address) = addresses.get(&target).and_then(|text| Address::parse(text, "26257").ok()) else {
        return Response::error(Code::Unknown, format!("unable to look up descriptor for n{target}"));
    };
    let request = Request::Drain { node: None, drain, shutdown };
    let answer = match link(node, &address).await {
        Ok(mut connection) => connection.call(&request).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Ok(response) => response,
        Err(why) => {
            Response::error(Code::Unavailable, format!("failed to connect to n{target} at {address}: {why}"))
        }
    }
}
