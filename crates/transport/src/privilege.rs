//! Reads why root was refused from the words of sudo, sudo-rs and doas (sudo 1.8 to 1.9, sudo-rs 0.2, opendoas 6.8;
//! LC_ALL=C). The words of sudo-rs are in its `src/common/error.rs`, `src/pam/error.rs` and `src/sudo/pam.rs`.

use crate::not_run::PrivilegeRefusal;

/// Returns what a tool said, without our prompt and marks.
pub(crate) fn words(said: &str, nonce: &str) -> String {
    let prompt = format!("[crdbctl {nonce}] ");
    // sudo-rs has its own frame around a prompt, and puts PAM's behind it.
    let said = said.replace(&format!("[sudo: {prompt}] Password: "), "").replace(&prompt, "");
    let is_mark = |line: &&str| line.starts_with("\u{1}crdbctl ");
    said.lines()
        .filter(|line| !is_mark(line))
        .map(str::trim_end)
        // The shell's word for a sudo-rs that was stopped at its second prompt.
        .filter(|line| !line.is_empty() && *line != "Terminated")
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the refusal that the words tell; `asked` is whether a password was asked for, and given.
pub(crate) fn refusal(words: &str, asked: bool) -> PrivilegeRefusal {
    let has = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
    if has(&[
        "you must have a tty",
        "no tty present",
        "a terminal is required",
        "A terminal is required",
        "doas: a tty is required",
    ]) {
        return PrivilegeRefusal::TerminalNeeded;
    }
    if has(&[
        "not in the sudoers file",
        "is not allowed to",
        "may not run ",
        "I'm afraid I can't do that",
        "doas: Operation not permitted",
    ]) {
        return PrivilegeRefusal::NotAllowed;
    }
    if has(&[
        "incorrect password attempt",
        "incorrect authentication attempt",
        "Incorrect authentication attempt",
        "Sorry, try again",
        "Authentication failed",
        "Authentication failure",
    ]) {
        return PrivilegeRefusal::WrongPassword;
    }
    if has(&[
        "a password is required",
        "no password was provided",
        "nteractive authentication is required",
        "Interaction is required",
        "Authentication required",
    ]) {
        return PrivilegeRefusal::PasswordNeeded;
    }
    // Of sudo-rs, where pam_faillock(8) ends an attempt (`default=die`), with `-n` too.
    if has(&["PAM error: Permission denied"]) {
        return if asked { PrivilegeRefusal::WrongPassword } else { PrivilegeRefusal::PasswordNeeded };
    }
    PrivilegeRefusal::Other
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
                "Sorry, try again.\n\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
                PrivilegeRefusal::WrongPassword,
            ),
            ("doas: Operation not permitted\n", PrivilegeRefusal::NotAllowed),
            ("doas: Authentication required\n", PrivilegeRefusal::PasswordNeeded),
            ("sudo: /etc/sudo.conf is owned by uid 1000, should be 0\n", PrivilegeRefusal::Other),
            ("", PrivilegeRefusal::Other),
        ];
        for (words, want) in cases {
            assert_eq!(refusal(words, false), want, "{words:?}");
        }
    }

    #[test]
    fn words_of_sudo_rs() {
        // 0.2.5 begins its lines with `sudo-rs:`, later versions with `sudo:`.
        let cases = [
            ("interactive authentication is required", PrivilegeRefusal::PasswordNeeded),
            ("Interaction is required", PrivilegeRefusal::PasswordNeeded),
            ("Authentication required but not attempted", PrivilegeRefusal::PasswordNeeded),
            ("I'm sorry plain. I'm afraid I can't do that", PrivilegeRefusal::NotAllowed),
            ("Sorry, user op may not run /usr/bin/sh on h1.", PrivilegeRefusal::NotAllowed),
            (
                "Sorry, user op is not allowed to execute '/usr/bin/sh' as root on h1.",
                PrivilegeRefusal::NotAllowed,
            ),
            ("Sorry, user op is not allowed to authenticate as root.", PrivilegeRefusal::NotAllowed),
            ("Maximum 3 incorrect authentication attempts", PrivilegeRefusal::WrongPassword),
            ("maximum 1 incorrect authentication attempts", PrivilegeRefusal::WrongPassword),
            ("Incorrect authentication attempt", PrivilegeRefusal::WrongPassword),
            ("Authentication failed, try again.", PrivilegeRefusal::WrongPassword),
            ("PAM error: Permission denied", PrivilegeRefusal::PasswordNeeded),
            ("A terminal is required to authenticate", PrivilegeRefusal::TerminalNeeded),
            ("sudo must be owned by uid 0 and have the setuid bit set", PrivilegeRefusal::Other),
            ("Account validation failure, is your account locked?", PrivilegeRefusal::Other),
        ];
        for (words, want) in cases {
            for name in ["sudo-rs", "sudo"] {
                assert_eq!(refusal(&format!("{name}: {words}\n"), false), want, "{words:?}");
            }
        }
    }

    #[test]
    fn words_of_a_host_that_counts_attempts() {
        let words = "sudo-rs: PAM error: Permission denied";
        assert_eq!(refusal(words, true), PrivilegeRefusal::WrongPassword);
        assert_eq!(refusal(words, false), PrivilegeRefusal::PasswordNeeded);
    }

    #[test]
    fn our_own_words_are_not_the_tools() {
        let said = "\n\u{1}crdbctl 0f pid 12\n[sudo: [crdbctl 0f] ] Password: \nsudo: Authentication failed, try again.\n\
                    [sudo: [crdbctl 0f] ] Password: Terminated\n";
        assert_eq!(words(said, "0f"), "sudo: Authentication failed, try again.");
        assert_eq!(words("[crdbctl 0f] Sorry, try again.\n", "0f"), "Sorry, try again.");
    }
}
