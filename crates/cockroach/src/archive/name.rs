use super::{Arch, Os};
use crate::Version;

/// Returns the name of the directory that an archive holds: `cockroach-v24.1.0.linux-amd64`.
#[must_use]
pub fn package_dir_name(version: &Version, os: Os, arch: Arch) -> String {
    format!("cockroach-{version}.{os}-{arch}")
}

/// Returns the name of an archive: `cockroach-v24.1.0.linux-amd64.tgz`.
#[must_use]
pub fn archive_name(version: &Version, os: Os, arch: Arch) -> String {
    format!("{}.tgz", package_dir_name(version, os, arch))
}

/// Returns the name, or the URL, of the published checksum of an archive: the archive's with `.sha256sum` after it.
#[must_use]
pub fn checksum_name(archive: &str) -> String {
    format!("{archive}.sha256sum")
}

/// Returns the path of the binary inside an archive: `cockroach-v24.1.0.linux-amd64/cockroach`.
#[must_use]
pub fn binary_path(version: &Version, os: Os, arch: Arch) -> String {
    format!("{}/cockroach", package_dir_name(version, os, arch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_download_server() {
        let version = "v24.1.0".parse().unwrap();
        assert_eq!(archive_name(&version, Os::Linux, Arch::Amd64), "cockroach-v24.1.0.linux-amd64.tgz");
        assert_eq!(
            checksum_name(&archive_name(&version, Os::Linux, Arch::Arm64)),
            "cockroach-v24.1.0.linux-arm64.tgz.sha256sum"
        );
        assert_eq!(binary_path(&version, Os::Linux, Arch::Amd64), "cockroach-v24.1.0.linux-amd64/cockroach");
        let testing = "v24.1.0-rc.1".parse().unwrap();
        assert_eq!(package_dir_name(&testing, Os::Linux, Arch::Amd64), "cockroach-v24.1.0-rc.1.linux-amd64");
    }
}
