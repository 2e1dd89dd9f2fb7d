use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::{Command, Stdio};

use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use crate::args::GlobalArgs;
use crate::error::CliError;

/// A secret that people have, and the ways to hand it over.
struct Secret {
    /// In words: `the sudo password`.
    what: &'static str,
    /// What the terminal asks.
    prompt: &'static str,
    /// The option that names a file descriptor.
    option: &'static str,
    /// The variable that names a command whose output it is.
    command: &'static str,
}

const SUDO: Secret = Secret {
    what: "the sudo password",
    prompt: "sudo password: ",
    option: "--sudo-password-fd",
    command: "CRDBCTL_SUDO_PASSWORD_COMMAND",
};

const CA_KEY: Secret = Secret {
    what: "the passphrase of ca.key",
    prompt: "Passphrase of ca.key: ",
    option: "--ca-passphrase-fd",
    command: "CRDBCTL_CA_PASSPHRASE_COMMAND",
};

/// The longest secret that is read.
const LONGEST: usize = 4096;

/// Returns the sudo password, from where the user said it is; `None` when nobody said.
///
/// A descriptor or a prompt asked for on the command line wins over the command of the environment.
///
/// # Errors
/// When it was to be had and could not be: going on without it would only fail later, on every node.
pub(crate) fn sudo_password(global: &GlobalArgs) -> Result<Option<SecretString>, CliError> {
    if let Some(number) = global.sudo_password_fd {
        return SUDO.of_descriptor(number).map(Some);
    }
    if global.ask_sudo_password {
        return SUDO.ask().map(Some);
    }
    SUDO.of_environment()
}

/// Returns the passphrase of the authority's key: from the descriptor of the command line, else from the command of
/// the environment, else from the terminal.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn ca_passphrase(descriptor: Option<u32>) -> Result<SecretString, CliError> {
    if let Some(number) = descriptor {
        return CA_KEY.of_descriptor(number);
    }
    match CA_KEY.of_environment()? {
        Some(passphrase) => Ok(passphrase),
        None => CA_KEY.ask(),
    }
}

impl Secret {
    fn ask(&self) -> Result<SecretString, CliError> {
        let Self { what, prompt, option, command } = self;
        let what = format!("asking for {what}");
        let secret = rpassword::prompt_password(prompt).map_err(|error| {
            CliError::failed(&what, &error).hint(format!("without a terminal, use {option} or {command}"))
        })?;
        checked(secret, &what)
    }

    fn of_descriptor(&self, number: u32) -> Result<SecretString, CliError> {
        let what = format!("reading {} from file descriptor {number}", self.what);
        // Opened by name: taking the descriptor itself would need unsafe code.
        let file = File::open(format!("/dev/fd/{number}")).map_err(|error| {
            let option = self.option;
            CliError::failed(&what, &error)
                .hint(format!("open it in the shell: crdbctl … {option} {number} {number}<file"))
        })?;
        first_line(file, &what)
    }

    /// From the command that the environment names; `None` when it names none.
    fn of_environment(&self) -> Result<Option<SecretString>, CliError> {
        match std::env::var(self.command) {
            Ok(command) if !command.is_empty() => self.of_command(&command).map(Some),
            _ => Ok(None),
        }
    }

    fn of_command(&self, command: &str) -> Result<SecretString, CliError> {
        let what = format!("running {}", self.command);
        let failed = |error: &std::io::Error| CliError::failed(&what, error);
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        let secret = child.stdout.take().map(|out| first_line(out, &what));
        let status = child.wait().map_err(|error| failed(&error))?;
        if !status.success() {
            // What the command says of itself has gone to standard error; its output may be secret.
            return Err(CliError::new(crate::ExitCode::Error, format!("{what}: it ended with {status}")));
        }
        secret.unwrap_or_else(|| checked(String::new(), &what))
    }
}

/// The first line, read without any buffer that is not wiped.
fn first_line(mut source: impl Read, what: &str) -> Result<SecretString, CliError> {
    let mut bytes = Zeroizing::new([0_u8; LONGEST + 2]);
    let mut length = 0;
    let end = loop {
        match source.read(&mut bytes[length..]) {
            Ok(0) => break length,
            Ok(read) => {
                let came = length..length + read;
                length += read;
                if let Some(at) = bytes[came.clone()].iter().position(|byte| *byte == b'\n') {
                    break came.start + at;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(CliError::failed(what, &error)),
        }
    };
    let line = &bytes[..end];
    let line = &line[..line.len() - line.iter().rev().take_while(|byte| **byte == b'\r').count()];
    if line.len() > LONGEST {
        return Err(CliError::new(
            crate::ExitCode::Error,
            format!("{what}: it is longer than {LONGEST} bytes"),
        ));
    }
    let text = std::str::from_utf8(line)
        .map_err(|_| CliError::new(crate::ExitCode::Error, format!("{what}: it is not UTF-8")))?;
    checked(text.to_owned(), what)
}

fn checked(mut password: String, what: &str) -> Result<SecretString, CliError> {
    let fault = match &password {
        empty if empty.is_empty() => Some("it is empty"),
        odd if odd.contains(['\0', '\n']) => Some("it holds a character that cannot be sent"),
        _ => None,
    };
    match fault {
        None => Ok(SecretString::from(password)),
        Some(fault) => {
            password.zeroize();
            Err(CliError::new(crate::ExitCode::Error, format!("{what}: {fault}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_first_line_counts_without_its_end() {
        let read = |text: &'static str| first_line(text.as_bytes(), "reading x");
        assert_eq!(read("secret\nnext").unwrap().expose_secret(), "secret");
        assert_eq!(read("a b $(c)\r\n").unwrap().expose_secret(), "a b $(c)");
        for (bad, why) in [("", "empty"), ("\nx", "empty"), ("a\0b", "cannot be sent")] {
            let error = read(bad).unwrap_err();
            assert!(error.message.contains(why), "{}", error.message);
        }
        let long = |length: usize| first_line("x".repeat(length).as_bytes(), "reading x");
        assert_eq!(long(LONGEST).unwrap().expose_secret().len(), LONGEST);
        for length in [LONGEST + 1, LONGEST + 2, 3 * LONGEST] {
            let error = long(length).unwrap_err();
            assert!(error.message.contains("longer than 4096 bytes"), "{}", error.message);
        }
    }

    #[test]
    fn commands_give_it_and_their_failure_is_told_without_their_output() {
        assert_eq!(SUDO.of_command("printf 'pw\\n'").unwrap().expose_secret(), "pw");
        let error = SUDO.of_command("echo secret; exit 3").unwrap_err();
        assert!(
            error.message.contains("exit status: 3") && !error.message.contains("secret"),
            "{}",
            error.message
        );
        assert!(SUDO.of_command("true").is_err());
    }
}
