//! What a server is told.

use std::path::PathBuf;
use std::time::Duration;

use crate::certs::PrincipalMap;
use crate::cli::value::{Address, StoreSpec};
use crate::cluster::Budget;
use crate::release::Release;

/// A server's configuration, all defaults filled in.
#[derive(Debug, Clone)]
pub struct StartConfig {
    /// The release to play.
    pub release: Release,
    /// Where to look for a cluster.
    pub join: Vec<Address>,
    /// Makes a cluster of its own when its store is empty, as series before v20.2 do without `--join`.
    pub self_init: bool,
    /// RPC listener; an empty host is every address.
    pub listen: Address,
    /// How others reach it.
    pub advertise: Address,
    /// SQL listener of its own.
    pub sql: Option<Address>,
    /// How clients reach it.
    pub advertise_sql: Address,
    /// HTTP listener.
    pub http: Address,
    /// Certificates.
    pub certs_dir: PathBuf,
    /// `--cert-principal-map`.
    pub principal_map: PrincipalMap,
    /// The stores as given; the first one holds the node's state, the others only exist.
    pub stores: Vec<StoreSpec>,
    /// `--attrs`, empty for none.
    pub attrs: String,
    /// `--locality`, empty for none.
    pub locality: String,
    /// `--cluster-name`, empty for none.
    pub cluster_name: String,
    /// Off with `--disable-cluster-name-verification`.
    pub check_cluster_name: bool,
    /// Where the log goes; nowhere when switched off.
    pub log_dir: Option<PathBuf>,
    /// `--pid-file`.
    pub pid_file: Option<PathBuf>,
    /// Directory of the GEOS libraries; missing ones are only logged.
    pub spatial_libs: Option<PathBuf>,
    /// Times.
    pub tuning: Tuning,
}

/// Times that tests may change through the environment, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// `ROACHSIM_HEARTBEAT_MS`: between two beats.
    pub heartbeat: Duration,
    /// `ROACHSIM_LIVENESS_MS`: how long a beat counts.
    pub liveness_ms: u64,
    /// `ROACHSIM_METRICS_DELAY_MS`: for how long after a start all range figures read 0.
    pub metrics_delay: Duration,
    /// `ROACHSIM_DRAIN_MS`: how long SIGTERM drains.
    pub drain: Duration,
    /// `ROACHSIM_CATCHUP_MS`: for how long after a start a node's replicas lag behind.
    pub catch_up: Duration,
    /// `ROACHSIM_UPGRADE_MS`: how long the version is in between two.
    pub upgrade: Duration,
    /// `ROACHSIM_DESCRIPTOR_MS`: how long gossip knows a node of which nothing is heard.
    pub descriptor_ms: u64,
    /// `ROACHSIM_DEAD_MS`: `server.time_until_store_dead`.
    pub budget: Budget,
}

impl Tuning {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a variable is no number.
    pub fn from_env() -> Result<Self, String> {
        let read = |name: &str, default: u64| match std::env::var(name) {
            Ok(text) => text
                .parse::<u64>()
                .map_err(|_| format!("roachsim: {name}={text:?} is no number of milliseconds")),
            Err(_) => Ok(default),
        };
        Ok(Self {
            heartbeat: Duration::from_millis(read("ROACHSIM_HEARTBEAT_MS", 300)?.max(10)),
            liveness_ms: read("ROACHSIM_LIVENESS_MS", 3000)?,
            metrics_delay: Duration::from_millis(read("ROACHSIM_METRICS_DELAY_MS", 800)?),
            drain: Duration::from_millis(read("ROACHSIM_DRAIN_MS", 500)?),
            catch_up: Duration::from_millis(read("ROACHSIM_CATCHUP_MS", 1500)?),
            upgrade: Duration::from_millis(read("ROACHSIM_UPGRADE_MS", 1000)?),
            descriptor_ms: read("ROACHSIM_DESCRIPTOR_MS", 7_200_000)?,
            budget: Budget { changes: 10, dead_after: read("ROACHSIM_DEAD_MS", 300_000)? },
        })
    }
}
