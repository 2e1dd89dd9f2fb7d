use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Body(Vec<u8>),
    /// A body without a length, ended by closing the connection or by the last chunk.
    Chunked(Vec<u8>),
    Status(u16),
    Redirect(String),
    /// Promises more than it sends.
    CutOff {
        promised: usize,
        sent: Vec<u8>,
    },
    /// A chunked body whose last chunk never comes.
    ChunkedCutOff(Vec<u8>),
    /// Sends a bit and is silent then, with the connection open.
    Stall {
        promised: usize,
        sent: Vec<u8>,
    },
    /// Sends a few bytes at a time.
    Slowly(Vec<u8>, Duration),
    /// Closes the connection without a word.
    Hangup,
}

type Handler = dyn Fn(&str) -> Reply + Send + Sync;

/// An HTTP server on the loopback device that counts its requests.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn http(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(handler))
    }

    pub(super) fn https(tls: ServerConfig, handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Some(Arc::new(tls)), Arc::new(handler))
    }

    fn start(tls: Option<Arc<ServerConfig>>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (log, stopped) = (requests.clone(), stop.clone());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, handler, log, tls, stopped) =
                    (stream.unwrap(), handler.clone(), log.clone(), tls.clone(), stopped.clone());
                thread::spawn(move || serve(stream, tls, &*handler, &log, &stopped));
            }
        });
        Self { address, scheme, requests, stop, thread: Some(thread) }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Returns the paths asked for so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    handler: &Handler,
    log: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) {
    // A client that goes away in the middle is a test's business, not the server's.
    let _ = match tls {
        None => answer(stream, handler, log, stopped),
        Some(tls) => {
            answer(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), handler, log, stopped)
        }
    };
}

fn answer(
    stream: impl Read + Write,
    handler: &Handler,
    log: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    if stream.read_line(&mut first)? == 0 {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(path.clone());
    let out = stream.get_mut();
    let head = |status: &str, more: &str| {
        write!(out, "HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n").map(|()| out)
    };
    match handler(&path) {
        Reply::Body(body) => {
            head("200 OK", &format!("Content-Length: {}\r\n", body.len()))?.write_all(&body)?
        }
        Reply::Chunked(body) => {
            let out = head("200 OK", "Transfer-Encoding: chunked\r\n")?;
            write!(out, "{:x}\r\n", body.len())?;
            out.write_all(&body)?;
            out.write_all(b"\r\n0\r\n\r\n")?;
        }
        Reply::ChunkedCutOff(body) => {
            let out = head("200 OK", "Transfer-Encoding: chunked\r\n")?;
            write!(out, "{:x}\r\n", body.len())?;
            out.write_all(&body)?;
            out.write_all(b"\r\n")?;
        }
        Reply::Status(status) => {
            head(&format!("{status} Whatever"), "Content-Length: 4\r\n")?.write_all(b"none")?;
        }
        Reply::Redirect(to) => {
            head("302 Found", &format!("Location: {to}\r\nContent-Length: 0\r\n"))?;
        }
        Reply::CutOff { promised, sent } => {
            head("200 OK", &format!("Content-Length: {promised}\r\n"))?.write_all(&sent)?;
        }
        Reply::Stall { promised, sent } => {
            let out = head("200 OK", &format!("Content-Length: {promised}\r\n"))?;
            out.write_all(&sent)?;
            out.flush()?;
            while !stopped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::Slowly(body, pause) => {
            let out = head("200 OK", &format!("Content-Length: {}\r\n", body.len()))?;
            for part in body.chunks(body.len().div_ceil(5)) {
                out.write_all(part)?;
                out.flush()?;
                thread::sleep(pause);
            }
        }
        Reply::Hangup => {}
    }
    stream.get_mut().flush()
}
