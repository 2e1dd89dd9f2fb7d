use unicode_width::UnicodeWidthChar;

use crate::Role;
use crate::line::Line;

/// Returns `line` in lines of at most `width` columns; all but the first begin with `hang` spaces.
///
/// Lines break after a space or a comma where there is one in the last two thirds, else anywhere.
pub(crate) fn wrap(line: Line, width: usize, hang: usize) -> Vec<Line> {
    if line.width() <= width {
        return vec![line];
    }
    let hang = hang.min(width / 2);
    let cells: Vec<(Role, char)> =
        line.spans.iter().flat_map(|(role, text)| text.chars().map(|c| (*role, c))).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < cells.len() {
        let indent = if lines.is_empty() { 0 } else { hang };
        let end = fitting(&cells, start, width - indent);
        let end = if end == cells.len() { end } else { break_before(&cells, start, end) };
        let mut line = Line::indent(indent);
        for (role, character) in &cells[start..end] {
            line.push(*role, character.encode_utf8(&mut [0; 4]));
        }
        lines.push(line);
        start = end;
        while start < cells.len() && cells[start].1 == ' ' {
            start += 1;
        }
    }
    lines
}

/// Returns the end of the longest run from `start` that fits; at least one character.
fn fitting(cells: &[(Role, char)], start: usize, width: usize) -> usize {
    let mut used = 0;
    for (at, (_, character)) in cells.iter().enumerate().skip(start) {
        used += character.width().unwrap_or(0);
        if used > width && at > start {
            return at;
        }
    }
    cells.len()
}

fn break_before(cells: &[(Role, char)], start: usize, end: usize) -> usize {
    let earliest = start + (end - start) / 3;
    // A space right behind the run is the best place: nothing has to move to the next line.
    (earliest + 1..=end)
        .rev()
        .find(|at| matches!(cells[at - 1].1, ' ' | ',') || cells.get(*at).is_some_and(|cell| cell.1 == ' '))
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize, hang: usize) -> Vec<String> {
        wrap(Line::of(Role::Plain, text), width, hang).iter().map(Line::text).collect()
    }

    #[test]
    fn breaks_at_words_and_hangs() {
        assert_eq!(wrapped("store-1, store-2, store-3", 16, 2), ["store-1,", "  store-2,", "  store-3"]);
        assert_eq!(wrapped("store-1, store-2, store-3", 17, 2), ["store-1, store-2,", "  store-3"]);
        assert_eq!(wrapped("short", 20, 2), ["short"]);
    }

    #[test]
    fn breaks_long_words_anywhere() {
        assert_eq!(wrapped("abcdefghij", 4, 1), ["abcd", " efg", " hij"]);
    }

    proptest::proptest! {
        #[test]
        fn keeps_every_word_and_the_width(text in "[a-z ,=日]{0,200}", width in 8_usize..60, hang in 0_usize..9) {
            let lines = wrapped(&text, width, hang);
            for line in &lines {
                proptest::prop_assert!(Line::of(Role::Plain, line).width() <= width, "{line:?}");
            }
            let squeeze = |text: &str| text.replace(' ', "");
            proptest::prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
        }
    }
}
