//! Archives that mean harm, each refused with its own words and with nothing written outside the cache.

use tar::EntryType;

use super::archive_builder::{ArchiveBuilder, PACKAGE, elf, gzip};
use super::scene::Scene;

/// Returns what is said of an archive, without its path.
fn refused(bytes: &[u8]) -> String {
    refused_in(&Scene::new(), bytes)
}

fn refused_in(scene: &Scene, bytes: &[u8]) -> String {
    scene.archive(bytes);
    let before = scene.outside_of_cache();
    let said = scene.said(scene.local());
    assert_eq!(scene.outside_of_cache(), before, "something was written outside the cache");
    assert!(!scene.cached().iter().any(|name| name.starts_with("index/")), "a refused archive is indexed");
    said.strip_prefix("<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: ").unwrap().to_owned()
}

fn real() -> ArchiveBuilder {
    ArchiveBuilder::real()
}

#[test]
fn names_that_lead_elsewhere() {
    let named = |name: &str| refused(&real().raw(name, EntryType::Regular, 0o644, 1, b"x").tgz());
    insta::assert_snapshot!(named("/etc/cron.d/x"), @r#"refused for its member "/etc/cron.d/x": its name is absolute"#);
    insta::assert_snapshot!(named("../x"), @r#"refused for its member "../x": its name has `..` in it"#);
    insta::assert_snapshot!(named("cockroach-v24.1.0.linux-amd64/../../x"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/../../x": its name has `..` in it"#);
    insta::assert_snapshot!(named("cockroach-v24.1.0.linux-amd64/lib/.."), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/lib/..": its name has `..` in it"#);
    insta::assert_snapshot!(named("./cockroach-v24.1.0.linux-amd64/x"), @r#"refused for its member "./cockroach-v24.1.0.linux-amd64/x": its name has an empty component or `.` in it"#);
    insta::assert_snapshot!(named("elsewhere/x"), @r#"refused for its member "elsewhere/x": it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have"#);
    insta::assert_snapshot!(named("cockroach-v24.1.0.linux-amd64/$(id)"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/$(id)": its name has the character '$'; letters, digits and . _ - + @ : are allowed"#);
    insta::assert_snapshot!(named("cockroach-v24.1.0.linux-amd64/\u{1b}[2J"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/\u{1b}[2J": its name has the character '\u{1b}'; letters, digits and . _ - + @ : are allowed"#);
    insta::assert_snapshot!(named("cockroach-v24.1.0.linux-amd64/x/"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x/": its name has an empty component or `.` in it"#);
}

#[test]
fn another_version_inside() {
    let other = ArchiveBuilder::default().raw(
        "cockroach-v24.1.1.linux-amd64/cockroach",
        EntryType::Regular,
        0o755,
        0,
        b"",
    );
    insta::assert_snapshot!(refused(&other.tgz()), @r#"refused for its member "cockroach-v24.1.1.linux-amd64/cockroach": it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have"#);
}

#[test]
fn links_devices_and_the_like() {
    let linked = |kind, target: &str| refused(&real().link("x", kind, target).tgz());
    insta::assert_snapshot!(linked(EntryType::Symlink, "/etc"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a symbolic link; archives of CockroachDB have none"#);
    insta::assert_snapshot!(linked(EntryType::Symlink, "cockroach"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a symbolic link; archives of CockroachDB have none"#);
    insta::assert_snapshot!(linked(EntryType::Link, "../../etc/shadow"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a hard link; archives of CockroachDB have none"#);
    let special = |kind| refused(&real().raw(&format!("{PACKAGE}/x"), kind, 0o644, 0, b"").tgz());
    insta::assert_snapshot!(special(EntryType::Char), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a device"#);
    insta::assert_snapshot!(special(EntryType::Block), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a device"#);
    insta::assert_snapshot!(special(EntryType::Fifo), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a named pipe"#);
    insta::assert_snapshot!(special(EntryType::GNUSparse), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is a sparse file; archives of CockroachDB have none"#);
    insta::assert_snapshot!(special(EntryType::Continuous), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is of the kind '7', which archives of CockroachDB do not have"#);
    insta::assert_snapshot!(special(EntryType::new(b'V')), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": it is of the kind 'V', which archives of CockroachDB do not have"#);
}

#[test]
fn a_link_and_then_a_member_below_it() {
    let archive = real().link("out", EntryType::Symlink, "/etc").file("out/passwd", 0o644, b"root::0:0");
    insta::assert_snapshot!(refused(&archive.tgz()), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/out": it is a symbolic link; archives of CockroachDB have none"#);
}

#[test]
fn headers_that_say_two_things() {
    let long =
        |kind| refused(&real().raw("././@LongLink", kind, 0o644, 5, b"../x\0").file("y", 0o644, b"").tgz());
    insta::assert_snapshot!(long(EntryType::GNULongName), @r#"refused for its member "././@LongLink": it has an extended header that changes `path`, which readers of tar files understand differently"#);
    insta::assert_snapshot!(long(EntryType::GNULongLink), @r#"refused for its member "././@LongLink": it has an extended header that changes `linkpath`, which readers of tar files understand differently"#);
    let pax = |records: &str| refused(&real().pax(records).file("y", 0o644, b"yy").tgz());
    insta::assert_snapshot!(pax("13 path=../x\n"), @r#"refused for its member "PaxHeaders/x": it has an extended header that changes `path`, which readers of tar files understand differently"#);
    insta::assert_snapshot!(pax("22 size=10995116277760\n"), @r#"refused for its member "PaxHeaders/x": it has an extended header that cannot be read"#);
    insta::assert_snapshot!(pax("23 size=10995116277760\n"), @r#"refused for its member "PaxHeaders/x": it has an extended header that changes `size`, which readers of tar files understand differently"#);
    insta::assert_snapshot!(pax("22 GNU.sparse.major=1\n"), @r#"refused for its member "PaxHeaders/x": it has an extended header that changes `GNU.sparse.major`, which readers of tar files understand differently"#);
    let global = real().raw("g", EntryType::XGlobalHeader, 0o644, 10, b"10 size=1\n");
    insta::assert_snapshot!(refused(&global.tgz()), @r#"refused for its member "g": it has an extended header that changes `size`, which readers of tar files understand differently"#);
    let huge = real().raw("PaxHeaders/x", EntryType::XHeader, 0o644, 1 << 40, b"");
    insta::assert_snapshot!(refused(&huge.tgz()), @r#"refused for its member "PaxHeaders/x": it has an extended header that cannot be read"#);
}

#[test]
fn sizes_that_lie() {
    let sized =
        |size| refused(&real().raw(&format!("{PACKAGE}/x"), EntryType::Regular, 0o644, size, b"x").tgz());
    insta::assert_snapshot!(sized(10 << 40), @"the archive has more than 4294967296 bytes when unpacked");
    insta::assert_snapshot!(sized(1 << 20), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x": its data ends early"#);
    let directory = real().raw(&format!("{PACKAGE}/x/"), EntryType::Directory, 0o755, 1, b"x");
    insta::assert_snapshot!(refused(&directory.tgz()), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/x/": it is a directory and has data"#);
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one() {
    let mut scene = Scene::new();
    scene.settings.archive_bytes = 1 << 20;
    let one = vec![0; 600 << 10];
    let archive = real().file("x", 0o644, &one).file("y", 0o644, &one).tgz();
    assert!(archive.len() < 10_000);
    insta::assert_snapshot!(refused_in(&scene, &archive), @"the archive has more than 1048576 bytes when unpacked");
    // Zeros after the end count as well.
    let mut tar = real().tar();
    tar.resize(2 << 20, 0);
    insta::assert_snapshot!(refused_in(&scene, &gzip(&tar)), @"the archive has more than 1048576 bytes when unpacked");
}

#[test]
fn too_many_members() {
    let mut scene = Scene::new();
    scene.settings.members = 10;
    let many = |count: usize| {
        (0..count).fold(real(), |archive, number| archive.file(&format!("{number}"), 0o644, b""))
    };
    insta::assert_snapshot!(refused_in(&scene, &many(7).tgz()), @"the archive has more than 10 members");
    let headers = (0..7).fold(real(), |archive, _| archive.pax("9 uid=70\n"));
    insta::assert_snapshot!(refused_in(&scene, &headers.tgz()), @"the archive has more than 10 members");
    scene.archive(&many(6).tgz());
    assert_eq!(scene.local().unwrap().info.members.len(), 10);
}

#[test]
fn two_for_one_name() {
    insta::assert_snapshot!(refused(&real().file("cockroach", 0o755, b"evil").tgz()), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach": it is there twice"#);
    let directory =
        |path: &str| real().raw(&format!("{PACKAGE}/{path}"), EntryType::Directory, 0o755, 0, b"");
    insta::assert_snapshot!(refused(&directory("cockroach/").tgz()), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach/": it is there twice"#);
    insta::assert_snapshot!(refused(&real().file("cockroach/x", 0o755, b"").tgz()), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach/x": it lies below cockroach, which is a file"#);
    insta::assert_snapshot!(refused(&real().file("lib", 0o755, b"").tgz()), @r#"refused for its member "lib/libgeos.so": it lies below lib, which is a file"#);
}

#[test]
fn the_wrong_binary() {
    let binary = |mode, data: &[u8]| refused(&ArchiveBuilder::default().file("cockroach", mode, data).tgz());
    insta::assert_snapshot!(refused(&ArchiveBuilder::default().file("LICENSE.txt", 0o644, b"").tgz()), @"the archive has no cockroach-v24.1.0.linux-amd64/cockroach");
    insta::assert_snapshot!(refused(&ArchiveBuilder::default().tgz()), @"the archive has no cockroach-v24.1.0.linux-amd64/cockroach");
    insta::assert_snapshot!(binary(0o755, &elf(183)), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach": it is a program for arm64, and not for amd64"#);
    insta::assert_snapshot!(binary(0o755, b"#!/bin/sh\n"), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach": it is no 64-bit ELF program"#);
    insta::assert_snapshot!(binary(0o755, b""), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach": it is no 64-bit ELF program"#);
    insta::assert_snapshot!(binary(0o644, &elf(62)), @r#"refused for its member "cockroach-v24.1.0.linux-amd64/cockroach": it is not marked as executable"#);
}

#[test]
fn what_comes_after_the_end() {
    let hidden = ArchiveBuilder::default().raw("../x", EntryType::Regular, 0o644, 1, b"x");
    let mut tar = real().tar();
    tar.extend(hidden.tar());
    insta::assert_snapshot!(refused(&gzip(&tar)), @"the archive goes on after its end");
    let mut two = real().tgz();
    two.extend(ArchiveBuilder::default().raw("../x", EntryType::Regular, 0o644, 1, b"x").tgz());
    insta::assert_snapshot!(refused(&two), @"the archive goes on after its end");
    let mut long = real().tgz();
    long.push(0);
    insta::assert_snapshot!(refused(&long), @"the archive goes on after its end");
}

#[test]
fn no_archive_at_all() {
    insta::assert_snapshot!(refused(b"<html>404</html>"), @"the archive is no whole tar file packed with gzip: invalid gzip header");
    insta::assert_snapshot!(refused(b""), @"the archive is no whole tar file packed with gzip: unexpected end of file");
    insta::assert_snapshot!(refused(&gzip(b"hello")), @"the archive is no whole tar file packed with gzip: failed to read entire block");
    insta::assert_snapshot!(refused(&real().tar()), @"the archive is no whole tar file packed with gzip: invalid gzip header");
    let torn = real().bytes(&[0x1b; 512]).tgz();
    insta::assert_snapshot!(refused(&torn), @"the archive is no whole tar file packed with gzip: numeric field was not a number: ???????? when getting cksum for ????????????????????????????????????????????????????????");
}

/// The checksum is right here: the archive was damaged before it was made.
#[test]
fn damaged_and_published_so() {
    let whole = real().tgz();
    for cut in [1, 4, 8, 9, 20, whole.len() / 2] {
        let said = refused(&whole[..whole.len() - cut]);
        assert!(said.starts_with("the archive is no whole tar file packed with gzip: "), "{cut}: {said}");
    }
    let scene = Scene::new();
    scene.archive(&whole);
    let members = scene.local().unwrap().info.members;
    // Few flips leave what is unpacked as it was: those are of no account.
    for at in 10..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        let scene = Scene::new();
        scene.archive(&flipped);
        if let Ok(found) = scene.local() {
            assert_eq!(found.info.members, members, "byte {at} of {}", whole.len());
        }
    }
}
