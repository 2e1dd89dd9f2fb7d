//! Reads why root was refused from the words of sudo and doas (sudo 1.8 to 1.9, LC_ALL=C).

use crate::not_run::PrivilegeRefusal;

/// Returns the refusal that the words tell, or `None` when they tell of none.
pub(crate) fn refusal(words: &str) -> Option<PrivilegeRefusal> {
    let has = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
    if has(&["you must have a tty", "no tty present", "a terminal is required"]) {
        return Some(PrivilegeRefusal::TerminalNeeded);
    }
    if has(&[
        "not in the sudoers file",
        "is not allowed to",
        "may not run sudo",
        "doas: Operation not permitted",
    ]) {
        return Some(PrivilegeRefusal::NotAllowed);
    }
    if has(&["incorrect password attempt", "Sorry, try again", "Authentication failure"]) {
        return Some(PrivilegeRefusal::WrongPassword);
    }
    if has(&["a password is required", "no password was provided", "doas: Authentication required"]) {
        return Some(PrivilegeRefusal::PasswordNeeded);
    }
    let spoke =
        |line: &str| line.starts_with("sudo:") || line.starts_with("doas:") || line.starts_with("sorry,");
    words.lines().any(spoke).then_some(PrivilegeRefusal::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_sudo() {
        let cases = [
            ("sudo: a password is required\n", PrivilegeRefusal::PasswordNeeded),
            ("sudo: sorry, you must have a tty to run sudo\n", PrivilegeRefusal::TerminalNeeded),
            (
                "plain is not in the sudoers file.  This incident will be reported.\n",
                PrivilegeRefusal::NotAllowed,
            ),
            (
                "Sorry, user op is not allowed to execute '/usr/bin/sh' as root on h1.\n",
                PrivilegeRefusal::NotAllowed,
            ),
            (
                "Sorry, try again.\n[x] \nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
                PrivilegeRefusal::WrongPassword,
            ),
            ("doas: Operation not permitted\n", PrivilegeRefusal::NotAllowed),
            ("doas: Authentication required\n", PrivilegeRefusal::PasswordNeeded),
            ("sudo: /etc/sudo.conf is owned by uid 1000, should be 0\n", PrivilegeRefusal::Other),
        ];
        for (words, want) in cases {
            assert_eq!(refusal(words), Some(want), "{words:?}");
        }
        assert_eq!(refusal("bash: warning: setlocale\n"), None);
    }
}
