//! Running programs of this machine.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

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
    let pid = child.id();
    let (ended, end) = mpsc::channel::<()>();
    let output = thread::scope(|scope| {
        // A command may end without reading all it is given; its exit code then says more than our broken pipe.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input)));
        scope.spawn(move || keep_going(pid, &end));
        let output = child.wait_with_output();
        drop(ended);
        output
    });
    Ok(output.doing(|| format!("running `{}`", shown(command)))?.into())
}

/// Wakes the process whenever it has been stopped, until the other end of the channel is gone.
///
/// A host that shuts down stops all its processes before it kills them. nsenter stops itself when the command that it
/// has put into the host is stopped, and as it is not in the host itself, nobody would ever wake it; nor would it then
/// collect the killed command, for which the host waits before it goes off.
fn keep_going(pid: u32, end: &mpsc::Receiver<()>) {
    while end.recv_timeout(Duration::from_millis(200)) == Err(mpsc::RecvTimeoutError::Timeout) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        if let (Some('T'), Some(pid)) = (state, pid.try_into().ok().and_then(Pid::from_raw)) {
            // Fails only if the process has ended, which is what all wait for.
            let _ = kill_process(pid, Signal::CONT);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_stopped_goes_on() {
        let output = run(Command::new("sh").args(["-c", "kill -STOP $$; echo went on"]), &[]);
        assert_eq!(
            output.map(|output| output.text()).map_err(|error| error.to_string()),
            Ok("went on".to_owned())
        );
    }

    #[test]
    fn a_command_that_does_not_read_its_input_is_judged_by_its_exit_code() {
        let output = run(Command::new("sh").args(["-c", "exit 3"]), &[0; 1_000_000]);
        assert_eq!(output.map(|output| output.code).map_err(|error| error.to_string()), Ok(Some(3)));
    }
}
