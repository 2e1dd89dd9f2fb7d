//! Opens listeners.

use std::io;

use tokio::net::TcpListener;

use crate::cli::failure::Failure;
use crate::cli::value::Address;

/// Listens on an address; the flag is named in the complaint when it is taken.
pub(super) async fn listen(address: &Address, flag: &str) -> Result<TcpListener, Failure> {
    let target = if address.host.is_empty() { format!("[::]:{}", address.port) } else { address.to_string() };
    let bound = match TcpListener::bind(&target).await {
        // A kernel without IPv6 still has every IPv4 address.
        Err(_) if address.host.is_empty() => TcpListener::bind(format!("0.0.0.0:{}", address.port)).await,
        bound => bound,
    };
    bound.map_err(|error| {
        Failure::new(format!("listen tcp {address}: {}", go_words(address, &error)))
            .context(&format!("consider changing the port via --{flag}"))
            .context("cockroach server exited with error")
    })
}

fn go_words(address: &Address, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "bind: address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "bind: cannot assign requested address".to_owned(),
        io::ErrorKind::PermissionDenied => "bind: permission denied".to_owned(),
        _ if error.raw_os_error().is_none() => format!("lookup {}: no such host", address.host),
        _ => error.to_string(),
    }
}
