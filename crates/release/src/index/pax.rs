use super::MemberErrorKind;

/// Most bytes of an extended header.
pub(super) const MOST: u64 = 64 * 1024;

/// Records that say nothing of a member's name, kind, size or content.
const HARMLESS: [&str; 11] = [
    "atime",
    "comment",
    "ctime",
    "gid",
    "gname",
    "mtime",
    "uid",
    "uname",
    "SCHILY.dev",
    "SCHILY.ino",
    "SCHILY.nlink",
];
const HARMLESS_PREFIXES: [&str; 3] = ["LIBARCHIVE.", "SCHILY.xattr.", "SCHILY.acl."];

/// Checks that the records of an extended header change nothing that matters.
///
/// Source: pax(1), "pax Extended Header". Readers differ in how they treat a size or a name there (RUSTSEC-2026-0068),
/// and archives of CockroachDB need neither.
pub(super) fn check(records: &[u8]) -> Result<(), MemberErrorKind> {
    let mut left = records;
    while !left.is_empty() {
        let (key, rest) = record(left).ok_or(MemberErrorKind::ExtendedHeader)?;
        let harmless =
            HARMLESS.contains(&key) || HARMLESS_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        if !harmless {
            return Err(MemberErrorKind::Override(key.escape_debug().take(60).collect()));
        }
        left = rest;
    }
    Ok(())
}

/// Returns the key of the first record, and what comes after it. A record is `<length> <key>=<value>\n`.
fn record(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let digits = &bytes[..space];
    if digits.first() == Some(&b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (whole, rest) = bytes.split_at_checked(length)?;
    let body = whole.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    // A value over two lines is for those who split at lines the start of another record.
    if body.contains(&b'\n') {
        return None;
    }
    Some((std::str::from_utf8(&body[..equals]).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(records: &str) -> Result<(), String> {
        check(records.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn times_and_owners_are_let_through() {
        assert_eq!(said(""), Ok(()));
        assert_eq!(said("20 mtime=1704067200\n15 uid=7654321\n31 LIBARCHIVE.creationtime=123\n"), Ok(()));
    }

    #[test]
    fn names_sizes_and_riddles_are_not() {
        let changes = |key: &str| {
            Err(format!(
                "it has an extended header that changes `{key}`, which readers of tar files understand differently"
            ))
        };
        assert_eq!(said("15 path=../x/y\n"), changes("path"));
        assert_eq!(said("10 size=1\n"), changes("size"));
        assert_eq!(said("22 GNU.sparse.size=10\n"), changes("GNU.sparse.size"));
        assert_eq!(said("14 hdrcharset=\n"), Err("it has an extended header that cannot be read".into()));
        for broken in [
            "\n15 path=../x/y\n",
            "x",
            "15 path",
            "99 uid=1\n",
            "8 uid=1\n0",
            "013 uid=12345\n",
            "18 comment=a\n10 b=c\n",
        ] {
            assert_eq!(
                said(broken),
                Err("it has an extended header that cannot be read".into()),
                "{broken:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(records in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), Just(b'='), Just(b'1'), any::<u8>()], 0..40)) {
            let _ = check(&records);
        }
    }
}
