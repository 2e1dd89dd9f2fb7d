use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crdbctl_cockroach::archive::Arch;
use crdbctl_model::Digest;
use tempfile::TempDir;

use super::archive_builder::PACKAGE;
use crate::fetch::Roots;
use crate::resolve::resolve_with;
use crate::settings::Settings;
use crate::{ArchiveRequest, LocalArchive, Progress, ReleaseError};

/// A directory with a place for manifests and a cache beside it.
pub(super) struct Scene {
    pub(super) directory: TempDir,
    pub(super) settings: Settings,
}

impl Scene {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("manifests")).unwrap();
        let settings = Settings {
            silence: Duration::from_secs(5),
            // The tests' servers are on this machine.
            proxy_from_environment: false,
            roots: Roots::Only(Vec::new()),
            ..Settings::default()
        };
        Self { directory, settings }
    }

    pub(super) fn manifests(&self) -> PathBuf {
        self.directory.path().join("manifests")
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    /// Puts an archive beside the manifest, with its checksum.
    pub(super) fn archive(&self, bytes: &[u8]) -> PathBuf {
        let name = format!("{PACKAGE}.tgz");
        let path = self.manifests().join(&name);
        fs::write(&path, bytes).unwrap();
        fs::write(self.manifests().join(format!("{name}.sha256sum")), sum(bytes)).unwrap();
        path
    }

    pub(super) fn request(&self, source: &str) -> ArchiveRequest {
        ArchiveRequest {
            source: source.to_owned(),
            base: self.manifests(),
            version: "v24.1.0".parse().unwrap(),
            arch: Arch::Amd64,
            sha256: None,
            cache: self.cache(),
        }
    }

    /// Resolves the archive beside the manifest.
    pub(super) fn local(&self) -> Result<LocalArchive, ReleaseError> {
        self.resolve(&self.request("cockroach-{version}.{os}-{arch}.tgz"))
    }

    pub(super) fn resolve(&self, request: &ArchiveRequest) -> Result<LocalArchive, ReleaseError> {
        self.told(request).0
    }

    /// Resolves, and returns what was told on the way.
    pub(super) fn told(
        &self,
        request: &ArchiveRequest,
    ) -> (Result<LocalArchive, ReleaseError>, Vec<Progress>) {
        let mut told = Vec::new();
        let result = resolve_with(request, &self.settings, &mut |progress| told.push(progress));
        (result, told)
    }

    /// Returns an error's text, with the parts that differ from run to run replaced.
    pub(super) fn said(&self, result: Result<LocalArchive, ReleaseError>) -> String {
        let text = result.unwrap_err().to_string();
        let text = text.replace(&self.directory.path().display().to_string(), "<dir>");
        replace_digests(&replace_ports(&text))
    }

    /// Returns every file below the scene's directory, with its content, the cache aside.
    pub(super) fn outside_of_cache(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = files(self.directory.path());
        files.retain(|path| !path.starts_with(self.cache()));
        files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Returns the names of files below the cache directory.
    pub(super) fn cached(&self) -> Vec<String> {
        let short = |path: PathBuf| path.strip_prefix(self.cache()).unwrap().display().to_string();
        files(&self.cache()).into_iter().map(short).filter(|name| !name.ends_with(".lock")).collect()
    }
}

/// The published checksum of an archive.
pub(super) fn sum(bytes: &[u8]) -> String {
    format!("{}  {PACKAGE}.tgz\n", Digest::of(bytes))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The digests and sizes of packed archives are the packer's.
fn replace_digests(text: &str) -> String {
    let word = |word: &str| {
        if word.parse::<Digest>().is_ok() { "<sha256>".to_owned() } else { word.to_owned() }
    };
    let words = text.split(' ').map(|all| match all.strip_suffix(',') {
        Some(all) => word(all) + ",",
        None => word(all),
    });
    let text = words.collect::<Vec<_>>().join(" ");
    match text.split_once(" says (") {
        Some((before, after)) => {
            format!("{before} says (<size>{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => text,
    }
}

fn replace_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out += "127.0.0.1:<port>";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out
}
