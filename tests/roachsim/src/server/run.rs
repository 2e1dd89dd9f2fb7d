//! The life of a server process.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::banner::{self, Origin};
use super::config::StartConfig;
use super::health::Phase;
use super::intake::Gate;
use super::listen::listen;
use super::log::Log;
use super::node::Node;
use super::rpc::Serves;
use super::signals::{Signals, Stop};
use super::{faults, gossip, http, join, limits, rpc};
use crate::certs::{CertsError, Manager, TlsError};
use crate::cli::failure::{Failure, Severity, code};
use crate::release::Series;
use crate::store::StoreDir;

/// After this long without a cluster a server says what may be wrong.
const UNABLE_AFTER: Duration = Duration::from_secs(30);

/// Runs a server until a signal or an error ends it.
///
/// # Errors
/// With what `cockroach start` says; also after SIGINT, which has an exit code of its own.
pub fn run(config: StartConfig) -> Result<(), Failure> {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = threads.map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(serve(config));
    // Open connections must not keep a stopped server alive.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

fn advised(why: &str) -> Failure {
    Failure::new(format!(
        "cannot load certificates.\n\
         Check your certificate settings, set --certs-dir, or use --insecure for insecure clusters.\n\n\
         failed to start server: {why}"
    ))
}

fn certs_failure(error: CertsError) -> Failure {
    match error {
        CertsError::Advised(why) => advised(&why),
        CertsError::Plain(why) => Failure::new(why).context("failed to start server"),
    }
}

fn tls_failure(error: TlsError) -> Failure {
    match error {
        TlsError::Certificates(why) => advised(&why),
        TlsError::Config(why) => Failure::new(why).context("failed to start server"),
    }
}

async fn serve(config: StartConfig) -> Result<(), Failure> {
    let mut signals =
        Signals::install().map_err(|error| Failure::new(format!("cannot handle signals: {error}")))?;
    let node = Arc::new(prepare(config)?);
    let config = &node.config;
    let rpc_listener = listen(&config.listen, "listen-addr").await?;
    let sql_listener = match &config.sql {
        Some(address) => Some(listen(address, "sql-addr").await?),
        None => None,
    };
    let http_listener = listen(&config.http, "http-addr").await?;

    let shared = Serves { rpc: true, sql: sql_listener.is_none() };
    tokio::spawn(rpc::accept(Arc::clone(&node), rpc_listener, shared));
    if let Some(listener) = sql_listener {
        tokio::spawn(rpc::accept(Arc::clone(&node), listener, Serves { rpc: false, sql: true }));
    }
    tokio::spawn(http::accept(Arc::clone(&node), http_listener));

    let origin = if node.id().is_some() { Origin::Restarted } else { Origin::Fresh };
    report_ready(&node, origin);
    let come_up = tokio::spawn(come_up(Arc::clone(&node), origin));
    let mut fatal = node.fatal();
    let mut shutdown = node.shutdown();
    let stop = loop {
        tokio::select! {
            stop = signals.next() => match stop {
                Some(stop) => break stop,
                None => reload(&node),
            },
            _ = shutdown.wait_for(|shutdown| *shutdown) => break Stop::Requested,
            why = fatal.wait_for(Option::is_some) => {
                // The sender lives in the node that this function holds: there is always a reason.
                let Some(fatal) = why.ok().and_then(|why| why.clone()) else { continue };
                return Err(Failure::new(fatal.why).context("cockroach server exited with error").code(fatal.exit));
            }
        }
    };
    finish(&node, &mut signals, stop, come_up.is_finished()).await
}

/// Everything that can go wrong before the network is touched.
fn prepare(config: StartConfig) -> Result<Node, Failure> {
    let log = Log::open(config.log_dir.as_deref())
        .map_err(|error| Failure::new(format!("unable to create log directory: {error}")))?;
    log.info(&format!("roachsim, a stand-in for CockroachDB CCL {} in tests", config.release));
    let not_started = |why: String| Failure::new(why).context("failed to start server");
    limits::raise_open_files().map_err(not_started)?;
    let first = config.stores.first().map(|store| store.path.clone()).unwrap_or_default();
    for other in config.stores.iter().skip(1) {
        std::fs::create_dir_all(&other.path).map_err(|error| {
            not_started(format!("failed to create engines: mkdir {}: {error}", other.path))
        })?;
    }
    let faults = faults::read(&faults::file_of(std::path::Path::new(&first)))
        .map_err(|error| Failure::new(error.to_string()))?;
    if faults.crash_at_start {
        return Err(Failure::new("roachsim: told to crash at start").code(code::FATAL));
    }
    let (dir, contents) = StoreDir::open(std::path::Path::new(&first), config.release)
        .map_err(|error| not_started(format!("failed to create engines: {error}")))?;

    let series = config.release.series;
    let (certs, warnings) =
        Manager::load(&config.certs_dir, config.principal_map.clone(), series).map_err(certs_failure)?;
    for warning in warnings {
        log.warning(&warning);
    }
    certs.rpc_server().map_err(tls_failure)?;
    certs.http_server().map_err(tls_failure)?;
    certs.node_client().map_err(tls_failure)?;
    if let Some(libs) = &config.spatial_libs {
        if libs.join("libgeos_c.so").exists() {
            log.info(&format!("GEOS loaded from directory {}", libs.display()));
        } else {
            log.info("could not initialize GEOS - spatial functions may not be available");
        }
    }
    Ok(Node::new(config, certs, log, dir, contents))
}

/// The sockets listen: whoever waits for the process to be there is told, cluster or not.
fn report_ready(node: &Node, origin: Origin) {
    if let Some(path) = &node.config.pid_file
        && let Err(error) = std::fs::write(path, format!("{}\n", std::process::id()))
    {
        node.log.error(&format!("failed writing the PID: {error}"));
    }
    if origin == Origin::Fresh {
        node.log.shout("INFO", banner::WAITING);
    }
    notify(node, sd_notify::NotifyState::Ready);
}

fn notify(node: &Node, state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        node.log.error(&format!("failed to signal readiness using systemd protocol: {error}"));
    }
}

/// From sockets to a member of a cluster that has a majority.
#[expect(clippy::print_stdout, reason = "a server speaks to its operator here")]
async fn come_up(node: Arc<Node>, origin: Origin) {
    tokio::spawn(gossip::beat(Arc::clone(&node)));
    tokio::spawn(gossip::talk(Arc::clone(&node)));
    let unable = {
        let node = Arc::clone(&node);
        tokio::spawn(async move {
            sleep(UNABLE_AFTER).await;
            node.log.shout("WARNING", banner::UNABLE);
        })
    };
    match origin {
        Origin::Restarted => node.reenter(),
        Origin::Fresh if node.config.self_init => {
            if let Err(why) = node.bootstrap() {
                node.die(why, code::UNSPECIFIED);
            }
        }
        Origin::Fresh => {
            let seeker = Arc::clone(&node);
            let mut phase = node.phase();
            tokio::select! {
                outcome = join::seek(&seeker) => if let Err(why) = outcome {
                    node.die(why, code::UNSPECIFIED);
                    return;
                },
                _ = phase.wait_for(|phase| *phase != Phase::Waiting) => {}
            }
        }
    }
    while !node.view().has_quorum {
        sleep(node.config.tuning.heartbeat).await;
    }
    unable.abort();
    if node.faults().dies_at_readiness {
        node.die("roachsim: told to die at readiness".to_owned(), code::FATAL);
        return;
    }
    node.intake.advance(Gate::Open);
    if let Some(id) = node.id() {
        let text = banner::started(&node, id, origin);
        node.log.info(&format!("node startup completed:\n{text}"));
        print!("{text}");
    }
}

fn reload(node: &Node) {
    node.log.info("received signal \"hangup\", triggering certificate reload");
    if node.faults().rejects_sighup {
        node.log.warning("could not reload certificates: roachsim: told to reject SIGHUP");
        return;
    }
    match node.certs.reload() {
        Ok(warnings) => {
            for warning in warnings {
                node.log.warning(&warning);
            }
            node.log.info("successfully reloaded certificates");
        }
        Err(error) => node.log.warning(&format!("could not reload certificates: {error}")),
    }
}

/// Stops as asked: gracefully when the server was up, at once when not, at once too on a second signal.
#[expect(clippy::print_stdout, reason = "a server speaks to its operator here")]
async fn finish(node: &Arc<Node>, signals: &mut Signals, stop: Stop, was_up: bool) -> Result<(), Failure> {
    let say = |message: &str| {
        node.log.info(message);
        println!("{message}");
    };
    match stop {
        Stop::Requested => node.log.info("shutdown requested by drain RPC"),
        _ => node.log.info(&format!("received signal '{}'", stop.name())),
    }
    notify(node, sd_notify::NotifyState::Stopping);
    if stop == Stop::Interrupted {
        println!("Note: a second interrupt will skip graceful shutdown and terminate forcefully");
    }
    say("initiating graceful shutdown of server");
    if was_up {
        tokio::select! {
            () = node.drain.to_the_end(node) => {}
            () = other_stop(signals, stop) => {
                say("received additional signal during graceful shutdown; shutting down immediately");
                return Err(Failure::new("shutdown was forced").code(code::UNSPECIFIED));
            }
        }
        say("server drained and shutdown completed");
    } else {
        say("too early to drain; used hard shutdown instead");
    }
    match stop {
        Stop::Terminated | Stop::Requested => Ok(()),
        Stop::Interrupted => {
            let since_codes = node.config.release.series >= Series::new(21, 1);
            let exit = if since_codes { code::INTERRUPTED } else { code::UNSPECIFIED };
            let mut failure = Failure::new("interrupted").code(exit);
            failure.severity = Severity::Info;
            Err(failure)
        }
    }
}

/// A second SIGTERM after SIGTERM changes nothing; any other second signal ends the patience.
async fn other_stop(signals: &mut Signals, first: Stop) {
    loop {
        match signals.next().await {
            Some(Stop::Terminated) if first == Stop::Terminated => {}
            Some(_) => return,
            None => {}
        }
    }
}
