//! Odd values on a host cost no more than the field that they are in.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crdbctl_model::{ClusterName, Digest, HostPath};

use super::*;
use crate::{Questions, functions};

fn shells() -> impl Iterator<Item = &'static str> {
    ["dash", "bash"].into_iter().filter(|shell| Path::new("/bin").join(shell).exists())
}

/// Runs a whole probe with files of the test in place of the host's, and with functions that replace its programs.
fn ask(shell: &str, at: &Path, questions: &Questions, programs: &str) -> Result<Answer, AnswerError> {
    let text = functions(&ClusterName::new("store").unwrap(), questions)
        .replace("/etc/fstab", &at.join("fstab").display().to_string())
        .replace("/proc/self/mountinfo", &at.join("mountinfo").display().to_string());
    let output = Command::new(shell).arg("-c").arg(format!("{text}{programs}\nprobe\n")).output().unwrap();
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Answer::parse(&output.stdout)
}

/// An answer with these lines in its body.
fn answer(lines: &[&[u8]]) -> Result<Answer, AnswerError> {
    let body: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
    let end = format!("live\nclock 1 2\nend {}\n", Digest::of(&body));
    Answer::parse(&[&b"crdbctl-probe 1\n"[..], &body, end.as_bytes()].concat())
}

#[test]
fn a_mount_point_of_any_name_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().canonicalize().unwrap();
    let here = at.display();
    for name in ["my disk/data", "tab\tand\\\nline/data", "gone", "plain"] {
        std::fs::create_dir_all(at.join(name)).unwrap();
    }
    std::os::unix::fs::symlink(at.join("my disk/data"), at.join("spaced")).unwrap();
    std::os::unix::fs::symlink(at.join("tab\tand\\\nline/data"), at.join("worse")).unwrap();
    let mountinfo = format!(
        "1 1 8:1 / / rw - ext4 /dev/vda1 rw\n2 1 8:2 / {here}/my\\040disk rw - xfs /dev/vdb rw\n\
         3 1 8:3 / {here}/tab\\011and\\134\\012line rw shared:1 - xfs /dev/vdc rw\n"
    );
    let mountinfo = [mountinfo.as_bytes(), b"4 1 8:4 / /media/caf\xe9 rw - ext4 /dev/vdd rw\n"].concat();
    std::fs::write(at.join("mountinfo"), mountinfo).unwrap();
    // The last line has no end.
    let fstab = format!(
        "/dev/vdb {here}/my\\040disk xfs defaults 0 0\n/dev/vdc {here}/tab\\011and\\134\\012line xfs defaults 0 0\n\
         /dev/vde {here}/my\\040disk/data xfs defaults 0 0\n/dev/vdf {here}/g\\157ne xfs defaults"
    );
    std::fs::write(at.join("fstab"), fstab).unwrap();
    let path = |name: &str| HostPath::new(format!("{here}/{name}")).unwrap();
    let stores = ["spaced", "worse", "gone", "plain"].map(path);
    let questions = Questions { stores: stores.iter().cloned().collect(), ..Questions::default() };
    for shell in shells() {
        let answer = ask(shell, &at, &questions, "").unwrap();
        let told: Vec<(String, Vec<String>)> = stores
            .iter()
            .map(|store| {
                let place = &answer.store_places[store.as_str()];
                let name = |path: String| path.replace(&format!("{here}/"), "");
                let missing = place.missing.iter().map(|it| name(it.to_string())).collect();
                (name(place.mount.to_string()), missing)
            })
            .collect();
        let expected = [
            ("my%20disk", vec!["my%20disk/data"]),
            ("tab%09and\\%0Aline", vec![]),
            ("/", vec!["gone"]),
            ("/", vec![]),
        ];
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(mount, missing)| (mount.to_owned(), missing.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(told, expected, "{shell}");
    }
}

#[test]
fn an_account_of_any_name_is_read() {
    // Accounts of Active Directory have spaces (winbind, sssd), and a byte that is not UTF-8 is possible in any name.
    let read = answer(&[
        b"stat 41ed 1000 1001 /var/lib/cockroach svc crdb:domain users",
        b"stat 41ed 1000 1001 /opt/x caf\xe9:root",
        b"drop-in L2E= 81a4,0,5,root:a, b text aGVsbG8=",
        b"process ok 7 1 1024/1024 - L2E= YQ== c3ZjIGNyZGI=",
    ])
    .unwrap();
    let Stat::Present(fact) = &read.stats["/var/lib/cockroach"] else { panic!("{:?}", read.stats) };
    assert_eq!((fact.owner.as_str(), fact.group.as_str()), ("svc crdb", "domain users"));
    let Stat::Present(fact) = &read.stats["/opt/x"] else { panic!("{:?}", read.stats) };
    assert_eq!((fact.owner.as_str(), fact.group.as_str()), ("caf\u{fffd}", "root"));
    assert_eq!(read.drop_ins[0].stat.as_ref().unwrap().group, "a, b");
    assert_eq!(read.process.unwrap().unwrap().user, "svc crdb");
}

#[test]
fn a_value_that_is_not_understood_makes_its_own_field_unknown() {
    let read = answer(&[
        b"host eA== eA== eA== eA== eA== garbage",
        b"digest /opt/x ok garbage 7",
        b"digest /opt/y ok  ",
        b"key /opt/k made garbage",
        b"content /opt/c digest ",
        b"drop-in L2E= - digest ",
        b"process ok 7 1 1024/1024 - L2E= YQ== ",
    ])
    .unwrap();
    assert_eq!(read.host.machine_id, None);
    assert!(read.digests["/opt/x"].as_ref().unwrap_err().contains("garbage"), "{:?}", read.digests);
    assert!(read.digests["/opt/y"].is_err() && read.contents["/opt/c"].is_err());
    assert!(matches!(&read.keys["/opt/k"], Err(KeyProblem::Unknown(why)) if why.contains("garbage")));
    assert!(read.drop_ins[0].content.is_err());
}

#[test]
fn the_script_prints_accounts_of_any_name() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().canonicalize().unwrap();
    std::fs::write(at.join("fstab"), "").unwrap();
    std::fs::write(at.join("mountinfo"), "").unwrap();
    std::fs::write(at.join("file"), "").unwrap();
    // A stat(1) that finds such a name in the place of %G.
    let stat = "#!/bin/sh\nformat=$2; shift 2\nexec /usr/bin/stat -c \"$(printf %s \"$format\" | sed 's/%G/domain users/')\" \"$@\"\n";
    std::fs::create_dir(at.join("bin")).unwrap();
    std::fs::write(at.join("bin/stat"), stat).unwrap();
    std::fs::set_permissions(at.join("bin/stat"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = HostPath::new(at.join("file").to_str().unwrap()).unwrap();
    let questions = Questions { stat: [file.clone()].into(), ..Questions::default() };
    for shell in shells() {
        let path = format!("PATH={}:$PATH", at.join("bin").display());
        let answer = ask(shell, &at, &questions, &path).unwrap();
        let Stat::Present(fact) = &answer.stats[file.as_str()] else { panic!("{:?}", answer.stats) };
        assert_eq!(fact.group, "domain users", "{shell}");
    }
}
