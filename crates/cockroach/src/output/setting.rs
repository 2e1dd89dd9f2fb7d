use super::node_table::{TableError, TableErrorKind};

const COMMAND: &str = "SHOW CLUSTER SETTING";

/// Returns the value of a cluster setting from the stdout of `cockroach sql --format=csv -e "SHOW CLUSTER SETTING …"`.
///
/// A header of one column, then one row; an empty value is an empty or a quoted empty line.
///
/// # Errors
/// When there is no header, no row or more than one, or a row has several columns.
pub fn setting(stdout: &[u8]) -> Result<String, TableError> {
    let fail = |kind| TableError { command: COMMAND, kind };
    let text = String::from_utf8_lossy(stdout);
    let text = text.trim_start_matches('\u{feff}');
    let Some((header, rest)) = text.split_once('\n') else {
        return Err(fail(TableErrorKind::NoHeader(text.chars().take(60).collect())));
    };
    let header = header.trim();
    // The one column has the setting's name; anything else is somebody else's words.
    if header.is_empty() || header.contains(char::is_whitespace) || header.contains(',') {
        return Err(fail(TableErrorKind::NoHeader(header.chars().take(60).collect())));
    }
    if rest.is_empty() {
        return Err(fail(TableErrorKind::NoRows));
    }
    if rest.trim_matches(['\r', '\n']).is_empty() {
        return Ok(String::new());
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rest.as_bytes());
    let rows: Vec<_> = reader.records().filter_map(Result::ok).collect();
    match &rows[..] {
        [row] if row.len() == 1 => Ok(row.get(0).unwrap_or_default().to_owned()),
        [row] => Err(fail(TableErrorKind::Ragged { line: 2, expected: 1, found: row.len() })),
        rows => Err(fail(TableErrorKind::Ragged { line: 3, expected: 1, found: rows.len() })),
    }
}

/// Returns whether a failed `SHOW` or `SET CLUSTER SETTING` failed because this version has no such setting.
///
/// Source: `pkg/sql/set_cluster_setting.go` of <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn is_unknown_setting(stderr: &str) -> bool {
    stderr.contains("unknown setting") || stderr.contains("unknown cluster setting")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_read_as_it_is() {
        let of = |text: &str| setting(text.as_bytes()).unwrap();
        assert_eq!(of("version\n25.2\n"), "25.2");
        assert_eq!(of("version\r\n23.2-upgrading-to-24.1-step-004\r\n"), "23.2-upgrading-to-24.1-step-004");
        assert_eq!(of("cluster.preserve_downgrade_option\n\n"), "");
        assert_eq!(of("cluster.preserve_downgrade_option\n\"\"\n"), "");
        assert_eq!(of("cluster.organization\n\"Some, \"\"quoted\"\" name\"\n"), "Some, \"quoted\" name");
        assert_eq!(of("x.y\n\"two\nlines\"\n"), "two\nlines");
    }

    #[test]
    fn what_is_no_value_is_said() {
        let said = |text: &str| setting(text.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(said(""), @"cannot read the table of `SHOW CLUSTER SETTING`: it has no header line; it begins with ``");
        insta::assert_snapshot!(said("version\n"), @"cannot read the table of `SHOW CLUSTER SETTING`: it has a header and no rows");
        insta::assert_snapshot!(said("ERROR: cannot dial server.\nIs the"), @"cannot read the table of `SHOW CLUSTER SETTING`: it has no header line; it begins with `ERROR: cannot dial server.`");
        assert!(setting(b"version\n1,2\n").is_err() && setting(b"version\n1\n2\n").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = setting(&bytes);
        }
    }
}
