//! Getting into a cluster, from both sides.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::node::Node;
use crate::cli::value::Address;
use crate::cluster::{NodeId, StoreUuid};
use crate::release::Release;
use crate::wire::{self, CallError, Code, Connection, DialError, Request, Response};

const DIAL_LIMIT: Duration = Duration::from_secs(2);
const GRANT_ATTEMPTS: usize = 5;

/// Why a node has no connection to another.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("{0}")]
    Tls(#[from] crate::certs::TlsError),
    #[error("{0}")]
    Dial(#[from] DialError),
    #[error("{0}")]
    Call(#[from] CallError),
}

/// Dials another node and says who is calling.
pub(super) async fn link(node: &Node, address: &Address) -> Result<Connection, LinkError> {
    let mut connection = wire::connect(address, node.certs.node_client()?, DIAL_LIMIT).await?;
    let hello = Request::Hello {
        cluster_id: node.cluster_id(),
        cluster_name: node.config.cluster_name.clone(),
        check_name: node.config.check_cluster_name,
        node: node.id(),
        release: node.config.release,
    };
    connection.call(&hello).await?;
    Ok(connection)
}

/// Asks the addresses of `--join` in turn until one lets this node in or the node is initialised itself.
///
/// # Errors
/// When the cluster's version and this release do not go together; nothing else ends the attempts.
pub(super) async fn seek(node: &Arc<Node>) -> Result<(), String> {
    node.log.info("no stores initialized");
    node.log.info("awaiting `cockroach init` or join with an already initialized node");
    loop {
        for address in &node.config.join {
            if node.id().is_some() {
                return Ok(());
            }
            match ask(node, address).await {
                Ok((id, state)) => return node.joined(id, state),
                Err(LinkError::Call(CallError::Status { code: Code::PermissionDenied, .. })) => {
                    node.log.info(&format!("{address} is running a version higher than our binary version"));
                    return Err("binary is incompatible with the cluster attempted to join".to_owned());
                }
                Err(LinkError::Call(CallError::Status { code: Code::Unavailable, message })) => {
                    node.log.info(&format!("{address} is itself waiting for init, will retry ({message})"));
                }
                Err(error) => {
                    node.log.warning(&format!("outgoing join rpc to {address} unsuccessful: {error}"));
                }
            }
        }
        // The real program waits a second.
        sleep(node.config.tuning.heartbeat).await;
    }
}

async fn ask(node: &Arc<Node>, address: &Address) -> Result<(NodeId, crate::cluster::State), LinkError> {
    let mut connection = link(node, address).await?;
    let request = Request::Join { store: node.store(), release: node.config.release };
    match connection.call(&request).await? {
        Response::Joined { node, state } => Ok((node, *state)),
        other => Err(CallError::Lost(format!("unexpected answer {other:?}")).into()),
    }
}

/// Lets a store in: finds an id that a majority grants, enters it and answers with it.
pub(super) async fn admit(node: &Arc<Node>, store: StoreUuid, release: Release) -> Response {
    let Some(state) = node.state() else {
        return Response::error(Code::Unavailable, "node waiting for init; Join not available");
    };
    if release.series < state.version.value {
        let words = format!("version {release} is older than the cluster's {}", state.version.value);
        return Response::error(Code::PermissionDenied, words);
    }
    if let Some(id) = state.node_of(store) {
        // The answer to an earlier request was lost.
        return Response::Joined { node: id, state: Box::new(state) };
    }
    let mut id = node.highest_id().next();
    for _ in 0..GRANT_ATTEMPTS {
        let (granted, asked, highest) = poll(node, &state, id, store).await;
        if granted * 2 > asked {
            return match node.admit(id, store) {
                Some(state) => Response::Joined { node: id, state: Box::new(state) },
                None => Response::error(Code::Unavailable, "no state"),
            };
        }
        if highest <= id {
            return Response::error(
                Code::Unavailable,
                "no majority of nodes is reachable to allocate a node ID",
            );
        }
        id = highest.next();
    }
    Response::error(Code::Unavailable, "could not allocate a node ID")
}

/// Asks all members for an id; returns how many granted it, how many there are, and the highest id heard of.
async fn poll(
    node: &Arc<Node>,
    state: &crate::cluster::State,
    id: NodeId,
    store: StoreUuid,
) -> (usize, usize, NodeId) {
    let mut others = tokio::task::JoinSet::new();
    let addresses = state.addresses();
    let asked = addresses.len();
    for (member, address) in addresses {
        if Some(member) == node.id() {
            continue;
        }
        let node = Arc::clone(node);
        others.spawn(async move { grant(&node, &address, id, store).await });
    }
    let (mine, mut highest) = node.grant(id, store);
    let mut granted = usize::from(mine);
    while let Some(outcome) = others.join_next().await {
        if let Ok(Some((yes, theirs))) = outcome {
            granted += usize::from(yes);
            // A refusal names what stands in the way.
            highest = if yes { highest } else { highest.max(theirs).max(id.next()) };
        }
    }
    if !mine {
        highest = highest.max(id.next());
    }
    (granted, asked, highest)
}

async fn grant(node: &Node, address: &str, id: NodeId, store: StoreUuid) -> Option<(bool, NodeId)> {
    let address = Address::parse(address, "26257").ok()?;
    let mut connection = link(node, &address).await.ok()?;
    match connection.call(&Request::Grant { node: id, store }).await {
        Ok(Response::Grant { granted, highest }) => Some((granted, highest)),
        _ => None,
    }
}
