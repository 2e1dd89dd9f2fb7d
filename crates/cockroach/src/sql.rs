//! Statements of SQL that are put together here, and nowhere else.

use crdbctl_model::SettingName;

/// Asks where each node was when it last ran. `cockroach node status` has that from gossip, which forgets a node two hours after it
/// was last heard of (`NodeDescriptorTTL` in `pkg/gossip/gossip.go`); this reads what nodes write into the cluster itself, until
/// they are decommissioned (`pkg/sql/crdb_internal.go`).
pub const NODE_ADDRESSES: &str = "SELECT node_id AS id, address FROM crdb_internal.kv_node_status";

/// Returns `text` as a SQL string: between single quotes, those in it doubled.
///
/// A backslash stands for itself in such a string (the SQL standard, and `standard_conforming_strings` in CockroachDB), so
/// nothing that it may hold ends it. Source: <https://www.cockroachlabs.com/docs/stable/sql-constants>.
#[must_use]
pub fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the statement that reads a cluster setting.
#[must_use]
pub fn show_setting(name: &SettingName) -> String {
    format!("SHOW CLUSTER SETTING {name}")
}

/// Returns the statement that sets a cluster setting. A string literal is taken for a setting of any type.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/set-cluster-setting>.
#[must_use]
pub fn set_setting(name: &SettingName, value: &str) -> String {
    format!("SET CLUSTER SETTING {name} = {}", string(value))
}

/// Returns the statement that gives a cluster setting its default back.
#[must_use]
pub fn reset_setting(name: &SettingName) -> String {
    format!("RESET CLUSTER SETTING {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name() -> SettingName {
        SettingName::new("kv.snapshot_rebalance.max_rate").unwrap()
    }

    #[test]
    fn a_value_cannot_leave_its_string() {
        for (value, statement) in [
            ("64 MiB", "SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '64 MiB'"),
            ("it's", "SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = 'it''s'"),
            (
                "'; DROP DATABASE x; --",
                "SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '''; DROP DATABASE x; --'",
            ),
            (r"\' OR", r"SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '\'' OR'"),
            ("", "SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = ''"),
        ] {
            assert_eq!(set_setting(&name(), value), statement);
        }
        assert_eq!(show_setting(&name()), "SHOW CLUSTER SETTING kv.snapshot_rebalance.max_rate");
        assert_eq!(reset_setting(&name()), "RESET CLUSTER SETTING kv.snapshot_rebalance.max_rate");
    }

    #[test]
    fn a_name_that_could_be_more_than_a_name_is_none() {
        for text in ["x; DROP", "x--", "x y", "X", "x.\"y\"", "x..y", ".x", "x.", "", "x-y", "x='1"] {
            assert!(SettingName::new(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_string_reads_back_as_it_was(text in "(\\PC|['\\\\;\\n]){0,40}") {
            // As a scanner of SQL does: two quotes are one, a lone quote ends it.
            let literal = string(&text);
            let mut read = String::new();
            let mut rest = literal.strip_prefix('\'').unwrap().chars().peekable();
            let mut ended = false;
            while let Some(c) = rest.next() {
                match c {
                    '\'' if rest.peek() == Some(&'\'') => { rest.next(); read.push('\''); }
                    '\'' => { ended = true; break; }
                    c => read.push(c),
                }
            }
            prop_assert!(ended && rest.next().is_none());
            prop_assert_eq!(read, text);
        }
    }
}
