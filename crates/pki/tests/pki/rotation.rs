//! A new authority before the old one: what is trusted, what is kept, and what an interruption leaves.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crdbctl_model::Digest;
use crdbctl_pki::{Authority, AuthorityDirectory, CaBundle, DirectoryErrorKind, Issued};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::kit;
use crate::openssl::Openssl;

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write(directory: &Path, name: &str, content: &str, mode: u32) {
    fs::write(directory.join(name), content).unwrap();
    fs::set_permissions(directory.join(name), Permissions::from_mode(mode)).unwrap();
}

fn old_key(authority: &Authority) -> String {
    format!("ca.key.{}.old", authority.info().serial)
}

fn judged(issued: &Issued, bundle: &CaBundle) -> bool {
    kit::judge(&issued.certificate_pem, &kit::key_fact(issued), bundle, kit::now()).is_valid()
}

/// Whether openssl, at its strictest, trusts a certificate by these authorities.
fn openssl_trusts(openssl: &Openssl, issued: &Issued, bundle: &CaBundle) -> bool {
    openssl.write("ca.crt", bundle.to_pem());
    openssl.write("leaf.crt", &issued.certificate_pem);
    openssl
        .try_run(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.crt", "leaf.crt"])
        .is_ok()
}

#[test]
fn both_are_trusted_the_new_one_issues_and_the_old_one_is_dropped_at_the_end() {
    let parent = TempDir::new().unwrap();
    let keys = parent.path().join("keys");
    let directory = AuthorityDirectory::create(&keys, kit::authority()).unwrap();
    let (old_bundle, key) = (directory.authority().bundle().clone(), read(&keys, "ca.key"));
    let kept = old_key(directory.authority());
    let by_old = kit::node(directory.authority());

    let rotated = directory.rotate(kit::authority()).unwrap();
    assert_eq!(names(&keys), ["ca.crt".to_owned(), "ca.key".to_owned(), kept.clone()]);
    assert_eq!(read(&keys, &kept), key, "the old key is not lost");
    assert_eq!(fs::metadata(keys.join(&kept)).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_ne!(read(&keys, "ca.key"), key);
    let opened = AuthorityDirectory::open(&keys).unwrap().unwrap();
    assert_eq!(opened.authority().bundle(), rotated.authority().bundle());
    assert_eq!(opened.authority().bundle().older(), [old_bundle.issuer().clone()]);
    assert_eq!(opened.old_keys().unwrap().into_iter().collect::<Vec<_>>(), [kept]);
    let by_new = kit::node(opened.authority());
    let both = opened.authority().bundle().clone();
    assert!(judged(&by_old, &both) && judged(&by_new, &both));
    assert!(judged(&by_old, &old_bundle) && !judged(&by_new, &old_bundle));

    // What somebody keeps under such a name is theirs.
    fs::write(keys.join("ca.key.backup.old"), &key).unwrap();
    let dropped = opened.drop_older().unwrap();
    assert_eq!(names(&keys), ["ca.crt", "ca.key", "ca.key.backup.old"]);
    let alone = dropped.authority().bundle().clone();
    assert_eq!(alone, both.alone());
    assert_eq!(AuthorityDirectory::open(&keys).unwrap().unwrap().authority().bundle(), &alone);
    assert!(judged(&by_new, &alone) && !judged(&by_old, &alone));

    let Some(openssl) = Openssl::find() else { return };
    for (issued, bundle, trusted) in [
        (&by_old, &old_bundle, true),
        (&by_old, &both, true),
        (&by_new, &both, true),
        (&by_new, &alone, true),
        (&by_old, &alone, false),
        (&by_new, &old_bundle, false),
    ] {
        assert_eq!(openssl_trusts(&openssl, issued, bundle), trusted);
    }
}

/// The states on disk between the steps of a rotation, as a power failure leaves them.
#[test]
fn an_interrupted_rotation_is_the_old_authority_or_the_new_one() {
    let pass = SecretString::from("x");
    for encrypted in [false, true] {
        let make = || {
            let made = kit::authority();
            if encrypted { made.protected_by(&pass).unwrap() } else { made }
        };
        let (old, new) = (make(), make());
        let (old_crt, kept) = (old.bundle().to_pem(), old_key(&old));
        let old_pem = old.key_pem().unwrap().expose_secret().to_owned();
        let new_pem = new.key_pem().unwrap().expose_secret().to_owned();
        let both = new.bundle().to_pem() + &old_crt;
        let pending = format!(".ca.crt.{}", Digest::of(&new_pem).short());
        for state in 0..4 {
            let parent = TempDir::new().unwrap();
            let keys = parent.path();
            fs::set_permissions(keys, Permissions::from_mode(0o700)).unwrap();
            write(keys, "ca.crt", &old_crt, 0o644);
            write(keys, "ca.key", if state < 3 { &old_pem } else { &new_pem }, 0o600);
            if state > 0 {
                write(keys, &kept, &old_pem, 0o600);
            }
            if state > 1 {
                write(keys, &pending, &both, 0o644);
            }
            let before = names(keys);
            let mut opened = AuthorityDirectory::open(keys).unwrap().unwrap();
            assert_eq!(names(keys), before, "opening changes nothing");
            let expected = if state < 3 { old_crt.clone() } else { both.clone() };
            assert_eq!(opened.authority().bundle().to_pem(), expected, "{state}");
            opened.unlock(&pass).unwrap();
            let issued = kit::node(opened.authority());
            assert!(judged(&issued, opened.authority().bundle()));
            // The next rotation goes through from wherever it was, and the first key is still there.
            let again = opened.rotate(make()).unwrap();
            assert_eq!(read(keys, &kept), old_pem, "{state}");
            let count = again.authority().bundle().certificates().count();
            assert_eq!(count, if state < 3 { 2 } else { 3 });
            assert_eq!(
                AuthorityDirectory::open(keys).unwrap().unwrap().authority().bundle(),
                again.authority().bundle()
            );
        }
    }
}

#[test]
fn a_key_under_the_name_for_the_old_one_is_not_overwritten() {
    let parent = TempDir::new().unwrap();
    let keys = parent.path().join("keys");
    let directory = AuthorityDirectory::create(&keys, kit::authority()).unwrap();
    let kept = old_key(directory.authority());
    write(&keys, &kept, "another key", 0o600);
    let before = (read(&keys, "ca.crt"), read(&keys, "ca.key"));
    let error = directory.rotate(kit::authority()).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::OldKeyInTheWay), "{error}");
    assert_eq!((read(&keys, "ca.crt"), read(&keys, "ca.key")), before);
    assert_eq!(read(&keys, &kept), "another key");
}

#[test]
fn an_authority_without_its_key_is_not_rotated() {
    let parent = TempDir::new().unwrap();
    let keys = parent.path().join("keys");
    AuthorityDirectory::create(&keys, kit::authority()).unwrap();
    fs::remove_file(keys.join("ca.key")).unwrap();
    let directory = AuthorityDirectory::open(&keys).unwrap().unwrap();
    let error = directory.rotate(kit::authority()).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::NoKey), "{error}");
    assert_eq!(names(&keys), ["ca.crt"]);
}

#[test]
fn what_has_ended_is_replaced_and_trusted_no_more_whether_its_key_is_here_or_not() {
    for has_key in [true, false] {
        let parent = TempDir::new().unwrap();
        let keys = parent.path().join("keys");
        let old = AuthorityDirectory::create(&keys, kit::authority()).unwrap();
        let (kept, key) = (old_key(old.authority()), read(&keys, "ca.key"));
        if !has_key {
            fs::remove_file(keys.join("ca.key")).unwrap();
        }
        let new = kit::authority();
        let alone = new.bundle().clone();
        AuthorityDirectory::open(&keys).unwrap().unwrap().replace(new).unwrap();
        let opened = AuthorityDirectory::open(&keys).unwrap().unwrap();
        assert_eq!(*opened.authority().bundle(), alone);
        assert!(judged(&kit::node(opened.authority()), &alone));
        let mut expected = vec!["ca.crt".to_owned(), "ca.key".to_owned()];
        if has_key {
            assert_eq!(read(&keys, &kept), key);
            expected.push(kept);
        }
        assert_eq!(names(&keys), expected);
    }
}

#[test]
fn a_key_that_appears_while_an_authority_without_one_is_replaced_is_not_overwritten() {
    let parent = TempDir::new().unwrap();
    let keys = parent.path().join("keys");
    AuthorityDirectory::create(&keys, kit::authority()).unwrap();
    let key = read(&keys, "ca.key");
    fs::remove_file(keys.join("ca.key")).unwrap();
    let directory = AuthorityDirectory::open(&keys).unwrap().unwrap();
    write(&keys, "ca.key", &key, 0o600);
    let error = directory.replace(kit::authority()).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::Exists), "{error}");
    assert_eq!(read(&keys, "ca.key"), key);
}
