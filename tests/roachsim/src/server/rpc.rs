//! Answers on the RPC and SQL ports.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::node::Node;
use super::{decommission, drain, join, session};
use crate::certs::{Peer, TlsError};
use crate::settings;
use crate::wire::{Code, Request, Response, read_frame, write_frame};

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// What a listener without working certificates answers: a fatal alert "internal error", as Go sends it.
pub(super) const INTERNAL_ERROR_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

/// What a listener serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serves {
    pub(super) rpc: bool,
    pub(super) sql: bool,
}

/// Accepts connections for as long as the process lives.
pub(super) async fn accept(node: Arc<Node>, listener: TcpListener, serves: Serves) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let node = Arc::clone(&node);
                tokio::spawn(async move {
                    if let Err(error) = serve(&node, stream, serves).await {
                        node.log.warning(&format!("connection from {from}: {error}"));
                    }
                });
            }
            Err(error) => {
                node.log.warning(&format!("accept: {error}"));
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(node: &Arc<Node>, stream: TcpStream, serves: Serves) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0_u8; 1];
    if timeout(HANDSHAKE_LIMIT, stream.peek(&mut first)).await?? == 0 {
        return Ok(());
    }
    match first[0] {
        0 if serves.sql => session::receive(node, stream).await,
        0 => Ok(()),
        _ if serves.rpc => {
            let stream = handshake(stream, || node.certs.rpc_server()).await?;
            let peer = node.certs.peer(stream.get_ref().1.peer_certificates());
            rpc(node, stream, &peer).await
        }
        _ => Ok(()),
    }
}

/// Does a handshake with the configuration that is in force by now.
pub(super) async fn handshake(
    stream: TcpStream,
    config: impl FnOnce() -> Result<Arc<rustls::ServerConfig>, TlsError>,
) -> io::Result<TlsStream<TcpStream>> {
    let whole = async {
        let mut acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
        let start = (&mut acceptor).await;
        let start = match start {
            Ok(start) => start,
            Err(error) => return Err(error),
        };
        match config() {
            Ok(config) => start.into_stream(config).await,
            Err(error) => {
                let mut stream = start.io;
                stream.write_all(&INTERNAL_ERROR_ALERT).await?;
                stream.shutdown().await?;
                Err(io::Error::other(error.to_string()))
            }
        }
    };
    timeout(HANDSHAKE_LIMIT, whole).await?
}

async fn rpc(node: &Arc<Node>, mut stream: TlsStream<TcpStream>, peer: &Peer) -> io::Result<()> {
    let mut greeted = false;
    while let Some(request) = read_frame::<Request>(&mut stream).await? {
        let answer = if !peer.may_be("root") {
            Response::error(
                Code::Unauthenticated,
                "need root or node client cert to perform RPCs on this server",
            )
        } else if !greeted && !matches!(request, Request::Hello { .. }) {
            Response::error(Code::Unknown, "roachsim: no Hello yet")
        } else {
            answer(node, peer, request, &mut greeted).await
        };
        write_frame(&mut stream, &answer).await?;
    }
    Ok(())
}

async fn answer(node: &Arc<Node>, peer: &Peer, request: Request, greeted: &mut bool) -> Response {
    let name = request.name();
    let initialized = node.id().is_some();
    match request {
        Request::Hello { cluster_id, cluster_name, check_name, node: caller, .. } => {
            let ours = node.cluster_id();
            if let (Some(theirs), Some(ours)) = (cluster_id, ours)
                && theirs != ours
            {
                let words =
                    format!("client cluster ID \"{theirs}\" doesn't match server cluster ID \"{ours}\"");
                return Response::error(Code::Unknown, words);
            }
            if let Some(words) = caller.and_then(|caller| node.state()?.removed(caller)) {
                return Response::error(Code::PermissionDenied, words);
            }
            if check_name
                && node.config.check_cluster_name
                && let Err(why) = names_agree(&cluster_name, &node.config.cluster_name)
            {
                return Response::error(Code::Unknown, why);
            }
            *greeted = true;
            Response::Ok
        }
        Request::Health => Response::Ok,
        Request::Bootstrap => match node.bootstrap() {
            Ok(()) => Response::Ok,
            Err(why) => Response::error(Code::Unknown, why),
        },
        Request::Join { .. } if !initialized => {
            Response::error(Code::Unavailable, format!("node waiting for init; {name} not available"))
        }
        Request::Gossip { .. }
        | Request::Push { .. }
        | Request::Grant { .. }
        | Request::Drain { .. }
        | Request::Settings { .. }
        | Request::Nodes
        | Request::Decommission { .. }
        | Request::PreCheck { .. }
            if !initialized =>
        {
            Response::error(Code::Unavailable, format!("node waiting for init; {name} not available"))
        }
        Request::Drain { node: target, drain, shutdown } => {
            drain::answer(node, target, drain, shutdown).await
        }
        Request::Nodes => decommission::nodes(node),
        Request::Decommission { nodes, to, report } => {
            decommission::decommission(node, &nodes, to, report).await
        }
        Request::PreCheck { nodes } => decommission::pre_check(node, &nodes),
        Request::Settings { keys } => Response::Settings {
            values: keys.into_iter().filter_map(|key| Some((key.clone(), value_of(node, &key)?))).collect(),
        },
        _ if !peer.is_node() => {
            Response::error(Code::Unauthenticated, format!("user root is not allowed to perform {name}"))
        }
        Request::Join { store, release } => join::admit(node, store, release).await,
        Request::Grant { node: id, store } => {
            let (granted, highest) = node.grant(id, store);
            Response::Grant { granted, highest }
        }
        Request::Gossip { beats, fingerprint } => {
            node.hear(&beats);
            let (beats, ours) = node.news();
            let state = (ours != fingerprint).then(|| node.state().map(Box::new)).flatten();
            Response::Gossip { beats, fingerprint: ours, state }
        }
        Request::Push { state } => {
            node.learn(&state);
            Response::Ok
        }
    }
}

fn value_of(node: &Node, key: &str) -> Option<String> {
    Some(node.setting(settings::find(node.config.release.series, key)?.setting))
}

/// Compares `--cluster-name` of both sides, in the words of `checkClusterName`.
fn names_agree(theirs: &str, ours: &str) -> Result<(), String> {
    if theirs == ours {
        Ok(())
    } else if theirs.is_empty() {
        Err(format!("peer node expects cluster name {ours:?}, use --cluster-name to configure"))
    } else if ours.is_empty() {
        Err("peer node does not have a cluster name configured, cannot use --cluster-name".to_owned())
    } else {
        Err(format!("local cluster name {theirs:?} does not match peer cluster name {ours:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_names_must_be_the_same() {
        assert_eq!(names_agree("a", "a"), Ok(()));
        assert_eq!(names_agree("", ""), Ok(()));
        assert!(names_agree("", "a").unwrap_err().contains("use --cluster-name to configure"));
        assert!(names_agree("a", "").unwrap_err().contains("cannot use --cluster-name"));
        assert!(names_agree("a", "b").unwrap_err().contains("does not match"));
    }
}
