//! The flags of `cockroach start`, by series.
//!
//! Kept apart from what crdbctl itself knows of flags: a stand-in that shared that table could not catch
//! a mistake in it. First series are those of the documentation pages `start-a-node` and `cockroach-start`.

use crate::cli::flag::{Flag, Kind as K};

const fn f(name: &'static str, kind: K) -> Flag {
    Flag::new(name, kind)
}

/// Every flag, of whatever series.
#[rustfmt::skip]
pub static START: &[Flag] = &[
    f("accept-sql-without-tls", K::Bool).since(21, 1),
    f("advertise-addr", K::Address).since(2, 1).works(),
    f("advertise-host", K::Address).alias("advertise-addr"),
    f("advertise-http-addr", K::Address).since(23, 1),
    f("advertise-port", K::Int).alias("advertise-addr"),
    f("advertise-sql-addr", K::Address).since(20, 1).works(),
    f("attrs", K::Text).works(),
    f("background", K::Bool).refused(),
    f("cache", K::Size),
    f("cert-principal-map", K::Text).since(20, 1).works(),
    f("certs-dir", K::Text).works(),
    f("clock-device", K::Text).since(20, 2),
    f("cluster-name", K::Text).since(20, 1).works(),
    f("disable-cluster-name-verification", K::Bool).since(20, 1).works(),
    f("enterprise-encryption", K::Text).since(2, 1).repeated().refused(),
    f("experimental-dns-srv", K::Bool).since(20, 2).refused(),
    f("external-io-dir", K::Text),
    f("external-io-disable-http", K::Bool).since(20, 2),
    f("external-io-disable-implicit-credentials", K::Bool).since(20, 2),
    f("external-io-disabled", K::Bool).since(21, 1),
    f("host", K::Address).alias("listen-addr"),
    f("http-addr", K::Address).since(2, 1).works(),
    f("http-host", K::Address).alias("http-addr"),
    f("http-port", K::Int).alias("http-addr"),
    f("insecure", K::Bool).refused(),
    f("join", K::Text).short('j').repeated().works(),
    f("listen-addr", K::Address).since(2, 1).works(),
    f("listening-url-file", K::Text),
    f("locality", K::Locality).works(),
    f("locality-advertise-addr", K::Text).since(2, 1).repeated(),
    f("locality-file", K::Text).since(24, 1).refused(),
    f("log", K::Text).since(21, 1).works(),
    f("log-config-file", K::Text).since(21, 1),
    f("log-dir", K::Text).works(),
    f("log-dir-max-size", K::Bytes),
    f("log-file-max-size", K::Bytes),
    f("log-file-verbosity", K::Text),
    f("log-group-max-size", K::Bytes).since(21, 1),
    f("logtostderr", K::OptionalText),
    f("max-disk-temp-storage", K::Size),
    f("max-go-memory", K::Size).since(23, 1),
    f("max-offset", K::Duration),
    f("max-sql-memory", K::Size),
    f("max-tsdb-memory", K::Size).since(23, 1),
    f("no-color", K::Bool),
    f("node-cert-distinguished-name", K::Text).since(24, 1).refused(),
    f("pid-file", K::Text).works(),
    f("port", K::Int).short('p').alias("listen-addr"),
    f("redactable-logs", K::Bool).since(20, 2),
    f("root-cert-distinguished-name", K::Text).since(24, 1).refused(),
    f("socket", K::Text).until(20, 2),
    f("socket-dir", K::Text).since(20, 1),
    f("spatial-libs", K::Text).since(20, 2).works(),
    f("sql-addr", K::Address).since(20, 1).works(),
    f("sql-audit-dir", K::Text).since(2, 1),
    f("storage-engine", K::Text).since(20, 1),
    f("store", K::Store).short('s').repeated().works(),
    f("temp-dir", K::Text),
    f("tls-cipher-suites", K::Text).since(25, 2),
    f("unencrypted-localhost-http", K::Bool).since(20, 2).refused(),
    f("verbosity", K::Int),
    f("vmodule", K::Text),
    f("wal-failover", K::Text).since(24, 1),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flag::Modelled;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(START.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn the_readme_lists_what_has_no_effect_and_what_is_refused() {
        let readme = include_str!("../../README.md");
        let listed = |from: &str| -> Vec<String> {
            let (_, text) = readme.split_once(from).unwrap();
            let (text, _) = text.split_once("\n\n").unwrap();
            text.split('`').filter_map(|word| word.strip_prefix("--")).map(str::to_owned).collect()
        };
        let known = |modelled| -> Vec<String> {
            START.iter().filter(|flag| flag.modelled == modelled).map(|flag| flag.name.to_owned()).collect()
        };
        assert_eq!(listed("Checked and then without effect:"), known(Modelled::Ignored));
        assert_eq!(listed("Refused as not modelled"), known(Modelled::Refused));
    }

    #[test]
    fn old_spellings_lead_to_flags() {
        for target in START.iter().filter_map(|flag| flag.alias_of) {
            assert!(START.iter().any(|flag| flag.name == target && flag.alias_of.is_none()), "{target}");
        }
    }
}
