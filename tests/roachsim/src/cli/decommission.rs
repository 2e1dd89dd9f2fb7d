//! `cockroach node decommission` and `cockroach node recommission`.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use super::client::{Client, ClientError, block_on};
use super::drain;
use super::failure::Failure;
use super::node::{format, print};
use super::parse::Given;
use super::table::{Format, render};
use crate::cluster::{DecommissionStatus, Membership, NodeId, PreCheck};
use crate::release::{Release, Series};
use crate::wire::{CallError, Code, Connection, Request, Response};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Twenty seconds in the real program.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// After so many answers without progress the command tells which ranges are left.
const PATIENCE: u32 = 15;
const RANGES_TO_REPORT: usize = 5;
const ERRORS_TO_REPORT: usize = 5;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    All,
    None,
}

struct Decommission {
    series: Series,
    format: Format,
    nodes: Vec<NodeId>,
    me: NodeId,
    connection: Connection,
}

/// Empties nodes, drains them and removes them for good.
pub(super) fn decommission(release: Release, given: &Given) -> Result<(), Failure> {
    let wait = match given.last("wait").unwrap_or("all") {
        "all" => Wait::All,
        "none" => Wait::None,
        other => {
            let words = format!(
                "invalid argument {other:?} for \"--wait\" flag: invalid node decommission parameter: {other} (possible values: all, none)"
            );
            return Err(Failure::new(words));
        }
    };
    let checks = match given.last("checks").unwrap_or("enabled") {
        "enabled" | "strict" => release.series >= Series::new(23, 1),
        "skip" => false,
        other => {
            let words = format!(
                "invalid argument {other:?} for \"--checks\" flag: invalid node decommission parameter: {other} (possible values: enabled, strict, skip)"
            );
            return Err(Failure::new(words));
        }
    };
    run(release, given, "no node ID specified", async |mut work| {
        work.expect_not_leaving().await?;
        let found = if checks { Some(work.pre_check().await?) } else { None };
        let ready = found.iter().flatten().all(PreCheck::is_ready);
        if given.is_on("dry-run") || !ready {
            return work.show_only(found.as_deref(), ready).await;
        }
        work.empty(wait, found).await
    })
}

/// Takes back what is not over yet.
pub(super) fn recommission(release: Release, given: &Given) -> Result<(), Failure> {
    let nobody = "no node ID specified; use --self to target the node specified with --host";
    run(release, given, nobody, async |mut work| {
        for (node, liveness) in work.liveness().await? {
            match liveness.as_deref() {
                None => say(&format!("warning: cannot find status of node {node}\n")),
                Some("NODE_STATUS_DECOMMISSIONING" | "NODE_STATUS_DECOMMISSIONED") => {}
                Some("NODE_STATUS_LIVE") => say(&format!("warning: node {node} is not decommissioned\n")),
                Some(other) => say(&format!("warning: node {node} is in unexpected state {other}\n")),
            }
        }
        match work.ask(Some(Membership::Active), 0).await {
            Ok(statuses) => work.table(&statuses, None),
            Err(CallError::Status { code: Code::FailedPrecondition, message }) => Err(Failure::new(message)),
            Err(error) => Err(missing_or(error, None)),
        }
    })
}

fn run(
    release: Release,
    given: &Given,
    nobody: &str,
    work: impl AsyncFnOnce(Decommission) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let own = given.is_on("self");
    if !own && given.arguments.is_empty() {
        return Err(Failure::new(nobody));
    }
    let number = |text: &String| {
        let bad = format!("unable to parse {text}: strconv.ParseInt: parsing {text:?}: invalid syntax");
        text.parse::<u32>().map(NodeId).map_err(|_| Failure::new(bad))
    };
    let nodes: Vec<NodeId> = given.arguments.iter().map(number).collect::<Result<_, _>>()?;
    if own && !nodes.is_empty() {
        return Err(Failure::new("cannot use --self with an explicit list of node IDs"));
    }
    let client = Client::new(release, given)?;
    let format = format(given)?;
    block_on(async {
        let connected = client.rpc().await;
        let connection =
            connected.map_err(|error| error.into_failure().context("failed to connect to the node"))?;
        let mut it = Decommission { series: release.series, format, nodes, me: NodeId(0), connection };
        it.me = it.who().await?.0;
        if own {
            it.nodes = vec![it.me];
        }
        work(it).await
    })
}

/// Prints beside the result.
#[expect(clippy::print_stderr, reason = "the command says how far it is")]
fn say(text: &str) {
    eprint!("{text}");
}

/// The real command tells only that a node does not exist, whatever it was about to do.
fn missing_or(error: CallError, context: Option<&str>) -> Failure {
    say("\n");
    match error {
        CallError::Status { code: Code::NotFound, .. } => Failure::new("node does not exist"),
        error => {
            let failure = ClientError::from(error).into_failure();
            match context {
                Some(context) => failure.context(context),
                None => failure,
            }
        }
    }
}

fn unexpected(response: &Response) -> CallError {
    CallError::Lost(format!("unexpected answer {response:?}"))
}

impl Decommission {
    async fn who(&mut self) -> Result<(NodeId, BTreeMap<NodeId, String>), Failure> {
        let answer = match self.connection.call(&Request::Nodes).await {
            Ok(Response::Nodes { me, liveness }) => Ok((me, liveness)),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(error),
        };
        answer.map_err(|error| ClientError::from(error).into_failure())
    }

    async fn liveness(&mut self) -> Result<Vec<(NodeId, Option<String>)>, Failure> {
        let (_, liveness) = self.who().await?;
        Ok(self.nodes.iter().map(|node| (*node, liveness.get(node).cloned())).collect())
    }

    async fn expect_not_leaving(&mut self) -> Result<(), Failure> {
        for (node, liveness) in self.liveness().await? {
            match liveness.as_deref() {
                None => say(&format!("warning: cannot find status of node {node}\n")),
                Some("NODE_STATUS_DECOMMISSIONING" | "NODE_STATUS_DECOMMISSIONED") => {
                    say(&format!("warning: node {node} is already decommissioning or decommissioned\n"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        to: Option<Membership>,
        report: usize,
    ) -> Result<Vec<DecommissionStatus>, CallError> {
        let request = Request::Decommission { nodes: self.nodes.clone(), to, report };
        match self.connection.call(&request).await? {
            Response::Decommission { statuses } => Ok(statuses),
            other => Err(unexpected(&other)),
        }
    }

    async fn pre_check(&mut self) -> Result<Vec<PreCheck>, Failure> {
        let request = Request::PreCheck { nodes: self.nodes.clone() };
        let answer = match self.connection.call(&request).await {
            Ok(Response::PreCheck { checks }) => Ok(checks),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(error),
        };
        answer.map_err(|error| missing_or(error, Some("while trying to check decommission readiness")))
    }

    /// The end of a dry run, and of one that may not go on.
    async fn show_only(&mut self, checks: Option<&[PreCheck]>, ready: bool) -> Result<(), Failure> {
        let statuses = self.ask(None, 0).await;
        let statuses =
            statuses.map_err(|error| missing_or(error, Some("while trying to check decommission status")))?;
        say("\n");
        self.table(&statuses, checks)?;
        if ready {
            return Ok(());
        }
        say("\nranges blocking decommission detected\n");
        let blocked = checks
            .unwrap_or_default()
            .iter()
            .flat_map(|check| check.blocked.iter().map(|(why, count)| (check.node, why, count)));
        for (number, (node, why, count)) in blocked.enumerate() {
            if number == ERRORS_TO_REPORT {
                say("...more blocking errors detected.\n");
                break;
            }
            say(&format!("n{node} has {count} replicas blocked with error: \"{why}\"\n"));
        }
        say("\n");
        Err(Failure::new("Cannot decommission nodes."))
    }

    /// Marks the nodes and follows their replicas until none is left, then drains and removes them.
    async fn empty(&mut self, wait: Wait, mut checks: Option<Vec<PreCheck>>) -> Result<(), Failure> {
        let (mut before, mut same, mut report) = (None, 0, 0);
        let (mut least, mut pause) = (u32::MAX, FIRST_PAUSE);
        loop {
            let asked = self.ask(Some(Membership::Decommissioning), report).await;
            let statuses =
                asked.map_err(|error| missing_or(error, Some("while trying to mark as decommissioning")))?;
            if report > 0 {
                say("\npossible decommission stall detected\n");
                for status in &statuses {
                    for range in &status.reported {
                        let (node, range) = (status.node, range.0);
                        say(&format!("n{node} still has replica id {node} for range r{range}\n"));
                    }
                }
            }
            if before.as_ref() != Some(&statuses) {
                say("\n");
                self.table(&statuses, checks.as_deref())?;
                before = Some(statuses.clone());
                (same, report) = (0, 0);
            } else {
                say(".");
                if same >= PATIENCE && report == 0 {
                    report = RANGES_TO_REPORT;
                    if checks.is_some() {
                        checks = Some(self.pre_check().await?);
                    }
                } else {
                    same += 1;
                }
            }
            let replicas: u32 = statuses.iter().map(|status| status.replicas).sum();
            if replicas == 0 && statuses.iter().all(|status| status.membership != Membership::Active) {
                return self.remove(&statuses).await;
            }
            if wait == Wait::None {
                return Ok(());
            }
            if replicas < least {
                (least, pause) = (replicas, FIRST_PAUSE);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn remove(&mut self, statuses: &[DecommissionStatus]) -> Result<(), Failure> {
        for status in statuses.iter().filter(|_| self.series >= Series::new(22, 1)) {
            let node = status.node;
            if node == self.me {
                say(&format!(
                    "skipping drain step for node n{node}; it is decommissioning and serving the request\n"
                ));
            } else if !status.is_live {
                say(&format!("skipping drain step for node n{node}; it is not live\n"));
            } else {
                say(&format!("draining node n{node}\n"));
                match drain::until_done(&mut self.connection, Some(node)).await {
                    Ok(()) => say(&format!("node n{node} drained successfully\n")),
                    // On purpose: a node that has just gone need not be drained.
                    Err(_) => say(&format!("drain step for node n{node} failed; decommissioning anyway\n")),
                }
            }
        }
        let asked = self.ask(Some(Membership::Decommissioned), 0).await;
        asked.map_err(|error| missing_or(error, Some("while trying to mark as decommissioned")))?;
        print(
            "\nNo more data reported on target nodes. Please verify cluster health before removing the nodes.\n",
        )
    }

    fn table(&self, statuses: &[DecommissionStatus], checks: Option<&[PreCheck]>) -> Result<(), Failure> {
        print(&table(self.series, self.format, statuses, checks))
    }
}

fn table(
    series: Series,
    format: Format,
    statuses: &[DecommissionStatus],
    checks: Option<&[PreCheck]>,
) -> String {
    let has_membership = series >= Series::new(20, 2);
    let mut header = vec!["id", "is_live", "replicas", "is_decommissioning"];
    if has_membership {
        header.push("membership");
    }
    header.push("is_draining");
    if checks.is_some() {
        header.extend(["readiness", "blocking_ranges"]);
    }
    let row = |status: &DecommissionStatus| {
        let mut cells = vec![
            status.node.to_string(),
            status.is_live.to_string(),
            status.replicas.to_string(),
            (status.membership != Membership::Active).to_string(),
        ];
        if has_membership {
            cells.push(status.membership.word().to_owned());
        }
        cells.push(status.draining.to_string());
        if let Some(checks) = checks {
            let check = checks.iter().find(|check| check.node == status.node);
            cells.push(check.map_or("unknown", |check| check.readiness.words()).to_owned());
            cells.push(check.map_or(0, PreCheck::blocking_ranges).to_string());
        }
        cells
    };
    render(format, &header, &statuses.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Readiness;

    #[test]
    fn columns_follow_version_and_checks() {
        let status = DecommissionStatus {
            node: NodeId(2),
            is_live: true,
            replicas: 34,
            membership: Membership::Decommissioning,
            draining: false,
            reported: Vec::new(),
        };
        let check = PreCheck { node: NodeId(2), readiness: Readiness::Ready, blocked: BTreeMap::new() };
        let shown = |series, checks| table(series, Format::Csv, std::slice::from_ref(&status), checks);
        insta::assert_snapshot!(shown(Series::new(24, 1), Some(std::slice::from_ref(&check))), @r"
        id,is_live,replicas,is_decommissioning,membership,is_draining,readiness,blocking_ranges
        2,true,34,true,decommissioning,false,ready,0
        ");
        insta::assert_snapshot!(shown(Series::new(22, 2), None), @r"
        id,is_live,replicas,is_decommissioning,membership,is_draining
        2,true,34,true,decommissioning,false
        ");
        insta::assert_snapshot!(shown(Series::new(20, 1), None), @r"
        id,is_live,replicas,is_decommissioning,is_draining
        2,true,34,true,false
        ");
    }
}
