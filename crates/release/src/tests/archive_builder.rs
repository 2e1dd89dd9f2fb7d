use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

pub(super) const PACKAGE: &str = "cockroach-v24.1.0.linux-amd64";

/// The start of an ELF program for this machine number; 62 is amd64, 183 arm64.
pub(super) fn elf(machine: u16) -> Vec<u8> {
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    program.extend(machine.to_le_bytes());
    program.extend([0; 44]);
    program.extend(b"a program for tests");
    program
}

/// Builds tar files as nobody should: names go into headers as they are.
#[derive(Default)]
pub(super) struct ArchiveBuilder {
    tar: Vec<u8>,
}

impl ArchiveBuilder {
    /// The members of a published archive, which has no directories among them.
    pub(super) fn real() -> Self {
        Self::default()
            .file("cockroach", 0o755, &elf(62))
            .file("LICENSE.txt", 0o644, b"licence")
            .file("lib/libgeos.so", 0o644, b"geos")
            .file("lib/libgeos_c.so", 0o755, b"geos_c")
    }

    /// A file below the package's directory.
    pub(super) fn file(self, path: &str, mode: u32, data: &[u8]) -> Self {
        self.raw(&format!("{PACKAGE}/{path}"), EntryType::Regular, mode, data.len() as u64, data)
    }

    /// Any member, with any name; of the given size, whatever data it has.
    pub(super) fn raw(mut self, name: &str, kind: EntryType, mode: u32, size: u64, data: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_cksum();
        self.tar.extend(header.as_bytes());
        self.tar.extend(data);
        self.tar.resize(self.tar.len().next_multiple_of(512), 0);
        self
    }

    /// A link below the package's directory.
    pub(super) fn link(mut self, path: &str, kind: EntryType, target: &str) -> Self {
        let start = self.tar.len();
        self = self.raw(&format!("{PACKAGE}/{path}"), kind, 0o777, 0, b"");
        let mut header = Header::from_byte_slice(&self.tar[start..start + 512]).clone();
        header.set_link_name_literal(target).unwrap();
        header.set_cksum();
        self.tar[start..start + 512].copy_from_slice(header.as_bytes());
        self
    }

    /// An extended header for the next member.
    pub(super) fn pax(self, records: &str) -> Self {
        self.raw("PaxHeaders/x", EntryType::XHeader, 0o644, records.len() as u64, records.as_bytes())
    }

    /// A member through the tar library's own long names.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.tar.extend(bytes);
        self
    }

    pub(super) fn tar(mut self) -> Vec<u8> {
        self.tar.extend([0; 1024]);
        self.tar
    }

    pub(super) fn tgz(self) -> Vec<u8> {
        gzip(&self.tar())
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
