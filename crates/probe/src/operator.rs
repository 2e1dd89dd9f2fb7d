use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::DesiredService;
use crdbctl_transport::{Payload, quote};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::AnswerError;

const LIBRARY: &str = include_str!("operator.sh");

/// A client certificate of the SQL user root, with which client commands of CockroachDB are run on a node.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The authority's certificates, in PEM.
    pub ca_pem: String,
    /// The client's certificate, in PEM.
    pub certificate_pem: String,
    /// Its key, in PEM.
    pub key_pem: SecretString,
}

/// A client command of CockroachDB: `node status --format=csv`, without the program, `--host` and `--certs-dir`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommand {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it may take; it is ended then, with the status 124 (timeout(1)).
    pub timeout: Duration,
}

/// What a client command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOutput {
    /// Its exit status; 124 when it took too long.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl ClientCommand {
    /// Returns a command with these arguments.
    pub fn new<S: Into<String>>(arguments: impl IntoIterator<Item = S>, timeout: Duration) -> Self {
        Self { arguments: arguments.into_iter().map(Into::into).collect(), timeout }
    }
}

impl ClientOutput {
    /// The exit status of a command that took too long (timeout(1)).
    pub const TIMED_OUT: i32 = 124;

    /// Returns whether it ended with status 0.
    pub const fn is_success(&self) -> bool {
        self.status == 0
    }
}

impl Operator {
    /// Returns a script that runs client commands one after the other on the node of `service`, and the payload that it
    /// reads. [`read_client_outputs`] reads what it prints.
    ///
    /// The commands run as the service's user, with the running process's own binary when there is one. The pair lies
    /// in memory that no other process of the host sees, and leaves no trace: a script of reading commands changes nothing.
    pub fn script(&self, service: &DesiredService, commands: &[ClientCommand]) -> (String, Payload) {
        let key = self.key_pem.expose_secret().as_bytes().to_vec();
        let mut inner = format!(
            "unit={unit} program={program} user={user} address={address} ca={ca} crt={crt} key={key}\n{LIBRARY}",
            unit = quoted(&service.unit.file_name()),
            program = quoted(service.program.as_str()),
            user = quoted(service.user.as_str()),
            address = quoted(&service.sql_address),
            ca = self.ca_pem.len(),
            crt = self.certificate_pem.len(),
            key = key.len(),
        );
        for command in commands {
            let _ = write!(inner, "run {}", command.timeout.as_secs().max(1));
            for argument in &command.arguments {
                let _ = write!(inner, " {}", quoted(argument));
            }
            inner.push('\n');
        }
        let text = format!("exec unshare --mount --propagation private sh -c {}\n", quoted(&inner));
        let payload = Payload::none()
            .bytes(self.ca_pem.clone())
            .bytes(self.certificate_pem.clone())
            .secret(SecretSlice::from(key));
        (text, payload)
    }

    /// Returns the longest time that a script of these commands can take.
    pub fn patience(commands: &[ClientCommand]) -> Duration {
        commands.iter().map(|command| command.timeout + Duration::from_secs(6)).sum::<Duration>()
            + Duration::from_secs(30)
    }
}

/// Returns what each command of an [`Operator::script`] came to, in order.
///
/// # Errors
/// When a line is not one of its.
pub fn read_client_outputs(printed: &[u8]) -> Result<Vec<ClientOutput>, AnswerError> {
    let text = std::str::from_utf8(printed).map_err(|_| AnswerError::NotText)?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            output(line).ok_or_else(|| AnswerError::Line {
                number: index + 1,
                line: line.chars().take(120).collect(),
            })
        })
        .collect()
}

fn output(line: &str) -> Option<ClientOutput> {
    let mut words = line.strip_prefix("ran ")?.split(' ');
    let status = words.next()?.parse().ok()?;
    let mut text = || {
        let word = words.next()?.strip_prefix('<')?.strip_suffix('>')?;
        Some(String::from_utf8_lossy(&STANDARD.decode(word).ok()?).into_owned())
    };
    let (stdout, stderr) = (text()?, text()?);
    words.next().is_none().then_some(ClientOutput { status, stdout, stderr })
}

fn quoted(word: &str) -> String {
    quote(word).expect("model types hold no NUL").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_whole_or_not_at_all() {
        let read = read_client_outputs(b"ran 0 <b2s=> <>\nran 124 <> <bGF0ZQ==>\n").unwrap();
        let of = |status, stdout: &str, stderr: &str| ClientOutput {
            status,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        };
        assert_eq!(read, [of(0, "ok", ""), of(124, "", "late")]);
        for cut in ["ran 0 <b2s=> <", "ran 0 <b2s=>", "ran x <> <>", "mount: no", "ran 0 <> <> <>"] {
            assert!(read_client_outputs(cut.as_bytes()).is_err(), "{cut}");
        }
    }
}
