//! `cockroach node drain`.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::client::{Client, ClientError, block_on};
use super::failure::Failure;
use super::parse::Given;
use super::value::duration;
use crate::cluster::NodeId;
use crate::release::{Release, Series};
use crate::settings::go_duration;
use crate::wire::{CallError, Code, Connection, Request, Response};

const DEFAULT_WAIT: Duration = Duration::from_secs(600);
/// The settings whose sum a drain may take; the third counts twice.
const WAITS: [(&str, u64); 5] = [
    ("server.shutdown.drain_wait", 1),
    ("server.shutdown.connection_wait", 1),
    ("server.shutdown.query_wait", 2),
    ("server.shutdown.jobs_wait", 1),
    ("server.shutdown.lease_transfer_wait", 1),
];

/// Drains a node and leaves its process running, unless `--shutdown` asks for more.
pub(super) fn run(release: Release, given: &Given) -> Result<(), Failure> {
    if release.series < Series::new(20, 1) {
        return Err(Failure::new("unknown sub-command: \"drain\""));
    }
    let client = Client::new(release, given)?;
    let node = target(release.series, given)?;
    let limit = given.last("drain-wait").and_then(|text| duration(text).ok()).unwrap_or(DEFAULT_WAIT);
    block_on(async {
        let mut connection = client.rpc().await.map_err(ClientError::into_failure)?;
        let limit = at_least(release.series, &mut connection, limit).await;
        drain(&mut connection, node, limit).await?;
        if given.is_on("shutdown") {
            shut_down(&mut connection, node).await?;
        }
        done();
        Ok(())
    })
}

/// The node that is named; none means the one that is connected to.
#[expect(clippy::print_stderr, reason = "the command warns")]
fn target(series: Series, given: &Given) -> Result<Option<NodeId>, Failure> {
    let argument = given.arguments.first();
    if series < Series::new(22, 1) {
        return match argument {
            Some(extra) => {
                Err(Failure::new(format!("unknown command {extra:?} for \"cockroach node drain\"")))
            }
            None => Ok(None),
        };
    }
    match (argument, given.is_on("self")) {
        (Some(_), true) => Err(Failure::new("cannot use --self with an explicit node ID")),
        (Some(text), false) => {
            let number = text.parse::<u32>();
            number
                .map(|number| Some(NodeId(number)))
                .map_err(|_| Failure::new(format!("unable to parse {text}")))
        }
        (None, true) => Ok(None),
        (None, false) => {
            eprintln!("warning: draining a node without node ID or passing --self explicitly is deprecated.");
            Ok(None)
        }
    }
}

/// The limit, or what the settings may take when that is more.
#[expect(clippy::print_stderr, reason = "the command warns")]
async fn at_least(series: Series, connection: &mut Connection, limit: Duration) -> Duration {
    if series < Series::new(22, 2) || limit.is_zero() {
        return limit;
    }
    let keys = WAITS.iter().map(|(key, _)| (*key).to_owned()).collect();
    let values = match connection.call(&Request::Settings { keys }).await {
        Ok(Response::Settings { values }) => values,
        Ok(other) => {
            eprintln!("warning: could not check drain related cluster settings: unexpected answer {other:?}");
            return limit;
        }
        Err(error) => {
            eprintln!("warning: could not check drain related cluster settings: {error}");
            return limit;
        }
    };
    let nanos = |key: &str| values.get(key).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    let needed = Duration::from_nanos(WAITS.iter().map(|(key, times)| nanos(key) * times).sum());
    if needed <= limit {
        return limit;
    }
    let go = |length: Duration| go_duration(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX));
    eprintln!(
        "warning: --drain-wait is {}, but the server.shutdown.{{drain,query,jobs,connection,lease_transfer}}_wait \
         cluster settings require a value of at least {}; using the larger value",
        go(limit),
        go(needed)
    );
    needed
}

async fn drain(connection: &mut Connection, node: Option<NodeId>, limit: Duration) -> Result<(), Failure> {
    if limit.is_zero() {
        return until_done(connection, node).await;
    }
    match timeout(limit, until_done(connection, node)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            end_line();
            Err(Failure::new("drain timeout"))
        }
    }
}

#[expect(clippy::print_stderr, reason = "finishes the line that says what is done")]
fn end_line() {
    eprintln!();
}

/// Asks for the drain again and again until nothing remains, telling so.
#[expect(clippy::print_stderr, reason = "the command says how far it is")]
pub(super) async fn until_done(connection: &mut Connection, node: Option<NodeId>) -> Result<(), Failure> {
    loop {
        eprint!("node is draining... ");
        let remaining = match connection.call(&Request::Drain { node, drain: true, shutdown: false }).await {
            Ok(Response::Drain { draining: true, remaining }) => {
                let end = if remaining == 0 { " (complete)" } else { "" };
                eprintln!("remaining: {remaining}{end}");
                remaining
            }
            Ok(_) => {
                eprintln!("done");
                0
            }
            Err(error) => {
                eprintln!();
                return Err(match error {
                    CallError::Status { code: Code::Unavailable, message }
                        if message.contains("waiting for init") =>
                    {
                        Failure::new("node cannot be drained before it has been initialized")
                    }
                    error => ClientError::from(error).into_failure().context("error sending drain request"),
                });
            }
        };
        if remaining == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Ends the process; a connection that breaks over it is no failure.
async fn shut_down(connection: &mut Connection, node: Option<NodeId>) -> Result<(), Failure> {
    match connection.call(&Request::Drain { node, drain: false, shutdown: true }).await {
        Ok(_) | Err(CallError::Lost(_)) => Ok(()),
        Err(error) => Err(ClientError::from(error).into_failure().context("hard shutdown failed")),
    }
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn done() {
    println!("ok");
}
