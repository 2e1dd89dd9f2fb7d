//! What the probe's script tells of stores and of the file systems that hold them, in the shells of this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{ClusterName, HostPath};
use crdbctl_probe::{Questions, functions};

/// The lines of an answer that tell of stores, by path: what is there, then the mounts that are missing.
fn places(at: &Path, stores: &[&str]) -> BTreeMap<String, Vec<String>> {
    let at = at.display();
    let path = |name: &&str| HostPath::new(format!("{at}/{name}")).unwrap();
    let questions = Questions { stores: stores.iter().map(path).collect(), ..Questions::default() };
    let cluster = ClusterName::new("store").unwrap();
    let text = functions(&cluster, &questions)
        .replace("/etc/fstab", &format!("{at}/fstab"))
        .replace("/run/systemd/generator", &format!("{at}/units"));
    let shells: Vec<&str> =
        ["dash", "bash"].into_iter().filter(|shell| Path::new("/bin").join(shell).exists()).collect();
    let mut told: Vec<BTreeMap<String, Vec<String>>> = Vec::new();
    for shell in &shells {
        let output = Command::new(shell).arg("-c").arg(format!("{text}probe_body\n")).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let decode = |field: &str| match field.strip_prefix('=') {
                Some(raw) => raw.to_owned(),
                None => String::from_utf8(STANDARD.decode(field).unwrap()).unwrap(),
            };
            let name = |path: &str| path.strip_prefix(&format!("{at}/")).unwrap().to_owned();
            match words[..] {
                ["store-place", path, mount, state, ..] => {
                    assert!(path.starts_with(decode(mount).trim_end_matches('/')), "{line}");
                    found.entry(name(path)).or_default().push(state.to_owned());
                }
                ["store-missing", path, point] => {
                    found.entry(name(path)).or_default().push(name(&decode(point)));
                }
                _ => {}
            }
        }
        told.push(found);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{shells:?}: {told:?}");
    told.swap_remove(0)
}

#[test]
fn a_store_is_told_with_what_is_in_it_and_what_should_be_mounted_there() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().canonicalize().unwrap();
    for name in ["empty", "fresh/lost+found", "used/auxiliary", "disk/data", "units", "disk-2"] {
        fs::create_dir_all(at.join(name)).unwrap();
    }
    fs::write(at.join("file"), "").unwrap();
    symlink(at.join("nowhere"), at.join("dangling")).unwrap();
    symlink(at.join("disk/data"), at.join("link")).unwrap();
    let fstab = format!(
        "# {at}/empty ext4\n/dev/vda1 / ext4 defaults 0 1\nproc\t/proc proc defaults 0 0\nUUID=1 none swap sw 0 0\n  LABEL=d\t{at}/disk/ \
         xfs nofail 0 2\n#{at}/used\n",
        at = at.display()
    );
    fs::write(at.join("fstab"), fstab).unwrap();
    let unit = format!("[Mount]\nWhat=/dev/vdc\nWhere={}/used\n", at.display());
    fs::write(at.join("units/used.mount"), unit).unwrap();
    let stores =
        ["empty", "fresh", "used", "absent/below", "file", "dangling", "disk/data", "link", "disk-2"];
    let found = places(&at, &stores);
    let expected: [(&str, &[&str]); 9] = [
        ("absent/below", &["absent"]),
        ("dangling", &["absent"]),
        ("disk-2", &["empty"]),
        ("disk/data", &["empty", "disk"]),
        ("empty", &["empty"]),
        ("file", &["other"]),
        ("fresh", &["empty"]),
        ("link", &["empty", "disk"]),
        ("used", &["used", "used"]),
    ];
    let expected = expected.map(|(name, words)| {
        (name.to_owned(), words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(found, BTreeMap::from(expected));
}
