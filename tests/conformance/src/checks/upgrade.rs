//! A newer version, held back, taken back, and finished.

use std::time::Duration;

use crdbctl_cockroach::output::{Failure, FailureKind, Health};
use crdbctl_cockroach::settings::same_value;
use crdbctl_cockroach::upgrade::Hold;
use crdbctl_cockroach::{ClusterVersion, sql};
use crdbctl_model::SettingName;

use crate::bench::{Bench, Said, until};
use crate::trouble::{expect, expect_eq};
use crate::{Program, Trouble};

pub(super) fn only_its_own(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let option = Hold::PreserveDowngrade.setting();
    expect_eq("the setting while nothing is held back", bench.setting(0, option)?.as_str(), "")?;
    let said = bench.set(0, option, "1.0")?;
    expect(said.code == 1, "a refusal of any version but the cluster's", &said)
}

pub(super) fn is_held(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let (old, newer) = (bench.program.version.series(), newer(bench)?);
    let hold = hold(bench)?;
    bench.set(0, hold.setting(), &hold.value(old))?.succeeded()?;
    let shown = bench.setting(0, hold.setting())?;
    expect(same_value(&shown, &hold.value(old)), &format!("{hold} shown as {:?}", hold.value(old)), &shown)?;
    for at in 0..3 {
        replace(bench, at, newer)?;
    }
    until("each row has the new build", || {
        let rows = bench.status(0).map_err(|trouble| trouble.to_string())?;
        let tag = newer.version.build_tag();
        let so = rows.iter().filter(|row| !row.is_gone()).all(|row| row.build.as_deref() == Some(&tag));
        if so { Ok(()) } else { Err(format!("{rows:?}")) }
    })?;
    // Long enough for those who would finish it by themselves.
    std::thread::sleep(Duration::from_secs(2));
    expect_eq("the version", bench.cluster_version(0)?, ClusterVersion::Final(old))
}

pub(super) fn goes_back(bench: &mut Bench) -> Result<(), Trouble> {
    let (old, newer) = (bench.program, newer(bench)?);
    replace(bench, 1, old)?;
    replace(bench, 1, newer)
}

pub(super) fn finishes(bench: &mut Bench) -> Result<(), Trouble> {
    let newer = newer(bench)?;
    let name = SettingName::new(hold(bench)?.setting()).map_err(Trouble::untried("naming a setting"))?;
    bench.sql(0, &[&sql::reset_setting(&name)])?.succeeded()?;
    let wanted = ClusterVersion::Final(newer.version.series());
    until(&format!("the version becomes {wanted}"), || match bench.cluster_version(0) {
        Ok(version) if version == wanted => Ok(()),
        other => Err(format!("{other:?}")),
    })
}

pub(super) fn not_back(bench: &mut Bench) -> Result<(), Trouble> {
    let newer = newer(bench)?;
    let version = bench.cluster_version(0)?;
    if version != ClusterVersion::Final(newer.version.series()) {
        return Err(Trouble::Untried(format!("the upgrade was not finished: the version is {version}")));
    }
    // The others tell it first.
    std::thread::sleep(Duration::from_secs(1));
    bench.nodes[1].stop()?;
    let mut command = bench.nodes[1].start_command(bench.program, &bench.join());
    let said = Said::of(&mut command, Duration::from_secs(60))?;
    let failure = Failure::of(&said.stderr);
    expect(
        said.code != 0 && failure.kind == FailureKind::StoreVersion,
        "a failure that names both versions",
        &said,
    )?;
    bench.start(1, newer)?;
    bench.nodes[1].becomes(&Health::Ready)
}

fn hold(bench: &Bench) -> Result<Hold, Trouble> {
    Hold::of(bench.program.version.series())
        .ok_or_else(|| Trouble::Untried("nothing holds an upgrade of this version back".to_owned()))
}

fn newer<'a>(bench: &Bench<'a>) -> Result<&'a Program, Trouble> {
    bench.newer.ok_or_else(|| Trouble::Untried("there is no second archive".to_owned()))
}

/// Stops a node and starts it with a program.
fn replace(bench: &mut Bench, at: usize, program: &Program) -> Result<(), Trouble> {
    if bench.nodes[at].is_started() {
        bench.nodes[at].stop()?;
    }
    bench.start(at, program)?;
    bench.nodes[at].becomes(&Health::Ready)
}
