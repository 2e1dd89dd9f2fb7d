use crdbctl_model::{HostPath, HostPathError};

use super::MemberErrorKind;

/// Checks a member's name and returns its path below the package's directory; empty for that directory itself.
///
/// A directory's name may end in one slash. Nothing else is made normal: what needs it is refused.
pub(super) fn below(name: &[u8], directory: bool, package: &str) -> Result<String, MemberErrorKind> {
    let name = std::str::from_utf8(name).map_err(|_| MemberErrorKind::NotUtf8)?;
    if name.starts_with('/') {
        return Err(MemberErrorKind::Absolute);
    }
    let name = if directory { name.strip_suffix('/').unwrap_or(name) } else { name };
    if name.split('/').any(|part| part == "..") {
        return Err(MemberErrorKind::Parent);
    }
    if name.len() > 1024 || name.split('/').any(|part| part.len() > 255) {
        return Err(MemberErrorKind::NameTooLong);
    }
    HostPath::new(format!("/{name}")).map_err(|error| match error {
        HostPathError::Character { character, .. } => MemberErrorKind::Character(character),
        HostPathError::TooLong(_) => MemberErrorKind::NameTooLong,
        HostPathError::NotAbsolute(_) | HostPathError::NotNormal(_) => MemberErrorKind::NotNormal,
    })?;
    match name.split_once('/') {
        Some((top, rest)) if top == package => Ok(rest.to_owned()),
        None if name == package && directory => Ok(String::new()),
        _ => Err(MemberErrorKind::Outside { expected: package.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACKAGE: &str = "cockroach-v24.1.0.linux-amd64";

    fn said(name: &str) -> String {
        below(name.as_bytes(), false, PACKAGE).unwrap_err().to_string()
    }

    #[test]
    fn names_below_the_package() {
        assert_eq!(below(format!("{PACKAGE}/lib/x").as_bytes(), false, PACKAGE).unwrap(), "lib/x");
        assert_eq!(below(format!("{PACKAGE}/lib/").as_bytes(), true, PACKAGE).unwrap(), "lib");
        assert_eq!(below(format!("{PACKAGE}/").as_bytes(), true, PACKAGE).unwrap(), "");
        assert_eq!(below(PACKAGE.as_bytes(), true, PACKAGE).unwrap(), "");
    }

    #[test]
    fn names_that_mean_something_else() {
        insta::assert_snapshot!(said("/etc/passwd"), @"its name is absolute");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64/../x"), @"its name has `..` in it");
        insta::assert_snapshot!(said(".."), @"its name has `..` in it");
        insta::assert_snapshot!(said("./cockroach-v24.1.0.linux-amd64/x"), @"its name has an empty component or `.` in it");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64//x"), @"its name has an empty component or `.` in it");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64/x/"), @"its name has an empty component or `.` in it");
        insta::assert_snapshot!(said(""), @"it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have");
        insta::assert_snapshot!(said("cockroach"), @"it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64"), @"it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64x/x"), @"it is not below cockroach-v24.1.0.linux-amd64/, the one directory that this archive shall have");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64/a b"), @"its name has the character ' '; letters, digits and . _ - + @ : are allowed");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64/a\n"), @r"its name has the character '\n'; letters, digits and . _ - + @ : are allowed");
        insta::assert_snapshot!(said("cockroach-v24.1.0.linux-amd64/$(touch x)"), @"its name has the character '$'; letters, digits and . _ - + @ : are allowed");
        insta::assert_snapshot!(said(&format!("{PACKAGE}/{}", "x".repeat(256))), @"its name is too long: 255 bytes a component and 1024 in all are allowed");
        insta::assert_snapshot!(below(b"\xff", false, PACKAGE).unwrap_err(), @"its name is not UTF-8");
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_below(name in r"(cockroach-v24\.1\.0\.linux-amd64/)?[a./\-\\\u{0}]{0,12}", directory: bool) {
            if let Ok(path) = below(name.as_bytes(), directory, PACKAGE) {
                let root = HostPath::new("/opt").unwrap();
                prop_assert!(path.is_empty() && directory || root.join(&path).unwrap().is_below(&root));
            }
        }
    }
}
