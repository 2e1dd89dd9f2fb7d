use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// The longest control socket path: `sun_path` has 108 bytes (104 on BSDs), and ssh binds a name 17 bytes longer first.
const LONGEST_SOCKET: usize = 104 - 18;

const PREFIX: &str = "crdbctl-ssh-";

/// Returns a private directory (0700) for a control socket; its path leaves room for that.
pub(super) fn private() -> std::io::Result<TempDir> {
    let fits = |base: &Path| {
        base.is_dir() && base.join(PREFIX).join("XXXXXX/master").as_os_str().len() < LONGEST_SOCKET
    };
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let base = runtime.filter(|base| fits(base)).unwrap_or_else(std::env::temp_dir);
    let base = if fits(&base) { base } else { PathBuf::from("/tmp") };
    sweep(&base);
    let private = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(base)
}

/// Removes what a killed crdbctl left: directories of ours, an hour old, whose ssh has ended and taken its socket along.
fn sweep(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_old = || {
            let changed = entry.metadata().and_then(|data| data.modified());
            changed.is_ok_and(|at| {
                SystemTime::now().duration_since(at).is_ok_and(|age| age > Duration::from_secs(3600))
            })
        };
        if ours && !path.join("master").exists() && is_old() {
            // Somebody else's cannot be removed, and need not.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_and_short() {
        let directory = private().unwrap();
        assert_eq!(std::fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(directory.path().join("master").as_os_str().len() < LONGEST_SOCKET);
    }

    #[test]
    fn leftovers_go_and_living_ones_stay() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        let old = SystemTime::now() - Duration::from_secs(7200);
        for name in ["crdbctl-ssh-old", "crdbctl-ssh-live", "crdbctl-ssh-new", "else"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::fs::write(at("crdbctl-ssh-live").join("master"), "").unwrap();
        for name in ["crdbctl-ssh-old", "crdbctl-ssh-live", "else"] {
            std::fs::File::open(at(name)).unwrap().set_modified(old).unwrap();
        }
        sweep(base.path());
        let left =
            ["crdbctl-ssh-old", "crdbctl-ssh-live", "crdbctl-ssh-new", "else"].map(|name| at(name).exists());
        assert_eq!(left, [false, true, true, true]);
    }
}
