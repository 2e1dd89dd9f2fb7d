use std::ffi::OsString;
use std::path::PathBuf;

/// Returns the user's state directory, below which crdbctl keeps `crdbctl/runs`: `$XDG_STATE_HOME`, else
/// `~/.local/state` (XDG Base Directory Specification, where relative values count as not set). `None` without a home.
pub(crate) fn place(env: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_values_are_ignored() {
        let of = |state: Option<&str>, home: Option<&str>| {
            let value = |name: &str| if name == "HOME" { home } else { state };
            place(|name| value(name).map(OsString::from))
        };
        assert_eq!(of(Some("/s"), Some("/home/ann")), Some(PathBuf::from("/s")));
        for state in [None, Some(""), Some("state"), Some("./s")] {
            assert_eq!(of(state, Some("/home/ann")), Some(PathBuf::from("/home/ann/.local/state")));
        }
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some("s"), Some("home")), None);
    }
}
