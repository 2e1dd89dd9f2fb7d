use super::{Address, CanonicalArgs};

/// What `cockroach start` needs of a path that a flag names. Without it the process ends before it serves anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathNeed {
    /// A file that exists and can be read.
    ReadableFile,
    /// A directory that can be written to; the process makes it, with those above it, when it is missing.
    MadeDirectory,
    /// A directory that exists and can be written to.
    WritableDirectory,
}

/// A path that a command line needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededPath {
    /// The flag's name, without dashes.
    pub flag: &'static str,
    /// The path, as it is written.
    pub path: String,
    /// What is needed of it.
    pub need: PathNeed,
}

impl CanonicalArgs {
    /// Returns the absolute paths that a start with these flags needs.
    ///
    /// Only what ends the process when it is missing is among them. `--pid-file` and `--listening-url-file` are not: a failure to
    /// write them is logged and nothing more; nor is `--spatial-libs` (a warning), nor `--external-io-dir` (used by jobs only).
    /// Source: `runStartInternal`, `initTempStorageConfig`, `reportReadinessExternally` and `initGEOS` in `pkg/cli/start.go` of
    /// <https://github.com/cockroachdb/cockroach>; keys of `--enterprise-encryption`, the old one too, are read at each start:
    /// <https://www.cockroachlabs.com/docs/stable/encryption>.
    #[must_use]
    pub fn needed_paths(&self) -> Vec<NeededPath> {
        const NEEDS: [(&str, PathNeed); 7] = [
            ("clock-device", PathNeed::ReadableFile),
            ("log-config-file", PathNeed::ReadableFile),
            ("locality-file", PathNeed::ReadableFile),
            ("log-dir", PathNeed::MadeDirectory),
            ("sql-audit-dir", PathNeed::MadeDirectory),
            ("socket-dir", PathNeed::WritableDirectory),
            ("temp-dir", PathNeed::WritableDirectory),
        ];
        const FIELDS: [(&str, &[&str], PathNeed); 3] = [
            ("store", &["path"], PathNeed::MadeDirectory),
            ("wal-failover", &["path"], PathNeed::MadeDirectory),
            ("enterprise-encryption", &["key", "old-key"], PathNeed::ReadableFile),
        ];
        let values = |flag: &str| self.flags.get(flag).into_iter().flat_map(|flag| &flag.values);
        let plain = NEEDS.iter().flat_map(|&(flag, need)| {
            values(flag).map(move |path| NeededPath { flag, path: path.clone(), need })
        });
        let fields = FIELDS.iter().flat_map(|&(flag, names, need)| {
            let fields =
                values(flag).flat_map(|value| value.split(',')).filter_map(|field| field.split_once('='));
            fields.filter(move |(name, _)| names.contains(name)).map(move |(_, path)| NeededPath {
                flag,
                path: path.to_owned(),
                need,
            })
        });
        // `--log-dir=` turns files off, `key=plain` encryption; a relative path begins where the unit says.
        plain.chain(fields).filter(|needed| needed.path.starts_with('/')).collect()
    }

    /// Returns the addresses that a start with these flags listens on, each with its flag's name.
    #[must_use]
    pub fn listeners(&self) -> Vec<(&'static str, Address)> {
        let listener = |flag: &'static str| {
            let address = Address::parse(self.flags.get(flag)?.values.first()?, "")?;
            // Port 0 means any that is free.
            address.port.parse::<u16>().is_ok_and(|port| port > 0).then_some((flag, address))
        };
        ["listen-addr", "sql-addr", "http-addr"].into_iter().filter_map(listener).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> CanonicalArgs {
        let argv: Vec<&str> = ["cockroach", "start"].iter().chain(flags).copied().collect();
        CanonicalArgs::parse(&argv).unwrap()
    }

    #[test]
    fn paths_that_a_start_needs_are_those_without_which_it_ends() {
        let args = parse(&[
            "--store=/data/1",
            "--store=type=mem,size=1GiB",
            "--store=path=/data/2,attrs=ssd",
            "--enterprise-encryption=path=/data/1,key=/k/new,old-key=plain",
            "--enterprise-encryption=path=/data/2,key=/k/a,old-key=/k/b",
            "--wal-failover=path=/wal",
            "--log-config-file=/etc/log.yaml",
            "--log-dir=",
            "--temp-dir=tmp",
            "--pid-file=/run/x/pid",
            "--spatial-libs=/lib/geos",
            "--external-io-dir=/backup",
        ]);
        let shown: Vec<String> =
            args.needed_paths().iter().map(|it| format!("{} {} {:?}", it.flag, it.path, it.need)).collect();
        assert_eq!(
            shown,
            [
                "log-config-file /etc/log.yaml ReadableFile",
                "store /data/1 MadeDirectory",
                "store /data/2 MadeDirectory",
                "wal-failover /wal MadeDirectory",
                "enterprise-encryption /k/new ReadableFile",
                "enterprise-encryption /k/a ReadableFile",
                "enterprise-encryption /k/b ReadableFile",
            ]
        );
        assert!(parse(&["--wal-failover=among-stores"]).needed_paths().is_empty());
    }

    #[test]
    fn listeners_are_told_with_their_defaults() {
        let shown = |flags: &[&str]| {
            let listeners = parse(flags).listeners();
            listeners.iter().map(|(flag, at)| format!("{flag}={at}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(&[]), "listen-addr=:26257 http-addr=:8080");
        assert_eq!(
            shown(&["--listen-addr=10.0.0.1:36257", "--sql-addr=:26257", "--http-addr=[::1]:0"]),
            "listen-addr=10.0.0.1:36257 sql-addr=10.0.0.1:26257"
        );
    }
}
