//! Which key files are refused for their mode (`pkg/security/permission_check.go`).

/// The most that a key's mode may allow.
const MAX: u32 = 0o700;
/// The most when root owns the file and its group is the process's (since v21.2).
const MAX_ROOT_OWNED: u32 = 0o740;

/// Who may do what with a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyFile {
    /// Permission bits.
    pub(super) mode: u32,
    /// Owner.
    pub(super) uid: u32,
    /// Group.
    pub(super) gid: u32,
}

/// Checks a key file against the rule, and returns the real program's complaint.
///
/// `process_gid` is the group of the process; `group_rule` says whether the series has the milder rule for
/// files of root.
pub(super) fn check(path: &str, file: KeyFile, process_gid: u32, group_rule: bool) -> Result<(), String> {
    let mild = group_rule && file.uid == 0 && file.gid == process_gid;
    let most = if mild { MAX_ROOT_OWNED } else { MAX };
    if file.mode & 0o777 & !most == 0 {
        return Ok(());
    }
    Err(format!("key file {path} has permissions {}, exceeds {}", go_mode(file.mode), go_mode(most)))
}

/// Returns permission bits as Go prints a regular file's mode: `-rw-r--r--`.
fn go_mode(mode: u32) -> String {
    let mut text = String::from("-");
    for bit in (0..9).rev() {
        let letter = match bit % 3 {
            2 => 'r',
            1 => 'w',
            _ => 'x',
        };
        text.push(if mode & (1 << bit) == 0 { '-' } else { letter });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE_GID: u32 = 998;

    fn complaint(mode: u32, uid: u32, gid: u32, group_rule: bool) -> Option<String> {
        check("/c/node.key", KeyFile { mode, uid, gid }, SERVICE_GID, group_rule).err()
    }

    #[test]
    fn the_owner_alone_may_have_everything() {
        for mode in [0o600, 0o400, 0o700] {
            assert_eq!(complaint(mode, 998, SERVICE_GID, true), None, "{mode:o}");
        }
    }

    #[test]
    fn any_bit_for_others_is_refused() {
        assert_eq!(
            complaint(0o644, 998, SERVICE_GID, true).unwrap(),
            "key file /c/node.key has permissions -rw-r--r--, exceeds -rwx------"
        );
        assert!(complaint(0o601, 0, SERVICE_GID, true).is_some());
        assert!(complaint(0o640, 998, SERVICE_GID, true).is_some());
    }

    #[test]
    fn roots_file_may_be_read_by_the_process_group_and_by_no_other() {
        assert_eq!(complaint(0o640, 0, SERVICE_GID, true), None);
        assert_eq!(complaint(0o740, 0, SERVICE_GID, true), None);
        assert_eq!(
            complaint(0o660, 0, SERVICE_GID, true).unwrap(),
            "key file /c/node.key has permissions -rw-rw----, exceeds -rwxr-----"
        );
        assert!(complaint(0o640, 0, 0, true).is_some(), "another group");
        assert!(complaint(0o640, 0, SERVICE_GID, false).is_some(), "before v21.2");
    }
}
