//! Files of a host, seen and changed without ssh.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use crdbctl_testlab::{EntryKind, Lab, VOLATILE, require_lab};

#[test]
fn bytes_and_names_go_through_unchanged() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let all_bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let names =
        ["/srv/plain", "/srv/a b/$(touch pwned);`id`'\"\\/x", "/srv/-n", "/srv/new\nline", "/srv/ümläut"];
    for (name, bytes) in names.iter().zip([&all_bytes[..], b"", b"\n", b"\0", b"no newline"]) {
        host.write(name, bytes, 0o4640, "root:plain").unwrap();
        assert_eq!(host.read(name).unwrap(), bytes, "{name:?}");
    }
    let listing = host.listing(&["/srv"], &[]).unwrap();
    for name in names {
        let entry = &listing.entries[name];
        assert_eq!(
            (entry.kind, entry.mode, entry.uid, entry.gid),
            (EntryKind::File, 0o4640, 0, 1002),
            "{name:?}"
        );
    }
    assert!(!host.exists("/srv/a b/pwned").unwrap());

    assert!(host.read("/srv/none").unwrap_err().to_string().contains("No such file"));
    assert!(host.write("/srv/x", b"", 0o644, "nobody-at-all:root").is_err());
}

#[test]
fn a_listing_shows_every_change_and_nothing_else() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    host.exec_ok("mkdir /srv/d && cd /srv/d && echo 1 >edited && echo 1 >moded && echo 1 >owned && echo 1 >gone && ln -s a link && echo 1 >replaced")
        .unwrap();
    let look = || host.listing(&["/"], VOLATILE).unwrap();
    let before = look();
    assert!(before.entries.len() > 5000, "{}", before.entries.len());
    assert!(!before.entries.keys().any(|path| path.starts_with("/proc")));

    // Reading everything, as a plan does, and ten seconds' worth of systemd change nothing.
    host.exec_ok("find / -xdev -type f -exec cat {} + >/dev/null; systemctl daemon-reload; ufw status")
        .unwrap();
    assert_eq!(before.differences(&look()), []);

    host.exec_ok(
        "cd /srv/d && stat -c %Y edited >/run/then && echo 2 >edited && touch -d @$(cat /run/then) edited && chmod 600 moded && \
         chown plain owned && rm gone && ln -sfn b link && cp -p replaced new && mv new replaced",
    )
    .unwrap();
    let changed: Vec<String> =
        before.differences(&look()).into_iter().map(|difference| difference.path).collect();
    let expected = ["", "/edited", "/gone", "/link", "/moded", "/owned", "/replaced"]
        .map(|name| format!("/srv/d{name}"));
    assert_eq!(changed, expected);
}

#[test]
fn disks_run_full_of_bytes_and_of_inodes_and_can_be_read_only() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    host.mount_small("/mnt/small", 64, 5).unwrap();
    let full = host.write("/mnt/small/big", &[1; 100_000], 0o644, "root:root").unwrap_err().to_string();
    assert!(full.contains("No space left on device"), "{full}");
    host.exec_ok("rm /mnt/small/big").unwrap();
    assert!(!host.exec("cd /mnt/small && touch 1 2 3 4 5").unwrap().success());
    host.unmount("/mnt/small").unwrap();
    assert!(!host.exists("/mnt/small/1").unwrap());

    host.mount_read_only("/srv").unwrap();
    let refused = host.write("/srv/x", b"", 0o644, "root:root").unwrap_err().to_string();
    assert!(refused.contains("Read-only file system"), "{refused}");
    host.unmount("/srv").unwrap();
    host.write("/srv/x", b"", 0o644, "root:root").unwrap();
}

#[test]
fn commands_run_inside_the_host_as_root_with_a_clean_environment() {
    let Some(lab) = require_lab(Lab::builder().names(["alone"])) else { return };
    let host = lab.host("alone");
    let output = host
        .exec("hostname; id -u; pwd; umask; readlink /proc/1/exe; env | sort | cut -d= -f1 | tr '\\n' ' '")
        .unwrap();
    assert_eq!(
        output.text(),
        "alone\n0\n/\n0022\n/usr/lib/systemd/systemd\nHOME LANG LOGNAME PATH PWD SHELL USER"
    );
    let output = host.exec_with_input("cat; echo complaint >&2; exit 3", b"given").unwrap();
    assert_eq!(
        (output.code, output.text(), output.error_text()),
        (Some(3), "given".to_owned(), "complaint".to_owned())
    );
    assert!(!host.exec("kill -KILL $$").unwrap().success());
    let error = host.exec_ok("echo why; false").unwrap_err().to_string();
    assert!(error.contains("alone") && error.contains("exit code 1") && error.contains("why"), "{error}");
}
