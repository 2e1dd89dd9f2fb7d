use std::fs;
use std::os::unix::fs::symlink;

use crdbctl_cockroach::archive::Arch;
use crdbctl_model::Digest;
use tar::EntryType;

use super::archive_builder::{ArchiveBuilder, PACKAGE, elf};
use super::scene::{Scene, sum};
use crate::ChecksumSource;

fn name() -> String {
    format!("{PACKAGE}.tgz")
}

#[test]
fn a_real_archive_is_indexed() {
    let scene = Scene::new();
    let bytes = ArchiveBuilder::default()
        .raw(&format!("{PACKAGE}/"), EntryType::Directory, 0o755, 0, b"")
        .file("cockroach", 0o4775, &elf(62))
        .pax("20 mtime=1704067200\n")
        .file("THIRD-PARTY-NOTICES.txt", 0o600, b"")
        .raw(&format!("{PACKAGE}/lib"), EntryType::Directory, 0o755, 0, b"")
        .file("lib/libgeos.so", 0o611, b"geos")
        .tgz();
    let path = scene.archive(&bytes);
    let found = scene.local().unwrap();
    assert_eq!(found.path, path);
    assert_eq!(found.checksum, ChecksumSource::File(scene.manifests().join(name() + ".sha256sum")));
    assert_eq!((found.info.digest, found.info.size), (Digest::of(&bytes), bytes.len() as u64));
    let lines: Vec<String> = found
        .info
        .members
        .iter()
        .map(|m| format!("{} {} {} {}", m.mode, m.size, m.path, m.digest.short()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
0644 0 THIRD-PARTY-NOTICES.txt e3b0c442
0755 83 cockroach 29f42a01
0644 4 lib/libgeos.so 5a90e76a
");
    assert_eq!(found.info.members[1].digest, Digest::of(elf(62)));
    assert_eq!(scene.local().unwrap(), found);
}

#[test]
fn the_stand_in_is_packed_as_a_published_one() {
    let scene = Scene::new();
    let binary = scene.directory.path().join("roachsim");
    fs::write(&binary, elf(62)).unwrap();
    let release = "v24.1.0".parse().unwrap();
    let packed =
        roachsim::archive::pack(&binary, release, roachsim::archive::Arch::Amd64, &scene.manifests());
    let found = scene.local().unwrap();
    assert_eq!(found.info.digest.to_string(), packed.unwrap().sha256);
    let modes: Vec<_> =
        found.info.members.iter().map(|member| (member.path.as_str(), member.mode.bits())).collect();
    assert_eq!(
        modes,
        [
            ("LICENSE.txt", 0o644),
            ("cockroach", 0o755),
            ("lib/libgeos.so", 0o644),
            ("lib/libgeos_c.so", 0o644)
        ]
    );
}

#[test]
fn the_manifest_decides_before_the_file_beside() {
    let scene = Scene::new();
    let bytes = ArchiveBuilder::real().tgz();
    scene.archive(&bytes);
    fs::write(scene.manifests().join(name() + ".sha256sum"), "nonsense").unwrap();
    let mut request = scene.request(&name());
    request.sha256 = Some(Digest::of(&bytes));
    assert_eq!(scene.resolve(&request).unwrap().checksum, ChecksumSource::Manifest);
    request.sha256 = Some(Digest::of("other"));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: its SHA-256 is <sha256>, and not <sha256> as cockroach.sha256 of the manifest says (<size> bytes): it is damaged, incomplete or another archive; fetch it again, or correct the digest");
}

#[test]
fn checksums_that_are_none() {
    let scene = Scene::new();
    let path = scene.archive(&ArchiveBuilder::real().tgz());
    let beside = scene.manifests().join(name() + ".sha256sum");
    fs::write(&beside, sum(b"another archive")).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: its SHA-256 is <sha256>, and not <sha256> as <dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz.sha256sum says (<size> bytes): it is damaged, incomplete or another archive; fetch it again, or correct the digest");
    fs::write(&beside, "").unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: its checksum at <dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be read: the file is empty");
    fs::write(&beside, vec![b'a'; 70_000]).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: <dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be read: it is too large for a checksum");
    fs::remove_file(&beside).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: nothing says which SHA-256 it shall have: there is no <dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz.sha256sum. Take the digest from a source that you trust and write it as cockroach.sha256");
    fs::create_dir(&beside).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: <dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be read: it is not a regular file");
    fs::remove_dir(&beside).unwrap();
    fs::remove_file(path).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: there is no such file; a relative path starts from the manifest's directory");
}

#[test]
fn truncated_and_flipped_archives_have_another_digest() {
    let scene = Scene::new();
    let whole = ArchiveBuilder::real().tgz();
    let path = scene.archive(&whole);
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let said = scene.said(scene.local());
    assert!(said.contains("it is damaged, incomplete or another archive"), "{said}");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    fs::write(&path, &flipped).unwrap();
    let said = scene.said(scene.local());
    assert!(said.contains("it is damaged, incomplete or another archive"), "{said}");
    fs::write(&path, &whole).unwrap();
    scene.local().unwrap();
}

#[test]
fn things_that_are_no_files() {
    let scene = Scene::new();
    let mut request = scene.request(".");
    request.sha256 = Some(Digest::of(""));
    request.base = scene.manifests().join("x.tgz");
    fs::create_dir(&request.base).unwrap();
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"<dir>/manifests/x.tgz: it is not a regular file");
    request.source = "/dev/zero".to_owned();
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"/dev/zero: it is not a regular file");
    request.source = "dangling".to_owned();
    symlink("nowhere", request.base.join("dangling")).unwrap();
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"<dir>/manifests/x.tgz/dangling: there is no such file; a relative path starts from the manifest's directory");
}

#[test]
fn a_symbolic_link_to_an_archive_will_do() {
    let scene = Scene::new();
    let bytes = ArchiveBuilder::real().tgz();
    scene.archive(&bytes);
    symlink(name(), scene.manifests().join("current.tgz")).unwrap();
    let mut request = scene.request("current.tgz");
    request.sha256 = Some(Digest::of(&bytes));
    assert_eq!(scene.resolve(&request).unwrap().path, scene.manifests().join("current.tgz"));
}

#[test]
fn places_that_are_none() {
    let scene = Scene::new();
    let said = |source: &str| scene.said(scene.resolve(&scene.request(source)));
    insta::assert_snapshot!(said("cockroach-{versoin}.tgz"), @"cockroach-{versoin}.tgz: cockroach.archive cannot be read: `{versoin}` is not known; use {version}, {os} and {arch}");
    insta::assert_snapshot!(said("s3://bucket/cockroach.tgz"), @"s3://bucket/cockroach.tgz: cockroach.archive cannot be read: `s3://` is not spoken here: give an https, http or file URL, or a path");
    assert!(!scene.cache().exists(), "a mistake in the manifest is found before anything is made");
}

#[test]
fn an_arm_version_that_never_was() {
    let scene = Scene::new();
    let mut request = scene.request(crdbctl_cockroach::archive::DEFAULT_URL);
    request.version = "v22.1.0".parse().unwrap();
    request.arch = Arch::Arm64;
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://binaries.cockroachdb.com/cockroach-v22.1.0.linux-arm64.tgz: CockroachDB v22.1.0 has no archive for arm64; the first that has one is v22.2.14");
    request.version = "v20.2.0".parse().unwrap();
    request.arch = Arch::Amd64;
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://binaries.cockroachdb.com/cockroach-v20.2.0.linux-amd64.tgz: nothing says which SHA-256 it shall have: releases before v21.1, as v20.2.0, have no .sha256sum. Take the digest from a source that you trust and write it as cockroach.sha256");
}
