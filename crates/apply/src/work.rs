use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crdbctl_model::{
    Change, Desired, DesiredPackage, DesiredService, Event, Impact, NodeName, Outcome, Phase, ResourceAddr,
    ResourceGraph, ResourceKind,
};
use crdbctl_transport::Payload;
use tokio::sync::{Semaphore, watch};

use crate::error::ApplyError;
use crate::issue::Issuer;
use crate::kinds;
use crate::kinds::package;
use crate::session::{Outcomes, Session};
use crate::step::Step;

/// What is done on one node in one go: packages that travel, then everything else in one script.
pub(crate) struct NodeWork {
    pub(crate) node: NodeName,
    packages: Vec<(Change, DesiredPackage, PathBuf)>,
    steps: Vec<Step>,
    outcomes: Outcomes,
}

impl NodeWork {
    /// Puts together the steps of some changes of a node, in the plan's order. `failed` is what failed before.
    pub(crate) fn new(
        node: &NodeName,
        changes: &[&Change],
        issuer: &Issuer<'_>,
        failed: &BTreeSet<ResourceAddr>,
        archives: &BTreeMap<String, PathBuf>,
        graph: &ResourceGraph,
    ) -> Result<Self, ApplyError> {
        let mut work =
            Self { node: node.clone(), packages: Vec::new(), steps: Vec::new(), outcomes: Outcomes::new() };
        for change in changes {
            let lost = change.depends_on.iter().find(|addr| {
                failed.contains(*addr)
                    || work.outcomes.get(*addr).is_some_and(|(o, _)| *o != Outcome::Converged)
            });
            if let Some(lost) = lost {
                let why = Outcome::Skipped(format!("{lost} failed"));
                work.outcomes.insert(change.addr.clone(), (why, 0));
                continue;
            }
            if let Some(Desired::Package(desired)) = &change.desired
                && change.bytes > 0
            {
                let arch = graph.nodes.get(node).map(|spec| spec.arch.clone()).unwrap_or_default();
                let archive = archives
                    .get(&arch)
                    .ok_or_else(|| ApplyError::NoArchive { node: node.clone(), arch: arch.clone() })?;
                work.packages.push(((*change).clone(), desired.clone(), archive.clone()));
                continue;
            }
            match kinds::step(change, issuer) {
                Ok(Some(mut step)) => {
                    step.body = kinds::sparing(change, graph) + &step.body;
                    step.after = change.depends_on.clone();
                    step = step.noting(change);
                    if change.addr.kind == ResourceKind::Service {
                        work.reload_systemd(changes);
                    }
                    work.steps.push(step);
                }
                Ok(None) => {}
                Err(error) => {
                    work.outcomes.insert(change.addr.clone(), (Outcome::Failed(error.to_string()), 0));
                }
            }
        }
        if !work
            .steps
            .iter()
            .any(|step| step.addr.as_ref().is_some_and(|addr| addr.kind == ResourceKind::Service))
        {
            work.reload_systemd(changes);
        }
        Ok(work)
    }

    /// Whether a change leaves what runs, and what would start, as it is.
    pub(crate) fn is_preparation(change: &Change) -> bool {
        change.impact == Impact::None
            && change.removal.is_none()
            && matches!(
                change.addr.kind,
                ResourceKind::Group
                    | ResourceKind::User
                    | ResourceKind::Package
                    | ResourceKind::Directory
                    | ResourceKind::File
                    | ResourceKind::Firewall
            )
            || change.addr.kind == ResourceKind::Package && change.bytes > 0
    }

    /// Adds what a running node needs after its files have changed. The changes that ask for it are made only when
    /// it has gone well.
    pub(crate) fn with_impact(
        mut self,
        impact: Impact,
        service: &DesiredService,
        changes: &[Change],
    ) -> Self {
        let body = match impact {
            Impact::None => return self,
            Impact::Reload => kinds::service::reload(service),
            Impact::Restart => kinds::service::restart(service),
        };
        let after = self.steps.iter().filter_map(|step| step.addr.clone()).collect();
        let asks = |change: &&Change| change.impact > Impact::None;
        let serves = changes.iter().filter(asks).map(|change| change.addr.clone()).collect();
        self.steps.push(Step { after, serves, ..common(body) });
        self
    }

    /// Returns what cannot be done, and why, when anything cannot: found before anything is touched.
    pub(crate) fn refused(&self) -> Option<&Outcomes> {
        (!self.outcomes.is_empty()).then_some(&self.outcomes)
    }

    /// Returns the changes that this work makes.
    pub(crate) fn addrs(&self) -> impl Iterator<Item = &ResourceAddr> {
        self.packages
            .iter()
            .map(|(change, ..)| &change.addr)
            .chain(self.steps.iter().filter_map(|step| step.addr.as_ref()))
    }

    /// Does it.
    pub(crate) async fn run(
        mut self,
        session: &mut Session,
        uploads: &Semaphore,
        stop: &watch::Receiver<bool>,
    ) -> Outcomes {
        let mut outcomes = std::mem::take(&mut self.outcomes);
        for (change, desired, archive) in std::mem::take(&mut self.packages) {
            let done = if *stop.borrow() {
                skipped([&change.addr])
            } else {
                send(session, uploads, &change, &desired, &archive).await
            };
            outcomes.extend(done);
        }
        let lost: BTreeSet<ResourceAddr> = outcomes
            .iter()
            .filter(|(_, (outcome, _))| *outcome != Outcome::Converged)
            .map(|(addr, _)| addr.clone())
            .collect();
        // What rests on a package that did not arrive falls away, and what rests on that.
        let mut fallen = lost;
        let mut steps = Vec::with_capacity(self.steps.len());
        let mut dropped = Outcomes::new();
        for step in self.steps {
            match (step.after.iter().find(|addr| fallen.contains(*addr)), &step.addr) {
                (Some(lost), Some(addr)) => {
                    let why = Outcome::Skipped(format!("{lost} failed"));
                    outcomes.insert(addr.clone(), (why, 0));
                    fallen.insert(addr.clone());
                }
                (Some(lost), None) => {
                    let why = Outcome::Skipped(format!("{lost} failed"));
                    dropped.extend(step.serves.iter().map(|addr| (addr.clone(), (why.clone(), 0))));
                }
                (None, _) => steps.push(step),
            }
        }
        if *stop.borrow() {
            outcomes.extend(skipped(steps.iter().filter_map(|step| step.addr.as_ref())));
        } else if !steps.is_empty() {
            session.tell(Event::Phase { node: Some(session.node.clone()), phase: Phase::Changing });
            outcomes.extend(session.stage(steps, None).await);
        }
        for (addr, skipped) in dropped {
            match outcomes.get_mut(&addr) {
                Some(outcome) if outcome.0 == Outcome::Converged => *outcome = skipped,
                _ => {}
            }
        }
        outcomes
    }

    /// systemd reads unit files again, once, when one of them changed.
    fn reload_systemd(&mut self, changes: &[&Change]) {
        let is_unit = |change: &&&Change| match (&change.desired, change.addr.kind) {
            (_, ResourceKind::Unit | ResourceKind::DropIn) => true,
            (Some(Desired::Link(link)), _) => link.path.as_str().starts_with("/etc/systemd/system/"),
            _ => false,
        };
        let changed = changes.iter().any(|change| is_unit(&change));
        let stale = changes.iter().any(|change| change.addr.kind == ResourceKind::Service);
        if changed || stale {
            self.steps.push(common("systemctl daemon-reload".to_owned()));
        }
    }
}

fn common(body: String) -> Step {
    Step {
        addr: None,
        after: BTreeSet::new(),
        serves: BTreeSet::new(),
        body,
        content: crate::step::Content::None,
        note: None,
        writes_in: Vec::new(),
    }
}

fn skipped<'a>(addrs: impl IntoIterator<Item = &'a ResourceAddr>) -> Outcomes {
    let why = || Outcome::Skipped("the run was interrupted".to_owned());
    addrs.into_iter().map(|addr| (addr.clone(), (why(), 0))).collect()
}

async fn send(
    session: &mut Session,
    uploads: &Semaphore,
    change: &Change,
    desired: &DesiredPackage,
    archive: &PathBuf,
) -> Outcomes {
    let addr = &change.addr;
    let fail = |words: String| Outcomes::from([(addr.clone(), (Outcome::Failed(words), 0))]);
    session.tell(Event::Phase { node: Some(session.node.clone()), phase: Phase::Queued });
    let _permit = match uploads.acquire().await {
        Ok(permit) => permit,
        Err(error) => return fail(error.to_string()),
    };
    // Nothing has gone yet, and it is this node's turn.
    let (node, total) = (session.node.clone(), desired.archive_size);
    session.tell(Event::Sent { node, addr: addr.clone(), bytes: 0, total });
    let file = match tokio::fs::File::open(archive).await {
        Ok(file) => file,
        Err(error) => return fail(format!("cannot open {}: {error}", archive.display())),
    };
    let payload = Payload::none().reader(desired.archive_size, file);
    let step = package::unpack(addr, desired).noting(change);
    let step = if kinds::creates(change) { kinds::begun(change, step) } else { step };
    session.stage(vec![step], Some((addr.clone(), payload, desired.archive_size))).await
}

#[cfg(test)]
#[path = "work_tests.rs"]
pub(crate) mod tests;
