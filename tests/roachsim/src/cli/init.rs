//! `cockroach init`.

use std::time::Duration;

use tokio::time::sleep;

use super::client::{Client, ClientError, block_on};
use super::failure::Failure;
use super::parse::Given;
use crate::release::{Release, Series};
use crate::wire::{self, Connection, DialError, Request};

const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// Initialises the cluster through one node.
///
/// Since v20.1 the command waits, without end, for the node to answer: a server that is not there, a
/// certificate that does not fit or a missing one are warnings that are repeated. Callers bring their own
/// time limit.
pub(super) fn run(release: Release, given: &Given) -> Result<(), Failure> {
    let client = Client::new(release, given)?;
    block_on(async {
        let mut connection = ready(&client).await?;
        let answer = connection.call(&Request::Bootstrap).await;
        answer.map_err(|error| ClientError::Call(error).into_failure())?;
        done();
        Ok(())
    })
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn done() {
    println!("Cluster successfully initialized");
}

#[expect(clippy::print_stderr, reason = "the command says what it waits for")]
async fn ready(client: &Client) -> Result<Connection, Failure> {
    loop {
        let attempt = tokio::time::timeout(ATTEMPT_LIMIT, open(client)).await;
        let error = match attempt {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => DialError::Timeout.into(),
        };
        if client.release.series < Series::new(20, 1) {
            return Err(error.into_failure());
        }
        eprintln!("warning: node not ready to perform cluster initialization: {error} (retrying)");
        sleep(BETWEEN_ATTEMPTS).await;
    }
}

async fn open(client: &Client) -> Result<Connection, ClientError> {
    let mut connection = wire::connect(&client.address, client.tls()?, ATTEMPT_LIMIT).await?;
    let hello = Request::Hello {
        cluster_id: None,
        cluster_name: client.cluster_name.clone(),
        check_name: client.check_name,
        node: None,
        release: client.release,
    };
    connection.call(&hello).await?;
    connection.call(&Request::Health).await?;
    Ok(connection)
}
