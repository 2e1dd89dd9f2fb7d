//! The directory on disk: modes, what is never overwritten, and what an interruption leaves.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crdbctl_model::Mode;
use crdbctl_pki::{AuthorityDirectory, ClientUser, DirectoryErrorKind, KeyFact, KeyType};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::kit::{self, DAY, LIFETIME, key_fact, now};

struct Place {
    _parent: TempDir,
    keys: PathBuf,
}

fn place() -> Place {
    let parent = TempDir::new().unwrap();
    let keys = parent.path().join("keys");
    Place { _parent: parent, keys }
}

/// The name under which certificates wait for their key to be written.
fn pending(key: &str) -> String {
    format!(".ca.crt.{}", crdbctl_model::Digest::of(key).short())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn listing(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn nothing_there_is_nothing_and_changes_nothing() {
    let place = place();
    assert!(AuthorityDirectory::open(&place.keys).unwrap().is_none());
    assert!(!place.keys.exists());
    fs::create_dir(&place.keys).unwrap();
    chmod(&place.keys, 0o700);
    fs::write(place.keys.join(".gitignore"), "*").unwrap();
    assert!(AuthorityDirectory::open(&place.keys).unwrap().is_none());
    assert_eq!(listing(&place.keys), [".gitignore"]);
}

#[test]
fn what_is_created_is_private_and_opens_again() {
    let place = place();
    let made = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    assert_eq!(listing(&place.keys), ["ca.crt", "ca.key"]);
    let modes = [".", "ca.key", "ca.crt"].map(|name| mode(&place.keys.join(name)));
    assert_eq!(modes, [0o700, 0o600, 0o644]);
    let opened = AuthorityDirectory::open(&place.keys).unwrap().unwrap();
    assert_eq!(opened.authority().bundle(), made.authority().bundle());
    assert!(opened.authority().can_issue());
    assert_eq!((opened.path(), opened.certificate_mode()), (place.keys.as_path(), Mode::new(0o644)));
    let debug = format!("{opened:?}");
    assert!(debug.contains("keys") && !debug.contains("PRIVATE"), "{debug}");
}

#[test]
fn an_authority_that_is_there_is_never_overwritten() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let read = || ["ca.key", "ca.crt"].map(|name| fs::read(place.keys.join(name)).unwrap());
    let before = read();
    let error = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::Exists), "{error}");
    // The key alone is enough to stop: it may be all that is left of an authority.
    fs::remove_file(place.keys.join("ca.crt")).unwrap();
    let error = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap_err();
    assert_eq!(error.path, place.keys.join("ca.key"));
    assert!(matches!(error.kind, DirectoryErrorKind::Exists), "{error}");
    assert_eq!(listing(&place.keys), ["ca.key"], "nothing is left behind");
    fs::write(place.keys.join("ca.crt"), &before[1]).unwrap();
    fs::remove_file(place.keys.join("ca.key")).unwrap();
    let error = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap_err();
    assert_eq!(error.path, place.keys.join("ca.crt"));
    assert_eq!(fs::read(place.keys.join("ca.crt")).unwrap(), before[1]);
}

#[test]
fn modes_that_let_others_in_are_refused_with_the_command_to_run() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let key = place.keys.join("ca.key");
    let open = || AuthorityDirectory::open(&place.keys).map(drop);
    for bad in [0o640, 0o604, 0o620, 0o644, 0o610] {
        chmod(&key, bad);
        let error = open().unwrap_err();
        assert_eq!(error.path, key);
        let DirectoryErrorKind::TooOpen { mode, .. } = error.kind else { panic!("{error}") };
        assert_eq!(mode, Mode::new(bad));
    }
    for good in [0o600, 0o400, 0o700] {
        chmod(&key, good);
        open().unwrap();
    }
    for bad in [0o750, 0o705, 0o755, 0o711, 0o1777] {
        chmod(&place.keys, bad);
        let error = open().unwrap_err();
        assert_eq!(error.path, place.keys);
        let text = error.to_string().replace(place.keys.to_str().unwrap(), "KEYS");
        assert_eq!(
            text,
            format!("KEYS: mode {bad:04o} lets others at the authority's key; run: chmod 0700 'KEYS'")
        );
    }
    let error = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::TooOpen { .. }), "{error}");
}

#[test]
fn a_certificate_without_its_key_is_an_authority_that_only_judges() {
    let place = place();
    let made = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    fs::remove_file(place.keys.join("ca.key")).unwrap();
    let opened = AuthorityDirectory::open(&place.keys).unwrap().unwrap();
    assert!(!opened.authority().can_issue());
    assert_eq!(opened.authority().bundle(), made.authority().bundle());
}

#[test]
fn a_key_without_its_certificate_is_an_error() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    fs::remove_file(place.keys.join("ca.crt")).unwrap();
    let error = AuthorityDirectory::open(&place.keys).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::KeyWithoutCertificate), "{error}");
}

#[test]
fn what_cannot_be_read_is_not_absent() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let [key, crt] = ["ca.key", "ca.crt"].map(|name| place.keys.join(name));
    let open = || AuthorityDirectory::open(&place.keys).map(drop).unwrap_err();
    let good = fs::read(&crt).unwrap();
    fs::write(&crt, "").unwrap();
    assert!(matches!(open().kind, DirectoryErrorKind::Authority(_)));
    fs::write(&crt, vec![b'x'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(open().kind, DirectoryErrorKind::TooLarge));
    fs::remove_file(&crt).unwrap();
    fs::create_dir(&crt).unwrap();
    let error = open();
    assert!(matches!(error.kind, DirectoryErrorKind::NotAFile), "{error}");
    fs::remove_dir(&crt).unwrap();
    symlink(&crt, &crt).unwrap();
    let error = open();
    assert!(matches!(error.kind, DirectoryErrorKind::Io { .. }), "{error}");
    fs::remove_file(&crt).unwrap();
    fs::write(&crt, good).unwrap();
    fs::write(&key, [0xff, 0xfe]).unwrap();
    let error = open();
    assert!(matches!(error.kind, DirectoryErrorKind::NotText), "{error}");
    fs::remove_file(&key).unwrap();
    // A FIFO that nobody writes to must not hang.
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&key).status().unwrap().success());
    assert!(matches!(open().kind, DirectoryErrorKind::NotAFile));
    let file = place.keys.parent().unwrap().join("file");
    fs::write(&file, "").unwrap();
    let error = AuthorityDirectory::open(&file).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::NotADirectory), "{error}");
    let error = AuthorityDirectory::open(file.join("keys")).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::Io { .. }), "{error}");
}

#[test]
fn a_foreign_key_beside_the_certificate_is_found() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let stranger = kit::authority();
    fs::write(place.keys.join("ca.key"), stranger.key_pem().unwrap().expose_secret()).unwrap();
    let error = AuthorityDirectory::open(&place.keys).unwrap_err();
    assert!(error.to_string().contains("does not belong to the first certificate"), "{error}");
}

/// The states on disk between the steps of `create`, as a power failure leaves them.
#[test]
fn an_interrupted_creation_is_none_or_whole() {
    let authority = kit::authority();
    let key = authority.key_pem().unwrap().expose_secret().to_owned();
    let pending = pending(&key);
    let bundle = authority.bundle().clone();

    let place = place();
    fs::create_dir(&place.keys).unwrap();
    chmod(&place.keys, 0o700);
    fs::write(place.keys.join(&pending), bundle.to_pem()).unwrap();
    assert!(AuthorityDirectory::open(&place.keys).unwrap().is_none(), "no key, no authority");

    let write_key = || {
        fs::write(place.keys.join("ca.key"), &key).unwrap();
        chmod(&place.keys.join("ca.key"), 0o600);
    };
    write_key();
    let opened = AuthorityDirectory::open(&place.keys).unwrap().expect("the key makes the authority");
    assert_eq!(opened.authority().bundle(), &bundle);
    assert_eq!(listing(&place.keys), [pending.clone(), "ca.key".into()], "opening changes nothing");

    let issued = kit::node(opened.authority());
    opened.write_client(&ClientUser::root(), &issued).unwrap();
    let files = ["ca.crt", "ca.key", "client.root.crt", "client.root.key"];
    assert_eq!(listing(&place.keys), files, "the first write finishes it");
    // Both names, as between the link and the removal.
    fs::hard_link(place.keys.join("ca.crt"), place.keys.join(&pending)).unwrap();
    assert_eq!(AuthorityDirectory::open(&place.keys).unwrap().unwrap().authority().bundle(), &bundle);
}

#[test]
fn a_leftover_of_another_creation_is_not_taken_for_the_certificate() {
    let place = place();
    AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let other = kit::authority();
    fs::remove_file(place.keys.join("ca.crt")).unwrap();
    let leftover = place.keys.join(pending(other.key_pem().unwrap().expose_secret()));
    fs::write(leftover, other.bundle().to_pem()).unwrap();
    let error = AuthorityDirectory::open(&place.keys).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::KeyWithoutCertificate), "{error}");
}

#[test]
fn pairs_of_clients_are_written_read_and_replaced() {
    let place = place();
    let directory = AuthorityDirectory::create(&place.keys, kit::authority()).unwrap();
    let root = ClientUser::root();
    let files = directory.client(&root).unwrap();
    assert!(files.certificate.is_none() && files.key.is_none());
    assert_eq!(files.key_fact(), KeyFact::Missing);
    for lifetime in [DAY, LIFETIME] {
        let issued = directory.authority().issue_client(&root, KeyType::EcdsaP256, lifetime, now()).unwrap();
        directory.write_client(&root, &issued).unwrap();
        let files = directory.client(&root).unwrap();
        assert_eq!(files.key_fact(), key_fact(&issued));
        let (key, key_mode) = files.key.unwrap();
        assert_eq!((key.expose_secret(), key_mode), (issued.key_pem.expose_secret(), Mode::new(0o600)));
        let (pem, crt_mode) = files.certificate.unwrap();
        assert_eq!((pem.as_slice(), crt_mode), (issued.certificate_pem.as_bytes(), Mode::new(0o644)));
    }
    fs::write(place.keys.join("client.root.key"), "not a key").unwrap();
    let files = directory.client(&root).unwrap();
    assert!(matches!(files.key_fact(), KeyFact::Unknown(_)), "present, and not known");
    assert!(!format!("{files:?}").contains("not a key"));
    assert_eq!(listing(&place.keys), ["ca.crt", "ca.key", "client.root.crt", "client.root.key"]);
}

#[test]
fn an_authority_without_its_key_is_not_stored() {
    let place = place();
    let pem = kit::authority().bundle().to_pem();
    let read_only = crdbctl_pki::Authority::read_only(pem.as_bytes()).unwrap();
    let error = AuthorityDirectory::create(&place.keys, read_only).unwrap_err();
    assert!(matches!(error.kind, DirectoryErrorKind::NoKey), "{error}");
    assert!(!place.keys.exists());
}
