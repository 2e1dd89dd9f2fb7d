use std::fmt::Write as _;

use crate::{Needs, TABLE};

/// The document with the table, by its path in the repository.
pub const DOCUMENT: &str = "docs/conformance.md";

const BEGIN: &str = "<!-- table: written by `cargo xtask conformance --write-docs` -->\n";
const END: &str = "<!-- end of the table -->\n";

/// Returns the document with the table as it is now; `None` when the marks around the table are not there.
#[must_use]
pub fn updated(document: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", table()))
}

fn table() -> String {
    let only = TABLE.iter().filter(|check| check.seen.is_empty()).count();
    let mut text = match only {
        0 => "All of them were seen with a real release.\n".to_owned(),
        n if n == TABLE.len() => {
            format!("**All {n} were only ever seen with the stand-in, never with the real program.**\n")
        }
        n => format!("**{n} of {} were only ever seen with the stand-in.**\n", TABLE.len()),
    };
    text.push_str("\n| id | behaviour | since | source | seen with |\n|---|---|---|---|---|\n");
    for check in TABLE {
        let sources: Vec<String> =
            check.sources.iter().map(|source| format!("[{source}]({})", source.url())).collect();
        let since = check.since.map_or_else(|| "–".to_owned(), |series| series.to_string());
        let two = if check.needs == Needs::Upgrade { " (two archives)" } else { "" };
        let seen = if check.seen.is_empty() { "stand-in only".to_owned() } else { check.seen.join(", ") };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| `{}` | {}{two} | {since} | {} | {seen} |",
            check.id,
            check.behaviour,
            sources.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_has_the_table_of_the_code() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(DOCUMENT);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let written = updated(&text).expect("docs/conformance.md has its marks");
        assert!(text == written, "{DOCUMENT} is behind: run `cargo xtask conformance --write-docs`");
    }

    #[test]
    fn each_check_has_a_name_of_its_own_and_a_source() {
        let ids: BTreeSet<&str> = TABLE.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        for check in TABLE {
            assert!(!check.sources.is_empty(), "{} has no source", check.id);
            assert!(!check.behaviour.contains('|'), "{} would break the table", check.id);
        }
    }

    #[test]
    fn only_what_stands_between_the_marks_is_written() {
        let text = format!("above\n{BEGIN}old\n{END}below\n");
        let new = updated(&text).expect("marks");
        assert!(new.starts_with(&format!("above\n{BEGIN}\n**All ")), "{new}");
        assert!(new.ends_with(&format!("{END}below\n")) && !new.contains("old\n"), "{new}");
        assert_eq!(updated("no marks"), None);
        assert_eq!(updated(&new).as_deref(), Some(new.as_str()));
    }
}
