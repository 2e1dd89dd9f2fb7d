use super::{birth, program, removal, settings, status, stop, upgrade};
use crate::Check;
use crate::Source::{File, Page};

/// Every behaviour that is relied on and can be tried, in the order in which they are tried.
pub static TABLE: &[Check] = &[
    Check::new(
        "archive.layout",
        "an archive holds one directory `cockroach-<version>.linux-<arch>` with an executable `cockroach`; `version --build-tag` prints that version alone",
        &[File("pkg/release/release.go"), Page("cockroach-version")],
        program::layout,
    ),
    Check::new(
        "archive.libraries",
        "the archive has `lib/libgeos.so` and `lib/libgeos_c.so` beside the binary",
        &[File("pkg/release/release.go")],
        program::libraries,
    )
    .since(20, 2),
    Check::new(
        "version.card",
        "`version` prints labelled lines, among them `Build Tag:` and `Platform:`",
        &[File("pkg/build/info.go"), Page("cockroach-version")],
        program::card,
    ),
    Check::new(
        "start.no-join",
        "`start` without `--join` is refused with exit code 1 and words of its own",
        &[File("pkg/cli/start.go"), Page("cockroach-start")],
        program::no_join,
    )
    .since(20, 2),
    Check::new(
        "start.unknown-flag",
        "`start` with an unknown flag ends with exit code 4 and `unknown flag:`",
        &[File("pkg/cli/exit/codes.go")],
        program::unknown_flag,
    )
    .since(21, 1),
    Check::new(
        "start.open-key",
        "`start` refuses a key file that others may read, and says which mode exceeds which",
        &[File("pkg/security/permission_check.go")],
        program::open_key,
    ),
    Check::new(
        "start.no-authority",
        "`start` without `ca.crt` says that certificates cannot be loaded",
        &[File("pkg/security/certificate_manager.go")],
        program::no_authority,
    ),
    Check::new(
        "client.nobody-there",
        "a client command against a port where nothing listens ends with exit code 1 and `cannot dial server.`",
        &[File("pkg/cli/clierrorplus/decorate_error.go")],
        program::cannot_dial,
    ),
    Check::new(
        "client.no-certificate",
        "a client command without root's certificate says that certificates cannot be loaded",
        &[File("pkg/security/certificate_manager.go")],
        program::no_client_certificate,
    ),
    Check::new(
        "start.notify-before-init",
        "`READY=1` goes to systemd as soon as the sockets listen, while the node still waits for `init`",
        &[File("pkg/cli/start.go")],
        birth::notifies,
    )
    .since(20, 1),
    Check::new(
        "health.waiting",
        "before `init`, `/health` answers 200 and `/health?ready=1` 503 with `node is waiting for cluster initialization`",
        &[File("pkg/server/admin.go"), Page("monitoring-and-alerting")],
        birth::waits,
    )
    .since(20, 1),
    Check::new(
        "init.once",
        "`init` prints `Cluster successfully initialized` and ends with 0",
        &[File("pkg/cli/init.go"), Page("cockroach-init")],
        birth::initialises,
    ),
    Check::new(
        "init.again",
        "a second `init` through any node ends with 1 and `cluster has already been initialized`",
        &[File("pkg/server/init.go")],
        birth::initialises_once,
    ),
    Check::new(
        "health.ready",
        "an initialised node answers `/health?ready=1` with 200 and a JSON object",
        &[File("pkg/server/admin.go"), Page("monitoring-and-alerting")],
        birth::ready,
    ),
    Check::new(
        "certificates.ecdsa",
        "certificates of crdbctl's making with ECDSA P-256 keys are accepted by nodes and clients, beside an RSA one",
        &[File("pkg/security/tls.go"), File("pkg/security/pem.go")],
        status::serves,
    ),
    Check::new(
        "certificates.rsa",
        "so are an authority, a node's and a client's certificate with RSA keys (PKCS#8)",
        &[File("pkg/security/tls.go"), File("pkg/security/pem.go")],
        birth::takes_rsa,
    ),
    Check::new(
        "certificates.reload",
        "on SIGHUP, and not before, both ports serve the new certificate; the process stays",
        &[File("pkg/security/certificate_manager.go"), Page("rotate-certificates")],
        status::reloads,
    ),
    Check::new(
        "status.columns",
        "`node status --all --format=csv` has a header with the columns that crdbctl reads",
        &[File("pkg/cli/node.go"), Page("cockroach-node")],
        status::columns,
    )
    .since(20, 1),
    Check::new(
        "status.rows",
        "each node has a row with its advertised address, its build tag, and `true` for live and available",
        &[File("pkg/cli/node.go"), Page("cockroach-node")],
        status::rows,
    ),
    Check::new(
        "status.membership",
        "the column `membership` says `active` of a member",
        &[File("pkg/cli/node.go"), Page("cockroach-node")],
        status::membership,
    )
    .since(20, 2),
    Check::new(
        "status.addresses",
        "`SELECT node_id AS id, address FROM crdb_internal.kv_node_status` gives each node's advertised address",
        &[File("pkg/sql/crdb_internal.go"), File("pkg/gossip/gossip.go")],
        status::addresses,
    ),
    Check::new(
        "settings.duration",
        "a duration is set as a string and shown in a spelling that means the same (`00:01:30` or `1m30s`)",
        &[File("pkg/sql/show_cluster_setting.go"), Page("set-cluster-setting")],
        settings::durations,
    ),
    Check::new(
        "settings.size",
        "so is a size (`64 MiB`)",
        &[File("pkg/util/humanizeutil/humanize.go"), Page("set-cluster-setting")],
        settings::sizes,
    ),
    Check::new(
        "settings.boolean",
        "so is a boolean (`f`, before v22.2 `false`)",
        &[File("pkg/sql/show_cluster_setting.go"), Page("set-cluster-setting")],
        settings::booleans,
    ),
    Check::new(
        "settings.empty",
        "an empty string is an empty cell of csv",
        &[File("pkg/sql/show_cluster_setting.go")],
        settings::empty,
    ),
    Check::new(
        "settings.one-each",
        "several `SET CLUSTER SETTING`, each with an `-e` of its own, are carried out",
        &[Page("cockroach-sql"), Page("set-cluster-setting")],
        settings::one_statement_each,
    ),
    Check::new(
        "settings.not-together",
        "two of them in one `-e` are refused",
        &[File("pkg/sql/set_cluster_setting.go")],
        settings::not_together,
    )
    .since(22, 2),
    Check::new(
        "settings.unknown",
        "an unknown name ends with 1 and `unknown setting` or `unknown cluster setting`",
        &[File("pkg/sql/set_cluster_setting.go"), File("pkg/sql/show_cluster_setting.go")],
        settings::unknown,
    ),
    Check::new(
        "settings.version",
        "`SHOW CLUSTER SETTING version` of a new cluster is the binary's series alone, `24.1`",
        &[File("pkg/roachpb/version.go"), Page("upgrade-cockroach-version")],
        settings::version,
    ),
    Check::new(
        "decommission.too-few",
        "`node decommission --dry-run --checks=enabled` of one of three nodes ends with 1, names ranges `blocked with error` and says `Cannot decommission nodes.`",
        &[File("pkg/cli/node.go"), Page("node-shutdown")],
        removal::too_few,
    )
    .since(23, 1),
    Check::new(
        "join.unnamed",
        "a node that no `--join` list names joins, gets an id of its own and becomes ready",
        &[Page("cockroach-start")],
        removal::joins,
    ),
    Check::new(
        "decommission.dry-run",
        "of one of four it prints the table, ends with 0 and changes nothing",
        &[File("pkg/cli/node.go"), Page("cockroach-node")],
        removal::dry_run,
    )
    .since(23, 1),
    Check::new(
        "decommission.marks",
        "`node decommission --wait=none` prints the table and returns; the node is `decommissioning` and stays ready",
        &[File("pkg/cli/node.go"), Page("node-shutdown")],
        removal::marks,
    )
    .since(20, 2),
    Check::new(
        "decommission.taken-back",
        "`node recommission` makes a decommissioning node active again",
        &[File("pkg/cli/node.go"), Page("node-shutdown")],
        removal::takes_back,
    )
    .since(20, 2),
    Check::new(
        "decommission.removes",
        "given again until no replica is left, it says `No more data reported on target nodes.`, and the table and `node status` say `decommissioned`",
        &[File("pkg/cli/node.go"), Page("node-shutdown")],
        removal::removes,
    )
    .since(20, 2),
    Check::new(
        "decommission.for-good",
        "`node recommission` refuses a node that is decommissioned",
        &[File("pkg/cli/node.go")],
        removal::not_back,
    )
    .since(20, 2),
    Check::new(
        "decommission.store",
        "its store is refused at `start`: `was permanently removed from the cluster`",
        &[File("pkg/server/node_tombstone_storage.go"), Page("node-shutdown")],
        removal::not_again,
    )
    .since(20, 2),
    Check::new(
        "drain.self",
        "`node drain`, with `--self` from v22.1 on, prints `ok`, ends with 0, and leaves a process that runs on and answers `node is shutting down`",
        &[File("pkg/cli/quit.go"), Page("node-shutdown")],
        stop::drains,
    )
    .since(20, 1),
    Check::new(
        "drain.is-told",
        "other nodes say `is_draining` of it in `node status`",
        &[File("pkg/cli/node.go")],
        stop::is_told,
    )
    .since(20, 1),
    Check::new(
        "stop.sigterm",
        "SIGTERM ends a node with exit code 0",
        &[File("pkg/cli/start.go"), File("pkg/cli/exit/codes.go")],
        stop::terminates,
    ),
    Check::new(
        "ranges.node-down",
        "while one of three nodes is down the others count under-replicated ranges in `/_status/vars`, and no unavailable ones; it is not live",
        &[Page("monitoring-and-alerting")],
        stop::is_missed,
    ),
    Check::new(
        "start.again",
        "a node that was stopped comes back under its id, and the figure falls to 0",
        &[Page("node-shutdown")],
        stop::comes_back,
    ),
    Check::new(
        "ranges.zero-at-first",
        "just after a start the figure reads 0 although ranges are under-replicated",
        &[Page("monitoring-and-alerting")],
        birth::zero_at_first,
    ),
    Check::new(
        "upgrade.own-version",
        "`cluster.preserve_downgrade_option` is empty by default and takes the cluster's version only",
        &[File("pkg/clusterversion/setting.go"), Page("upgrade-cockroach-version")],
        upgrade::only_its_own,
    ),
    Check::new(
        "upgrade.held",
        "with `cluster.auto_upgrade.enabled` false (before v23.2: with that option set), nodes of the next series run at the old version of the cluster",
        &[File("pkg/server/auto_upgrade.go"), Page("upgrade-cockroach-version")],
        upgrade::is_held,
    )
    .upgrade(),
    Check::new(
        "upgrade.back",
        "until it is finished, the old binary starts again on a node's store",
        &[Page("upgrade-cockroach-version")],
        upgrade::goes_back,
    )
    .upgrade(),
    Check::new(
        "upgrade.finishes",
        "after `RESET CLUSTER SETTING` of it the cluster finishes the upgrade by itself, and `version` is the new series",
        &[File("pkg/server/auto_upgrade.go"), Page("upgrade-cockroach-version")],
        upgrade::finishes,
    )
    .upgrade(),
    Check::new(
        "upgrade.no-way-back",
        "then the old binary is refused: `store last used with cockroach version … is too high`",
        &[File("pkg/storage/min_version.go")],
        upgrade::not_back,
    )
    .upgrade(),
];
