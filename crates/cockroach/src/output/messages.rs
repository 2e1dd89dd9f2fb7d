//! Sentences of CockroachDB that something hangs on, as its programs write them.
//!
//! Compared as parts of a longer text: older versions put `Error: rpc error: code = Unknown desc = ` before them.
//! Source: `pkg/server/init.go`, `pkg/server/admin.go`, `pkg/cli/init.go`, `pkg/cli/start.go` and `pkg/cli/clierror`
//! of <https://github.com/cockroachdb/cockroach>.

/// What `cockroach init` prints to stdout when it has initialised the cluster.
pub const INITIALIZED: &str = "Cluster successfully initialized";

/// What `cockroach init` says, with status 1, on a cluster that is initialised already; constant since v1.1.
pub const ALREADY_INITIALIZED: &str = "cluster has already been initialized";

/// What `/health?ready=1` says, with status 503, on a node that waits for `cockroach init`. A fresh node that cannot
/// reach its peers says the same.
pub const WAITING_FOR_INIT: &str = "node is waiting for cluster initialization";

/// What `/health?ready=1` says, with status 503, on a node that drains.
pub const SHUTTING_DOWN: &str = "node is shutting down";

/// What `/health?ready=1` says, with status 503, on a node whose liveness record has expired.
pub const NOT_HEALTHY: &str = "node is not healthy";

/// What `/health?ready=1` says, with status 503, on a node without a liveness record.
pub const LIVENESS_NOT_FOUND: &str = "liveness record not found";

/// What `cockroach start` says from v20.2 on when it got no `--join`.
pub const NO_JOIN: &str = "no --join flags provided to 'cockroach start'";

/// What a client says when nothing listens where it dials.
pub const CANNOT_DIAL: &str = "cannot dial server.";

/// What a client says when its certificate or the server's is not accepted.
pub const SSL_AUTHENTICATION: &str = "SSL authentication error while connecting.";

/// What a client with certificates says to a server without.
pub const INSECURE_SERVER: &str = "cannot establish secure connection to insecure server.";

/// What a client says when the server hangs up: not a CockroachDB node, or a client without certificates.
pub const SERVER_CLOSED: &str = "server closed the connection.";

/// What a client says when it waited too long.
pub const TIMED_OUT: &str = "operation timed out.";

/// What a client says when a connection broke.
pub const CONNECTION_LOST: &str = "connection lost.";

/// What any command says when the certificates cannot be loaded; the next lines say which and why.
pub const CANNOT_LOAD_CERTIFICATES: &str = "cannot load certificates.";

/// Part of what is said of a key file whose mode allows too much, between the mode and the mode that is allowed.
pub const KEY_EXCEEDS: &str = ", exceeds ";

/// What `cockroach node drain` ends with, on stdout, with status 0.
pub const DRAIN_OK: &str = "ok";

/// What `cockroach node drain` says, with status 1, when the time is up; it can be run again.
pub const DRAIN_TIMEOUT: &str = "drain timeout";

/// What `cockroach node decommission` ends with, on stdout, when nothing is left on the nodes.
pub const DECOMMISSIONED: &str = "No more data reported on target nodes.";
