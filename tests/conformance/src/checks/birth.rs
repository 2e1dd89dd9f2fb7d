//! Nodes that wait for `init`, and `init`.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crdbctl_cockroach::output::{Health, InitOutcome, messages};
use crdbctl_model::KeyType;

use crate::Trouble;
use crate::bench::{Bench, Certificates, Node, until};
use crate::trouble::{expect, expect_eq};

pub(super) fn notifies(bench: &mut Bench) -> Result<(), Trouble> {
    let path = bench.path("notify");
    let bind = || -> io::Result<UnixDatagram> {
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(socket)
    };
    let socket = bind().map_err(Trouble::untried("listening as systemd does"))?;
    let mut node = bench.spare(8)?;
    node.start(node.start_command(bench.program, &[node.rpc()]).env("NOTIFY_SOCKET", &path))?;
    let mut buffer = [0; 512];
    let length =
        until("a word on the socket of NOTIFY_SOCKET", || match (node.pid(), socket.recv(&mut buffer)) {
            (Err(ended), _) => Ok(Err(ended)),
            (Ok(_), Ok(length)) => Ok(Ok(length)),
            (Ok(_), Err(error)) => Err(error.to_string()),
        })??;
    let heard = String::from_utf8_lossy(&buffer[..length]).into_owned();
    expect(heard.lines().any(|line| line == "READY=1"), "READY=1", &heard)?;
    node.becomes(&Health::WaitingForInit)?;
    node.stop()
}

pub(super) fn waits(bench: &mut Bench) -> Result<(), Trouble> {
    bench.waiting()?;
    for node in &bench.nodes {
        let alive = node.get("/health").map_err(|why| Trouble::differs("200 of /health", why))?;
        expect_eq("the status of /health", alive.0, 200)?;
        let (status, body) = node.get("/health?ready=1").map_err(|why| Trouble::differs("503", why))?;
        expect_eq("the status of /health?ready=1", status, 503)?;
        expect_eq("its meaning", Health::of(status, &body), Health::WaitingForInit)?;
    }
    Ok(())
}

pub(super) fn initialises(bench: &mut Bench) -> Result<(), Trouble> {
    let said =
        bench.cluster()?.ok_or_else(|| Trouble::Untried("the cluster was initialised before".to_owned()))?;
    expect_eq("exit code", said.code, 0)?;
    expect(said.stdout.contains(messages::INITIALIZED), messages::INITIALIZED, &said)
}

pub(super) fn initialises_once(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    for at in 0..bench.nodes.len() {
        let said = bench.client(at, ["init"])?;
        expect_eq("exit code", said.code, 1)?;
        let outcome = InitOutcome::of(Some(said.code), &said.stdout, &said.stderr);
        expect(outcome == InitOutcome::AlreadyInitialized, messages::ALREADY_INITIALIZED, &said)?;
    }
    Ok(())
}

pub(super) fn ready(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    bench.nodes.iter_mut().try_for_each(|node| node.becomes(&Health::Ready))
}

pub(super) fn takes_rsa(bench: &mut Bench) -> Result<(), Trouble> {
    let (_, mut node) = lone(bench, 7, KeyType::Rsa2048)?;
    node.stop()
}

pub(super) fn zero_at_first(bench: &mut Bench) -> Result<(), Trouble> {
    let (_, mut node) = lone(bench, 6, KeyType::EcdsaP256)?;
    let read = |node: &Node| node.vars().map(|vars| vars.ranges_underreplicated);
    until("a lone node counts ranges that are short of replicas", || match read(&node)? {
        Some(1..) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    node.stop()?;
    let mut command = node.start_command(bench.program, &[node.rpc()]);
    node.start(&mut command)?;
    node.becomes(&Health::Ready)?;
    let first = read(&node).map_err(|why| Trouble::differs("/_status/vars", why))?;
    expect(matches!(first, None | Some(0)), "0 or nothing as soon as it is ready again", first)?;
    until("the figure to tell the truth later", || match read(&node)? {
        Some(1..) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    node.stop()
}

/// Starts and initialises a cluster of one node, with an authority and keys of this type.
fn lone(bench: &Bench, number: u8, key: KeyType) -> Result<(Certificates, Node), Trouble> {
    let certificates = Certificates::new(key)?;
    let root = bench.path(&format!("client{number}"));
    certificates.install_root(&root, key)?;
    let mut node = bench.node(number, &certificates, key)?;
    let mut command = node.start_command(bench.program, &[node.rpc()]);
    node.start(&mut command)?;
    node.becomes(&Health::WaitingForInit)?;
    bench.client_of(bench.program, &node, &root, ["init"])?.succeeded()?;
    node.becomes(&Health::Ready)?;
    Ok((certificates, node))
}
