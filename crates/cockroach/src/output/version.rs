use std::collections::BTreeMap;

use crate::{Version, VersionError};

/// What `cockroach version` says of a binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// `Build Tag`: the version.
    pub version: Version,
    /// `Platform` without what is in parentheses: `linux amd64`.
    pub platform: Option<String>,
    /// `Distribution`: `CCL` or `OSS`.
    pub distribution: Option<String>,
    /// `Build Type`: `release` for published binaries.
    pub build_type: Option<String>,
    /// Every line by its label, the ones above included.
    pub fields: BTreeMap<String, String>,
}

/// Why a text is not what `cockroach version` prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionInfoError {
    /// There is no line with the build tag.
    #[error("no build tag in `{0}`")]
    NoBuildTag(String),
    /// The build tag is no version.
    #[error("the build tag is not a version: {0}")]
    BadBuildTag(#[from] VersionError),
}

/// Returns what `cockroach version` printed, from its stdout.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-version>.
///
/// # Errors
/// When there is no build tag, or one that is no version. Every other line may be missing.
pub fn version_info(stdout: &str) -> Result<VersionInfo, VersionInfoError> {
    let fields: BTreeMap<String, String> = stdout
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(label, value)| (label.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let tag = fields.get("Build Tag").ok_or_else(|| VersionInfoError::NoBuildTag(beginning(stdout)))?;
    let get = |label: &str| fields.get(label).filter(|value| !value.is_empty()).cloned();
    let platform = get("Platform").map(|text| text.split('(').next().unwrap_or_default().trim().to_owned());
    Ok(VersionInfo {
        version: tag.parse()?,
        platform,
        distribution: get("Distribution"),
        build_type: get("Build Type"),
        fields,
    })
}

/// Returns the version from the stdout of `cockroach version --build-tag`, which is the build tag alone.
///
/// # Errors
/// When it is anything else.
pub fn build_tag(stdout: &str) -> Result<Version, VersionInfoError> {
    let mut lines = stdout.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(tag), None) => Ok(tag.parse()?),
        _ => Err(VersionInfoError::NoBuildTag(beginning(stdout))),
    }
}

fn beginning(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V23_1: &str = "\
Build Tag:        v23.1.8
Build Time:       2023/08/04 18:11:44
Distribution:     CCL
Platform:         linux amd64 (x86_64-pc-linux-gnu)
Go Version:       go1.19.10
C Compiler:       gcc 6.5.0
Build Commit ID:  0123456789abcdef
Build Type:       release
Enabled Assertions: false
";

    #[test]
    fn reads_a_binary_s_card() {
        let info = version_info(V23_1).unwrap();
        assert_eq!(info.version, Version::new(23, 1, 8));
        assert_eq!(info.platform.as_deref(), Some("linux amd64"));
        assert_eq!(
            (info.distribution.as_deref(), info.build_type.as_deref()),
            (Some("CCL"), Some("release"))
        );
        assert_eq!(info.fields["Build Time"], "2023/08/04 18:11:44");
        assert_eq!(info.fields["Enabled Assertions"], "false");
    }

    #[test]
    fn reads_a_card_with_only_a_tag() {
        let info = version_info("Build Tag: v2.0.7\r\n").unwrap();
        assert_eq!((info.version, info.platform), (Version::new(2, 0, 7), None));
    }

    #[test]
    fn reads_a_bare_tag() {
        assert_eq!(build_tag("v25.1.5\n").unwrap(), Version::new(25, 1, 5));
        assert_eq!(build_tag("v25.1.5\r\n\n").unwrap(), Version::new(25, 1, 5));
    }

    #[test]
    fn says_what_it_got() {
        insta::assert_snapshot!(build_tag("").unwrap_err(), @"no build tag in ``");
        insta::assert_snapshot!(build_tag("warning: x\nv25.1.5\n").unwrap_err(), @"no build tag in `warning: x`");
        insta::assert_snapshot!(build_tag("unknown\n").unwrap_err(), @"the build tag is not a version: `unknown` is not a CockroachDB version: write it as in `v24.1.0` or `v24.1.0-rc.1`");
        insta::assert_snapshot!(version_info("bash: cockroach: not found\n").unwrap_err(), @"no build tag in `bash: cockroach: not found`");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,100}|(Build Tag|Platform) ?: ?\\PC{0,20}") {
            let _ = (version_info(&text), build_tag(&text));
        }
    }
}
