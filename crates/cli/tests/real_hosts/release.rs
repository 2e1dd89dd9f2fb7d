//! The release that the hosts run: the stand-in, or whatever archive somebody has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use roachsim::archive::Arch;

/// Names a release archive (.tgz, as published) that the hosts run in place of the stand-in.
const VARIABLE: &str = "CRDBCTL_TEST_ARCHIVE";

/// What the stand-in plays.
const PLAYED: &str = "v24.1.0";

/// A release with its archive.
pub(crate) struct Release {
    /// `v24.1.0`.
    pub(crate) version: String,
    pub(crate) archive: PathBuf,
    /// Whether its faults, its times and its other versions are ours to choose.
    pub(crate) is_stand_in: bool,
}

impl Release {
    /// Returns the one that the hosts run.
    pub(crate) fn of_hosts() -> &'static Self {
        static RELEASE: OnceLock<Release> = OnceLock::new();
        RELEASE.get_or_init(|| match std::env::var_os(VARIABLE) {
            Some(archive) => Self::given(Path::new(&archive)),
            None => Self { version: PLAYED.to_owned(), archive: pack(PLAYED), is_stand_in: true },
        })
    }

    fn given(archive: &Path) -> Self {
        let name = archive.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let version = name
            .strip_prefix("cockroach-")
            .and_then(|rest| rest.strip_suffix(&format!(".linux-{}.tgz", Arch::native())))
            .unwrap_or_else(|| {
                panic!(
                    "{VARIABLE}={}: not named cockroach-VERSION.linux-{}.tgz",
                    archive.display(),
                    Arch::native()
                )
            });
        let archive =
            archive.canonicalize().unwrap_or_else(|e| panic!("{VARIABLE}={}: {e}", archive.display()));
        Self { version: version.to_owned(), archive, is_stand_in: false }
    }

    /// Returns the cluster's version when all nodes run it: `24.1`.
    pub(crate) fn series(&self) -> &str {
        let numbers = self.version.trim_start_matches('v');
        numbers.match_indices('.').nth(1).map_or(numbers, |(at, _)| &numbers[..at])
    }

    /// Returns the package's directory on a host.
    pub(crate) fn package(&self) -> String {
        format!("/opt/cockroach-{}.linux-{}", self.version, Arch::native())
    }
}

/// Returns a directory with the stand-in's archives of these versions, as they are published.
pub(crate) fn archives(versions: &[&str]) -> PathBuf {
    static PACKED: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut packed = PACKED.lock().unwrap();
    for version in versions {
        packed.entry((*version).to_owned()).or_insert_with(|| pack(version));
    }
    packed[versions[0]].parent().unwrap().to_owned()
}

fn pack(version: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binary = roachsim::archive::build(here).expect("the stand-in builds");
    // Several test processes pack at once: each into a directory of its own.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("archives-{}", std::process::id()));
    roachsim::archive::pack(&binary, version.parse().unwrap(), Arch::native(), &directory)
        .expect("the stand-in packs")
        .path
}
