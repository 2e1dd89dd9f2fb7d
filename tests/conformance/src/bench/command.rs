use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Trouble;

/// How a command ended and what it wrote.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Runs a command to its end, or for as long as `limit`: then it is killed and that is a difference.
    pub(crate) fn of(command: &mut Command, limit: Duration) -> Result<Self, Trouble> {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let words = words.join(" ");
        let failed = |error: io::Error| Trouble::Untried(format!("running `cockroach {words}`: {error}"));
        // Files, not pipes: nobody has to read while it runs.
        let (mut stdout, mut stderr) =
            (tempfile::tempfile().map_err(failed)?, tempfile::tempfile().map_err(failed)?);
        command
            .stdin(Stdio::null())
            .stdout(stdout.try_clone().map_err(failed)?)
            .stderr(stderr.try_clone().map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let status = ended(&mut child, limit).map_err(failed)?;
        if status.is_none() {
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
        }
        let (stdout, stderr) = (all(&mut stdout).map_err(failed)?, all(&mut stderr).map_err(failed)?);
        match status {
            Some(status) => Ok(Self { code: status.code().unwrap_or(-1), stdout, stderr }),
            None => Err(Trouble::differs(
                format!("`cockroach {words}` to end within {} s", limit.as_secs()),
                format!("it runs on, and said {stdout:?} and {stderr:?}"),
            )),
        }
    }

    /// Returns it after checking that it succeeded.
    pub(crate) fn succeeded(self) -> Result<Self, Trouble> {
        if self.code == 0 { Ok(self) } else { Err(Trouble::differs("exit code 0", format!("{self:?}"))) }
    }
}

/// Returns how a process ended, `None` when it still runs after `limit`.
pub(crate) fn ended(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() > limit {
            return Ok(None);
        }
        sleep(Duration::from_millis(20));
    }
}

fn all(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
