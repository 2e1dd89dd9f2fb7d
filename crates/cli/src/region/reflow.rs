use crdbctl_report::Row;

/// Variables that terminals set, each of which breaks lines anew when it becomes narrower: tmux, what is made with VTE
/// (GNOME Terminal and others), Konsole, kitty, WezTerm, Alacritty, Windows Terminal.
const VARIABLES: [&str; 7] = [
    "TMUX",
    "VTE_VERSION",
    "KONSOLE_VERSION",
    "KITTY_WINDOW_ID",
    "WEZTERM_PANE",
    "ALACRITTY_WINDOW_ID",
    "WT_SESSION",
];
/// What such terminals are called in `TERM_PROGRAM`.
const PROGRAMS: [&str; 5] = ["Apple_Terminal", "iTerm.app", "vscode", "WezTerm", "ghostty"];
/// What such terminals are called in `TERM`, which is all that ssh passes on.
const NAMES: [&str; 6] = ["alacritty", "tmux", "vte", "xterm-ghostty", "xterm-kitty", "wezterm"];

/// Returns whether the terminal is known to break lines anew when it becomes narrower. xterm, GNU screen and the
/// console of Linux cut them, and call themselves what others do, too: of an unknown one, the safe belief is that it cuts.
/// Going back by too few lines leaves something behind; by too many, it takes away what somebody was told.
pub(super) fn breaks_lines_anew(env: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, known: &[&str]| env(name).is_some_and(|value| known.contains(&value.as_str()));
    // GNU screen passes on what the terminal around it has set.
    if env("STY").is_some_and(|session| !session.is_empty()) {
        return false;
    }
    let term = env("TERM").unwrap_or_default();
    VARIABLES.iter().any(|name| env(name).is_some_and(|value| !value.is_empty()))
        || is("TERM_PROGRAM", &PROGRAMS)
        || NAMES.iter().any(|name| term.starts_with(name))
}

/// Returns how many lines rows take that were drawn on a terminal which is now `columns` wide.
pub(super) fn lines(rows: &[Row], columns: usize, breaks_anew: bool) -> usize {
    if !breaks_anew {
        return rows.len();
    }
    rows.iter().map(|row| row.columns.div_ceil(columns.max(1)).max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(set: &[(&str, &str)]) -> bool {
        breaks_lines_anew(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_a_known_terminal_breaks_lines_anew() {
        assert!(breaks(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")]));
        assert!(breaks(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7006")]));
        assert!(breaks(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")]));
        assert!(breaks(&[("TERM", "xterm-kitty")]) && breaks(&[("TERM", "tmux-256color")]));
        assert!(!breaks(&[]) && !breaks(&[("TERM", "xterm-256color")]) && !breaks(&[("TERM", "linux")]));
        assert!(!breaks(&[("TERM", "screen"), ("STY", "4242.pts-0.host"), ("VTE_VERSION", "7600")]));
        assert!(!breaks(&[("TERM", "screen"), ("TMUX", "")]) && !breaks(&[("TERM_PROGRAM", "other")]));
    }

    #[test]
    fn rows_that_are_too_wide_now_take_more_lines() {
        let rows = [79, 60, 61, 0].map(|columns| Row { text: String::new(), columns });
        assert_eq!((lines(&rows, 60, true), lines(&rows, 60, false)), (6, 4));
        assert_eq!((lines(&rows, 80, true), lines(&rows, 0, true)), (4, 201));
    }
}
