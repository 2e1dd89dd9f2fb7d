use std::fs::File;
use std::io::{self, BufReader, Read};

use crdbctl_cockroach::Version;
use crdbctl_cockroach::archive::{Arch, Os, package_dir_name};
use crdbctl_model::{Digest, PackageMember};
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};
use tar::{Entry, EntryType};

use super::capped::{CapReached, Capped};
use super::members::Members;
use super::{Limit, LinkKind, MemberError, MemberErrorKind, elf, member_name, pax};
use crate::settings::Settings;

/// The binary's path below the package's directory.
const BINARY: &str = "cockroach";

/// What an archive shall hold.
#[derive(Debug)]
pub(crate) struct Expect {
    /// The one directory in it.
    pub(crate) package: String,
    arch: Arch,
}

impl Expect {
    pub(crate) fn new(version: &Version, arch: Arch) -> Self {
        Self { package: package_dir_name(version, Os::Linux, arch), arch }
    }
}

/// Reads an archive from its start to its end, and returns its files, sorted by path.
///
/// `told` gets the number of bytes read so far. Only plain files and directories below the one expected directory
/// are let through, so that whatever unpacks it later cannot be led elsewhere: `pkg/release` of
/// <https://github.com/cockroachdb/cockroach> writes nothing else.
pub(crate) fn read(
    file: &File,
    expect: &Expect,
    settings: &Settings,
    told: &mut dyn FnMut(u64),
) -> Result<Vec<PackageMember>, MemberError> {
    let counted = Counted { inner: file, count: 0, told, failed: None };
    let unpacked = GzDecoder::new(BufReader::with_capacity(128 * 1024, counted));
    let mut archive = tar::Archive::new(Capped::new(unpacked, settings.archive_bytes));
    let read = all(&mut archive, expect, settings);
    let mut capped = archive.into_inner();
    let ended = read.and_then(|files| end(&mut capped, settings).map(|()| files));
    let mut packed = capped.into_inner().into_inner();
    let files = match ended {
        Ok(files) => files,
        // What the disk says comes before what the parsers make of it.
        Err(error) => match packed.get_mut().failed.take() {
            Some(failed) => return Err(MemberErrorKind::Read(failed).whole()),
            None => return Err(error),
        },
    };
    match packed.read(&mut [0]) {
        Ok(0) => Ok(files),
        Ok(_) => Err(MemberErrorKind::Trailing.whole()),
        Err(error) => Err(MemberErrorKind::Read(error).whole()),
    }
}

fn all<R: Read>(
    archive: &mut tar::Archive<R>,
    expect: &Expect,
    settings: &Settings,
) -> Result<Vec<PackageMember>, MemberError> {
    let mut members = Members::new(settings.members);
    let mut binary = None;
    let mut count = 0_usize;
    // Raw: the library then interprets no extension itself, and none goes unseen here.
    let entries = archive.entries().map_err(|error| broken(error, settings))?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(|error| broken(error, settings))?;
        count += 1;
        if count > settings.members {
            return Err(MemberErrorKind::TooMuch(Limit::Members(settings.members)).whole());
        }
        if let Some(header) = member(&mut entry, expect, settings, &mut members)? {
            binary = Some(header);
        }
    }
    let files = members.finish().map_err(|(path, kind)| kind.about(path.as_bytes()))?;
    let path = format!("{}/{BINARY}", expect.package);
    let Some(header) = binary else { return Err(MemberErrorKind::NoBinary(path).whole()) };
    elf::check(&header, expect.arch).map_err(|kind| kind.about(path.as_bytes()))?;
    let executable = files.iter().any(|file| file.path == BINARY && file.mode.bits() & 0o100 != 0);
    if executable { Ok(files) } else { Err(MemberErrorKind::NotExecutable.about(path.as_bytes())) }
}

/// Reads one member; returns its first bytes when it is the binary.
fn member<R: Read>(
    entry: &mut Entry<'_, R>,
    expect: &Expect,
    settings: &Settings,
    members: &mut Members,
) -> Result<Option<Vec<u8>>, MemberError> {
    let name = entry.header().path_bytes().into_owned();
    let about = |kind: MemberErrorKind| kind.about(&name);
    let size = entry.header().entry_size().map_err(|error| about(MemberErrorKind::Broken(error)))?;
    let kind = entry.header().entry_type();
    let directory = match kind {
        // Unlike Regular, Continuous is let through by some readers and not by others.
        EntryType::Regular => false,
        EntryType::Directory => true,
        EntryType::XHeader | EntryType::XGlobalHeader => {
            if size > pax::MOST {
                return Err(about(MemberErrorKind::ExtendedHeader));
            }
            let mut records = Vec::new();
            entry.read_to_end(&mut records).map_err(|error| broken(error, settings))?;
            if records.len() as u64 != size {
                return Err(about(MemberErrorKind::Short));
            }
            return pax::check(&records).map(|()| None).map_err(about);
        }
        EntryType::Link => return Err(about(MemberErrorKind::Link(LinkKind::Hard))),
        EntryType::Symlink => return Err(about(MemberErrorKind::Link(LinkKind::Symbolic))),
        EntryType::Char | EntryType::Block => return Err(about(MemberErrorKind::Device)),
        EntryType::Fifo => return Err(about(MemberErrorKind::Fifo)),
        EntryType::GNUSparse => return Err(about(MemberErrorKind::Sparse)),
        EntryType::GNULongName => return Err(about(MemberErrorKind::Override("path".to_owned()))),
        EntryType::GNULongLink => return Err(about(MemberErrorKind::Override("linkpath".to_owned()))),
        other => return Err(about(MemberErrorKind::Kind(char::from(other.as_byte())))),
    };
    let path = member_name::below(&name, directory, &expect.package).map_err(about)?;
    if directory {
        if size != 0 {
            return Err(about(MemberErrorKind::DirectoryWithData));
        }
        return members.directory(path).map(|()| None).map_err(about);
    }
    members.room(&path).map_err(about)?;
    if size > settings.archive_bytes {
        return Err(MemberErrorKind::TooMuch(Limit::Bytes(settings.archive_bytes)).whole());
    }
    let mode = entry.header().mode().map_err(|error| about(MemberErrorKind::Broken(error)))?;
    let (digest, start, count) = digest(entry).map_err(|error| broken(error, settings))?;
    if count != size {
        return Err(about(MemberErrorKind::Short));
    }
    let binary = path == BINARY;
    members.file(path, mode, size, digest);
    Ok(binary.then_some(start))
}

/// Returns the digest of what a reader gives, its first bytes and their number.
fn digest(reader: &mut impl Read) -> io::Result<(Digest, Vec<u8>, u64)> {
    let mut hasher = Sha256::new();
    let mut start = Vec::new();
    let mut count = 0;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok((Digest::from_bytes(hasher.finalize().into()), start, count)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..read]);
        start.extend(buffer[..read].iter().take(elf::HEADER.saturating_sub(start.len())));
        count += read as u64;
    }
}

/// Reads what is left after the tar file's end mark: zeros, and the checksum that gzip ends with.
fn end(unpacked: &mut impl Read, settings: &Settings) -> Result<(), MemberError> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match unpacked.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) if buffer[..read].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(MemberErrorKind::Trailing.whole()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error, settings)),
        }
    }
}

fn broken(error: io::Error, settings: &Settings) -> MemberError {
    let capped = error.get_ref().is_some_and(|inner| inner.is::<CapReached>());
    if capped {
        MemberErrorKind::TooMuch(Limit::Bytes(settings.archive_bytes)).whole()
    } else {
        MemberErrorKind::Broken(error).whole()
    }
}

/// Counts what is read of the archive, and keeps what the disk said when it failed.
struct Counted<'a> {
    inner: &'a File,
    count: u64,
    told: &'a mut dyn FnMut(u64),
    failed: Option<io::Error>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.count += count as u64;
                (self.told)(self.count);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}
