//! Answers on the HTTP port.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::health::unready_body;
use super::node::Node;
use super::rpc::handshake;
use super::vars::{Figures, render};

const FIRST_BYTE_LIMIT: Duration = Duration::from_secs(10);
const TLS_HANDSHAKE: u8 = 0x16;

/// Accepts connections for as long as the process lives.
pub(super) async fn accept(node: Arc<Node>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let node = Arc::clone(&node);
                tokio::spawn(async move {
                    if let Err(error) = serve(&node, stream).await {
                        node.log.warning(&format!("http connection from {from}: {error}"));
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

async fn serve(node: &Arc<Node>, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0_u8; 1];
    if timeout(FIRST_BYTE_LIMIT, stream.peek(&mut first)).await?? == 0 {
        return Ok(());
    }
    let served = if first[0] == TLS_HANDSHAKE {
        let stream = handshake(stream, || node.certs.http_server()).await?;
        let service = service_fn(|request| {
            let response = answer(node, &request);
            async move { Ok::<_, Infallible>(response) }
        });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    } else {
        let service = service_fn(|request| async move { Ok::<_, Infallible>(to_https(&request)) });
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    };
    served.map_err(io::Error::other)
}

fn plain(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A node with certificates sends plain HTTP on to HTTPS.
fn to_https(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let target = HeaderValue::try_from(format!("https://{host}{}", request.uri()));
    let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "text/plain", String::new());
    if let Ok(target) = target {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

fn answer(node: &Node, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    const JSON: &str = "application/json";
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Method Not Allowed\n".to_owned());
    }
    match request.uri().path() {
        "/health" | "/_admin/v1/health" => match wants_ready(request.uri().query()) {
            true => match node.readiness() {
                Ok(()) => plain(StatusCode::OK, JSON, "{}".to_owned()),
                Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, JSON, unready_body(why)),
            },
            false => plain(StatusCode::OK, JSON, "{}".to_owned()),
        },
        "/_status/vars" => plain(StatusCode::OK, "text/plain; version=0.0.4", render(&figures(node))),
        _ => plain(StatusCode::NOT_FOUND, "text/plain", "Not Found\n".to_owned()),
    }
}

fn wants_ready(query: Option<&str>) -> bool {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.any(|(key, value)| key == "ready" && crate::cli::value::boolean(value) == Ok(true))
}

fn figures(node: &Node) -> Figures {
    let config = &node.config;
    Figures {
        node: node.id().map_or(0, |node| node.0),
        release: config.release.to_string(),
        live_nodes: node.view().live.len(),
        sessions: *node.intake.sessions().borrow(),
        uptime_seconds: node.uptime().as_secs(),
        counts: node.counts(),
        expirations: node.certs.expirations(),
        addresses: [&config.advertise, &config.http, &config.advertise_sql].map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_true_ready_asks_for_readiness() {
        assert!(wants_ready(Some("ready=1")) && wants_ready(Some("a=b&ready=true")));
        assert!(!wants_ready(None) && !wants_ready(Some("ready=0")) && !wants_ready(Some("ready")));
    }
}
