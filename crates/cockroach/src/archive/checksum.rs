use crdbctl_model::Digest;

/// Why a published checksum cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the checksum of {archive} cannot be read: {kind}")]
pub struct ChecksumError {
    /// The archive whose checksum was asked for.
    pub archive: String,
    /// What is wrong.
    pub kind: ChecksumErrorKind,
}

/// What is wrong with a published checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChecksumErrorKind {
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// A line is no checksum; an error page perhaps.
    #[error("line {line} is `{text}`, and not a SHA-256 and a file name")]
    NotAChecksum {
        /// Its number, from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// The file has checksums of other archives alone.
    #[error("the file has a checksum of {0} instead")]
    OtherArchive(String),
    /// The file has two different checksums of the archive.
    #[error("the file has two different checksums of it")]
    Contradiction,
}

/// Returns the SHA-256 of an archive from the contents of a `.sha256sum` file, as sha256sum(1) writes it.
///
/// `archive` is the archive's file name. Lines are `<hex>  <name>`, also with `*` before the name, a directory in
/// it, or no name at all when there is one line only.
///
/// # Errors
/// When there is no checksum of this very archive, or when any line is something else.
pub fn checksum_of(archive: &str, contents: &str) -> Result<Digest, ChecksumError> {
    let fail = |kind| Err(ChecksumError { archive: archive.to_owned(), kind });
    let mut found: Option<Digest> = None;
    let mut others = Vec::new();
    let lines: Vec<(usize, &str)> = contents
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    for (number, line) in &lines {
        let (hex, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let Some(digest) = parse(hex) else {
            let text = line.chars().take(60).collect();
            return fail(ChecksumErrorKind::NotAChecksum { line: *number, text });
        };
        let name = name.trim_start();
        let name = name.strip_prefix('*').unwrap_or(name);
        let file = name.rsplit('/').next().unwrap_or(name);
        if file == archive || file.is_empty() && lines.len() == 1 {
            if found.is_some_and(|other| other != digest) {
                return fail(ChecksumErrorKind::Contradiction);
            }
            found = Some(digest);
        } else {
            others.push(file.to_owned());
        }
    }
    match (found, others.into_iter().next()) {
        (Some(digest), _) => Ok(digest),
        (None, Some(other)) => fail(ChecksumErrorKind::OtherArchive(other)),
        (None, None) => fail(ChecksumErrorKind::Empty),
    }
}

fn parse(hex: &str) -> Option<Digest> {
    hex.to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARCHIVE: &str = "cockroach-v24.1.0.linux-amd64.tgz";
    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn reads_what_is_published() {
        let want: Digest = HEX.parse().unwrap();
        for text in [
            format!("{HEX}  {ARCHIVE}\n"),
            format!("{HEX} *{ARCHIVE}\r\n"),
            format!("{}  ./{ARCHIVE}", HEX.to_uppercase()),
            format!("{HEX}\n"),
            format!("{}  other.tgz\n{HEX}  {ARCHIVE}\n\n", HEX.replace('0', "1")),
        ] {
            assert_eq!(checksum_of(ARCHIVE, &text).unwrap(), want, "{text:?}");
        }
    }

    #[test]
    fn says_what_it_got() {
        let said = |text: &str| checksum_of(ARCHIVE, text).unwrap_err().to_string();
        insta::assert_snapshot!(said(""), @"the checksum of cockroach-v24.1.0.linux-amd64.tgz cannot be read: the file is empty");
        insta::assert_snapshot!(said("<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code></Error>"), @"the checksum of cockroach-v24.1.0.linux-amd64.tgz cannot be read: line 1 is `<?xml version='1.0'?>`, and not a SHA-256 and a file name");
        insta::assert_snapshot!(said(&format!("{HEX}  cockroach-v24.1.1.linux-amd64.tgz")), @"the checksum of cockroach-v24.1.0.linux-amd64.tgz cannot be read: the file has a checksum of cockroach-v24.1.1.linux-amd64.tgz instead");
        insta::assert_snapshot!(said(&format!("{HEX}  {ARCHIVE}\n{}  {ARCHIVE}", HEX.replace('0', "1"))), @"the checksum of cockroach-v24.1.0.linux-amd64.tgz cannot be read: the file has two different checksums of it");
        insta::assert_snapshot!(said(&format!("{}  {ARCHIVE}", &HEX[..63])), @"the checksum of cockroach-v24.1.0.linux-amd64.tgz cannot be read: line 1 is `0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab`, and not a SHA-256 and a file name");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,200}") {
            let _ = checksum_of(ARCHIVE, &text);
        }
    }
}
