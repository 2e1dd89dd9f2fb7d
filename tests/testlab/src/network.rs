//! Bridges and links of this machine, by `ip`.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::process::{run, run_ok, shown};
use crate::programs;
use crate::subnet::Subnet;

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    local: Option<Ipv4Addr>,
}

/// Returns the IPv4 addresses of this machine.
pub(crate) fn addresses() -> Result<Vec<Ipv4Addr>, LabError> {
    let mut command = ip();
    command.args(["-4", "-json", "address", "show"]);
    let output = run_ok(&mut command, &[])?;
    let links: Vec<Link> = serde_json::from_slice(&output.stdout)
        .map_err(|error| LabErrorKind::Malformed(error.to_string()))
        .doing(|| format!("reading what `{}` printed", shown(&command)))?;
    Ok(links.into_iter().flat_map(|link| link.addr_info).filter_map(|address| address.local).collect())
}

/// Makes the bridge that carries the network, with the machine's own address on it.
pub(crate) fn create_bridge(subnet: Subnet) -> Result<(), LabError> {
    let bridge = subnet.bridge();
    let batch = format!(
        "link add {bridge} type bridge\naddress add {}/24 dev {bridge}\nlink set {bridge} up\n",
        subnet.gateway()
    );
    run_ok(ip().args(["-batch", "-"]), batch.as_bytes())?;
    let rule = firewall_rule("-I", &bridge);
    if is_firewalled() { run_ok(Command::new("iptables").args(rule), &[]).map(drop) } else { Ok(()) }
}

/// Removes the bridge; one that does not exist is fine.
pub(crate) fn remove_bridge(subnet: Subnet) -> Result<(), LabError> {
    let bridge = subnet.bridge();
    if !exists(&bridge) {
        return Ok(());
    }
    if is_firewalled() && run(Command::new("iptables").args(firewall_rule("-C", &bridge)), &[])?.success() {
        run_ok(Command::new("iptables").args(firewall_rule("-D", &bridge)), &[])?;
    }
    remove_link(&bridge)
}

/// Removes a link; one that does not exist, or vanishes meanwhile, is fine.
pub(crate) fn remove_link(name: &str) -> Result<(), LabError> {
    if !exists(name) {
        return Ok(());
    }
    match run_ok(ip().args(["link", "delete", name]), &[]) {
        Err(error) if exists(name) => Err(error),
        _ => Ok(()),
    }
}

/// Takes a link up or down.
pub(crate) fn set_link(name: &str, up: bool) -> Result<(), LabError> {
    run_ok(ip().args(["link", "set", name, if up { "up" } else { "down" }]), &[]).map(drop)
}

pub(crate) fn exists(link: &str) -> bool {
    Path::new("/sys/class/net").join(link).exists()
}

/// Returns whether packets between hosts may pass the machine's own firewall, which Docker, for one, lets forward nothing.
fn is_firewalled() -> bool {
    let asked = std::fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables");
    asked.is_ok_and(|value| value.trim() == "1") && programs::is_installed("iptables")
}

fn firewall_rule<'a>(action: &'a str, bridge: &'a str) -> [&'a str; 9] {
    ["-w", action, "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"]
}

fn ip() -> Command {
    Command::new("ip")
}
