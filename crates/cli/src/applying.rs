use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};

use crdbctl_apply::{Applier, ApplyError};
use crdbctl_model::{NodeName, Plan, RunSummary};
use crdbctl_report::{RenderOptions, RunReport, count, render_plan, render_run};
use tokio::sync::{mpsc, watch};

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::error::chain;
use crate::observe::Probe;
use crate::progress::Telling;
use crate::run_log::{Logged, RunWriter};
use crate::{CliError, ExitCode, Ui, clock, interrupt, locked, passphrase, who};

/// What the user agreed to beforehand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consent {
    /// Whether to apply without asking.
    pub(crate) given: bool,
    /// Whether to apply to the rest when something is unknown.
    pub(crate) skip_unknown: bool,
    /// Whether the plan was made to delete the data of nodes that leave.
    pub(crate) delete_data: bool,
    /// Nodes whose gates are skipped.
    pub(crate) force_gates: BTreeSet<NodeName>,
}

/// Shows a plan, asks, and applies it; returns how that ended.
///
/// # Errors
/// When it did not begin: something is unknown, the answer was not yes, a passphrase does not fit, a lock is held.
pub(crate) async fn show_and_apply(
    command: &'static str,
    cluster: &mut Cluster,
    plan: Plan,
    probe: Probe,
    consent: &Consent,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<ExitCode, CliError> {
    let invocation = Invocation { command, global, signs: true };
    refuse_locked(&plan, &probe, &invocation, ui)?;
    let header = if ui.quiet { String::new() } else { ui.header(command, &plan.cluster, &probe.words()) };
    let options = RenderOptions { skip_unknown: consent.skip_unknown, ..ui.stdout };
    ui.result(&(header + &render_plan(&plan, &options)))?;
    if !plan.is_complete() && !consent.skip_unknown {
        return Err(not_begun(&plan, "mend what is listed above, or apply to the rest with --skip-unknown"));
    }
    let whole = if plan.is_complete() { ExitCode::Done } else { ExitCode::Unknown };
    if plan.is_empty() {
        return Ok(whole);
    }
    interrupt::or_stop(ui, cluster.get_to_send(&plan, ui)).await?;
    if !consent.given {
        interrupt::or_stop(ui, confirm(&plan, ui)).await?;
    }
    apply(cluster, plan, probe, &invocation, consent, whole, ui).await
}

/// What the user called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation<'a> {
    /// The command.
    pub(crate) command: &'static str,
    /// Its options.
    pub(crate) global: &'a GlobalArgs,
    /// Whether it may have something signed, for which the passphrase of ca.key is needed.
    pub(crate) signs: bool,
}

/// Refuses to go on while another run holds the lock of a node: what was found there is about to change. The log tells of it, as of
/// a lock that is held only later.
///
/// # Errors
/// When a node was locked when it was read.
pub(crate) fn refuse_locked(
    plan: &Plan,
    probe: &Probe,
    invocation: &Invocation<'_>,
    ui: &Ui,
) -> Result<(), CliError> {
    let Err(refusal) = locked::refuse(&probe.observations) else { return Ok(()) };
    let &Invocation { command, global, .. } = invocation;
    let logged = Logged { command, global, password: probe.password.as_ref() };
    let log = RunWriter::begin(&run(command), plan, logged, ui);
    let ended = Err(refusal);
    log.end(None, &ended);
    ended.map(|_: ExitCode| ())
}

/// Returns who runs a command, from now on.
fn run(command: &'static str) -> crdbctl_apply::Run {
    let started = clock::now();
    crdbctl_apply::Run { command, id: clock::run_id(started), by: who::user_at_host(), started }
}

/// Returns that nothing began because something is unknown.
pub(crate) fn not_begun(plan: &Plan, hint: &str) -> CliError {
    let unknown = count(plan.unknown.len(), "thing");
    CliError::new(ExitCode::Unknown, format!("not applied: {unknown} could not be read")).hint(hint)
}

/// Asks whether to go on. Only `yes` means yes.
async fn confirm(plan: &Plan, ui: &Ui) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(CliError::new(
            ExitCode::Error,
            "not applied: there is no terminal to ask for consent on",
        )
        .hint("review the plan, then apply it with --yes"));
    }
    let question = format!(
        "\nApply {} to {}? Only yes is accepted: ",
        count(plan.changes.len(), "change"),
        plan.cluster
    );
    // Failing to ask shows as a missing answer.
    let _ = std::io::stderr().write_all(question.as_bytes());
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    match answer.await {
        Ok(Ok(line)) if line.trim() == "yes" => Ok(()),
        _ => {
            ui.end_line();
            Err(CliError::new(ExitCode::Error, "not applied: the answer was not yes; nothing was changed"))
        }
    }
}

/// Applies a plan that was agreed to, tells of it, keeps a log of it, and returns how it ended.
pub(crate) async fn apply(
    cluster: &Cluster,
    plan: Plan,
    probe: Probe,
    invocation: &Invocation<'_>,
    consent: &Consent,
    whole: ExitCode,
    ui: &Ui,
) -> Result<ExitCode, CliError> {
    let &Invocation { command, global, signs } = invocation;
    let run = run(command);
    let logged = Logged { command, global, password: probe.password.as_ref() };
    let mut log = RunWriter::begin(&run, &plan, logged, ui);
    let passphrase = if signs {
        interrupt::or_stop(ui, passphrase::for_plan(&plan, cluster, global)).await
    } else {
        Ok(None)
    };
    let passphrase = match passphrase {
        Ok(passphrase) => passphrase,
        Err(error) => {
            let ended = Err(error);
            log.end(None, &ended);
            return ended;
        }
    };
    if let Some(passphrase) = &passphrase {
        log.conceal(passphrase);
    }
    let (events, received) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let interrupted = stopped.clone();
    let telling = Telling::new(&plan, &mut log, ui);
    let applier = Applier {
        graph: std::sync::Arc::clone(&cluster.graph),
        plan,
        observations: probe.observations,
        connections: probe.connections,
        authority: cluster.authority.clone(),
        passphrase,
        archives: cluster.archives.files(),
        indexes: cluster.archives.indexes(),
        delete_data: consent.delete_data,
        force_gates: consent.force_gates.clone(),
        directory: cluster.directory.clone(),
        run,
        events,
        stop: stopped.clone(),
        clock: clock::now,
    };
    // The events end when the applier, which holds their sender, is gone.
    let work = async { tokio::join!(applier.apply(), telling.all(received, stopped)).0 };
    let summary = interrupt::or_wind_up(stop, ui, work)
        .await
        .and_then(|applied| applied.map_err(|error| explain(&error)));
    let (summary, ended) = match summary {
        Ok(summary) => {
            let code = exit_code(&summary, *interrupted.borrow(), whole);
            let told = tell_end(&summary, command, code, &log, ui);
            (Some(summary), told.map(|()| code))
        }
        Err(error) => (None, Err(error)),
    };
    log.end(summary.as_ref(), &ended);
    ended
}

/// Tells how it ended.
fn tell_end(
    summary: &RunSummary,
    command: &str,
    code: ExitCode,
    log: &RunWriter,
    ui: &Ui,
) -> Result<(), CliError> {
    let node_milliseconds = log.node_milliseconds();
    let exit_code = code.number();
    let report = RunReport { summary, command, exit_code, node_milliseconds, log: log.id() };
    let text = render_run(&report, &ui.stdout);
    ui.result(&if ui.quiet { text } else { format!("\n{text}") })
}

/// Returns how an apply that began ends: `whole` when everything converged.
fn exit_code(summary: &RunSummary, interrupted: bool, whole: ExitCode) -> ExitCode {
    match (summary.is_complete(), interrupted) {
        (true, _) => whole,
        (false, true) => ExitCode::Interrupted,
        (false, false) => ExitCode::Partial,
    }
}

/// Returns why an apply did not begin.
fn explain(error: &ApplyError) -> CliError {
    let (code, hint) = match error {
        ApplyError::Locked { node, holder } => return locked::refusal(node, holder),
        ApplyError::Stale { .. } => (ExitCode::Stale, "plan again: the hosts changed since"),
        ApplyError::Node { source, .. } => {
            return CliError::new(ExitCode::Unknown, format!("not applied: {}", chain(error)))
                .hint(source.hint());
        }
        _ => (ExitCode::Error, "nothing was changed; mend this and apply again"),
    };
    CliError::new(code, format!("not applied: {}", chain(error))).hint(hint)
}
