//! The flags of client commands.

use crate::cli::flag::{Flag, Kind as K};

const HOST: Flag = Flag::new("host", K::Address).works();
const PORT: Flag = Flag::new("port", K::Int).short('p').alias("host");
const CERTS_DIR: Flag = Flag::new("certs-dir", K::Text).works();
const PRINCIPALS: Flag = Flag::new("cert-principal-map", K::Text).since(20, 1).works();
const INSECURE: Flag = Flag::new("insecure", K::Bool).refused();
const URL: Flag = Flag::new("url", K::Text).refused();
const USER: Flag = Flag::new("user", K::Text).short('u').works();
const CLUSTER_NAME: Flag = Flag::new("cluster-name", K::Text).since(20, 1).works();
const NO_NAME_CHECK: Flag = Flag::new("disable-cluster-name-verification", K::Bool).since(20, 1).works();
const LOG: Flag = Flag::new("log", K::Text).since(21, 1);
const LOG_CONFIG_FILE: Flag = Flag::new("log-config-file", K::Text).since(21, 1);
const LOG_DIR: Flag = Flag::new("log-dir", K::Text);
const LOG_TO_STDERR: Flag = Flag::new("logtostderr", K::OptionalText);
const NO_COLOR: Flag = Flag::new("no-color", K::Bool);
const VMODULE: Flag = Flag::new("vmodule", K::Text);
const FORMAT: Flag = Flag::new("format", K::Text).works();
const TIMEOUT: Flag = Flag::new("timeout", K::Duration).since(20, 1).works();
const ECHO_SQL: Flag = Flag::new("echo-sql", K::Bool);

/// `cockroach init`.
pub(super) static INIT: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    Flag::new("virtualized", K::Bool).since(24, 1).refused(),
    Flag::new("virtualized-empty", K::Bool).since(24, 1).refused(),
];

/// `cockroach node status`.
pub(super) static STATUS: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    USER,
    FORMAT,
    TIMEOUT,
    ECHO_SQL,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    Flag::new("all", K::Bool).works(),
    Flag::new("decommission", K::Bool).works(),
    Flag::new("ranges", K::Bool).works(),
    Flag::new("stats", K::Bool).works(),
];

/// `cockroach node ls`.
pub(super) static LS: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    USER,
    FORMAT,
    TIMEOUT,
    ECHO_SQL,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    CLUSTER_NAME,
    NO_NAME_CHECK,
];

/// `cockroach sql`.
pub(super) static SQL: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    USER,
    FORMAT,
    ECHO_SQL,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    Flag::new("execute", K::Text).short('e').repeated().works(),
    Flag::new("file", K::Text).short('f').since(21, 1).refused(),
    Flag::new("database", K::Text).short('d'),
    Flag::new("set", K::Text).repeated().refused(),
    Flag::new("watch", K::Duration).refused(),
    Flag::new("debug-sql-cli", K::Bool),
    Flag::new("embedded", K::Bool).since(21, 1),
    Flag::new("no-line-editor", K::Bool).since(22, 2),
    Flag::new("read-only", K::Bool).since(21, 1).refused(),
    Flag::new("safe-updates", K::Bool),
];

/// `cockroach node drain`.
pub(super) static DRAIN: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    Flag::new("drain-wait", K::Duration).works(),
    Flag::new("self", K::Bool).since(22, 1).works(),
    Flag::new("shutdown", K::Bool).since(24, 3).works(),
];

/// `cockroach node decommission`.
pub(super) static DECOMMISSION: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    FORMAT,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    Flag::new("self", K::Bool).since(20, 1).works(),
    Flag::new("wait", K::Text).works(),
    Flag::new("checks", K::Text).since(23, 1).works(),
    Flag::new("dry-run", K::Bool).since(23, 1).works(),
];

/// `cockroach node recommission`.
pub(super) static RECOMMISSION: &[Flag] = &[
    HOST,
    PORT,
    CERTS_DIR,
    PRINCIPALS,
    INSECURE,
    URL,
    FORMAT,
    CLUSTER_NAME,
    NO_NAME_CHECK,
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
    Flag::new("self", K::Bool).since(20, 1).works(),
];

/// `cockroach version`.
pub(super) static VERSION: &[Flag] = &[
    Flag::new("build-tag", K::Bool).since(21, 1).works(),
    LOG,
    LOG_CONFIG_FILE,
    LOG_DIR,
    LOG_TO_STDERR,
    NO_COLOR,
    VMODULE,
];
