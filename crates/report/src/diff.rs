use similar::{ChangeTag, DiffOp, DiffTag, TextDiff};

use crate::elide::{elide_context, elide_pair};
use crate::line::Line;
use crate::{Role, count};

/// How many unchanged lines stand around changed ones.
const CONTEXT: usize = 2;

/// Returns the difference of two texts, line by line: `- old`, `+ new`, a little context, and how much
/// is left out between.
pub(crate) fn text_diff(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    let mut shown = 0;
    for hunk in diff.grouped_ops(CONTEXT) {
        let start = hunk.first().map_or(0, |op| op.old_range().start);
        push_gap(&mut lines, start.saturating_sub(shown));
        shown = hunk.last().map_or(shown, |op| op.old_range().end);
        for op in &hunk {
            push_op(&mut lines, &diff, op);
        }
    }
    push_gap(&mut lines, diff.old_len().saturating_sub(shown));
    match (before.is_empty() || before.ends_with('\n'), after.is_empty() || after.ends_with('\n')) {
        (true, false) => lines.push(Line::of(Role::Muted, "# the last line will not be ended")),
        (false, true) => lines.push(Line::of(Role::Muted, "# the last line will be ended")),
        _ => {}
    }
    lines
}

fn push_gap(lines: &mut Vec<Line>, unchanged: usize) {
    if unchanged > 0 {
        lines.push(Line::of(Role::Muted, format!("  … {}", count(unchanged, "unchanged line"))));
    }
}

fn push_op<'a>(lines: &mut Vec<Line>, diff: &TextDiff<'a, 'a, str>, op: &DiffOp) {
    if op.tag() == DiffTag::Replace && op.old_range().len() == op.new_range().len() {
        // Line for line: word by word, and what long lines have in common is cut.
        for (old, new) in op.old_range().zip(op.new_range()) {
            let line = |text: Option<&str>| text.unwrap_or_default().trim_end_matches('\n').to_owned();
            let (old, new) = (line(diff.old_slice(old)), line(diff.new_slice(new)));
            let [before, after] = word_diff(&old, &new);
            lines.push(before);
            lines.push(after);
        }
        return;
    }
    for change in diff.iter_changes(op) {
        let text = change.value().trim_end_matches('\n');
        lines.push(match change.tag() {
            ChangeTag::Equal => Line::of(Role::Muted, format!("  {}", elide_context(text))),
            ChangeTag::Delete => Line::of(Role::Before, format!("- {}", visible_end(text))),
            ChangeTag::Insert => Line::of(Role::After, format!("+ {}", visible_end(text))),
        });
    }
}

/// Returns `- before` and `+ after` with the words that differ set off.
pub(crate) fn word_diff(before: &str, after: &str) -> [Line; 2] {
    let (before, after) = elide_pair(before, after);
    let (before, after) = (visible_end(&before), visible_end(&after));
    let diff = TextDiff::from_words(before.as_str(), after.as_str());
    let mut old = Line::of(Role::Before, "- ");
    let mut new = Line::of(Role::After, "+ ");
    // Where little is common, setting off every word would shout.
    let set_off = diff.ratio() >= 0.3;
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                old.push(Role::Before, text);
                new.push(Role::After, text);
            }
            ChangeTag::Delete => old.push(if set_off { Role::BeforeWord } else { Role::Before }, text),
            ChangeTag::Insert => new.push(if set_off { Role::AfterWord } else { Role::After }, text),
        }
    }
    [old, new]
}

/// Returns the line with spaces at its end made visible: a difference there could not be seen.
fn visible_end(line: &str) -> String {
    let kept = line.trim_end_matches(' ');
    format!("{kept}{}", "·".repeat(line.len() - kept.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        text_diff(before, after).iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn changed_lines_stand_in_context() {
        let before: String = (1..=12).map(|n| format!("line {n}\n")).collect();
        let after = before.replace("line 7\n", "line seven\nline 7b\n");
        insta::assert_snapshot!(shown(&before, &after), @r"
          … 4 unchanged lines
          line 5
          line 6
        - line 7
        + line seven
        + line 7b
          line 8
          line 9
          … 3 unchanged lines
        ");
    }

    #[test]
    fn invisible_differences_are_made_visible() {
        insta::assert_snapshot!(shown("a\nb\n", "a \nb\n"), @r"
        - a
        + a·
          b
        ");
        insta::assert_snapshot!(shown("a\n", "a"), @r"
        - a
        + a
        # the last line will not be ended
        ");
        insta::assert_snapshot!(shown("a\r\n", "a\n"), @r"
        - a\r
        + a
        ");
        insta::assert_snapshot!(shown("\ta\n", "    a\n"), @r"
        - \ta
        +     a
        ");
    }

    #[test]
    fn from_nothing_and_to_nothing() {
        assert_eq!(shown("", "a\nb\n"), "+ a\n+ b\n");
        assert_eq!(shown("a\n", ""), "- a\n");
        assert_eq!(shown("", ""), "");
    }

    #[test]
    fn words_that_differ_are_set_off() {
        let [before, after] = word_diff("LimitNOFILE=1024 # soft", "LimitNOFILE=65536 # soft");
        assert_eq!(before.spans.iter().filter(|(role, _)| *role == Role::BeforeWord).count(), 1);
        assert!(after.spans.contains(&(Role::AfterWord, "LimitNOFILE=65536".to_owned())));
    }
}
