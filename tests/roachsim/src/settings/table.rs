//! The settings that the stand-in knows.
//!
//! Names, kinds and defaults as in the documentation's lists of v22.2 to v25.2; first series only where it
//! matters to crdbctl.

use super::kind::Kind;
use crate::release::Series;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name under which it is stored; it never changes.
    pub key: &'static str,
    /// The name that v23.2 gave it, when it did; the old one is an alias from then on.
    pub renamed: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
    /// Its default in the form in which values are stored.
    pub default: &'static str,
    /// First series that has it.
    pub since: Series,
    /// Words.
    pub description: &'static str,
    /// Whether `SHOW CLUSTER SETTINGS` lists it, and not only `SHOW ALL CLUSTER SETTINGS`.
    pub public: bool,
}

impl Setting {
    const fn new(key: &'static str, kind: Kind, default: &'static str, description: &'static str) -> Self {
        Self { key, renamed: None, kind, default, since: Series::new(0, 0), description, public: true }
    }

    const fn since(mut self, year: u16, ordinal: u16) -> Self {
        self.since = Series::new(year, ordinal);
        self
    }

    const fn renamed(mut self, name: &'static str) -> Self {
        self.renamed = Some(name);
        self
    }

    const fn hidden(mut self) -> Self {
        self.public = false;
        self
    }

    /// The series from which on new names count.
    pub(super) const RENAMES: Series = Series::new(23, 2);

    /// Its name in a series.
    #[must_use]
    pub fn name(&self, series: Series) -> &'static str {
        self.renamed.filter(|_| series >= Self::RENAMES).unwrap_or(self.key)
    }
}

const DISTSQL: Kind = Kind::Enum(&["off", "auto", "on", "always"]);

/// Sorted by key.
#[rustfmt::skip]
pub(super) static SETTINGS: &[Setting] = &[
    Setting::new("cluster.auto_upgrade.enabled", Kind::Bool, "true", "disable automatic cluster version upgrade until reset").since(23, 2),
    Setting::new("cluster.organization", Kind::Text, "", "organization name"),
    Setting::new("cluster.preserve_downgrade_option", Kind::Text, "", "disable (automatic or manual) cluster version upgrade from the specified version until reset").since(2, 1),
    Setting::new("diagnostics.reporting.enabled", Kind::Bool, "true", "enable reporting diagnostic metrics to cockroach labs"),
    Setting::new("diagnostics.reporting.interval", Kind::Duration, "3600000000000", "interval at which diagnostics data should be reported"),
    Setting::new("enterprise.license", Kind::Text, "", "the encoded cluster license"),
    Setting::new("kv.allocator.load_based_rebalancing", Kind::Enum(&["off", "leases", "leases and replicas"]), "2", "whether to rebalance based on the distribution of load across stores"),
    Setting::new("kv.range_merge.queue_enabled", Kind::Bool, "true", "whether the automatic merge queue is enabled").renamed("kv.range_merge.queue.enabled"),
    Setting::new("kv.rangefeed.enabled", Kind::Bool, "false", "if set, rangefeed registration is enabled"),
    Setting::new("kv.snapshot_rebalance.max_rate", Kind::ByteSize, "33554432", "the rate limit (bytes/sec) to use for rebalance and upreplication snapshots"),
    Setting::new("server.clock.forward_jump_check_enabled", Kind::Bool, "false", "if enabled, forward clock jumps > max_offset/2 will cause a panic").renamed("server.clock.forward_jump_check.enabled"),
    Setting::new("server.eventlog.enabled", Kind::Bool, "true", "if set, logged notable events are also stored in the table system.eventlog"),
    Setting::new("server.max_connections_per_gateway", Kind::Int, "-1", "the maximum number of SQL connections per gateway allowed at a given time").since(22, 1),
    Setting::new("server.shutdown.connection_wait", Kind::Duration, "0", "the maximum amount of time a server waits for all SQL connections to be closed before proceeding with a drain").renamed("server.shutdown.connections.timeout").since(22, 1),
    Setting::new("server.shutdown.drain_wait", Kind::Duration, "0", "the amount of time a server waits in an unready state before proceeding with a drain").renamed("server.shutdown.initial_wait"),
    Setting::new("server.shutdown.jobs_wait", Kind::Duration, "10000000000", "the maximum amount of time a server waits for all currently executing jobs to notice drain request and to perform orderly shutdown").renamed("server.shutdown.jobs.timeout").since(23, 2),
    Setting::new("server.shutdown.lease_transfer_wait", Kind::Duration, "5000000000", "the timeout for a single iteration of the range lease transfer phase of draining").renamed("server.shutdown.lease_transfer_iteration.timeout").since(20, 2),
    Setting::new("server.shutdown.query_wait", Kind::Duration, "10000000000", "the timeout for waiting for active transactions to finish during a drain").renamed("server.shutdown.transactions.timeout"),
    Setting::new("server.time_until_store_dead", Kind::Duration, "300000000000", "the time after which if there is no new gossiped information about a store, it is considered dead"),
    Setting::new("server.user_login.timeout", Kind::Duration, "10000000000", "timeout after which client authentication times out if some system range is unavailable (0 = no timeout)").since(20, 1),
    Setting::new("sql.defaults.default_int_size", Kind::Int, "8", "the size, in bytes, of an INT type"),
    Setting::new("sql.defaults.distsql", DISTSQL, "1", "default distributed SQL execution mode"),
    Setting::new("sql.defaults.idle_in_session_timeout", Kind::Duration, "0", "default value for the idle_in_session_timeout").since(20, 2),
    Setting::new("sql.defaults.statement_timeout", Kind::Duration, "0", "default value for the statement_timeout").since(20, 2),
    Setting::new("sql.log.slow_query.latency_threshold", Kind::Duration, "0", "when set to non-zero, log statements whose service latency exceeds the threshold"),
    Setting::new("sql.stats.automatic_collection.enabled", Kind::Bool, "true", "automatic statistics collection mode"),
    Setting::new("sql.trace.txn.enable_threshold", Kind::Duration, "0", "enables tracing on all transactions; transactions open for longer than this duration will have their trace logged").renamed("sql.trace.txn.threshold").hidden(),
    Setting::new("timeseries.storage.enabled", Kind::Bool, "true", "if set, periodic timeseries data is stored within the cluster"),
    Setting::new("timeseries.storage.resolution_10s.ttl", Kind::Duration, "864000000000000", "the maximum age of time series data stored at the 10 second resolution"),
    Setting::new("version", Kind::Version, "", "set the active cluster version in the format '<major>.<minor>'"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_unique_and_defaults_are_of_their_kind() {
        assert!(SETTINGS.windows(2).all(|pair| pair[0].key < pair[1].key));
        for setting in SETTINGS {
            let plausible = match setting.kind {
                Kind::Bool => matches!(setting.default, "true" | "false"),
                Kind::Int | Kind::Duration | Kind::ByteSize => setting.default.parse::<i64>().is_ok(),
                Kind::Float => setting.default.parse::<f64>().is_ok(),
                Kind::Enum(words) => setting.default.parse::<usize>().is_ok_and(|at| at < words.len()),
                Kind::Text | Kind::Version => true,
            };
            assert!(plausible, "{}", setting.key);
        }
    }
}
