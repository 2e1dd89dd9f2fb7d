use std::fmt;
use std::str::FromStr;

use crdbctl_cockroach::Version;
use crdbctl_cockroach::archive::{Arch, Os, TemplateError, expand};

use super::{LocalPath, ValueError};

/// Where a release archive comes from: a URL, or a file of the control host; with `{version}`, `{os}` and
/// `{arch}` to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveSource {
    /// An `https://` or `http://` URL.
    Url(String),
    /// A path of the control host; a relative one counts from the manifest.
    File(LocalPath),
}

impl ArchiveSource {
    /// Returns the text with its placeholders, as the manifest has it.
    pub fn template(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::File(path) => path.as_str(),
        }
    }

    /// Returns the URL or path of one version's archive for one architecture.
    pub fn of(&self, version: &Version, arch: Arch) -> String {
        expand(self.template(), version, Os::Linux, arch)
            .expect("the placeholders were checked when it was read")
    }

    /// Returns whether the archive travels without protection, so that only a pinned digest makes it trustworthy.
    pub fn is_plain_http(&self) -> bool {
        matches!(self, Self::Url(url) if url.starts_with("http://"))
    }
}

impl FromStr for ArchiveSource {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Err(error) = expand(text, &Version::new(24, 1, 0), Os::Linux, Arch::Amd64) {
            let problem = match &error {
                TemplateError::Unknown(name) => format!("has the unknown placeholder {{{name}}}"),
                _ => "has a brace without its other half".to_owned(),
            };
            return Err(ValueError::new(text, problem, "use {version}, {os} and {arch} only"));
        }
        let Some((scheme, rest)) = text.split_once("://") else { return text.parse().map(Self::File) };
        if !matches!(scheme, "https" | "http") {
            return Err(ValueError::new(
                text,
                "is a URL of a kind that crdbctl does not fetch",
                "use https://, or the path of a file",
            ));
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            return Err(ValueError::new(
                text,
                "holds a user or a password, and manifests are shown and kept in many places",
                "use a mirror that needs none, or fetch the file yourself and give its path",
            ));
        }
        let is_plain =
            rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?&=+,;@!()%{}[]".contains(&b));
        if host.is_empty() || host.starts_with('-') || !is_plain {
            return Err(ValueError::new(
                text,
                "is not a URL",
                "write it as in https://mirror.example.com/{version}.tgz",
            ));
        }
        Ok(Self::Url(text.to_owned()))
    }
}

impl fmt::Display for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.template())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdbctl_cockroach::archive::DEFAULT_URL;

    #[test]
    fn fills_in_placeholders() {
        let source: ArchiveSource = DEFAULT_URL.parse().unwrap();
        assert_eq!(
            source.of(&Version::new(24, 1, 0), Arch::Arm64),
            "https://binaries.cockroachdb.com/cockroach-v24.1.0.linux-arm64.tgz"
        );
        let file: ArchiveSource = "dist/{version}.tgz".parse().unwrap();
        assert!(matches!(&file, ArchiveSource::File(_)));
        assert_eq!(file.of(&Version::new(24, 1, 0), Arch::Amd64), "dist/v24.1.0.tgz");
    }

    #[test]
    fn refuses_what_it_could_not_fetch() {
        for text in [
            "",
            "-x.tgz",
            "a\nb",
            "ftp://a/b",
            "file:///a",
            "https://",
            "https://u:p@a/b",
            "https://a/b c",
            "https://a/{verion}",
            "https://a/{version",
            "https://-a/b",
            "https://a/'b'",
        ] {
            assert!(text.parse::<ArchiveSource>().is_err(), "{text:?}");
        }
    }
}
