//! The certificates that are in force, and their reload.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ClientConfig, ServerConfig};

use super::cert_file::{CertFile, Usage};
use super::loader::{self, Rules};
use super::principals::{PrincipalMap, go_list};
use super::tls::{self, TlsError};
use super::{Peer, key_pair::key_pair};
use crate::release::Series;

/// Why certificates could not be loaded, in the real program's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertsError {
    /// A kind to which the real program adds "cannot load certificates." and advice.
    #[error("{0}")]
    Advised(String),
    /// A kind that is shown as it is.
    #[error("{0}")]
    Plain(String),
}

#[derive(Debug, Clone, Default)]
struct Files {
    ca: Option<CertFile>,
    client_ca: Option<CertFile>,
    ui_ca: Option<CertFile>,
    node: Option<CertFile>,
    ui: Option<CertFile>,
    clients: BTreeMap<String, CertFile>,
}

impl Files {
    fn node_client(&self) -> Option<&CertFile> {
        self.clients.get("node")
    }
}

#[derive(Debug, Default)]
struct State {
    loaded_before: bool,
    files: Files,
    rpc: Option<Arc<ServerConfig>>,
    http: Option<Arc<ServerConfig>>,
    peer: Option<Arc<ClientConfig>>,
}

/// Loads a certificates directory, reloads it, and makes TLS configurations of it when they are needed.
///
/// A reload checks neither pairs nor chains nor dates: a key that does not match its certificate breaks
/// each handshake from then on, as in the real program.
#[derive(Debug)]
pub struct Manager {
    dir: PathBuf,
    rules: Rules,
    state: Mutex<State>,
}

impl Manager {
    /// Loads a directory for the first time.
    ///
    /// # Errors
    /// When it cannot be listed, or its node certificate is bad or is not the principal `node`.
    pub fn load(
        dir: &Path,
        principal_map: PrincipalMap,
        series: Series,
    ) -> Result<(Self, Vec<String>), CertsError> {
        let skip = std::env::var("COCKROACH_SKIP_KEY_PERMISSION_CHECK").unwrap_or_default();
        let rules = Rules {
            principal_map,
            series,
            skip_permissions: crate::cli::value::boolean(&skip) == Ok(true),
            gid: rustix::process::getgid().as_raw(),
        };
        let manager = Self { dir: dir.to_owned(), rules, state: Mutex::default() };
        let warnings = manager.reload()?;
        Ok((manager, warnings))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the directory again and returns what to log about it.
    ///
    /// # Errors
    /// When a certificate that was good would be lost; the old ones then stay in force.
    pub fn reload(&self) -> Result<Vec<String>, CertsError> {
        let loaded = loader::load(&self.dir, &self.rules).map_err(|error| {
            CertsError::Advised(format!("problem loading certs directory {}: {error}", self.dir.display()))
        })?;
        let files = sort(loaded.files);
        let mut state = self.state();
        if state.loaded_before {
            keeps_what_was_good(&state.files, &files)?;
        }
        if files.node_client().is_none() && files.node.is_some() {
            let node = CertFile::usable(files.node.as_ref()).map_err(CertsError::Advised)?;
            if !node.principals.iter().any(|name| name == "node") {
                return Err(CertsError::Plain(format!(
                    "client/server node certificate has principals {}, expected \"node\"",
                    go_list(&node.principals)
                )));
            }
        }
        *state = State { loaded_before: true, files, ..State::default() };
        Ok(loaded.warnings)
    }

    /// The configuration of the RPC and SQL listeners: client certificates are asked for and verified.
    ///
    /// # Errors
    /// When a certificate is missing or bad, or the node's key is another certificate's.
    pub fn rpc_server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut state = self.state();
        if let Some(config) = &state.rpc {
            return Ok(Arc::clone(config));
        }
        let files = &state.files;
        need(files.ca.as_ref(), "problem with CA certificate")?;
        let node = need(files.node.as_ref(), "problem with node certificate")?;
        let client_ca = match &files.client_ca {
            Some(_) => need(files.client_ca.as_ref(), "problem with client CA certificate")?,
            None => need(files.ca.as_ref(), "problem with CA certificate")?,
        };
        let config = tls::server(key_pair(node).map_err(TlsError::Config)?, Some(&client_ca.certificates))?;
        state.rpc = Some(Arc::clone(&config));
        Ok(config)
    }

    /// The configuration of the HTTP listener: `ui.crt` when there is one, else the node's; asks for nothing.
    ///
    /// # Errors
    /// As [`Self::rpc_server`].
    pub fn http_server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut state = self.state();
        if let Some(config) = &state.http {
            return Ok(Arc::clone(config));
        }
        let file = match &state.files.ui {
            Some(_) => need(state.files.ui.as_ref(), "problem with UI certificate")?,
            None => need(state.files.node.as_ref(), "problem with node certificate")?,
        };
        let config = tls::server(key_pair(file).map_err(TlsError::Config)?, None)?;
        state.http = Some(Arc::clone(&config));
        Ok(config)
    }

    /// The configuration with which a node dials another.
    ///
    /// # Errors
    /// As [`Self::rpc_server`].
    pub fn node_client(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let mut state = self.state();
        if let Some(config) = &state.peer {
            return Ok(Arc::clone(config));
        }
        let files = &state.files;
        let ca = need(files.ca.as_ref(), "problem with CA certificate")?;
        let pair = match files.node_client() {
            Some(_) => need(files.node_client(), "problem with node client certificate")?,
            None => need(files.node.as_ref(), "problem with node certificate")?,
        };
        let config = tls::client(key_pair(pair).map_err(TlsError::Config)?, &ca.certificates)?;
        state.peer = Some(Arc::clone(&config));
        Ok(config)
    }

    /// The configuration with which a command dials a node as `user`.
    ///
    /// # Errors
    /// As [`Self::rpc_server`].
    pub fn user_client(&self, user: &str) -> Result<Arc<ClientConfig>, TlsError> {
        let state = self.state();
        let ca = need(state.files.ca.as_ref(), "problem with CA certificate")?;
        let pair = need(state.files.clients.get(user), &format!("problem with client cert for user {user}"))?;
        tls::client(key_pair(pair).map_err(TlsError::Config)?, &ca.certificates)
    }

    /// Tells who showed this chain.
    #[must_use]
    pub fn peer(&self, chain: Option<&[rustls_pki_types::CertificateDer<'_>]>) -> Peer {
        Peer::of(chain, &self.rules.principal_map, self.rules.series)
    }

    /// Unix seconds at which certificates run out, by the name in the metric; 0 for none or a bad one.
    #[must_use]
    pub fn expirations(&self) -> BTreeMap<&'static str, i64> {
        let state = self.state();
        let files = &state.files;
        let seconds = |file: Option<&CertFile>| CertFile::usable(file).map_or(0, |file| file.expires);
        BTreeMap::from([
            ("ca", seconds(files.ca.as_ref())),
            ("client_ca", seconds(files.client_ca.as_ref())),
            ("ui_ca", seconds(files.ui_ca.as_ref())),
            ("node", seconds(files.node.as_ref())),
            ("node_client", seconds(files.node_client())),
            ("ui", seconds(files.ui.as_ref())),
        ])
    }
}

fn need<'a>(file: Option<&'a CertFile>, problem: &str) -> Result<&'a CertFile, TlsError> {
    CertFile::usable(file).map_err(|why| TlsError::Certificates(format!("{problem}: {why}")))
}

fn sort(all: Vec<CertFile>) -> Files {
    let mut files = Files::default();
    for file in all {
        match file.usage {
            Usage::Ca => files.ca = Some(file),
            Usage::ClientCa => files.client_ca = Some(file),
            Usage::UiCa => files.ui_ca = Some(file),
            Usage::Node => files.node = Some(file),
            Usage::Ui => files.ui = Some(file),
            Usage::Client => drop(files.clients.insert(file.name.clone(), file)),
            Usage::TenantClientCa | Usage::TenantClient => {}
        }
    }
    files
}

fn keeps_what_was_good(old: &Files, new: &Files) -> Result<(), CertsError> {
    let kept = |old: Option<&CertFile>, new: Option<&CertFile>, what: &str| match (
        CertFile::usable(old),
        CertFile::usable(new),
    ) {
        (Ok(_), Err(why)) => Err(CertsError::Advised(format!("reload would lose valid {what}: {why}"))),
        _ => Ok(()),
    };
    kept(old.ca.as_ref(), new.ca.as_ref(), "CA cert")?;
    kept(old.node.as_ref(), new.node.as_ref(), "node cert")?;
    kept(old.node_client(), new.node_client(), "client cert for 'node'")?;
    kept(old.client_ca.as_ref(), new.client_ca.as_ref(), "CA certificate for client verification")?;
    kept(old.ui_ca.as_ref(), new.ui_ca.as_ref(), "CA certificate for UI")?;
    kept(old.ui.as_ref(), new.ui.as_ref(), "UI certificate")
}

#[cfg(test)]
#[path = "manager_tests.rs"]
mod tests;
