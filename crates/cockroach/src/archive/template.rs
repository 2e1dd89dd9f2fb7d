use super::{Arch, Os};
use crate::Version;

/// Where archives are unless the manifest says otherwise.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/install-cockroachdb-linux>.
pub const DEFAULT_URL: &str = "https://binaries.cockroachdb.com/cockroach-{version}.{os}-{arch}.tgz";

/// Why an archive's template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A name in braces that is none of the three.
    #[error("`{{{0}}}` is not known; use {{version}}, {{os}} and {{arch}}")]
    Unknown(String),
    /// A brace without its other half.
    #[error("a brace at character {0} has no other half")]
    Unbalanced(usize),
}

/// Returns a template of an archive's URL or path with `{version}`, `{os}` and `{arch}` filled in.
///
/// The version has its `v`. Braces cannot stand for themselves: neither URLs nor archives' names need them.
///
/// # Errors
/// For any other name in braces, and for a single brace.
pub fn expand(template: &str, version: &Version, os: Os, arch: Arch) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    let mut open: Option<usize> = None;
    let mut name = String::new();
    for (at, character) in template.chars().enumerate() {
        match (character, open) {
            ('{', None) => open = Some(at),
            ('{', Some(start)) => return Err(TemplateError::Unbalanced(start)),
            ('}', None) => return Err(TemplateError::Unbalanced(at)),
            ('}', Some(_)) => {
                match name.as_str() {
                    "version" => filled.push_str(&version.to_string()),
                    "os" => filled.push_str(&os.to_string()),
                    "arch" => filled.push_str(&arch.to_string()),
                    _ => return Err(TemplateError::Unknown(name)),
                }
                name.clear();
                open = None;
            }
            (other, None) => filled.push(other),
            (other, Some(_)) => name.push(other),
        }
    }
    match open {
        Some(start) => Err(TemplateError::Unbalanced(start)),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(template: &str) -> Result<String, TemplateError> {
        expand(template, &"v24.1.0".parse().unwrap(), Os::Linux, Arch::Arm64)
    }

    #[test]
    fn fills_in_the_default() {
        assert_eq!(
            filled(DEFAULT_URL).unwrap(),
            "https://binaries.cockroachdb.com/cockroach-v24.1.0.linux-arm64.tgz"
        );
        assert_eq!(filled("mirror/cockroach.tgz").unwrap(), "mirror/cockroach.tgz");
    }

    #[test]
    fn says_what_is_wrong() {
        insta::assert_snapshot!(filled("a-{vresion}").unwrap_err(), @"`{vresion}` is not known; use {version}, {os} and {arch}");
        insta::assert_snapshot!(filled("a-${version").unwrap_err(), @"a brace at character 3 has no other half");
        insta::assert_snapshot!(filled("a}").unwrap_err(), @"a brace at character 1 has no other half");
        insta::assert_snapshot!(filled("{{version}}").unwrap_err(), @"a brace at character 0 has no other half");
        insta::assert_snapshot!(filled("{}").unwrap_err(), @"`{}` is not known; use {version}, {os} and {arch}");
    }

    proptest! {
        #[test]
        fn never_panics_and_leaves_no_brace(template in "[{}a-z]{0,20}|\\PC{0,20}") {
            if let Ok(filled) = filled(&template) {
                let braces = filled.contains(['{', '}']);
                prop_assert!(!braces);
            }
        }
    }
}
