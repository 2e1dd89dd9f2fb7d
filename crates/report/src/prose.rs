use unicode_width::UnicodeWidthChar;

use crate::Role;
use crate::line::Line;

/// Programs whose arguments follow them: a command that is broken over two lines cannot be copied.
const PROGRAMS: [&str; 8] =
    ["crdbctl", "certs", "systemctl", "journalctl", "systemd-analyze", "ssh-keygen", "cargo", "xtask"];

/// What a line may begin with, to which the lines that continue it are aligned.
const LABELS: [&str; 4] = ["error: ", "warning: ", "hint: ", "Note: "];

/// The columns that are left to the text, however far it is indented.
const NARROWEST: usize = 20;

/// Returns a sentence in lines of at most `width` columns; all but the first begin with `hang` spaces.
///
/// Unlike [`wrap`](crate::wrap::wrap) it breaks between words only. Paths, what is in backticks, and a command with its options stay on
/// one line, even on one that is too long: a terminal breaks that by itself, and copies it whole.
pub(crate) fn wrap_prose(line: Line, width: usize, hang: usize) -> Vec<Line> {
    if line.width() <= width {
        return vec![line];
    }
    let cells: Vec<(Role, char)> =
        line.spans.iter().flat_map(|(role, text)| text.chars().map(|c| (*role, c))).collect();
    let characters: Vec<char> = cells.iter().map(|(_, character)| *character).collect();
    let hang = hang.min(width.saturating_sub(NARROWEST));
    let mut lines = Vec::new();
    for (start, end) in parts(&characters, width, hang) {
        let mut line = Line::indent(if lines.is_empty() { 0 } else { hang });
        for (role, character) in &cells[start..end] {
            line.push(*role, character.encode_utf8(&mut [0; 4]));
        }
        lines.push(line);
    }
    lines
}

/// Returns a text for a terminal of `width` columns, each of its lines broken between words as far as it is too long. The text may
/// have styles; they take no columns.
///
/// The lines that continue one are indented: below the text after `error:` and the like, or after a time, else by two columns.
pub fn fold(text: &str, width: usize) -> String {
    let width = width.max(crate::RenderOptions::MIN_WIDTH);
    text.split('\n').map(|line| fold_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn fold_line(line: &str, width: usize) -> String {
    // Each character with the styles that begin before it.
    let (mut cells, mut styles): (Vec<(String, char)>, String) = (Vec::new(), String::new());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            styles.push(character);
            let is_last = |c: char| c.is_ascii_alphabetic() || c == '~';
            for inner in characters.by_ref() {
                styles.push(inner);
                if is_last(inner) {
                    break;
                }
            }
        } else {
            cells.push((std::mem::take(&mut styles), character));
        }
    }
    let plain: Vec<char> = cells.iter().map(|(_, character)| *character).collect();
    if columns(&plain) <= width {
        return line.to_owned();
    }
    let hang = hang_of(&plain).min(width.saturating_sub(NARROWEST));
    let mut folded = String::new();
    let mut from = 0;
    for (start, end) in parts(&plain, width, hang) {
        if start > 0 {
            // Styles that begin in the spaces between two lines are not lost.
            folded.extend(cells[from..start].iter().map(|(styles, _)| styles.as_str()));
            folded.push('\n');
            folded.push_str(&" ".repeat(hang));
        }
        for (styles, character) in &cells[start..end] {
            folded.push_str(styles);
            folded.push(*character);
        }
        from = end;
    }
    folded + &styles
}

fn hang_of(characters: &[char]) -> usize {
    let text: String = characters.iter().collect();
    let body = text.trim_start_matches(' ');
    let indent = text.len() - body.len();
    let is_time = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_digit() || c == ':');
    let label = LABELS.iter().find(|label| body.starts_with(**label)).map(|label| label.len());
    let time = body.split_once("  ").filter(|(word, _)| is_time(word)).map(|_| 10);
    indent + label.or(time).unwrap_or(2)
}

/// Returns the parts of a text that become lines, without the spaces between them. None but the last is empty.
fn parts(characters: &[char], width: usize, hang: usize) -> Vec<(usize, usize)> {
    let mut candidates = breaks(characters);
    candidates.push(characters.len());
    let mut parts = Vec::new();
    let (mut start, mut next) = (0, 0);
    while start < characters.len() {
        let room = width - if parts.is_empty() { 0 } else { hang };
        // The part up to the first candidate is taken even where it is too long.
        let mut end = candidates[next];
        next += 1;
        while let Some(further) = candidates.get(next) {
            if columns(trimmed(&characters[start..*further])) > room {
                break;
            }
            end = *further;
            next += 1;
        }
        parts.push((start, start + trimmed(&characters[start..end]).len()));
        start = end;
    }
    parts
}

fn trimmed(characters: &[char]) -> &[char] {
    let end = characters.iter().rposition(|character| *character != ' ').map_or(0, |last| last + 1);
    &characters[..end]
}

fn columns(characters: &[char]) -> usize {
    characters.iter().filter_map(|character| character.width()).sum()
}

/// Returns where a line may begin, in order.
fn breaks(characters: &[char]) -> Vec<usize> {
    let quoted = quoted(characters);
    let mut breaks = Vec::new();
    let mut words: Vec<(usize, usize)> = Vec::new();
    for (at, character) in characters.iter().enumerate() {
        if *character == ' ' && !quoted[at] {
            continue;
        }
        match words.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => words.push((at, at + 1)),
        }
    }
    let text = |(start, end): (usize, usize)| characters[start..end].iter().collect::<String>();
    for (number, word) in words.iter().enumerate() {
        let this = text(*word);
        if let Some(before) = number.checked_sub(1).map(|before| text(words[before]))
            && !(number == 1 && before.ends_with(':'))
            && !is_option(&this)
            && !takes_more(&before)
        {
            breaks.push(word.0);
        }
        // Scripts without spaces break between any two characters, but not in a path.
        if !this.contains('/') {
            let is_wide = |at: usize| characters[at].width() == Some(2) && !quoted[at];
            breaks.extend((word.0 + 1..word.1).filter(|at| is_wide(*at - 1) && is_wide(*at)));
        }
    }
    breaks
}

fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let dashes = word.len() - name.len();
    (1..=2).contains(&dashes) && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the next word belongs to the same command: a program takes arguments, and an option its value.
fn takes_more(word: &str) -> bool {
    PROGRAMS.contains(&word.trim_start_matches('('))
        || (is_option(word) && !word.contains('=') && word.ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Returns of each character whether it is between a pair of backticks.
fn quoted(characters: &[char]) -> Vec<bool> {
    let ticks: Vec<usize> = (0..characters.len()).filter(|at| characters[*at] == '`').collect();
    let mut quoted = vec![false; characters.len()];
    for pair in ticks.chunks_exact(2) {
        quoted[pair[0]..=pair[1]].fill(true);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize, hang: usize) -> Vec<String> {
        wrap_prose(Line::of(Role::Plain, text), width, hang).iter().map(Line::text).collect()
    }

    #[test]
    fn breaks_between_words_at_80_columns() {
        let text = "Note: cluster/version.store: stays 24.1 although every node runs v24.3.0: write `cockroach.upgrade: {finalize: auto}` to \
                    finalise, or the old version to go back";
        assert_eq!(
            wrapped(text, 80, 6),
            [
                "Note: cluster/version.store: stays 24.1 although every node runs v24.3.0: write",
                "      `cockroach.upgrade: {finalize: auto}` to finalise, or the old version to",
                "      go back",
            ]
        );
    }

    #[test]
    fn a_path_or_a_command_is_never_broken() {
        let path = format!("/srv/{}", "very-long/".repeat(6));
        assert_eq!(
            wrapped(&format!("hint: look at {path} first"), 40, 6),
            ["hint: look at".to_owned(), format!("      {path}"), "      first".to_owned()]
        );
        assert_eq!(
            wrapped("see its log (journalctl -u cockroach.service on store-2), and apply", 30, 2),
            ["see its log", "  (journalctl -u cockroach.service", "  on store-2), and apply"]
        );
        assert_eq!(
            wrapped("when none uses an old one, run crdbctl certs rotate-ca --drop-old.", 40, 2),
            ["when none uses an old one, run", "  crdbctl certs rotate-ca --drop-old."]
        );
        assert_eq!(
            wrapped("one `tick is no pair, and breaks as ever", 20, 0),
            ["one `tick is no", "pair, and breaks as", "ever"]
        );
    }

    #[test]
    fn wide_characters_count_twice_and_break_anywhere() {
        assert_eq!(wrapped("日本語日本語", 8, 0), ["日本語日", "本語"]);
        assert_eq!(wrapped("see /日本語/日本語", 8, 0), ["see", "/日本語/日本語"]);
    }

    #[test]
    fn styles_take_no_columns_and_are_kept() {
        let red = |text: &str| format!("\x1b[31m{text}\x1b[0m");
        let text =
            format!("{} {} could not be read at all, today", red("error:"), red("cluster.yaml on this host"));
        let folded = fold(&text, 40);
        assert_eq!(
            folded,
            "\x1b[31merror:\x1b[0m \x1b[31mcluster.yaml on this host\x1b[0m could\n       not be read at all, today"
        );
        assert_eq!(fold(&red("short"), 40), red("short"));
    }

    #[test]
    fn lines_are_folded_one_by_one_below_their_beginning() {
        let folded = fold(
            "23:44:25  store-2/unit.cockroach: failed: store-2 did not become ready\n  a line that is indented, and too long as well",
            44,
        );
        assert_eq!(
            folded,
            "23:44:25  store-2/unit.cockroach: failed:\n          store-2 did not become ready\n  a line that is indented, and too long as\n    well"
        );
    }

    proptest::proptest! {
        #[test]
        fn keeps_every_word_and_overflows_for_one_word_alone(text in "[a-z ,=`日-]{0,200}", width in 20_usize..60, hang in 0_usize..9) {
            let lines = wrapped(&text, width, hang);
            let squeeze = |text: &str| text.replace(' ', "");
            proptest::prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
            let folded = fold(&text, width);
            proptest::prop_assert_eq!(squeeze(&folded.replace('\n', "")), squeeze(&text));
        }
    }
}
