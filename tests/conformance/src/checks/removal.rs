//! Growing, and taking nodes out.

use std::time::Duration;

use crdbctl_cockroach::client;
use crdbctl_cockroach::output::{Failure, FailureKind, Health, Membership, decommission_status, messages};

use crate::Trouble;
use crate::bench::{Bench, Said, until};
use crate::trouble::{expect, expect_eq};

pub(super) fn too_few(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    all_replicated(bench)?;
    let id = bench.row(0, 2)?.id;
    let said = bench.client(0, check_words(bench, id)?)?;
    let so = said.code == 1
        && said.stderr.contains(" blocked with error")
        && Failure::of(&said.stderr).message.contains("Cannot decommission nodes.");
    expect(so, "exit code 1, `… blocked with error …` and `ERROR: Cannot decommission nodes.`", &said)?;
    expect_eq("its membership afterwards", bench.row(0, 2)?.membership, Some(Membership::Active))
}

pub(super) fn joins(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    let id = bench.row(0, 3)?.id;
    let others = [bench.row(0, 0)?.id, bench.row(0, 1)?.id, bench.row(0, 2)?.id];
    expect(!others.contains(&id), "an id of its own", (id, others))
}

pub(super) fn dry_run(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    all_replicated(bench)?;
    let id = bench.row(0, 3)?.id;
    let said = bench.client(0, check_words(bench, id)?)?.succeeded()?;
    expect_eq("the membership in the table", told(&said, id)?, Some(Membership::Active))?;
    expect_eq("its membership afterwards", bench.row(0, 3)?.membership, Some(Membership::Active))
}

pub(super) fn marks(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    all_replicated(bench)?;
    let id = bench.row(0, 3)?.id;
    let said = decommission(bench, id)?;
    expect_eq("the membership in the table", told(&said, id)?, Some(Membership::Decommissioning))?;
    expect_eq("its membership", bench.row(0, 3)?.membership, Some(Membership::Decommissioning))?;
    bench.nodes[3].becomes(&Health::Ready)
}

pub(super) fn takes_back(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    let row = bench.row(0, 3)?;
    if row.membership != Some(Membership::Decommissioning) {
        decommission(bench, row.id)?;
    }
    bench.client(0, client::recommission(&[row.id]))?.succeeded()?;
    until("it is active again", || match bench.row(0, 3).map(|row| row.membership) {
        Ok(Some(Membership::Active)) => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

pub(super) fn removes(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    all_replicated(bench)?;
    let id = bench.row(0, 3)?.id;
    if client::drains_before_decommission(&bench.program.version) {
        bench.client(3, ["node", "drain", "--drain-wait=50s"])?.succeeded()?;
    }
    // As crdbctl does: the same command again until the node has left. Outer errors end the wait.
    let mut sentence = false;
    until("the table says `decommissioned` in the end", || {
        let mut look = || -> Result<_, Trouble> {
            let said = decommission(bench, id)?;
            sentence |= said.stdout.contains(messages::DECOMMISSIONED);
            Ok((told(&said, id)?, said))
        };
        match look() {
            Ok((Some(Membership::Decommissioned), _)) => Ok(Ok(())),
            Ok((_, said)) => Err(format!("{said:?}")),
            Err(trouble) => Ok(Err(trouble)),
        }
    })??;
    expect(sentence, messages::DECOMMISSIONED, "it was never said")?;
    let rows = bench.status(0)?;
    let row = rows.iter().find(|row| row.id == id);
    expect(
        row.is_some_and(crdbctl_cockroach::output::NodeStatus::is_gone),
        "a row that says so in `node status`",
        row,
    )
}

pub(super) fn not_back(bench: &mut Bench) -> Result<(), Trouble> {
    let id = gone(bench)?.to_string();
    let said = bench.client(0, ["node", "recommission", &id])?;
    let so = said.code == 1 && said.stderr.contains("can only recommission a decommissioning node");
    expect(so, "exit code 1 and `can only recommission a decommissioning node`", &said)
}

pub(super) fn not_again(bench: &mut Bench) -> Result<(), Trouble> {
    gone(bench)?;
    if bench.nodes[3].is_started() {
        bench.nodes[3].stop()?;
    }
    let mut command = bench.nodes[3].start_command(bench.program, &bench.join());
    let said = Said::of(&mut command, Duration::from_secs(60))?;
    let failure = Failure::of(&said.stderr);
    expect(
        said.code != 0 && failure.kind == FailureKind::Decommissioned,
        "a failure that says that it was removed",
        &said,
    )
}

/// Returns the id of the fourth node after checking that it was removed.
fn gone(bench: &mut Bench) -> Result<u32, Trouble> {
    bench.four()?;
    let rows = bench.status(0)?;
    let gone = rows.iter().find(|row| row.membership == Some(Membership::Decommissioned)).map(|row| row.id);
    gone.ok_or_else(|| Trouble::Untried("no node was decommissioned".to_owned()))
}

/// Returns the words by which crdbctl asks beforehand whether a node may leave.
fn check_words(bench: &Bench, id: u32) -> Result<Vec<String>, Trouble> {
    client::decommission_check(&bench.program.version, &[id])
        .ok_or_else(|| Trouble::Untried("this version has no such check".to_owned()))
}

/// Runs the command by which crdbctl takes a node out.
fn decommission(bench: &Bench, id: u32) -> Result<Said, Trouble> {
    bench.client(0, client::decommission(&bench.program.version, &[id]))?.succeeded()
}

/// Returns what the table of `node decommission` says of the node.
fn told(said: &Said, id: u32) -> Result<Option<Membership>, Trouble> {
    let rows = decommission_status(said.stdout.as_bytes())
        .map_err(|error| Trouble::differs("a table", format!("{error}: {:?}", said.stdout)))?;
    match &rows[..] {
        [row] if row.id == id && row.replicas.is_some() => Ok(row.membership.clone()),
        _ => {
            Err(Trouble::differs(format!("one row, of node {id}"), format!("{rows:?} of {:?}", said.stdout)))
        }
    }
}

/// Waits until every range has its replicas, so that what follows is about the nodes alone.
fn all_replicated(bench: &Bench) -> Result<(), Trouble> {
    until("no range is short of replicas", || {
        let rows = bench.status(0).map_err(|trouble| trouble.to_string())?;
        let whole = |ranges, short| matches!((ranges, short), (Some(1..), Some(0)));
        let so =
            rows.iter().filter(|row| !row.is_gone()).all(|row| whole(row.ranges, row.ranges_underreplicated));
        if so { Ok(()) } else { Err(format!("{rows:?}")) }
    })
}
