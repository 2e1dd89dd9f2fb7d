//! Small words of messages.

use std::time::Duration;

/// Returns a duration as people say it: `10 s`, `0.3 s`.
pub(crate) fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// Returns the lines of a host's words as one line of at most 600 characters, the end kept when it is longer.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let excess = line.chars().count().saturating_sub(600);
    if excess == 0 { line } else { format!("… {}", line.chars().skip(excess).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
        assert_eq!(seconds(Duration::from_millis(300)), "0.3 s");
        assert_eq!(one_line("a\r\n\n  b \n"), "a; b");
        assert!(one_line(&"é".repeat(5000)).chars().count() < 620);
    }
}
