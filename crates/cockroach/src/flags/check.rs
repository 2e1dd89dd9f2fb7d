use std::collections::BTreeSet;

use super::value::{self, Size};
use super::{FlagError, FlagErrorKind, FlagShape, FlagSpec, Managed, find, suggest};
use crate::Version;

/// Checks one flag of a manifest: that this version has it, that it is the manifest's to set, and that the value fits.
///
/// `flag` is the name without dashes, `value` one value as it would stand after `--flag=`. Values are checked for
/// what cockroach makes of them, not for what a unit or a shell would: whoever writes those quotes or refuses.
///
/// # Errors
/// The first thing that is wrong, with what to write instead.
pub fn check(flag: &str, value: &str, version: &Version) -> Result<(), FlagError> {
    check_all(flag, &[value], version)
}

/// Checks a flag with all its values, for flags that may be repeated; see [`check`].
///
/// # Errors
/// As [`check`]; also when there is no value, or more than one for a flag that takes one.
pub fn check_all(flag: &str, values: &[&str], version: &Version) -> Result<(), FlagError> {
    kind_of(flag, values, version).map_err(|kind| FlagError { flag: flag.to_owned(), kind })
}

fn kind_of(flag: &str, values: &[&str], version: &Version) -> Result<(), FlagErrorKind> {
    let Some(spec) = find(flag) else {
        let suggestion = suggest::nearest(flag, version).map(|spec| spec.name);
        return Err(FlagErrorKind::Unknown { suggestion });
    };
    match spec.managed {
        Managed::Always { why } | Managed::Never { why } => {
            return Err(FlagErrorKind::Managed { alias_of: spec.alias_of, why });
        }
        Managed::No | Managed::UnlessGiven { .. } => {}
    }
    let version_of = || version.clone();
    if version.series() < spec.since {
        return Err(FlagErrorKind::NotYet { version: version_of(), since: spec.since });
    }
    if let Some(until) = spec.until.filter(|until| version.series() >= *until) {
        return Err(FlagErrorKind::Gone { version: version_of(), until });
    }
    match values {
        [] => return Err(FlagErrorKind::NoValue),
        [_] => {}
        _ if spec.repeated => {}
        _ => return Err(FlagErrorKind::NotRepeated { count: values.len() }),
    }
    values.iter().try_for_each(|value| fits(spec, value))
}

fn fits(spec: &FlagSpec, value: &str) -> Result<(), FlagErrorKind> {
    let refuse = || Err(FlagErrorKind::Value { value: value.to_owned(), expected: spec.shape });
    if spec.shape == FlagShape::Size {
        return size_fits(spec, value);
    }
    // An empty value turns the unix socket off; everywhere else it is a slip.
    let empty_is_fine = spec.name == "socket-dir";
    if value.is_empty() && !empty_is_fine || value.contains('\0') {
        return refuse();
    }
    let good = match spec.shape {
        FlagShape::Bool => value::boolean(value).is_some(),
        FlagShape::Number => value.parse::<i64>().is_ok(),
        FlagShape::Bytes => value::bytes(value).is_some(),
        FlagShape::Duration => value::duration(value).is_some(),
        FlagShape::Address => is_address(value),
        FlagShape::AddressList => value.split(',').all(is_address),
        FlagShape::Host => !value.contains([',', ' ']),
        FlagShape::Port => value.parse::<u16>().is_ok(),
        FlagShape::Locality => is_locality(value),
        FlagShape::LocalityAddresses => is_locality_addresses(value),
        FlagShape::Store => return store_fits(value),
        FlagShape::Severity => {
            matches!(
                value.to_ascii_uppercase().as_str(),
                "INFO" | "WARNING" | "ERROR" | "FATAL" | "NONE" | "TRUE" | "FALSE" | "DEFAULT"
            )
        }
        FlagShape::Size | FlagShape::Text | FlagShape::Path | FlagShape::List => true,
    };
    if good { Ok(()) } else { refuse() }
}

fn size_fits(spec: &FlagSpec, text: &str) -> Result<(), FlagErrorKind> {
    let value = || text.to_owned();
    match value::size(text) {
        None => Err(FlagErrorKind::Value { value: value(), expected: spec.shape }),
        Some(Size::Part(millionths)) => {
            // Source: the range of 1% to 99% in pkg/cli/flags_util.go.
            if !(10_000..=990_000).contains(&millionths) {
                Err(FlagErrorKind::PartOutOfRange { value: value() })
            } else if text.contains('%') {
                Err(FlagErrorKind::Percent { value: value(), instead: value::part(millionths) })
            } else {
                Ok(())
            }
        }
        // Zero turns the limit off where cockroach documents it, and is left to cockroach elsewhere.
        Some(Size::Bytes(0..=100)) if text != "0" => Err(FlagErrorKind::TooSmall { value: value() }),
        Some(Size::Bytes(_)) => Ok(()),
    }
}

fn is_address(text: &str) -> bool {
    crate::start::Address::parse(text, "").is_some()
}

fn is_locality(text: &str) -> bool {
    let mut keys = BTreeSet::new();
    text.split(',').all(|tier| match tier.split_once('=') {
        Some((key, value)) => {
            !key.is_empty() && !value.is_empty() && !value.contains('=') && keys.insert(key)
        }
        None => false,
    })
}

fn is_locality_addresses(text: &str) -> bool {
    text.split(',').all(|pair| match pair.split_once('@') {
        Some((tier, address)) => is_locality(tier) && is_address(address),
        None => false,
    })
}

/// Checks the fields of a store; a lone first field without `=` is the path.
///
/// `type=mem` is left out: such a node loses its data whenever it is restarted.
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-start#store>.
fn store_fits(text: &str) -> Result<(), FlagErrorKind> {
    let refuse = || Err(FlagErrorKind::Value { value: text.to_owned(), expected: FlagShape::Store });
    let mut seen = BTreeSet::new();
    for (at, field) in text.split(',').enumerate() {
        let (key, value) = match field.split_once('=') {
            Some(pair) => pair,
            None if at == 0 => ("path", field),
            None => return refuse(),
        };
        if value.is_empty() || !seen.insert(key) {
            return refuse();
        }
        match key {
            "path" if !value.starts_with('~') => {}
            "attrs" | "pebble" | "rocksdb" | "provisioned-rate" => {}
            "size" | "ballast-size" => match value::size(value) {
                Some(Size::Part(part)) if value.contains('%') => {
                    let instead = text.replacen(field, &format!("{key}={}", value::part(part)), 1);
                    return Err(FlagErrorKind::Percent { value: text.to_owned(), instead });
                }
                Some(_) => {}
                None => return refuse(),
            },
            _ => return refuse(),
        }
    }
    if seen.contains("path") { Ok(()) } else { refuse() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(flag: &str, value: &str, version: &str) -> String {
        check(flag, value, &version.parse().unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn takes_what_manifests_say() {
        for (flag, value) in [
            ("cache", ".25"),
            ("cache", "0.35"),
            ("cache", "8GiB"),
            ("max-sql-memory", "1073741824"),
            ("max-go-memory", "0"),
            ("max-offset", "250ms"),
            ("attrs", "ssd:fast"),
            ("cluster-name", "store"),
            ("sql-addr", ":26257"),
            ("http-addr", "[::1]:8080"),
            ("log", "file-defaults: {dir: '/var/log/cockroach', exit-on-error: false}"),
            ("locality-advertise-addr", "region=eu@10.0.0.1:26257,region=us@node1"),
            ("logtostderr", "INFO"),
            ("store", "/mnt/d1"),
            ("store", "path=/mnt/d1,attrs=ssd:x16,size=.9,ballast-size=0"),
            ("store", "path=/mnt/d1,provisioned-rate=disk-name=nvme1n1:200"),
            ("disable-cluster-name-verification", "true"),
            ("socket-dir", ""),
            ("wal-failover", "among-stores"),
        ] {
            check(flag, value, &"v24.1.0".parse().unwrap()).unwrap();
        }
        check_all("store", &["path=/mnt/d1", "path=/mnt/d2"], &"v24.1.0".parse().unwrap()).unwrap();
    }

    #[test]
    fn says_what_to_write_instead() {
        insta::assert_snapshot!(said("chache", ".25", "v24.1.0"), @"flag `chache`: `cockroach start` has no such flag; did you mean `cache`?");
        insta::assert_snapshot!(said("--cache", ".25", "v24.1.0"), @"flag `--cache`: `cockroach start` has no such flag; did you mean `cache`?");
        insta::assert_snapshot!(said("replicas", "3", "v24.1.0"), @"flag `replicas`: `cockroach start` has no such flag");
        insta::assert_snapshot!(said("wal-failover", "among-stores", "v23.2.4"), @"flag `wal-failover`: cockroach v23.2.4 does not have it yet; it came with v24.1");
        insta::assert_snapshot!(said("socket", "/tmp/s", "v24.1.0"), @"flag `socket`: cockroach v24.1.0 no longer has it; it went with v20.2");
        insta::assert_snapshot!(said("cache", "25%", "v24.1.0"), @"flag `cache`: `25%` has a %, which systemd reads as a specifier: write `.25`");
        insta::assert_snapshot!(said("cache", "25", "v24.1.0"), @"flag `cache`: `25` means 25 bytes; for a part write it as in `.25`, for a size as in `8GiB`");
        insta::assert_snapshot!(said("cache", "1.5", "v24.1.0"), @"flag `cache`: `1.5` means 1.5 bytes; for a part write it as in `.25`, for a size as in `8GiB`");
        insta::assert_snapshot!(said("cache", "120%", "v24.1.0"), @"flag `cache`: `120%` is out of range: cockroach takes parts from .01 to .99");
        insta::assert_snapshot!(said("cache", "8 gigs", "v24.1.0"), @"flag `cache`: `8 gigs` does not fit: expected a part such as `.25` or a size such as `8GiB`");
        insta::assert_snapshot!(said("max-offset", "500", "v24.1.0"), @"flag `max-offset`: `500` does not fit: expected a duration such as `500ms`");
        insta::assert_snapshot!(said("http-addr", "10.0.0.1:http", "v24.1.0"), @"flag `http-addr`: `10.0.0.1:http` does not fit: expected an address such as `10.0.0.1:26257`, `node1` or `[::1]:26257`");
        insta::assert_snapshot!(said("store", "path=/a,path=/b", "v24.1.0"), @"flag `store`: `path=/a,path=/b` does not fit: expected a path, or fields such as `path=/mnt/d1,attrs=ssd`");
        insta::assert_snapshot!(said("store", "path=/a,size=20%", "v24.1.0"), @"flag `store`: `path=/a,size=20%` has a %, which systemd reads as a specifier: write `path=/a,size=.2`");
        for store in [
            "",
            "type=mem,size=1GiB",
            "/a,/b",
            "size=1GiB",
            "~/data",
            "path=",
            "/a,size=big",
            "/a,colour=red",
        ] {
            assert!(check("store", store, &"v24.1.0".parse().unwrap()).is_err(), "{store:?}");
        }
        insta::assert_snapshot!(said("attrs", "", "v24.1.0"), @"flag `attrs`: `` does not fit: expected a text");
        let two = check_all("cache", &[".1", ".2"], &"v24.1.0".parse().unwrap()).unwrap_err();
        insta::assert_snapshot!(two, @"flag `cache`: it takes one value, and 2 were given");
        let none = check_all("store", &[], &"v24.1.0".parse().unwrap()).unwrap_err();
        insta::assert_snapshot!(none, @"flag `store`: no value was given; leave the flag out instead");
    }

    #[test]
    fn names_the_field_for_flags_that_crdbctl_sets() {
        insta::assert_snapshot!(said("join", "a,b", "v24.1.0"), @"flag `join`: it cannot be set here: crdbctl sets it from `cockroach.join`");
        insta::assert_snapshot!(said("host", "10.0.0.1", "v24.1.0"), @"flag `host`: it cannot be set here: it is an old name of `listen-addr`; crdbctl sets it from `nodes[].address`");
        insta::assert_snapshot!(said("insecure", "true", "v24.1.0"), @"flag `insecure`: it cannot be set here: crdbctl sets up secure clusters only, with certificates from `certificates.authority`");
        insta::assert_snapshot!(said("background", "true", "v24.1.0"), @"flag `background`: it cannot be set here: systemd runs cockroach in the foreground and watches it");
    }

    #[test]
    fn a_managed_flag_is_refused_in_every_version() {
        for version in ["v2.0.7", "v24.1.0", "v99.9.9"] {
            for name in ["certs-dir", "listen-addr", "advertise-addr", "join", "locality", "insecure"] {
                assert!(check(name, "x", &version.parse().unwrap()).is_err(), "{name} {version}");
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(at in 0usize..super::super::all().len(), flag in "\\PC{0,20}", value in "\\PC{0,40}") {
            let version = "v24.1.0".parse().unwrap();
            let known = super::super::all()[at].name;
            let _ = (check(&flag, &value, &version), check(known, &value, &version));
        }

        #[test]
        fn what_is_refused_for_its_percent_sign_is_taken_as_advised(percent in 1u32..=99) {
            let version = "v24.1.0".parse().unwrap();
            let error = check("cache", &format!("{percent}%"), &version).unwrap_err();
            let FlagErrorKind::Percent { instead, .. } = error.kind else { panic!("{error}") };
            check("cache", &instead, &version).unwrap();
        }
    }
}
