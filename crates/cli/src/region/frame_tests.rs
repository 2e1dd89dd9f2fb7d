use std::num::NonZeroU16;

use super::*;

fn terminal(columns: u16, lines: u16) -> vt100::Parser {
    vt100::Parser::new(NonZeroU16::new(lines).unwrap(), NonZeroU16::new(columns).unwrap(), 1000)
}

fn rows(texts: &[&str]) -> Vec<Row> {
    texts.iter().map(|text| Row { text: (*text).to_owned(), columns: text.len() }).collect()
}

/// Feeds the bytes as a terminal gets them: each line feed with a carriage return.
fn feed(terminal: &mut vt100::Parser, bytes: &str) {
    terminal.process(bytes.replace('\n', "\r\n").as_bytes());
}

fn draw(terminal: &mut vt100::Parser, standing: usize, above: &str, texts: &[&str]) {
    feed(terminal, &Frame { standing, above, rows: &rows(texts) }.bytes());
}

/// Everything on the screen and above it.
fn transcript(terminal: &mut vt100::Parser) -> Vec<String> {
    let columns = terminal.screen().size().1.get();
    let screen = terminal.screen_mut();
    let mut lines = Vec::new();
    for above in (1..=screen.scrollback_len()).rev() {
        screen.set_scrollback(above);
        lines.extend(screen.rows(0, columns).next());
    }
    screen.set_scrollback(0);
    lines.extend(screen.rows(0, columns));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[test]
fn rows_come_change_and_go_in_place() {
    let mut terminal = terminal(20, 6);
    feed(&mut terminal, "before\n");
    draw(&mut terminal, 0, "", &["a 1", "b 1", "0 of 2"]);
    assert_eq!(terminal.screen().contents(), "before\na 1\nb 1\n0 of 2");
    draw(&mut terminal, 3, "", &["b 22", "1 of 2"]);
    assert_eq!(terminal.screen().contents(), "before\nb 22\n1 of 2");
    assert_eq!(terminal.screen().cursor_position(), (3, 0));
    draw(&mut terminal, 2, "", &[]);
    assert_eq!(terminal.screen().contents(), "before");
    assert_eq!(terminal.screen().cursor_position(), (1, 0));
}

#[test]
fn what_stays_scrolls_away_above_and_the_rows_do_not() {
    let mut terminal = terminal(20, 6);
    draw(&mut terminal, 0, "", &["a", "0 of 9"]);
    let mut said = Vec::new();
    for number in 0..9 {
        // Wider than the terminal, and of two lines: it takes four.
        let line = format!("{number} is said of something\nand more that is too wide");
        draw(&mut terminal, 2, &line, &["a", &format!("{number} of 9")]);
        said.push(format!("{number} is said of somethi"));
        said.extend(["ng", "and more that is too", " wide"].map(str::to_owned));
    }
    let rows: Vec<String> = terminal.screen().rows(0, 20).collect();
    assert_eq!(rows[3..], ["a", "8 of 9", ""]);
    draw(&mut terminal, 2, "", &[]);
    assert_eq!(transcript(&mut terminal), said);
}

#[test]
fn what_a_terminal_shows_of_a_key_goes_with_the_next_frame() {
    let mut terminal = terminal(20, 6);
    draw(&mut terminal, 0, "", &["a", "0 of 1"]);
    feed(&mut terminal, "^C");
    draw(&mut terminal, 2, "Interrupted.", &["a", "0 of 1"]);
    assert_eq!(terminal.screen().contents(), "Interrupted.\na\n0 of 1");
    assert_eq!(terminal.screen().cursor_position(), (3, 0));
}

#[test]
fn no_mode_of_the_terminal_is_changed_but_for_the_time_of_a_frame() {
    let bytes = Frame { standing: 2, above: "x", rows: &rows(&["y"]) }.bytes();
    let inner = bytes.strip_prefix("\x1b[?2026h").and_then(|rest| rest.strip_suffix("\x1b[?2026l")).unwrap();
    assert!(!inner.contains("\x1b[?"), "{inner:?}");
}
