use crdbctl_cockroach::archive::Arch;

use super::MemberErrorKind;

/// So many bytes from the start of a program say which processor it is for.
pub(super) const HEADER: usize = 20;

/// Checks that a program is one for Linux and for this processor, by the first [`HEADER`] bytes of it.
///
/// Source: elf(5); the numbers are those of `elf.h`.
pub(super) fn check(header: &[u8], wanted: Arch) -> Result<(), MemberErrorKind> {
    // 64-bit and little-endian, as both processors are.
    let [0x7f, b'E', b'L', b'F', 2, 1, ..] = header else { return Err(MemberErrorKind::NotElf) };
    let Some(&[low, high]) = header.get(18..HEADER) else { return Err(MemberErrorKind::NotElf) };
    let machine = u16::from_le_bytes([low, high]);
    let found = match machine {
        62 => Arch::Amd64.to_string(),
        183 => Arch::Arm64.to_string(),
        other => format!("the ELF machine {other}"),
    };
    if found == wanted.to_string() { Ok(()) } else { Err(MemberErrorKind::Machine { found, wanted }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(machine: u16) -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
        header.extend(machine.to_le_bytes());
        header
    }

    #[test]
    fn knows_the_processor() {
        assert!(check(&header(62), Arch::Amd64).is_ok());
        assert!(check(&header(183), Arch::Arm64).is_ok());
        let said = |header: &[u8]| check(header, Arch::Amd64).unwrap_err().to_string();
        assert_eq!(said(&header(183)), "it is a program for arm64, and not for amd64");
        assert_eq!(said(&header(243)), "it is a program for the ELF machine 243, and not for amd64");
        assert_eq!(said(b"#!/bin/sh\nexec cockroach\n"), "it is no 64-bit ELF program");
        assert_eq!(said(&header(62)[..19]), "it is no 64-bit ELF program");
        let mut small = header(3);
        small[4] = 1;
        assert_eq!(said(&small), "it is no 64-bit ELF program");
    }

    #[test]
    fn knows_the_running_test() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let arch = Arch::from_uname(std::env::consts::ARCH).unwrap();
        assert!(check(&program[..HEADER], arch).is_ok());
    }
}
