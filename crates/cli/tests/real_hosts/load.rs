//! Clients that never rest: a query every 50 ms over a new TLS connection, and a look at every node's readiness.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Between two requests.
const PACE: Duration = Duration::from_millis(50);
/// How long a client waits for an answer before it tries another node.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request of a client.
#[derive(Debug)]
pub(crate) struct Request {
    at: Duration,
    /// The nodes that were asked, with what went wrong; the last one answered when its entry is `None`.
    tries: Vec<(String, Option<String>)>,
}

/// Which nodes were ready at a moment.
#[derive(Debug)]
struct Sample {
    at: Duration,
    ready: BTreeMap<String, bool>,
}

/// A part of the time, with the nodes that are watched in it and how many of them may be away at once.
#[derive(Debug)]
struct Phase {
    name: String,
    from: Duration,
    nodes: Vec<String>,
    away: usize,
}

#[derive(Debug, Default)]
struct Book {
    requests: Vec<Request>,
    samples: Vec<Sample>,
}

/// Clients at work.
pub(crate) struct Load {
    began: Instant,
    targets: Arc<Mutex<Vec<(String, Ipv4Addr)>>>,
    phases: Vec<Phase>,
    stop: watch::Sender<bool>,
    thread: std::thread::JoinHandle<Book>,
}

impl Load {
    /// Starts clients of the SQL user root with the certificates in `keys`.
    pub(crate) fn start(keys: &Path, targets: Vec<(String, Ipv4Addr)>) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(keys.join("ca.crt")).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let chain = CertificateDer::pem_file_iter(keys.join("client.root.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(keys.join("client.root.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        let (stop, stopped) = watch::channel(false);
        let targets = Arc::new(Mutex::new(targets));
        let (began, shared) = (Instant::now(), Arc::clone(&targets));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work(began, tls, shared, stopped))
        });
        Self { began, targets, phases: Vec::new(), stop, thread }
    }

    /// Lets the clients use these nodes from now on.
    pub(crate) fn use_nodes(&self, targets: Vec<(String, Ipv4Addr)>) {
        *self.targets.lock().unwrap() = targets;
    }

    /// Begins a part of the time in which at most `away` of `nodes` are not ready at any moment.
    pub(crate) fn phase(&mut self, name: &str, nodes: &[String], away: usize) {
        let from = self.began.elapsed();
        self.phases.push(Phase { name: name.to_owned(), from, nodes: nodes.to_vec(), away });
    }

    /// Ends the work, and asserts what the clients saw: every request was served, by another node if need be, and no
    /// more nodes were away at once than each phase allows.
    #[allow(clippy::print_stderr, reason = "the figures of a run, for whoever looks")]
    pub(crate) fn finish(self) {
        let until = self.began.elapsed();
        self.stop.send(true).unwrap();
        let book = self.thread.join().unwrap();
        let lost: Vec<&Request> = book
            .requests
            .iter()
            .filter(|request| request.tries.last().is_none_or(|(_, error)| error.is_some()))
            .collect();
        assert!(
            lost.is_empty(),
            "{} of {} requests were not served: {lost:#?}",
            lost.len(),
            book.requests.len()
        );
        for (index, phase) in self.phases.iter().enumerate() {
            let end = self.phases.get(index + 1).map_or(until, |next| next.from);
            let during = |at: Duration| at >= phase.from && at < end;
            let requests: Vec<_> = book.requests.iter().filter(|request| during(request.at)).collect();
            let retried = requests.iter().filter(|request| request.tries.len() > 1).count();
            let samples: Vec<_> = book.samples.iter().filter(|sample| during(sample.at)).collect();
            let mut most = 0;
            for sample in &samples {
                let away: Vec<_> = phase
                    .nodes
                    .iter()
                    .filter(|node| !sample.ready.get(*node).copied().unwrap_or(false))
                    .collect();
                most = most.max(away.len());
                assert!(
                    away.len() <= phase.away,
                    "{} at {:?}: {away:?} are away at once, at most {} may be",
                    phase.name,
                    sample.at,
                    phase.away
                );
            }
            // Where nodes go, the one that looks must have missed one.
            assert_eq!(most, phase.away, "{}: at most {most} were seen away", phase.name);
            // A client that did not run has seen nothing.
            let expected = (end - phase.from).as_millis() / 1000;
            assert!(requests.len() as u128 > expected, "{}: only {} requests", phase.name, requests.len());
            assert!(samples.len() as u128 > expected, "{}: only {} samples", phase.name, samples.len());
            eprintln!(
                "{}: {:.1} s, {} requests, {retried} served by another node, at most {most} of {} nodes away",
                phase.name,
                (end - phase.from).as_secs_f64(),
                requests.len(),
                phase.nodes.len()
            );
        }
    }
}

async fn work(
    began: Instant,
    tls: ClientConfig,
    targets: Arc<Mutex<Vec<(String, Ipv4Addr)>>>,
    stopped: watch::Receiver<bool>,
) -> Book {
    let tls = Arc::new(tls);
    let (requests, samples) = tokio::join!(
        ask(began, Arc::clone(&tls), Arc::clone(&targets), stopped.clone()),
        look(began, tls, targets, stopped)
    );
    Book { requests, samples }
}

async fn ask(
    began: Instant,
    tls: Arc<ClientConfig>,
    targets: Arc<Mutex<Vec<(String, Ipv4Addr)>>>,
    stopped: watch::Receiver<bool>,
) -> Vec<Request> {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut requests = Vec::new();
    while !*stopped.borrow() {
        pace.tick().await;
        let mut nodes = targets.lock().unwrap().clone();
        // Each request begins with another node.
        let first = requests.len() % nodes.len();
        nodes.rotate_left(first);
        let mut request = Request { at: began.elapsed(), tries: Vec::new() };
        for (name, address) in nodes {
            let answer = tokio::time::timeout(PATIENCE, query(Arc::clone(&tls), address)).await;
            let error = match answer {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some("no answer in time".to_owned()),
            };
            let served = error.is_none();
            request.tries.push((name, error));
            if served {
                break;
            }
        }
        requests.push(request);
    }
    requests
}

/// One query over a connection of its own.
async fn query(tls: Arc<ClientConfig>, address: Ipv4Addr) -> Result<(), String> {
    let words = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect((address, 26257)).await.map_err(words)?;
    // SSLRequest, and the server's yes (PostgreSQL documentation, "SSL Session Encryption").
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.map_err(words)?;
    match stream.read_u8().await.map_err(words)? {
        b'S' => {}
        other => return Err(format!("the server will not have TLS: {:?}", char::from(other))),
    }
    let name = ServerName::from(std::net::IpAddr::V4(address));
    let stream = tokio_rustls::TlsConnector::from(tls).connect(name, stream).await.map_err(words)?;
    let mut config = tokio_postgres::Config::new();
    config.user("root").dbname("defaultdb").ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) =
        config.connect_raw(stream, tokio_postgres::NoTls).await.map_err(|error| said(&error))?;
    let talk = tokio::spawn(connection);
    let answer = client.simple_query("SELECT 1").await.map(drop).map_err(|error| said(&error));
    talk.abort();
    answer
}

fn said(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |said| format!("{} {}", said.code().code(), said.message()))
}

async fn look(
    began: Instant,
    tls: Arc<ClientConfig>,
    targets: Arc<Mutex<Vec<(String, Ipv4Addr)>>>,
    stopped: watch::Receiver<bool>,
) -> Vec<Sample> {
    let mut pace = tokio::time::interval(2 * PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut samples = Vec::new();
    while !*stopped.borrow() {
        pace.tick().await;
        let nodes = targets.lock().unwrap().clone();
        let at = began.elapsed();
        let mut asked = tokio::task::JoinSet::new();
        for (name, address) in nodes {
            let tls = Arc::clone(&tls);
            asked.spawn(async move {
                let answer = tokio::time::timeout(PATIENCE, is_ready(tls, address)).await;
                (name, matches!(answer, Ok(Ok(true))))
            });
        }
        samples.push(Sample { at, ready: asked.join_all().await.into_iter().collect() });
    }
    samples
}

async fn is_ready(tls: Arc<ClientConfig>, address: Ipv4Addr) -> std::io::Result<bool> {
    let stream = TcpStream::connect((address, 8080)).await?;
    let name = ServerName::from(std::net::IpAddr::V4(address));
    let mut stream = tokio_rustls::TlsConnector::from(tls).connect(name, stream).await?;
    stream.write_all(b"GET /health?ready=1 HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    // A server that ends without close_notify has answered all the same.
    let read = stream.read_to_end(&mut answer).await;
    if answer.is_empty() {
        read?;
    }
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}
