//! Running programs of this machine.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::output::Output;

/// Returns what `command` wrote, whatever its exit code, after feeding `input` to it.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Result<Output, LabError> {
    command
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child =
        command.spawn().map_err(|error| LabError::new(format!("starting `{}`", shown(command)), error))?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        // A command may end without reading all it is given; its exit code then says more than our broken pipe.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    Ok(output.doing(|| format!("running `{}`", shown(command)))?.into())
}

/// Returns what `command` wrote.
///
/// # Errors
/// The command could not be started, or exited with anything but 0.
pub(crate) fn run_ok(command: &mut Command, input: &[u8]) -> Result<Output, LabError> {
    let output = run(command, input)?;
    if output.success() {
        return Ok(output);
    }
    let kind = LabErrorKind::Program {
        program: shown(command),
        status: output.status_text(),
        output: joined(&output),
    };
    Err(LabError::new("running a program of this machine", kind))
}

/// Returns standard output and standard error, one after the other, for reading.
pub(crate) fn joined(output: &Output) -> String {
    [output.text(), output.error_text()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the command line, for reading only. Of a script that is an argument it shows that there is one.
pub(crate) fn shown(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let words = std::iter::once(command.get_program().to_string_lossy()).chain(arguments);
    words.map(|word| if word.contains('\n') { "<script>".into() } else { word }).collect::<Vec<_>>().join(" ")
}

/// Asks `done` again and again until it returns `Ok(Ok(value))`.
///
/// # Errors
/// `done` failed, or still answered `Ok(Err(last_seen))` when `limit` was over.
pub(crate) fn wait_until<T>(
    doing: &str,
    limit: Duration,
    mut done: impl FnMut() -> Result<Result<T, String>, LabError>,
) -> Result<T, LabError> {
    let start = Instant::now();
    loop {
        match done()? {
            Ok(value) => return Ok(value),
            Err(last_seen) if start.elapsed() >= limit => {
                return Err(LabError::new(
                    doing,
                    LabErrorKind::Timeout { seconds: limit.as_secs(), last_seen },
                ));
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
