//! Clients of SQL, from their first byte to their last.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::engine::Engine;
use super::intake::Gate;
use super::node::Node;
use super::rpc::handshake;
use crate::certs::Peer;
use crate::pgwire::{
    Backend, CANCEL_REQUEST, Frontend, GSSENC_REQUEST, PROTOCOL, SSL_REQUEST, Startup, read_frame,
    read_startup,
};
use crate::release::Series;
use crate::sql::{Outcome, SqlError, Statement, parse};

const PROTOCOL_VIOLATION: &str = "08P01";
const ADMIN_SHUTDOWN: &str = "57P01";
const AUTHENTICATION_LIMIT: Duration = Duration::from_secs(10);

/// Receives a client whose first byte is a zero.
pub(super) async fn receive(node: &Arc<Node>, mut stream: TcpStream) -> io::Result<()> {
    let mut greeting = [0_u8; 8];
    loop {
        stream.read_exact(&mut greeting).await?;
        match greeting {
            GSSENC_REQUEST => stream.write_all(b"N").await?,
            SSL_REQUEST => break,
            _ => return in_the_clear(&mut stream, greeting).await,
        }
    }
    // Until the server accepts clients, they wait for an answer to their very first word.
    node.intake.reaches(Gate::Open).await;
    stream.write_all(b"S").await?;
    let mut stream = handshake(stream, || node.certs.rpc_server()).await?;
    let peer = node.certs.peer(stream.get_ref().1.peer_certificates());
    let Some(startup) = timeout(AUTHENTICATION_LIMIT, started(&mut stream)).await?? else {
        return Ok(());
    };
    if node.intake.is(Gate::Refusing) {
        return farewell(&mut stream, &turned_away(node)).await;
    }
    let inside = node.intake.enter();
    let served = serve(node, &mut stream, &startup, &peer).await;
    drop(inside);
    served
}

/// Clients without TLS are told so; a request to cancel something has no answer.
async fn in_the_clear(stream: &mut TcpStream, greeting: [u8; 8]) -> io::Result<()> {
    if greeting[4..] == CANCEL_REQUEST.to_be_bytes() {
        return Ok(());
    }
    let why = SqlError::new(PROTOCOL_VIOLATION, "node is running secure mode, SSL connection required");
    farewell(stream, &why).await
}

async fn started(stream: &mut TlsStream<TcpStream>) -> io::Result<Option<Startup>> {
    let (code, body) = read_startup(stream).await?;
    match code {
        PROTOCOL => Ok(Some(Startup::parse(&body))),
        CANCEL_REQUEST => Ok(None),
        other => {
            let why = SqlError::new(PROTOCOL_VIOLATION, format!("unknown protocol version {other}"));
            farewell(stream, &why).await.map(|()| None)
        }
    }
}

fn turned_away(node: &Node) -> SqlError {
    let long = node.config.release.series >= Series::new(22, 1);
    let advice = if long { ", try another node" } else { "" };
    SqlError::new(ADMIN_SHUTDOWN, format!("server is not accepting clients{advice}"))
}

/// Says why, and closes.
async fn farewell(stream: &mut (impl AsyncWrite + Unpin), why: &SqlError) -> io::Result<()> {
    let mut out = Backend::default();
    out.error(why);
    stream.write_all(&out.take()).await?;
    stream.flush().await?;
    stream.shutdown().await
}

async fn serve(
    node: &Arc<Node>,
    stream: &mut TlsStream<TcpStream>,
    startup: &Startup,
    peer: &Peer,
) -> io::Result<()> {
    let user = startup.user();
    if user.is_empty() || !peer.may_be(&user) {
        return reject(stream, &user, peer).await;
    }
    let mut out = Backend::default();
    out.authenticated();
    welcome(&mut out, node, startup);
    stream.write_all(&out.take()).await?;
    stream.flush().await?;

    let mut session = Session {
        engine: Engine::new(Arc::clone(node), user, peer),
        out,
        statements: BTreeMap::new(),
        portals: BTreeMap::new(),
        skipping: false,
    };
    loop {
        let more = tokio::select! {
            biased;
            more = session.turn(stream) => more?,
            () = node.intake.reaches(Gate::Closing) => {
                return farewell(stream, &SqlError::new(ADMIN_SHUTDOWN, "server is shutting down")).await;
            }
        };
        if !more {
            return stream.shutdown().await;
        }
    }
}

/// Without a certificate for the user there is only the password, and nobody has one.
async fn reject(stream: &mut TlsStream<TcpStream>, user: &str, peer: &Peer) -> io::Result<()> {
    if peer.principals.is_empty() {
        let mut out = Backend::default();
        out.ask_password();
        stream.write_all(&out.take()).await?;
        stream.flush().await?;
        timeout(AUTHENTICATION_LIMIT, read_frame(stream)).await??;
    }
    farewell(stream, &SqlError::fatal("28P01", format!("password authentication failed for user {user}")))
        .await
}

fn welcome(out: &mut Backend, node: &Node, startup: &Startup) {
    let release = node.config.release;
    let application = startup.parameters.get("application_name").map_or("", String::as_str);
    for (name, value) in [
        ("server_version", "13.0.0"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("application_name", application),
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("integer_datetimes", "on"),
        ("standard_conforming_strings", "on"),
        ("crdb_version", &format!("CockroachDB CCL {release} (roachsim, a stand-in for tests)")),
    ] {
        out.parameter(name, value);
    }
    out.key(std::process::id());
    out.ready();
}

/// A portal: what runs, and which columns come in binary.
type Portal = (Option<Statement>, Vec<bool>);

struct Session {
    engine: Engine,
    out: Backend,
    statements: BTreeMap<String, Option<Statement>>,
    portals: BTreeMap<String, Portal>,
    /// After an error everything up to the next `Sync` is skipped.
    skipping: bool,
}

impl Session {
    /// Takes one message and answers it; says whether the session goes on.
    async fn turn(&mut self, stream: &mut TlsStream<TcpStream>) -> io::Result<bool> {
        let Some(frame) = read_frame(stream).await? else {
            return Ok(false);
        };
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "message that cannot be read");
        let message = Frontend::parse(&frame).ok_or_else(broken)?;
        match message {
            Frontend::Terminate => return Ok(false),
            Frontend::Query(text) => {
                self.query(&text).await;
                self.out.ready();
            }
            Frontend::Sync => {
                self.skipping = false;
                self.out.ready();
            }
            _ if self.skipping => {}
            message => {
                if let Err(error) = self.extended(message).await {
                    self.out.error(&error);
                    self.skipping = true;
                }
            }
        }
        stream.write_all(&self.out.take()).await?;
        stream.flush().await?;
        Ok(true)
    }

    /// Runs all statements of a text up to the first error.
    async fn query(&mut self, text: &str) {
        let statements = match parse(text) {
            Ok(statements) => statements,
            Err(error) => return self.out.error(&error),
        };
        if statements.is_empty() {
            self.out.empty_query();
        }
        for statement in &statements {
            match self.engine.run(statement, statements.len() == 1).await {
                Ok(outcome) => {
                    if !outcome.columns.is_empty() {
                        self.out.columns(&outcome.columns, &[]);
                    }
                    self.result(&outcome, &[]);
                }
                Err(error) => return self.out.error(&error),
            }
        }
    }

    fn result(&mut self, outcome: &Outcome, binary: &[bool]) {
        for row in &outcome.rows {
            self.out.row(row, binary);
        }
        for notice in &outcome.notices {
            self.out.notice(notice);
        }
        self.out.complete(&outcome.tag);
    }

    async fn extended(&mut self, message: Frontend) -> Result<(), SqlError> {
        let unknown = |what: &str, name: &str| {
            SqlError::new(
                if what == "portal" { "34000" } else { "26000" },
                format!("unknown {what} {name:?}"),
            )
        };
        match message {
            Frontend::Parse { name, text } => {
                let mut statements = parse(&text)?;
                if statements.len() > 1 {
                    let words = "cannot insert multiple commands into a prepared statement";
                    return Err(SqlError::new("42601", words));
                }
                self.statements.insert(name, statements.pop());
                self.out.bare(b'1');
            }
            Frontend::Bind { portal, statement, binary } => {
                let bound = self.statements.get(&statement);
                let bound = bound.ok_or_else(|| unknown("prepared statement", &statement))?;
                self.portals.insert(portal, (bound.clone(), binary));
                self.out.bare(b'2');
            }
            Frontend::Describe { kind, name } => {
                let (statement, binary) = if kind == b'S' {
                    let statement = self.statements.get(&name);
                    let statement = statement.ok_or_else(|| unknown("prepared statement", &name))?;
                    self.out.no_parameters();
                    (statement.clone(), Vec::new())
                } else {
                    self.portals.get(&name).ok_or_else(|| unknown("portal", &name))?.clone()
                };
                let columns = statement.map(|statement| self.engine.describe(&statement)).transpose()?;
                match columns.filter(|columns| !columns.is_empty()) {
                    Some(columns) => self.out.columns(&columns, &binary),
                    None => self.out.bare(b'n'),
                }
            }
            Frontend::Execute { portal } => {
                let (statement, binary) =
                    self.portals.get(&portal).ok_or_else(|| unknown("portal", &portal))?.clone();
                match statement {
                    Some(statement) => {
                        let outcome = self.engine.run(&statement, true).await?;
                        self.result(&outcome, &binary);
                    }
                    None => self.out.empty_query(),
                }
            }
            Frontend::Close { kind, name } => {
                if kind == b'S' {
                    self.statements.remove(&name);
                } else {
                    self.portals.remove(&name);
                }
                self.out.bare(b'3');
            }
            Frontend::Flush => {}
            Frontend::Query(_) | Frontend::Sync | Frontend::Terminate => {}
            Frontend::Password | Frontend::Unknown(_) => {
                return Err(SqlError::new(PROTOCOL_VIOLATION, "roachsim: message that is not played"));
            }
        }
        Ok(())
    }
}
