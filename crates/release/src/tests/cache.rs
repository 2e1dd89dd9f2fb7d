//! What is believed from one run to the next, and what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crdbctl_model::Digest;

use super::archive_builder::ArchiveBuilder;
use super::scene::Scene;
use crate::Progress;

/// Returns whether an archive was hashed, and whether it was unpacked.
fn work(scene: &Scene) -> (bool, bool) {
    let (result, told) = scene.told(&scene.request("cockroach-{version}.{os}-{arch}.tgz"));
    result.unwrap();
    let hashed = told.iter().any(|progress| matches!(progress, Progress::Verifying { .. }));
    let unpacked = told.iter().any(|progress| matches!(progress, Progress::Indexing { .. }));
    (hashed, unpacked)
}

#[test]
fn an_unchanged_archive_is_read_once() {
    let mut scene = Scene::new();
    scene.settings.doubt = Duration::ZERO;
    scene.archive(&ArchiveBuilder::real().tgz());
    assert_eq!(work(&scene), (true, true));
    assert_eq!(work(&scene), (false, false));
    // The same bytes in a new file: hashed, and known.
    scene.archive(&ArchiveBuilder::real().tgz());
    assert_eq!(work(&scene), (true, false));
    scene.archive(&ArchiveBuilder::real().file("new", 0o644, b"").tgz());
    assert_eq!(work(&scene), (true, true));
}

#[test]
fn an_archive_written_just_now_is_read_again() {
    let scene = Scene::new();
    scene.archive(&ArchiveBuilder::real().tgz());
    assert_eq!(work(&scene), (true, true));
    assert_eq!(work(&scene), (true, false));
}

#[test]
fn a_change_that_keeps_size_and_time_is_seen() {
    let mut scene = Scene::new();
    scene.settings.doubt = Duration::ZERO;
    let bytes = ArchiveBuilder::real().tgz();
    let path = scene.archive(&bytes);
    assert_eq!(work(&scene), (true, true));
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut other = bytes.clone();
    other[bytes.len() / 2] ^= 1;
    fs::write(&path, &other).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let said = scene.local().unwrap_err().to_string();
    assert!(said.contains(&format!("its SHA-256 is {}", Digest::of(&other))), "{said}");
}

#[test]
fn records_that_cannot_be_understood_are_made_again() {
    let mut scene = Scene::new();
    scene.settings.doubt = Duration::ZERO;
    scene.archive(&ArchiveBuilder::real().tgz());
    let found = scene.local().unwrap();
    for name in scene.cached() {
        for nonsense in ["", "{}", "{\"format\":0}", "\0\0\0"] {
            fs::write(scene.cache().join(&name), nonsense).unwrap();
            assert_eq!(scene.local().unwrap(), found, "{name} {nonsense:?}");
        }
    }
    assert_eq!(work(&scene), (false, false));
}

/// Returns the file of the one index in the cache.
fn index_file(scene: &Scene) -> std::path::PathBuf {
    let name = scene.cached().into_iter().find(|name| name.starts_with("index/")).unwrap();
    scene.cache().join(name)
}

#[test]
fn an_index_that_was_edited_is_not_taken() {
    let mut scene = Scene::new();
    scene.settings.doubt = Duration::ZERO;
    scene.archive(&ArchiveBuilder::real().tgz());
    let found = scene.local().unwrap();
    let file = index_file(&scene);
    let text = fs::read_to_string(&file).unwrap();
    let digest = found.info.members[0].digest.to_string();
    let edits = [
        text.replace(&digest, &Digest::of("another program").to_string()),
        text.replace("\"cockroach\"", "\"../cockroach\""),
        text.replacen("\"size\":", "\"size\":1", 1),
    ];
    for edited in edits {
        assert_ne!(edited, text);
        fs::write(&file, edited).unwrap();
        assert_eq!(scene.local().unwrap(), found);
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "it is made again");
    }
}

#[test]
fn what_is_no_file_in_the_cache_is_as_good_as_nothing() {
    let scene = Scene::new();
    let bytes = ArchiveBuilder::real().tgz();
    let path = scene.archive(&bytes);
    scene.local().unwrap();
    fs::remove_file(path).unwrap();
    let mut request = scene.request("cockroach-{version}.{os}-{arch}.tgz");
    request.sha256 = Some(Digest::of(&bytes));
    let at_hand = || crate::index_of::at_hand_with(&request, &scene.settings, &mut |_| {}).unwrap();
    assert!(matches!(at_hand(), crate::AtHand::Index(_)));
    let file = index_file(&scene);
    fs::remove_file(&file).unwrap();
    // Reading a pipe would wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert_eq!(at_hand(), crate::AtHand::Nothing);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(at_hand(), crate::AtHand::Nothing);
    fs::remove_dir(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(at_hand(), crate::AtHand::Nothing);
}

#[test]
fn an_index_of_another_version_is_not_taken() {
    let scene = Scene::new();
    let bytes = ArchiveBuilder::real().tgz();
    scene.archive(&bytes);
    scene.local().unwrap();
    let mut request = scene.request("cockroach-v24.1.0.linux-amd64.tgz");
    request.version = "v24.1.1".parse().unwrap();
    let said = scene.said(scene.resolve(&request));
    assert!(said.contains("it is not below cockroach-v24.1.1.linux-amd64/"), "{said}");
}

#[test]
fn a_cache_that_others_may_write_is_refused() {
    let scene = Scene::new();
    scene.archive(&ArchiveBuilder::real().tgz());
    scene.local().unwrap();
    assert_eq!(fs::metadata(scene.cache()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(scene.cache(), fs::Permissions::from_mode(0o775)).unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: the cache at <dir>/cache: others may write there (mode 0775): run chmod go-w on it, or use another directory");
}

#[test]
fn a_cache_that_is_a_file_is_refused() {
    let scene = Scene::new();
    scene.archive(&ArchiveBuilder::real().tgz());
    fs::write(scene.cache(), "").unwrap();
    insta::assert_snapshot!(scene.said(scene.local()), @"<dir>/manifests/cockroach-v24.1.0.linux-amd64.tgz: the cache at <dir>/cache: cannot make the directory: File exists (os error 17)");
}
