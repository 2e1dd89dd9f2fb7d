use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines up to this length are shown whole.
const LONG: usize = 60;
/// A common part shorter than this stays.
const WORTH: usize = 24;

/// Returns two versions of a long line with what they have in common cut to `…`, at spaces, between two differences too, so that
/// what differs stands out without colour; short lines as they are. What stands before a `=` at the beginning stays: it names what
/// changes.
///
/// The result does not depend on the terminal, and lines of different nodes that change in the same way
/// become equal, so that they can be shown as one.
pub(crate) fn elide_pair(before: &str, after: &str) -> (String, String) {
    if before.chars().count().max(after.chars().count()) <= LONG {
        return (before.to_owned(), after.to_owned());
    }
    let (old, new) = (runs(before), runs(after));
    let (mut short_old, mut short_new) = (String::new(), String::new());
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (in_old, in_new) = (op.old_range(), op.new_range());
        if !matches!(op, DiffOp::Equal { .. }) {
            short_old.push_str(&old[in_old].concat());
            short_new.push_str(&new[in_new].concat());
            continue;
        }
        let is_head = in_old.start == 0 && in_new.start == 0;
        let is_tail = in_old.end == old.len() && in_new.end == new.len();
        let common = old[in_old].concat();
        let short = if !is_worth_it(&common) {
            common
        } else {
            let key = if is_head { key_of(&common) } else { space_at(&common, false) };
            let gap = if is_tail { "" } else { space_at(&common, true) };
            format!("{key}…{gap}")
        };
        short_old.push_str(&short);
        short_new.push_str(&short);
    }
    (short_old, short_new)
}

/// Returns the line's words and the spaces between them, in order.
fn runs(line: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_space = first == ' ';
        let end = rest.find(|c| (c == ' ') != is_space).unwrap_or(rest.len());
        runs.push(&rest[..end]);
        rest = &rest[end..];
    }
    runs
}

fn is_worth_it(part: &str) -> bool {
    part.chars().count() >= WORTH
}

/// Returns the spaces at the end of a part, or at its beginning: they part the words that stay from `…`.
fn space_at(part: &str, end: bool) -> &str {
    let word = if end { part.trim_end_matches(' ') } else { part.trim_start_matches(' ') };
    if end { &part[word.len()..] } else { &part[..part.len() - word.len()] }
}

/// Returns a line that is only there for orientation, cut after 60 characters.
pub(crate) fn elide_context(line: &str) -> String {
    if line.chars().count() <= LONG {
        return line.to_owned();
    }
    let head: String = line.chars().take(LONG).collect();
    // A cut word could differ between nodes where the whole words before it do not.
    let head = head.rsplit_once(' ').map_or(head.as_str(), |(words, _)| words);
    format!("{head} …")
}

fn key_of(head: &str) -> &str {
    let key = head.find('=').map(|at| &head[..=at]);
    key.filter(|key| key.len() <= WORTH && !key.contains(' ')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec_start(address: &str, cache: &str) -> String {
        format!(
            "ExecStart=/opt/cockroach/cockroach start --listen-addr={address} --cache={cache} --max-sql-memory=.25"
        )
    }

    #[test]
    fn nodes_that_change_alike_look_alike() {
        let one = elide_pair(&exec_start("198.0.2.166", ".25"), &exec_start("198.0.2.166", ".35"));
        let two = elide_pair(&exec_start("198.0.2.158", ".25"), &exec_start("198.0.2.158", ".35"));
        assert_eq!(one, two);
        assert_eq!(one.0, "ExecStart=… --cache=.25 --max-sql-memory=.25");
        assert_eq!(one.1, "ExecStart=… --cache=.35 --max-sql-memory=.25");
    }

    #[test]
    fn both_ends_are_cut_and_short_lines_stay() {
        let tail = " --locality=region=kr,zone=seo01 --join=198.0.2.166,198.0.2.158";
        let (before, after) = elide_pair(&format!("a --cache=.25{tail}"), &format!("a --cache=.35{tail}"));
        assert_eq!((before.as_str(), after.as_str()), ("a --cache=.25 …", "a --cache=.35 …"));
        assert_eq!(elide_pair("mode 1", "mode 2"), ("mode 1".to_owned(), "mode 2".to_owned()));
    }

    #[test]
    fn what_lies_between_two_differences_is_cut_too() {
        let line = |cache: &str, end: &str| {
            let join = "--join=198.0.2.166:26257,198.0.2.158:26257";
            format!(
                "ExecStart=/opt/cockroach/cockroach start --cache={cache} --max-sql-memory=.25 {join}{end}"
            )
        };
        let (before, after) = elide_pair(&line(".25", ""), &line(".35", " --attrs=ssd"));
        assert_eq!(before, "ExecStart=… --cache=.25 …");
        assert_eq!(after, "ExecStart=… --cache=.35 … --attrs=ssd");
        // What is short stays: it says where the difference is.
        let (before, after) = elide_pair(
            "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1 --b=2 --cccccccccccccccccccccc=3",
            "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=2 --b=2 --cccccccccccccccccccccc=4",
        );
        assert!(before.contains(" --b=2 ") && after.contains(" --b=2 "), "{before}");
    }

    #[test]
    fn what_is_added_at_the_end_stands_alone() {
        let line = "ExecStart=/opt/cockroach/cockroach start --join=198.0.2.166:26257,198.0.2.158:26257";
        let (before, after) = elide_pair(line, &format!("{line} --cache=.35"));
        assert_eq!((before.as_str(), after.as_str()), ("ExecStart=…", "ExecStart=… --cache=.35"));
    }

    #[test]
    fn what_was_added_or_taken_away_is_never_cut() {
        let long = "--one=aaaaaaaaaaaaaaaaaaaaaaaaaa --two=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        let (before, after) = elide_pair(long, &format!("{long} --three"));
        assert!(after.ends_with("--three"), "{after}");
        assert!(!before.contains("three"));
        let (before, after) = elide_pair(&format!("--zero {long}"), long);
        assert!(before.contains("--zero"), "{before}");
        assert_ne!(before, after);
    }

    proptest::proptest! {
        #[test]
        fn different_lines_never_look_equal(a in "[ab=]{1,3}( [ab=]{1,30}){0,6}", b in "[ab=]{1,3}( [ab=]{1,30}){0,6}") {
            let (x, y) = elide_pair(&a, &b);
            proptest::prop_assert_eq!(a == b, x == y);
        }
    }
}
