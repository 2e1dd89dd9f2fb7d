use crdbctl_cockroach::output::Health;
use crdbctl_model::{DesiredService, HealthFact};

use crate::answer::AnswerError;
use crate::answer::health_line;
use crate::script::quoted;

/// What a poll of a node's health waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthGoal {
    /// `/health?ready=1` answers 200.
    Ready,
    /// The same, or the node waits for `cockroach init`.
    ReadyOrWaitingForInit,
}

impl HealthGoal {
    /// Returns whether `health` is what is waited for.
    pub fn is_met_by(self, health: &HealthFact) -> bool {
        match health {
            HealthFact::Ready => true,
            HealthFact::WaitingForInit => self == Self::ReadyOrWaitingForInit,
            _ => false,
        }
    }
}

/// Returns a read-only script that polls a node's own health four times a second, and ends when the goal is met,
/// the service does not run, or five seconds are over. [`read_health`] reads what it prints.
pub fn health_script(service: &DesiredService, goal: HealthGoal) -> String {
    let waiting = match goal {
        HealthGoal::Ready => "",
        HealthGoal::ReadyOrWaitingForInit => "|*'waiting for cluster initialization'*",
    };
    format!(
        "{library}left=20\nwhile :; do\nanswer=$(ask_health {unit} {address})\n\
         case $answer in 'health idle') break ;; esac\n\
         case $(printf %s \"${{answer##* }}\" | base64 -d 2>/dev/null) in *'HTTP/'*' 200 '*{waiting}) break ;; esac\n\
         left=$((left - 1)); [ \"$left\" -gt 0 ] || break\nsleep 0.25\ndone\nprintf '%s\\n' \"$answer\"\n",
        library = crate::script::LIBRARY,
        unit = quoted(&service.unit.file_name()),
        address = quoted(&service.http_address),
    )
}

/// Returns the health that a [`health_script`] printed.
///
/// # Errors
/// When the line is not one of its.
pub fn read_health(printed: &[u8]) -> Result<HealthFact, AnswerError> {
    let text = std::str::from_utf8(printed).map_err(|_| AnswerError::NotText)?;
    let line = text.trim_end_matches('\n');
    health_line(line)
        .map(|said| match said {
            Ok(None) => HealthFact::NotAsked,
            Ok(Some((status, said))) => judge(status, &said),
            Err(why) => HealthFact::Unknown(why),
        })
        .ok_or_else(|| AnswerError::Line { number: 1, line: line.chars().take(120).collect() })
}

/// Returns what an HTTP answer to `/health?ready=1`, headers and all, says; `status` is the exit status of
/// the program that asked.
pub(crate) fn judge(status: i32, said: &[u8]) -> HealthFact {
    let said = String::from_utf8_lossy(said);
    // s_client and curl may say things of their own before the answer.
    let Some(answer) = said.find("HTTP/").map(|at| &said[at..]) else {
        let words: String = said.trim().chars().take(200).collect();
        return HealthFact::Unknown(match (status, words.is_empty()) {
            (0, true) => "the HTTPS port gave no answer".to_owned(),
            (_, true) => format!("curl ended with status {status} (curl(1), EXIT CODES)"),
            _ => words,
        });
    };
    let code = answer.split(' ').nth(1).and_then(|code| code.trim().parse::<u16>().ok());
    let body =
        answer.split_once("\r\n\r\n").or_else(|| answer.split_once("\n\n")).map_or("", |(_, body)| body);
    let Some(code) = code else {
        let line = answer.lines().next().unwrap_or_default();
        return HealthFact::Unknown(format!("the HTTPS port said {line:?}"));
    };
    match Health::of(code, body.as_bytes()) {
        Health::Ready => HealthFact::Ready,
        Health::WaitingForInit => HealthFact::WaitingForInit,
        other => HealthFact::NotReady(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_ready_only_on_status_200() {
        assert_eq!(judge(0, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}"), HealthFact::Ready);
        let waiting = b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"error\":\"node is waiting for cluster initialization\"}";
        assert_eq!(judge(0, waiting), HealthFact::WaitingForInit);
        assert!(matches!(judge(0, b"HTTP/1.1 503 x\r\n\r\n{\"error\":\"node is shutting down\"}"),
            HealthFact::NotReady(why) if why.contains("shutting down")));
        assert!(matches!(judge(7, b"curl: (7) Failed to connect"), HealthFact::Unknown(_)));
        assert!(matches!(judge(0, b""), HealthFact::Unknown(_)));
        assert!(matches!(judge(0, b"SSH-2.0-x HTTP/"), HealthFact::Unknown(_)));
        // Another server on the port is never a ready node.
        assert!(matches!(judge(0, b"HTTP/1.1 200 OK\r\n\r\n<html>"), HealthFact::NotReady(_)));
    }

    /// What the health function says where systemd says this, or fails.
    fn asked(systemctl: &str) -> HealthFact {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("systemctl");
        std::fs::write(&program, format!("#!/bin/sh\n{systemctl}\n")).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
        let text = format!("{}ask_health cockroach.service 127.0.0.1:1\n", crate::script::LIBRARY);
        let output = std::process::Command::new("sh").args(["-c", &text]).env("PATH", path).output().unwrap();
        read_health(&output.stdout).unwrap()
    }

    #[test]
    fn only_systemd_s_word_makes_a_service_idle() {
        for state in ["inactive", "failed", "activating"] {
            assert_eq!(asked(&format!("echo {state}")), HealthFact::NotAsked, "{state}");
        }
        for failure in ["echo 'Failed to connect to bus' >&2; exit 1", "echo", "echo strange", "exit 127"] {
            assert!(
                matches!(asked(failure), HealthFact::Unknown(why) if why.contains("systemctl")),
                "{failure}"
            );
        }
        assert!(matches!(asked("echo active"), HealthFact::Unknown(why) if !why.contains("systemctl")));
    }
}
