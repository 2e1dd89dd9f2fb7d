//! What nodes say of themselves: `node status` and certificates that are served.

use std::time::Duration;

use crdbctl_cockroach::output::{Membership, node_addresses};
use crdbctl_cockroach::{client, sql};
use crdbctl_model::KeyType;
use rustix::process::Signal;

use crate::Trouble;
use crate::bench::{Bench, Said, until};
use crate::trouble::{expect, expect_eq};

pub(super) fn columns(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let said = bench.client(0, client::node_status(Duration::from_secs(30)))?.succeeded()?;
    let header: Vec<&str> = said.stdout.lines().next().unwrap_or_default().split(',').collect();
    for name in [
        "id",
        "address",
        "sql_address",
        "build",
        "started_at",
        "updated_at",
        "locality",
        "is_available",
        "is_live",
        "ranges",
        "ranges_unavailable",
        "ranges_underreplicated",
        "gossiped_replicas",
        "is_decommissioning",
        "is_draining",
    ] {
        expect(header.contains(&name), &format!("a column {name}"), &header)?;
    }
    Ok(())
}

pub(super) fn rows(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let tag = bench.program.version.build_tag();
    for at in 0..3 {
        until("each node has a row with its advertised address, its build, and is live", || {
            let row = bench.row(0, at).map_err(|trouble| trouble.to_string())?;
            if row.is_healthy() && row.build.as_deref() == Some(&tag) {
                Ok(())
            } else {
                Err(format!("{row:?}"))
            }
        })?;
    }
    Ok(())
}

pub(super) fn membership(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    expect_eq("the membership of a member", bench.row(0, 1)?.membership, Some(Membership::Active))
}

pub(super) fn addresses(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    // Each node writes it when it starts, and every ten seconds.
    until("each node's address is that of its row", || {
        let told = |trouble: Trouble| trouble.to_string();
        let said = bench.sql(0, &[sql::NODE_ADDRESSES]).and_then(Said::succeeded).map_err(told)?;
        let found = node_addresses(said.stdout.as_bytes()).map_err(|error| error.to_string())?;
        for row in bench.status(0).map_err(told)? {
            if found.get(&row.id) != row.address.as_ref() {
                return Err(format!("{found:?} beside {row:?}"));
            }
        }
        Ok(())
    })
}

pub(super) fn serves(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    for at in 0..3 {
        let node = &mut bench.nodes[at];
        let [rpc, http] = node.served();
        expect(rpc.is_ok() && rpc == http, "one certificate of the authority on both ports", [rpc, http])?;
    }
    // They have found each other over mutual TLS.
    until("three nodes are live", || {
        let rows = bench.status(2).map_err(|trouble| trouble.to_string())?;
        let live = rows.iter().filter(|row| row.is_healthy()).count();
        if live == 3 { Ok(()) } else { Err(format!("{live} are")) }
    })
}

pub(super) fn reloads(bench: &mut Bench) -> Result<(), Trouble> {
    bench.cluster()?;
    let pid = bench.nodes[1].pid()?;
    let before = bench.nodes[1].served();
    let (certs, ip) = (bench.nodes[1].certs(), bench.nodes[1].ip);
    let serial = bench.certificates().install_node(&certs, ip, KeyType::EcdsaP256)?;
    std::thread::sleep(Duration::from_secs(1));
    expect_eq("served before the signal", bench.nodes[1].served(), before)?;
    bench.nodes[1].signal(Signal::HUP)?;
    let node = &bench.nodes[1];
    until("the new certificate is served on both ports", || {
        let served = node.served();
        if served.iter().all(|found| found.as_ref() == Ok(&serial)) {
            Ok(())
        } else {
            Err(format!("{served:?}"))
        }
    })?;
    expect_eq("the process", bench.nodes[1].pid()?, pid)
}
