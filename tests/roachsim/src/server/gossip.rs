//! Keeps this node and the others informed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use super::intake::Gate;
use super::join::{LinkError, link};
use super::node::Node;
use crate::cli::failure::code;
use crate::cli::value::Address;
use crate::wire::{CallError, Code, Connection, Request, Response};

const CALL_LIMIT: Duration = Duration::from_secs(2);

/// Beats for as long as the process lives.
pub(super) async fn beat(node: Arc<Node>) {
    let mut ticks = interval(node.config.tuning.heartbeat);
    loop {
        ticks.tick().await;
        node.beat();
    }
}

/// Talks to every member and every address of `--join`, new ones as they become known.
pub(super) async fn talk(node: Arc<Node>) {
    let mut links: BTreeMap<Address, JoinHandle<()>> = BTreeMap::new();
    let mut ticks = interval(node.config.tuning.heartbeat);
    loop {
        ticks.tick().await;
        let wanted = addresses(&node);
        links.retain(|address, task| {
            let keep = wanted.contains(address) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for address in wanted {
            let task = || tokio::spawn(keep_talking(Arc::clone(&node), address.clone()));
            links.entry(address.clone()).or_insert_with(task);
        }
    }
}

/// Members by their advertised addresses; `--join` only adds what no member advertises.
fn addresses(node: &Node) -> BTreeSet<Address> {
    let Some(me) = node.id() else {
        return BTreeSet::new();
    };
    let members = node.state().map(|state| state.addresses()).unwrap_or_default();
    let others = members.into_iter().filter(|(id, _)| *id != me).map(|(_, address)| address);
    let mut wanted: BTreeSet<Address> =
        others.filter_map(|address| Address::parse(&address, "26257").ok()).collect();
    wanted.extend(node.config.join.iter().cloned());
    wanted.remove(&node.config.advertise);
    wanted.remove(&node.config.listen);
    wanted
}

async fn keep_talking(node: Arc<Node>, address: Address) {
    let mut said = String::new();
    loop {
        let error = match timeout(CALL_LIMIT, link(&node, &address)).await {
            Ok(Ok(connection)) => {
                said.clear();
                converse(&node, connection).await
            }
            Ok(Err(error)) => error,
            Err(_) => LinkError::Call(CallError::Lost("context deadline exceeded".to_owned())),
        };
        if let LinkError::Call(CallError::Status { code: Code::PermissionDenied, message }) = &error
            && !node.intake.is(Gate::Open)
        {
            // The others know what this node's store does not: it was removed while it was down.
            node.die(message.clone(), code::UNSPECIFIED);
        }
        // One line a cause, not one a beat.
        let words = error.to_string();
        if words != said {
            node.log.warning(&format!("no connection to {address}: {words}"));
            said = words;
        }
        sleep(node.config.tuning.heartbeat).await;
    }
}

async fn converse(node: &Node, mut connection: Connection) -> LinkError {
    loop {
        match timeout(CALL_LIMIT, exchange(node, &mut connection)).await {
            Ok(Ok(())) => sleep(node.config.tuning.heartbeat).await,
            Ok(Err(error)) => return error.into(),
            Err(_) => return CallError::Lost("context deadline exceeded".to_owned()).into(),
        }
    }
}

async fn exchange(node: &Node, connection: &mut Connection) -> Result<(), CallError> {
    let (beats, fingerprint) = node.news();
    let answer = connection.call(&Request::Gossip { beats, fingerprint }).await?;
    let Response::Gossip { beats, fingerprint, state } = answer else {
        return Err(CallError::Lost("unexpected answer".to_owned()));
    };
    node.hear(&beats);
    if let Some(state) = state {
        node.learn(&state);
        let (_, ours) = node.news();
        if let Some(state) = node.state().filter(|_| ours != fingerprint) {
            connection.call(&Request::Push { state: Box::new(state) }).await?;
        }
    }
    Ok(())
}
