use super::{FlagSpec, Managed, of_version};
use crate::Version;

/// Returns the flag that was most likely meant by an unknown name, or `None` when nothing is near enough.
///
/// Only flags that this version has and that a manifest may set are suggested.
pub(super) fn nearest(name: &str, version: &Version) -> Option<&'static FlagSpec> {
    let name = name.trim_start_matches('-').to_ascii_lowercase().replace('_', "-");
    // Two slips in a long name are a slip; in a short one they make another word.
    let limit = (name.chars().count() / 3).clamp(1, 3);
    of_version(version)
        .filter(|spec| {
            matches!(spec.managed, Managed::No | Managed::UnlessGiven { .. } | Managed::Always { .. })
        })
        .map(|spec| (strsim::damerau_levenshtein(&name, spec.name), spec))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, spec)| spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_far_fetched() {
        let version = "v24.1.0".parse().unwrap();
        let near = |name: &str| nearest(name, &version).map(|spec| spec.name);
        assert_eq!(near("max-sql-memroy"), Some("max-sql-memory"));
        assert_eq!(near("max_sql_memory"), Some("max-sql-memory"));
        assert_eq!(near("--cache"), Some("cache"));
        assert_eq!(near("chache"), Some("cache"));
        assert_eq!(near("Cache"), Some("cache"));
        assert_eq!(near("memory"), None);
        assert_eq!(near("x"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn suggests_nothing_that_the_version_lacks() {
        assert_eq!(nearest("wal-failovr", &"v23.2.0".parse().unwrap()), None);
    }
}
