use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Tools, root};

/// The action, as it stands, run step by step as GitHub's runner does.
///
/// Source: GitHub docs, metadata syntax (composite actions), workflow commands (GITHUB_OUTPUT), workflow syntax (`shell: bash`).
pub(crate) struct Action {
    definition: Value,
    folder: PathBuf,
    inputs: BTreeMap<String, String>,
    workspace: PathBuf,
    /// The runner's temporary directory, that of the job.
    pub(crate) temporary: PathBuf,
    path: String,
}

/// How a run of the action ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether the job goes on.
    pub(crate) success: bool,
    pub(crate) outputs: BTreeMap<String, String>,
    /// What the job's summary has.
    pub(crate) summary: String,
    /// What the log has.
    pub(crate) log: String,
}

impl Finished {
    /// Returns an output, of which there must be one.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the action has no output {name}"))
    }
}

impl Action {
    /// Returns the action, to be run in a workspace with these programs.
    pub(crate) fn new(tools: &Tools, workspace: &Path, temporary: &Path, path: &str) -> Self {
        let folder = root().join(".github/actions/drift");
        let definition = tools.yaml(&folder.join("action.yml"));
        let defaults = definition["inputs"].as_object().unwrap().iter();
        let inputs = defaults
            .map(|(name, input)| (name.clone(), input["default"].as_str().expect("a default").to_owned()))
            .collect();
        fs::create_dir_all(temporary).unwrap();
        Self {
            definition,
            folder,
            inputs,
            workspace: workspace.to_owned(),
            temporary: temporary.to_owned(),
            path: path.to_owned(),
        }
    }

    /// Gives an input, which the action must have.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        assert!(
            self.inputs.insert(name.to_owned(), value.to_owned()).is_some(),
            "the action has no input {name}"
        );
        self
    }

    /// Runs every step whose condition holds.
    pub(crate) fn run(&self) -> Finished {
        let mut steps: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let (mut success, mut log, mut summary) = (true, String::new(), String::new());
        for (at, step) in self.definition["runs"]["steps"].as_array().unwrap().iter().enumerate() {
            let condition = step["if"].as_str();
            let runs = match condition {
                Some("always()") => true,
                Some(condition) => success && self.value(condition, &steps) == "true",
                None => success,
            };
            if !runs {
                continue;
            }
            assert_eq!(step["shell"], "bash");
            let script = self.temporary.join(format!("step-{at}.sh"));
            fs::write(&script, step["run"].as_str().expect("a step that runs")).unwrap();
            let [output_file, summary_file] =
                ["output", "summary"].map(|name| self.temporary.join(format!("{name}-{at}")));
            for file in [&output_file, &summary_file] {
                fs::write(file, "").unwrap();
            }
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script);
            command.env_clear().env("PATH", &self.path).env("HOME", &self.workspace).env("CI", "true");
            command.env("GITHUB_ACTIONS", "true").env("GITHUB_ACTION_PATH", &self.folder);
            command.env("GITHUB_WORKSPACE", &self.workspace).env("RUNNER_TEMP", &self.temporary);
            command.env("GITHUB_OUTPUT", &output_file).env("GITHUB_STEP_SUMMARY", &summary_file);
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, self.filled(value.as_str().unwrap(), &steps));
            }
            let output = command.current_dir(&self.workspace).stdin(Stdio::null()).output().unwrap();
            success &= output.status.success();
            log.push_str(&String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
            summary.push_str(&fs::read_to_string(&summary_file).unwrap());
            let outputs = fs::read_to_string(&output_file).unwrap();
            let outputs = outputs.lines().map(|line| {
                let (name, value) = line.split_once('=').expect("NAME=VALUE");
                (name.to_owned(), value.to_owned())
            });
            if let Some(id) = step["id"].as_str() {
                // The last one of a name counts.
                steps.insert(id.to_owned(), outputs.collect());
            }
            for file in [script, output_file, summary_file] {
                fs::remove_file(file).unwrap();
            }
        }
        let outputs = self.definition["outputs"].as_object().unwrap().iter();
        let outputs = outputs
            .map(|(name, output)| (name.clone(), self.filled(output["value"].as_str().unwrap(), &steps)));
        Finished { success, outputs: outputs.collect(), summary, log }
    }

    /// Returns a text with its expressions replaced.
    fn filled(&self, text: &str, steps: &BTreeMap<String, BTreeMap<String, String>>) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").expect("an expression ends");
            filled.push_str(before);
            filled.push_str(&self.value(expression, steps));
            rest = after;
        }
        filled + rest
    }

    fn value(&self, expression: &str, steps: &BTreeMap<String, BTreeMap<String, String>>) -> String {
        let expression = expression.trim();
        if let Some((one, other)) = expression.split_once("||") {
            let one = self.value(one, steps);
            return if one.is_empty() { self.value(other, steps) } else { one };
        }
        if let Some((one, other)) = expression.split_once("==") {
            return (self.value(one, steps) == self.value(other, steps)).to_string();
        }
        if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return text.to_owned();
        }
        match expression.split('.').collect::<Vec<_>>()[..] {
            ["inputs", name] => self.inputs[name].clone(),
            ["steps", id, "outputs", name] => {
                // A step that did not run has none.
                steps.get(id).and_then(|outputs| outputs.get(name)).cloned().unwrap_or_default()
            }
            _ => panic!("{expression} is no expression that is known here"),
        }
    }
}
