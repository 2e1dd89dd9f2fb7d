//! Cluster settings, through `cockroach sql`.

use crdbctl_cockroach::ClusterVersion;
use crdbctl_cockroach::output::is_unknown_setting;
use crdbctl_cockroach::settings::same_value;

use crate::Trouble;
use crate::bench::Bench;
use crate::trouble::{expect, expect_eq};

pub(super) fn durations(bench: &mut Bench) -> Result<(), Trouble> {
    reads_back(bench, "server.time_until_store_dead", "90s")
}

pub(super) fn sizes(bench: &mut Bench) -> Result<(), Trouble> {
    reads_back(bench, "kv.snapshot_rebalance.max_rate", "67108864")
}

pub(super) fn booleans(bench: &mut Bench) -> Result<(), Trouble> {
    reads_back(bench, "diagnostics.reporting.enabled", "off")
}

pub(super) fn empty(bench: &mut Bench) -> Result<(), Trouble> {
    reads_back(bench, "cluster.organization", "")
}

/// Sets a value and asks for it: as crdbctl compares them, both must mean the same.
fn reads_back(bench: &mut Bench, name: &str, value: &str) -> Result<(), Trouble> {
    bench.cluster()?;
    bench.set(0, name, value)?.succeeded()?;
    let shown = bench.setting(0, name)?;
    expect(
        same_value(&shown, value),
        &format!("{name} to be shown as something that means {value:?}"),
        &shown,
    )
}

pub(super) fn one_statement_each(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let (one, two) = (
        "SET CLUSTER SETTING cluster.organization = 'Acme, Inc'",
        "SET CLUSTER SETTING diagnostics.reporting.enabled = 'false'",
    );
    bench.sql(0, &[one, two])?.succeeded()?;
    expect_eq("the setting", bench.setting(0, "cluster.organization")?.as_str(), "Acme, Inc")
}

pub(super) fn not_together(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let said = bench.sql(0, &["SET CLUSTER SETTING cluster.organization = 'a'; SET CLUSTER SETTING diagnostics.reporting.enabled = false"])?;
    let refused = said.code == 1 && said.stderr.contains("multi-statement transaction");
    expect(refused, "exit code 1 and `… multi-statement transaction`", &said)
}

pub(super) fn unknown(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    for statement in ["SHOW CLUSTER SETTING no.such_setting", "SET CLUSTER SETTING no.such_setting = 'x'"] {
        let said = bench.sql(0, &[statement])?;
        let so = said.code == 1 && is_unknown_setting(&said.stderr);
        expect(so, "exit code 1 and words for an unknown setting", &said)?;
    }
    Ok(())
}

pub(super) fn version(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let series = bench.program.version.series();
    expect_eq("the version", bench.cluster_version(0)?, ClusterVersion::Final(series))
}
