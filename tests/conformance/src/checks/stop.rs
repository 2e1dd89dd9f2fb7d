//! Draining, stopping, and coming back.

use std::time::Duration;

use crdbctl_cockroach::client::{self, Drain};
use crdbctl_cockroach::output::{Health, messages};

use crate::Trouble;
use crate::bench::{Bench, until};
use crate::trouble::{expect, expect_eq};

pub(super) fn drains(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let words = client::drain(&bench.program.version, Duration::from_secs(50))
        .ok_or_else(|| Trouble::Untried("this version has no drain".to_owned()))?;
    let said = bench.client(2, words)?;
    expect(Drain::of(said.code, false, &said.stderr) == Drain::Drained, "exit code 0", &said)?;
    expect(said.stdout.lines().any(|line| line == messages::DRAIN_OK), "`ok` on stdout", &said)?;
    expect(said.stderr.contains("remaining: 0 (complete)"), "`remaining: 0 (complete)` on stderr", &said)?;
    bench.nodes[2].becomes(&Health::ShuttingDown)?;
    bench.nodes[2].pid().map(drop)
}

pub(super) fn is_told(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    until("another node says is_draining of the drained one", || match bench.row(0, 2) {
        Ok(row) if row.is_draining == Some(true) => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

pub(super) fn terminates(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    bench.nodes[2].stop()
}

pub(super) fn is_missed(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    if bench.nodes[2].is_started() {
        bench.nodes[2].stop()?;
    }
    until("the nodes that are left count ranges short of replicas, and none unavailable", || {
        let vars = [bench.nodes[0].vars()?, bench.nodes[1].vars()?];
        let short: u64 = vars.iter().filter_map(|vars| vars.ranges_underreplicated).sum();
        let unavailable: u64 = vars.iter().filter_map(|vars| vars.ranges_unavailable).sum();
        if short > 0 && unavailable == 0 { Ok(()) } else { Err(format!("{vars:?}")) }
    })?;
    until("it counts as neither live nor available", || match bench.row(0, 2) {
        Ok(row) if !row.is_healthy() => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

pub(super) fn comes_back(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let id = bench.row(0, 2)?.id;
    if bench.nodes[2].is_started() {
        bench.nodes[2].stop()?;
    }
    bench.start(2, bench.program)?;
    bench.nodes[2].becomes(&Health::Ready)?;
    expect_eq("its id", bench.row(0, 2)?.id, id)?;
    until("no range is short of replicas", || {
        let vars = [bench.nodes[0].vars()?, bench.nodes[1].vars()?, bench.nodes[2].vars()?];
        let so = vars.iter().all(|vars| vars.ranges_underreplicated == Some(0));
        if so { Ok(()) } else { Err(format!("{vars:?}")) }
    })
}
