//! A running node: its state, and what changes it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::config::StartConfig;
use super::drain::Drain;
use super::faults::{self, Faults};
use super::health::{Phase, readiness};
use super::intake::Intake;
use super::log::Log;
use crate::certs::Manager;
use crate::cli::failure::code;
use crate::clock;
use crate::cluster::{
    self, ClusterId, Descriptor, Heartbeat, Heartbeats, Liveness, NodeId, RangeCounts, State, StatusRow,
    StoreSummary, StoreUuid, View,
};
use crate::store::{Contents, StoreDir, StoreError, UnfitStore};

/// Monotonic time of a process's start, in milliseconds: a day, so that there is a time before.
const EPOCH: u64 = 86_400_000;
/// Ranges that stay under-replicated when a test wants that.
const STUCK_RANGES: u32 = 3;

/// A node, shared by all its tasks.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) config: StartConfig,
    pub(super) certs: Manager,
    pub(super) log: Log,
    pub(super) intake: Intake,
    pub(super) drain: Drain,
    began: Instant,
    incarnation: u64,
    dir: StoreDir,
    inner: Mutex<Inner>,
    phase: watch::Sender<Phase>,
    fatal: watch::Sender<Option<Fatal>>,
    shutdown: watch::Sender<bool>,
    faults_said: Mutex<String>,
}

/// Why a process ends by itself.
#[derive(Debug, Clone)]
pub(super) struct Fatal {
    pub(super) why: String,
    /// Exit code.
    pub(super) exit: u8,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) contents: Contents,
    fingerprint: String,
    liveness: Liveness,
    sequence: u64,
    draining: bool,
    counts: RangeCounts,
    /// Since when this node, as the leader, raises the version.
    upgrading_since: Option<u64>,
    /// What keeps the version from rising, once logged.
    upgrade_waits: String,
}

impl Node {
    pub(super) fn new(
        config: StartConfig,
        certs: Manager,
        log: Log,
        dir: StoreDir,
        contents: Contents,
    ) -> Self {
        let phase = if contents.node.is_some() { Phase::Operational } else { Phase::Waiting };
        let inner = Inner {
            fingerprint: fingerprint(contents.state.as_ref()),
            contents,
            liveness: Liveness::new(config.tuning.liveness_ms, EPOCH),
            sequence: 0,
            draining: false,
            counts: RangeCounts::default(),
            upgrading_since: None,
            upgrade_waits: String::new(),
        };
        Self {
            config,
            certs,
            log,
            began: Instant::now(),
            incarnation: clock::unix_millis(),
            dir,
            inner: Mutex::new(inner),
            phase: watch::Sender::new(phase),
            fatal: watch::Sender::new(None),
            shutdown: watch::Sender::new(false),
            faults_said: Mutex::default(),
            intake: Intake::new(),
            drain: Drain::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        EPOCH.saturating_add(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// What ends the process: the first fatal error, once there is one.
    pub(super) fn fatal(&self) -> watch::Receiver<Option<Fatal>> {
        self.fatal.subscribe()
    }

    /// Ends the process: it cannot start, or it may not go on.
    pub(super) fn die(&self, why: String, exit: u8) {
        self.log.error(&why);
        self.fatal.send_if_modified(|fatal| {
            let first = fatal.is_none();
            fatal.get_or_insert(Fatal { why, exit });
            first
        });
    }

    pub(super) fn id(&self) -> Option<NodeId> {
        self.lock().contents.node
    }

    pub(super) fn store(&self) -> StoreUuid {
        self.lock().contents.store
    }

    pub(super) fn cluster_id(&self) -> Option<ClusterId> {
        self.lock().contents.state.as_ref().map(|state| state.cluster_id)
    }

    /// A copy of the cluster's state.
    pub(super) fn state(&self) -> Option<State> {
        self.lock().contents.state.clone()
    }

    /// How the members look from here.
    pub(super) fn view(&self) -> View {
        self.view_of(&self.lock())
    }

    pub(super) fn view_of(&self, inner: &Inner) -> View {
        inner.contents.state.as_ref().map(|state| inner.liveness.view(state, self.now())).unwrap_or_default()
    }

    pub(super) fn beats_of(&self, inner: &Inner) -> Heartbeats {
        inner.liveness.beats(self.now())
    }

    /// What this node shall do wrong at this moment; a file that cannot be read is logged and changes nothing.
    pub(super) fn faults(&self) -> Faults {
        let path = faults::file_of(self.dir.path());
        let (faults, said) = match faults::read(&path) {
            Ok(faults) => (faults, String::new()),
            Err(error) => (Faults::default(), error.to_string()),
        };
        let mut before = self.faults_said.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != said {
            if !said.is_empty() {
                self.log.error(&said);
            }
            *before = said;
        }
        faults
    }

    pub(super) fn counts(&self) -> RangeCounts {
        self.lock().counts
    }

    /// Makes a cluster of this node alone.
    ///
    /// # Errors
    /// When there is one already.
    pub(super) fn bootstrap(&self) -> Result<(), String> {
        let mut inner = self.lock();
        if inner.contents.node.is_some() {
            return Err("cluster has already been initialized".to_owned());
        }
        let (id, time) = (ClusterId::random(), clock::unix_millis());
        let state = State::bootstrap(id, inner.contents.store, self.config.release.series, time);
        self.log.info(&format!("cluster {id} has been created"));
        self.log.info("allocated node ID: n1 (for self)");
        self.enter(&mut inner, NodeId::FIRST, state);
        Ok(())
    }

    /// Becomes the node that a member admitted.
    ///
    /// # Errors
    /// When the cluster's data does not fit this release.
    pub(super) fn joined(&self, node: NodeId, state: State) -> Result<(), String> {
        let mut inner = self.lock();
        if inner.contents.node.is_some() {
            // `init` was faster.
            return Ok(());
        }
        let mut contents = inner.contents.clone();
        (contents.node, contents.state) = (Some(node), Some(state.clone()));
        contents.fits(self.config.release).map_err(|why| why.to_string())?;
        self.log.info(&format!("joined cluster {} through join rpc", state.cluster_id));
        self.log.info(&format!("received node ID: {node}"));
        self.log.info(&format!("received cluster version: {}", state.version.value));
        self.enter(&mut inner, node, state);
        Ok(())
    }

    fn enter(&self, inner: &mut Inner, node: NodeId, mut state: State) {
        self.log.set_node(node.0);
        state.describe(node, self.descriptor(), clock::unix_millis());
        inner.contents.node = Some(node);
        inner.contents.state = Some(state);
        self.store_changes(inner);
        self.beat_now(inner, node);
        self.phase.send_replace(Phase::Operational);
    }

    /// Tells the cluster where and as what a restarted node runs now.
    pub(super) fn reenter(&self) {
        let mut inner = self.lock();
        let Some(node) = inner.contents.node else {
            return;
        };
        self.log.set_node(node.0);
        inner.contents.last_release = self.config.release;
        if let Some(state) = inner.contents.state.as_mut() {
            state.describe(node, self.descriptor(), clock::unix_millis());
        }
        self.store_changes(&mut inner);
    }

    fn descriptor(&self) -> Descriptor {
        let config = &self.config;
        Descriptor {
            address: config.advertise.to_string(),
            sql_address: config.advertise_sql.to_string(),
            http_address: config.http.to_string(),
            release: config.release,
            locality: config.locality.clone(),
            attrs: config.attrs.clone(),
            started_at: i64::try_from(self.incarnation).unwrap_or(0) * 1000,
        }
    }

    /// Writes the store; a node that cannot is dead, as the real one.
    pub(super) fn store_changes(&self, inner: &mut Inner) {
        inner.fingerprint = fingerprint(inner.contents.state.as_ref());
        if let Err(error) = self.save(&inner.contents) {
            self.die(format!("could not write to store: {error}"), code::FATAL);
        }
    }

    fn save(&self, contents: &Contents) -> Result<(), StoreError> {
        self.dir.save(contents)
    }

    /// One beat: says that this node is there, looks around, and moves replicas when it leads.
    pub(super) fn beat(&self) {
        let mut inner = self.lock();
        let Some(node) = inner.contents.node else {
            return;
        };
        self.beat_now(&mut inner, node);
        let (now, time, mut budget) = (self.now(), clock::unix_millis(), self.config.tuning.budget);
        let Inner { contents, liveness, upgrading_since, upgrade_waits, .. } = &mut *inner;
        let Some(state) = contents.state.as_mut() else {
            return;
        };
        let view = liveness.view(state, now);
        let mut changed = false;
        if view.leader() == Some(node) {
            if let Some(nanos) = state.setting("server.time_until_store_dead") {
                budget.dead_after = nanos.parse::<u64>().map_or(budget.dead_after, |nanos| nanos / 1_000_000);
            }
            changed |= cluster::allocate(state, &view, budget, node, time) > 0;
            if state.upgrading.value.is_some() {
                let since = *upgrading_since.get_or_insert(now);
                if u128::from(now - since) >= self.config.tuning.upgrade.as_millis()
                    && let Some(before) = state.end_upgrade(node, time)
                {
                    changed = true;
                    *upgrading_since = None;
                    let after = state.version.value;
                    self.log.info(&format!("successfully upgraded cluster version from {before} to {after}"));
                }
            } else {
                *upgrading_since = None;
                let waits = match cluster::automatic_target(state, &view.live, &view.draining) {
                    Ok(Some(target)) => {
                        state.begin_upgrade(target, node, time);
                        changed = true;
                        String::new()
                    }
                    Ok(None) => String::new(),
                    Err(waits) => waits,
                };
                if *upgrade_waits != waits {
                    if !waits.is_empty() {
                        self.log.info(&format!("failed attempt to upgrade cluster version, error: {waits}"));
                    }
                    *upgrade_waits = waits;
                }
            }
        } else {
            *upgrading_since = None;
        }
        let mut counts = cluster::count(state, &view, node);
        if self.faults().stuck_ranges {
            counts.underreplicated = counts.underreplicated.max(STUCK_RANGES);
        }
        if self.uptime() >= self.config.tuning.metrics_delay {
            inner.counts = counts;
        }
        if changed {
            self.store_changes(&mut inner);
        }
    }

    fn beat_now(&self, inner: &mut Inner, node: NodeId) {
        inner.sequence += 1;
        let beat = Heartbeat {
            incarnation: self.incarnation,
            sequence: inner.sequence,
            updated_at: clock::unix_micros(),
            draining: inner.draining,
            age: 0,
            catching_up: self.uptime() < self.config.tuning.catch_up,
            summary: StoreSummary { ranges: inner.counts },
        };
        inner.liveness.hear(&Heartbeats::from([(node, beat)]), self.now());
    }

    /// Takes in another node's beats.
    pub(super) fn hear(&self, beats: &Heartbeats) {
        let now = self.now();
        self.lock().liveness.hear(beats, now);
    }

    /// What this node would tell another.
    pub(super) fn news(&self) -> (Heartbeats, String) {
        let inner = self.lock();
        (inner.liveness.beats(self.now()), inner.fingerprint.clone())
    }

    /// Takes over what another member of the same cluster knows.
    pub(super) fn learn(&self, other: &State) {
        let mut inner = self.lock();
        let Some(state) = inner.contents.state.as_mut().filter(|state| state.cluster_id == other.cluster_id)
        else {
            return;
        };
        if state.merge(other) {
            self.store_changes(&mut inner);
        }
        match inner.contents.fits(self.config.release) {
            Ok(()) => {}
            // The process of a removed node runs on, alone: it is never live again.
            Err(why @ UnfitStore::Removed(_)) => self.log.warning(&why.to_string()),
            Err(why) => self.die(why.to_string(), code::FATAL),
        }
    }

    /// Grants an id to a store unless it is another's; says which is the highest id known.
    pub(super) fn grant(&self, node: NodeId, store: StoreUuid) -> (bool, NodeId) {
        let mut inner = self.lock();
        let taken = inner
            .contents
            .state
            .as_ref()
            .and_then(|state| state.members.get(&node))
            .map(|member| member.store);
        let holder = taken.or_else(|| inner.contents.grants.get(&node).copied());
        let granted = holder.is_none_or(|holder| holder == store);
        if granted && holder.is_none() {
            inner.contents.grants.insert(node, store);
            self.store_changes(&mut inner);
        }
        (granted, highest(&inner.contents))
    }

    /// The highest id that was ever given away as far as this node knows.
    pub(super) fn highest_id(&self) -> NodeId {
        highest(&self.lock().contents)
    }

    /// Enters a store under the id that a majority granted, and returns the state with it.
    pub(super) fn admit(&self, node: NodeId, store: StoreUuid) -> Option<State> {
        let mut inner = self.lock();
        let by = inner.contents.node?;
        inner.contents.state.as_mut()?.admit(node, store, by, clock::unix_millis());
        self.store_changes(&mut inner);
        inner.contents.state.clone()
    }

    /// Begins to leave: not ready from now on.
    pub(super) fn unready(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Gives its leases away; the next beats say that it is draining.
    pub(super) fn hand_over_leases(&self) {
        let mut inner = self.lock();
        inner.draining = true;
        if let Some(node) = inner.contents.node {
            self.beat_now(&mut inner, node);
        }
    }

    /// Asks the process to end, as SIGTERM would.
    pub(super) fn shut_down(&self) {
        self.shutdown.send_replace(true);
    }

    /// Whether somebody has asked for that.
    pub(super) fn shutdown(&self) -> watch::Receiver<bool> {
        self.shutdown.subscribe()
    }

    /// See [`readiness`].
    pub(super) fn readiness(&self) -> Result<(), &'static str> {
        let phase = *self.phase.borrow();
        let inner = self.lock();
        let state = inner.contents.state.as_ref();
        let view = state.map(|state| inner.liveness.view(state, self.now())).unwrap_or_default();
        let alone = state.is_some_and(|state| state.addresses().len() <= 1);
        readiness(phase, inner.contents.node, &view, alone)?;
        let faults = self.faults();
        if faults.never_ready || faults.dies_at_readiness {
            return Err("node is not healthy");
        }
        Ok(())
    }

    /// The rows of `node status`.
    pub(super) fn status(&self, decommissioned: bool) -> Vec<StatusRow> {
        let inner = self.lock();
        let Some(state) = inner.contents.state.as_ref() else {
            return Vec::new();
        };
        let view = inner.liveness.view(state, self.now());
        let mut rows = cluster::rows(state, &view, &inner.liveness.beats(self.now()), decommissioned);
        let limit = self.config.tuning.descriptor_ms;
        for row in &mut rows {
            if view.silent_for.get(&row.id).is_some_and(|silent| *silent >= limit) {
                row.descriptor = None;
            }
        }
        rows
    }
}

fn highest(contents: &Contents) -> NodeId {
    let members = contents.state.iter().flat_map(|state| state.members.keys());
    members.chain(contents.grants.keys()).copied().max().unwrap_or(NodeId(0))
}

fn fingerprint(state: Option<&State>) -> String {
    let bytes = serde_json::to_vec(&state).unwrap_or_default();
    hex::encode(&Sha256::digest(bytes)[..12])
}
