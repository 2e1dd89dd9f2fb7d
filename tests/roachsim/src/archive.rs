//! Packs a built stand-in the way the real program is published.
//!
//! `cockroach-vX.Y.Z.linux-<arch>.tgz` holds one directory of that name (without `.tgz`) with
//! `cockroach`, `lib/libgeos.so`, `lib/libgeos_c.so` and `LICENSE.txt`; `<archive>.sha256sum` beside it
//! holds `<hex>  <file name>`. The bytes depend on the binary, the version and the architecture alone.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::release::Release;
use crate::trailer::Trailer;

/// Modification time of every member, so that packing twice gives the same bytes: 2024-01-01 UTC.
const MTIME: u64 = 1_704_067_200;

const LICENSE: &str = "This archive holds roachsim, a stand-in for the cockroach program that the tests of crdbctl use.\n\
It is not CockroachDB and stores no data. Licensed under Apache-2.0.\n";

/// The architecture in an archive's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

impl Arch {
    /// Returns the architecture this program was compiled for.
    #[must_use]
    pub const fn native() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::Amd64 }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        })
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "amd64" => Ok(Self::Amd64),
            "arm64" => Ok(Self::Arm64),
            _ => Err(format!("{text:?} is neither amd64 nor arm64")),
        }
    }
}

/// An archive on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The `.tgz`.
    pub path: PathBuf,
    /// Its `.sha256sum`.
    pub checksum_path: PathBuf,
    /// Lower-case hexadecimal SHA-256 of the `.tgz`.
    pub sha256: String,
    /// Name of the one top directory inside, also the package's directory on a host.
    pub root: String,
}

/// Why an archive could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}", path.display())]
pub struct ArchiveError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError { what, path, source }
}

/// Packs `binary` as `release` for `arch` into `dir` (made when missing) and returns what was written.
///
/// # Errors
/// When the binary cannot be read, already carries a version, or `dir` cannot be written.
pub fn pack(binary: &Path, release: Release, arch: Arch, dir: &Path) -> Result<Archive, ArchiveError> {
    let mut program = fs::read(binary).map_err(failed("cannot read", binary))?;
    let packed =
        Trailer::read(io::Cursor::new(&program)).map_err(failed("cannot read the trailer of", binary))?;
    if packed.is_some() {
        let already = io::Error::other("it is packed already");
        return Err(failed("cannot pack", binary)(already));
    }
    program.extend(Trailer { release }.encode());

    let root = format!("cockroach-{release}.linux-{arch}");
    let name = format!("{root}.tgz");
    let path = dir.join(&name);
    let bytes = members(&root, &program).map_err(failed("cannot pack", &path))?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let checksum_path = dir.join(format!("{name}.sha256sum"));

    fs::create_dir_all(dir).map_err(failed("cannot make", dir))?;
    write(&path, &bytes)?;
    write(&checksum_path, format!("{sha256}  {name}\n").as_bytes())?;
    Ok(Archive { path, checksum_path, sha256, root })
}

/// Appears under its name only when whole: tests run side by side and share archives.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let temporary = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(readable)?;
        file.persist(path)?;
        Ok(())
    };
    temporary().map_err(failed("cannot write", path))
}

fn members(root: &str, program: &[u8]) -> io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let geos = b"placeholder of the stand-in\n".as_slice();
    add(&mut tar, &format!("{root}/"), 0o755, &[])?;
    add(&mut tar, &format!("{root}/LICENSE.txt"), 0o644, LICENSE.as_bytes())?;
    add(&mut tar, &format!("{root}/cockroach"), 0o755, program)?;
    add(&mut tar, &format!("{root}/lib/"), 0o755, &[])?;
    add(&mut tar, &format!("{root}/lib/libgeos.so"), 0o644, geos)?;
    add(&mut tar, &format!("{root}/lib/libgeos_c.so"), 0o644, geos)?;
    tar.into_inner()?.finish()
}

fn add<W: Write>(tar: &mut tar::Builder<W>, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(if name.ends_with('/') {
        tar::EntryType::Directory
    } else {
        tar::EntryType::Regular
    });
    header.set_mode(mode);
    header.set_mtime(MTIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

/// Name of the environment variable with the path of a built, unpacked stand-in: nothing is built then.
pub const BINARY_VARIABLE: &str = "ROACHSIM_BINARY";

/// Builds the stand-in in its small profile (`sim`) and returns the path of the unpacked binary.
///
/// `workspace` is any directory of this repository. Cargo itself decides whether there is anything to do.
/// With [`BINARY_VARIABLE`] in the environment, returns what it names: `cargo xtask test` builds before the
/// tests, so that no test's time limit covers a build.
///
/// # Errors
/// When cargo cannot be run, fails, or names no executable; when the named binary is not there.
pub fn build(workspace: &Path) -> Result<PathBuf, ArchiveError> {
    if let Some(binary) = std::env::var_os(BINARY_VARIABLE) {
        return PathBuf::from(&binary).canonicalize().map_err(failed("no stand-in at", Path::new(&binary)));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--package", "roachsim", "--bin", "roachsim", "--profile", "sim"])
        .args(["--message-format", "json-render-diagnostics", "--quiet"])
        .current_dir(workspace)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(failed("cannot run cargo build in", workspace))?;
    if !output.status.success() {
        let status = io::Error::other(output.status.to_string());
        return Err(failed("cargo build failed in", workspace)(status));
    }
    executable(&output.stdout).ok_or_else(|| {
        failed("cargo build named no executable in", workspace)(io::Error::from(io::ErrorKind::NotFound))
    })
}

fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "roachsim")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Reads which release a binary plays: `None` for one that was never packed.
///
/// # Errors
/// When the file cannot be read or its trailer is damaged.
pub fn release_of(binary: &Path) -> io::Result<Option<Release>> {
    Ok(Trailer::read(File::open(binary)?)?.map(|trailer| trailer.release))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    fn pack_bytes(binary: &[u8], release: &str) -> (Archive, Vec<u8>, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roachsim");
        fs::write(&path, binary).unwrap();
        let archive = pack(&path, release.parse().unwrap(), Arch::Amd64, &dir.path().join("out")).unwrap();
        let bytes = fs::read(&archive.path).unwrap();
        let sum = fs::read_to_string(&archive.checksum_path).unwrap();
        (archive, bytes, sum)
    }

    #[test]
    fn layout_owners_and_modes_are_those_of_a_published_archive() {
        let (archive, bytes, _) = pack_bytes(b"\x7fELF", "v24.1.0");
        assert_eq!(archive.root, "cockroach-v24.1.0.linux-amd64");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut seen = BTreeMap::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header().clone();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            seen.insert(entry.path().unwrap().display().to_string(), (header.mode().unwrap(), content));
        }
        let names: Vec<_> = seen.iter().map(|(name, (mode, _))| format!("{mode:o} {name}")).collect();
        insta::assert_snapshot!(names.join("\n"), @r"
        755 cockroach-v24.1.0.linux-amd64/
        644 cockroach-v24.1.0.linux-amd64/LICENSE.txt
        755 cockroach-v24.1.0.linux-amd64/cockroach
        755 cockroach-v24.1.0.linux-amd64/lib/
        644 cockroach-v24.1.0.linux-amd64/lib/libgeos.so
        644 cockroach-v24.1.0.linux-amd64/lib/libgeos_c.so
        ");
        let program = &seen["cockroach-v24.1.0.linux-amd64/cockroach"].1;
        let trailer = Trailer::read(io::Cursor::new(program)).unwrap().unwrap();
        assert_eq!(trailer.release.to_string(), "v24.1.0");
    }

    #[test]
    fn checksum_file_says_digest_two_spaces_and_name() {
        let (archive, bytes, sum) = pack_bytes(b"\x7fELF", "v24.1.0");
        assert_eq!(archive.sha256, hex::encode(Sha256::digest(&bytes)));
        assert_eq!(sum, format!("{}  cockroach-v24.1.0.linux-amd64.tgz\n", archive.sha256));
    }

    #[test]
    fn packing_twice_gives_the_same_bytes_and_another_version_does_not() {
        let (one, _, _) = pack_bytes(b"\x7fELF", "v24.1.0");
        let (two, _, _) = pack_bytes(b"\x7fELF", "v24.1.0");
        let (other, _, _) = pack_bytes(b"\x7fELF", "v24.1.1");
        assert_eq!(one.sha256, two.sha256);
        assert_ne!(one.sha256, other.sha256);
    }

    #[test]
    fn a_packed_binary_is_not_packed_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cockroach");
        let release: Release = "v24.1.0".parse().unwrap();
        fs::write(&path, Trailer { release }.encode()).unwrap();
        let error = pack(&path, release, Arch::Amd64, dir.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot pack"), "{error}");
    }
}
