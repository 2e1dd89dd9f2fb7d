use super::FlagShape as S;
use super::FlagSpec;
use crate::Version;

const ADDRESS: &str = "crdbctl sets it from `nodes[].address`";

const fn f(name: &'static str, shape: S) -> FlagSpec {
    FlagSpec::new(name, shape)
}

/// Every known flag of `cockroach start`, sorted by name.
#[rustfmt::skip]
static FLAGS: &[FlagSpec] = &[
    f("accept-sql-without-tls", S::Bool).since(21, 1),
    f("advertise-addr", S::Address).since(2, 1).always(ADDRESS),
    f("advertise-host", S::Host).alias_of("advertise-addr").always(ADDRESS),
    f("advertise-http-addr", S::Address).since(23, 1),
    f("advertise-port", S::Port).alias_of("advertise-addr").always(ADDRESS),
    f("advertise-sql-addr", S::Address).since(20, 2),
    f("attrs", S::Text),
    f("background", S::Bool).never("systemd runs cockroach in the foreground and watches it"),
    f("cache", S::Size),
    f("cert-principal-map", S::List).repeated().since(20, 1),
    f("certs-dir", S::Path).always("crdbctl sets it to `certs` under `install.root`, where it installs the certificates"),
    f("clock-device", S::Path).since(20, 2),
    f("cluster-name", S::Text).since(20, 2),
    f("disable-cluster-name-verification", S::Bool).since(20, 2),
    f("enterprise-encryption", S::Text).since(2, 1).repeated(),
    f("experimental-dns-srv", S::Bool).since(20, 2),
    f("external-io-dir", S::Path),
    f("external-io-disable-http", S::Bool).since(20, 2),
    f("external-io-disable-implicit-credentials", S::Bool).since(20, 2),
    f("external-io-disabled", S::Bool).since(21, 1),
    f("host", S::Host).alias_of("listen-addr").always(ADDRESS),
    f("http-addr", S::Address).since(2, 1).unless_given("without it the node serves HTTP on `nodes[].address`, port 8080"),
    f("http-host", S::Host).alias_of("http-addr").never("use `http-addr`"),
    f("http-port", S::Port).alias_of("http-addr").never("use `http-addr`"),
    f("insecure", S::Bool).never("crdbctl sets up secure clusters only, with certificates from `certificates.authority`"),
    f("join", S::AddressList).short('j').repeated().always("crdbctl sets it from `cockroach.join`"),
    f("listen-addr", S::Address).since(2, 1).always(ADDRESS),
    f("listening-url-file", S::Path),
    f("locality", S::Locality).always("crdbctl sets it from `nodes[].locality`"),
    f("locality-advertise-addr", S::LocalityAddresses).since(2, 1).repeated(),
    f("locality-file", S::Path).since(24, 3).never("use `nodes[].locality`, so that tiers can be compared between nodes"),
    f("log", S::Text).since(21, 1),
    f("log-config-file", S::Path).since(21, 1),
    f("log-dir", S::Path),
    f("log-dir-max-size", S::Bytes),
    f("log-file-max-size", S::Bytes),
    f("log-file-verbosity", S::Severity),
    f("log-group-max-size", S::Bytes).since(21, 1),
    f("logtostderr", S::Severity),
    f("max-disk-temp-storage", S::Size),
    f("max-go-memory", S::Size).since(23, 1),
    f("max-offset", S::Duration),
    f("max-sql-memory", S::Size),
    f("max-tsdb-memory", S::Size).since(22, 1),
    f("no-color", S::Bool),
    f("node-cert-distinguished-name", S::Text).since(24, 1),
    f("pid-file", S::Path),
    f("port", S::Port).short('p').alias_of("listen-addr").always(ADDRESS),
    f("redactable-logs", S::Bool).since(20, 2),
    f("root-cert-distinguished-name", S::Text).since(24, 1),
    f("socket", S::Path).until(20, 2),
    f("socket-dir", S::Path).since(20, 1),
    f("spatial-libs", S::Path).since(20, 2),
    f("sql-addr", S::Address).since(20, 2),
    f("sql-audit-dir", S::Path).since(2, 1),
    f("storage-engine", S::Text).since(20, 1).ignored_since(21, 1),
    f("store", S::Store).short('s').repeated().unless_given("without it crdbctl sets it to `data` under `install.root`, which leads to `install.data`"),
    f("temp-dir", S::Path),
    f("tls-cipher-suites", S::List).repeated().since(25, 2),
    f("unencrypted-localhost-http", S::Bool).since(20, 2),
    f("verbosity", S::Number),
    f("vmodule", S::Text),
    f("wal-failover", S::Text).since(24, 1),
];

/// Returns every known flag of `cockroach start`, of whatever version, sorted by name.
#[must_use]
pub fn all() -> &'static [FlagSpec] {
    FLAGS
}

/// Returns the flag of this name (without dashes), of whatever version.
#[must_use]
pub fn find(name: &str) -> Option<&'static FlagSpec> {
    FLAGS.binary_search_by(|spec| spec.name.cmp(name)).ok().and_then(|at| FLAGS.get(at))
}

/// Returns the flags that `cockroach start` of this version takes, sorted by name, hidden old names included.
pub fn of_version(version: &Version) -> impl Iterator<Item = &'static FlagSpec> {
    FLAGS.iter().filter(move |spec| spec.is_in(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{Managed, RestartImpact};

    #[test]
    fn is_sorted_without_doubles() {
        assert!(FLAGS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn aliases_lead_to_flags_that_are_none() {
        for spec in FLAGS {
            if let Some(target) = spec.alias_of {
                assert_eq!(find(target).unwrap().alias_of, None, "{}", spec.name);
                assert_ne!(spec.managed, Managed::No, "{} would be set twice", spec.name);
            }
        }
    }

    #[test]
    fn letters_are_taken_once() {
        let letters: Vec<char> = FLAGS.iter().filter_map(|spec| spec.short).collect();
        assert_eq!(letters, ['j', 'p', 's']);
    }

    #[test]
    fn knows_flags_by_version() {
        let has = |version: &str, name: &str| find(name).unwrap().is_in(&version.parse().unwrap());
        assert!(has("v2.0.0", "cache") && has("v26.2.0", "cache"));
        assert!(!has("v20.2.9", "log") && has("v21.1.0", "log") && has("v99.1.0", "log"));
        assert!(has("v20.1.4", "socket") && !has("v20.2.0", "socket"));
        assert!(has("v24.1.0-rc.1", "wal-failover"));
        assert!(!has("v2.0.7", "listen-addr") && has("v2.0.7", "host") && has("v25.2.0", "host"));
    }

    #[test]
    fn a_changed_join_list_restarts_nothing() {
        let impact = |version: &str, name: &str| find(name).unwrap().restart(&version.parse().unwrap());
        assert_eq!(impact("v24.1.0", "join"), RestartImpact::None);
        assert_eq!(impact("v24.1.0", "cache"), RestartImpact::Node);
        assert_eq!(impact("v24.1.0", "max-offset"), RestartImpact::Node);
        assert_eq!(impact("v22.2.0", "max-offset"), RestartImpact::Node);
        assert_eq!(impact("v22.1.9", "max-offset"), RestartImpact::WholeCluster);
        assert_eq!(impact("v20.2.0", "storage-engine"), RestartImpact::Node);
        assert_eq!(impact("v24.1.0", "storage-engine"), RestartImpact::None);
    }
}
