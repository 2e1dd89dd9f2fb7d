use std::collections::BTreeSet;
use std::fmt;

use super::CanonicalArgs;
use crate::Version;
use crate::flags::{self, RestartImpact};

/// A flag in which a running node differs from what it shall run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagDifference {
    /// The flag's present name.
    pub flag: String,
    /// The values that it runs with, as they were written; `None` when it runs without the flag.
    pub running: Option<Vec<String>>,
    /// The values that it shall run with; `None` when it shall run without the flag.
    pub desired: Option<Vec<String>>,
    /// What it needs in order to follow.
    pub impact: RestartImpact,
}

impl FlagDifference {
    /// Returns false when nothing has to be restarted for it, as with `--join`.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.impact != RestartImpact::None
    }
}

impl fmt::Display for FlagDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |values: &Option<Vec<String>>| match values {
            Some(values) => {
                values.iter().map(|value| format!("--{}={value}", self.flag)).collect::<Vec<_>>().join(" ")
            }
            None => format!("no --{}", self.flag),
        };
        write!(f, "{} -> {}", shown(&self.running), shown(&self.desired))
    }
}

/// Returns the flags in which two command lines differ, by name; nothing when they mean the same.
///
/// `version` is the one that the node shall run: it decides what a change needs.
#[must_use]
pub fn diff(running: &CanonicalArgs, desired: &CanonicalArgs, version: &Version) -> Vec<FlagDifference> {
    let names: BTreeSet<&String> = running.flags.keys().chain(desired.flags.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (is, shall) = (running.flags.get(name), desired.flags.get(name));
            if is.map(|flag| &flag.values) == shall.map(|flag| &flag.values) {
                return None;
            }
            Some(FlagDifference {
                flag: name.clone(),
                running: is.map(|flag| flag.written.clone()),
                desired: shall.map(|flag| flag.written.clone()),
                impact: flags::find(name).map_or(RestartImpact::Node, |spec| spec.restart(version)),
            })
        })
        .collect()
}

/// Returns what a node needs in order to follow all the differences.
#[must_use]
pub fn strongest_impact(differences: &[FlagDifference]) -> RestartImpact {
    differences.iter().map(|difference| difference.impact).max().unwrap_or(RestartImpact::None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::start::command::tests::store_1;
    use crate::start::{Address, StartCommand};
    use proptest::prelude::*;

    fn version() -> Version {
        "v24.1.0".parse().unwrap()
    }

    fn differences(running: &str, desired: &StartCommand) -> Vec<FlagDifference> {
        let running = CanonicalArgs::parse(&running.split_whitespace().collect::<Vec<_>>()).unwrap();
        diff(&running, &CanonicalArgs::from((desired, &version())), &version())
    }

    /// What the script that crdbctl replaces put into its units.
    const OLD_SCRIPT: &str = "/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --store=/opt/cockroach/data \
        --host=198.0.2.166 --join=198.0.2.158,198.0.2.166,198.0.2.171 --cache=.25 --max-sql-memory=.25 \
        --locality=region=kr,zone=seo01";

    #[test]
    fn an_adopted_cluster_does_not_differ() {
        assert_eq!(differences(OLD_SCRIPT, &store_1()), []);
    }

    #[test]
    fn a_longer_join_list_is_shown_and_restarts_nothing() {
        let mut desired = store_1();
        desired.join.push(Address::new("198.0.2.180", 26257));
        let found = differences(OLD_SCRIPT, &desired);
        assert_eq!(strongest_impact(&found), RestartImpact::None);
        assert!(found.iter().all(|difference| !difference.needs_restart()));
        insta::assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @"--join=198.0.2.158,198.0.2.166,198.0.2.171 -> --join=198.0.2.166:26257,198.0.2.158:26257,198.0.2.171:26257,198.0.2.180:26257");
    }

    #[test]
    fn shows_each_flag_as_it_was_written() {
        let mut desired = store_1();
        desired.flags.insert("cache".into(), vec![".35".into()]);
        desired.flags.remove("max-sql-memory");
        desired.flags.insert("max-offset".into(), vec!["250ms".into()]);
        desired.listen_addr.port = "26300".into();
        desired.locality = None;
        let found = differences(OLD_SCRIPT, &desired);
        assert_eq!(strongest_impact(&found), RestartImpact::Node);
        insta::assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r"
        --cache=.25 -> --cache=.35
        --listen-addr=198.0.2.166:26257 -> --listen-addr=198.0.2.166:26300
        --locality=region=kr,zone=seo01 -> no --locality
        no --max-offset -> --max-offset=250ms
        --max-sql-memory=.25 -> no --max-sql-memory
        ");
    }

    #[test]
    fn a_stray_override_at_the_end_is_seen() {
        let found = differences(&format!("{OLD_SCRIPT} --cache=.5 --insecure"), &store_1());
        let names: Vec<&str> = found.iter().map(|difference| difference.flag.as_str()).collect();
        assert_eq!(names, ["cache", "insecure"]);
    }

    #[test]
    fn the_order_of_locality_tiers_counts() {
        let found =
            differences(&OLD_SCRIPT.replace("region=kr,zone=seo01", "zone=seo01,region=kr"), &store_1());
        assert_eq!(found.len(), 1);
    }

    proptest! {
        #[test]
        fn what_crdbctl_builds_does_not_differ_from_itself(
            host in "[a-z][a-z0-9.]{0,10}|10\\.0\\.0\\.[1-9]|::[1-9a-f]", port in 1u16..,
            join in proptest::collection::vec("[a-z]{1,5}", 0..4),
            cache in "\\.[1-9][0-9]?|[1-9][0-9]{0,5}(MiB|GB)", attrs in "[ -~]{0,12}",
            old in any::<bool>(), rotate in 0usize..4,
        ) {
            let mut command = store_1();
            command.listen_addr = Address::new(&host, port);
            command.advertise_addr = command.listen_addr.clone();
            command.join = join.iter().map(|name| Address::new(name, 26257)).collect();
            command.flags.insert("cache".into(), vec![cache]);
            command.flags.insert("attrs".into(), vec![attrs]);
            let version: Version = if old { "v2.0.7" } else { "v25.2.0" }.parse().unwrap();
            let desired = CanonicalArgs::from((&command, &version));

            // The same flags, in another order and with a space for each first equals sign.
            let mut argv = command.argv(&version);
            let by = rotate % argv.len().saturating_sub(2).max(1);
            if let Some(flags) = argv.get_mut(2..) {
                flags.rotate_left(by);
            }
            let spaced: Vec<String> = argv.iter().flat_map(|word| match word.split_once('=') {
                Some((name, value)) => vec![name.to_owned(), value.to_owned()],
                None => vec![word.clone()],
            }).collect();
            prop_assert_eq!(diff(&CanonicalArgs::parse(&spaced).unwrap(), &desired, &version), vec![]);
        }
    }
}
