use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use crate::args::GlobalArgs;
use crate::error::CliError;

/// The variable that names a command whose output is the password.
const COMMAND: &str = "CRDBCTL_SUDO_PASSWORD_COMMAND";

/// The longest password that is read.
const LONGEST: u64 = 4096;

/// Returns the sudo password, from where the user said it is; `None` when nobody said.
///
/// A descriptor or a prompt asked for on the command line wins over the command of the environment.
///
/// # Errors
/// When it was to be had and could not be: going on without it would only fail later, on every node.
pub(crate) fn sudo_password(global: &GlobalArgs) -> Result<Option<SecretString>, CliError> {
    if let Some(number) = global.sudo_password_fd {
        return from_descriptor(number).map(Some);
    }
    if global.ask_sudo_password {
        return ask().map(Some);
    }
    match std::env::var(COMMAND) {
        Ok(command) if !command.is_empty() => from_command(&command).map(Some),
        _ => Ok(None),
    }
}

fn ask() -> Result<SecretString, CliError> {
    let what = "asking for the sudo password";
    let password = rpassword::prompt_password("sudo password: ").map_err(|error| {
        CliError::failed(what, &error)
            .hint(format!("without a terminal, use --sudo-password-fd or {COMMAND}"))
    })?;
    checked(password, what)
}

fn from_descriptor(number: u32) -> Result<SecretString, CliError> {
    let what = format!("reading the sudo password from file descriptor {number}");
    // Opened by name: taking the descriptor itself would need unsafe code.
    let file = File::open(format!("/dev/fd/{number}")).map_err(|error| {
        CliError::failed(&what, &error)
            .hint(format!("open it in the shell: crdbctl … --sudo-password-fd {number} {number}<file"))
    })?;
    first_line(file, &what)
}

fn from_command(command: &str) -> Result<SecretString, CliError> {
    let what = format!("running {COMMAND}");
    let failed = |error: &std::io::Error| CliError::failed(&what, error);
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let password = child.stdout.take().map(|out| first_line(out, &what));
    let status = child.wait().map_err(|error| failed(&error))?;
    if !status.success() {
        // What the command says of itself has gone to standard error; its output may be secret.
        return Err(CliError::new(crate::ExitCode::Error, format!("{what}: it ended with {status}")));
    }
    password.unwrap_or_else(|| checked(String::new(), &what))
}

fn first_line(source: impl Read, what: &str) -> Result<SecretString, CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
    BufReader::new(source.take(LONGEST))
        .read_until(b'\n', &mut bytes)
        .map_err(|error| CliError::failed(what, &error))?;
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::new(crate::ExitCode::Error, format!("{what}: it is not UTF-8")))?;
    checked(text.to_owned(), what)
}

fn checked(mut password: String, what: &str) -> Result<SecretString, CliError> {
    let fault = match &password {
        empty if empty.is_empty() => Some("it is empty"),
        odd if odd.contains(['\0', '\n']) => Some("it holds a character that sudo cannot be sent"),
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
    }

    #[test]
    fn commands_give_it_and_their_failure_is_told_without_their_output() {
        assert_eq!(from_command("printf 'pw\\n'").unwrap().expose_secret(), "pw");
        let error = from_command("echo secret; exit 3").unwrap_err();
        assert!(
            error.message.contains("exit status: 3") && !error.message.contains("secret"),
            "{}",
            error.message
        );
        assert!(from_command("true").is_err());
    }
}
