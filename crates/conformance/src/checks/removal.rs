//! Growing, and taking nodes out.

use std::time::Duration;

use crdbctl_cockroach::output::{Failure, FailureKind, Health, Membership, messages, node_status};

use crate::Trouble;
use crate::bench::{Bench, Said, until};
use crate::trouble::{expect, expect_eq};

pub(super) fn too_few(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    all_replicated(bench)?;
    let id = bench.row(0, 2)?.id.to_string();
    let said = decommission(bench, &[&id, "--wait=all"])?;
    let so = said.code == 1
        && said.stderr.contains("ranges blocking decommission detected")
        && said.stderr.contains("ERROR: Cannot decommission nodes.");
    expect(so, "exit code 1 and `ERROR: Cannot decommission nodes.`", &said)?;
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
    let id = bench.row(0, 3)?.id.to_string();
    let said = decommission(bench, &[&id, "--dry-run"])?.succeeded()?;
    rows(&said)?;
    expect_eq("its membership afterwards", bench.row(0, 3)?.membership, Some(Membership::Active))
}

pub(super) fn marks(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    all_replicated(bench)?;
    let id = bench.row(0, 3)?.id.to_string();
    let said = decommission(bench, &[&id, "--wait=none"])?.succeeded()?;
    rows(&said)?;
    expect_eq("its membership", bench.row(0, 3)?.membership, Some(Membership::Decommissioning))?;
    bench.nodes[3].becomes(&Health::Ready)
}

pub(super) fn takes_back(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    let row = bench.row(0, 3)?;
    let id = row.id.to_string();
    if row.membership != Some(Membership::Decommissioning) {
        decommission(bench, &[&id, "--wait=none"])?.succeeded()?;
    }
    bench.client(0, ["node", "recommission", &id, "--format=csv"])?.succeeded()?;
    until("it is active again", || match bench.row(0, 3).map(|row| row.membership) {
        Ok(Some(Membership::Active)) => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

pub(super) fn removes(bench: &mut Bench) -> Result<(), Trouble> {
    bench.four()?;
    all_replicated(bench)?;
    let id = bench.row(0, 3)?.id;
    let said = decommission(bench, &[&id.to_string(), "--wait=all"])?.succeeded()?;
    rows(&said)?;
    let headers = said.stdout.lines().filter(|line| line.starts_with("id,is_live,replicas,")).count();
    expect(headers >= 2, "the table with its header again with each change", &said.stdout)?;
    let last = said.stdout.trim_end().lines().last().unwrap_or_default();
    expect(
        last.contains(messages::DECOMMISSIONED),
        "that sentence as the last line of stdout",
        &said.stdout,
    )?;
    let of = |bench: &Bench| bench.status(0).map(|rows| rows.into_iter().find(|row| row.id == id));
    let row = of(bench)?;
    expect(
        row.as_ref().is_some_and(|row| row.membership == Some(Membership::Decommissioned)),
        "decommissioned",
        &row,
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

fn decommission(bench: &Bench, words: &[&str]) -> Result<Said, Trouble> {
    bench.client(0, ["node", "decommission"].iter().chain(words).chain(&["--format=csv"]))
}

/// Checks that the parser of `node status`' table reads this one too.
fn rows(said: &Said) -> Result<(), Trouble> {
    match node_status(said.stdout.as_bytes()) {
        Ok(rows) if rows.len() == 1 => Ok(()),
        other => Err(Trouble::differs("a table with the node", format!("{other:?} of {:?}", said.stdout))),
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
