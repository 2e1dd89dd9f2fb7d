use std::fmt::Write as _;

use crdbctl_report::Row;

/// One change of what stands at the end of a terminal.
///
/// The cursor stands at the beginning of the line below the rows, before and after: what a terminal shows of keys that
/// are pressed, such as `^C`, then meets no row, and a program that is killed leaves the prompt a line of its own. It is
/// never hidden and no mode of the terminal is changed, so that there is nothing to restore.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// How many lines the rows take that stand there.
    pub(super) standing: usize,
    /// Text that stays, above the rows; empty for none. It may be of several lines, and wider than the terminal.
    pub(super) above: &'a str,
    /// The rows to stand there, each narrower than the terminal.
    pub(super) rows: &'a [Row],
}

/// Begins and ends what terminals that know of it show at once (synchronized output, private mode 2026 of DEC's modes);
/// others ignore it.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

impl Frame<'_> {
    /// Returns what to write.
    pub(super) fn bytes(&self) -> String {
        let mut bytes = String::from(BEGIN);
        bytes.push('\r');
        if self.standing > 0 {
            let _ = write!(bytes, "\x1b[{}A", self.standing);
        }
        if !self.above.is_empty() {
            // It may wrap over any number of the old rows.
            bytes.push_str("\x1b[J");
            for line in self.above.split('\n') {
                bytes.push_str(line);
                bytes.push_str("\r\n");
            }
        }
        for row in self.rows {
            // A line is cleared just before it is written: rows that stay do not flicker.
            bytes.push_str("\x1b[K");
            bytes.push_str(&row.text);
            bytes.push_str("\r\n");
        }
        bytes.push_str("\x1b[J");
        bytes.push_str(END);
        bytes
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
