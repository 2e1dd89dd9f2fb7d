//! Running the program as users do.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod fixture;

use std::process::{Command, Output, Stdio};

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns the program with an environment that holds nothing of the user's, in an empty directory.
pub(crate) fn crdbctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crdbctl"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Without a home of its own a run has nowhere to keep its log.
    command.env("XDG_STATE_HOME", std::env::temp_dir().join("crdbctl-tests-state"));
    command.current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Done {
    done(command.output().expect("the program starts"))
}

/// Returns how a run ended.
pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("crdbctl writes UTF-8")
}
