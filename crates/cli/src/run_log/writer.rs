use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::time::Instant;

use crdbctl_apply::Run;
use crdbctl_model::{Event, NodeName, Plan, RunSummary};
use crdbctl_report::{
    LoggedError, NodeTimes, RunEnd, RunHeader, RunLogEntry, RunLogLine, RunManifest, event_json, render_json,
};
use secrecy::SecretString;

use super::directory::RunDirectory;
use super::place;
use super::redactor::Redactor;
use crate::args::GlobalArgs;
use crate::clock::Moment;
use crate::{CliError, ExitCode, Ui};

/// How many logs are kept.
const KEPT: usize = 200;

/// What a log begins with, beside the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logged<'a> {
    /// The command.
    pub(crate) command: &'a str,
    /// The options that name the manifest.
    pub(crate) global: &'a GlobalArgs,
    /// The sudo password, which must not be written.
    pub(crate) password: Option<&'a SecretString>,
}

/// Writes the log of a run as it goes on. What cannot be written is told once, and changes nothing else.
#[derive(Debug)]
pub(crate) struct RunWriter {
    run: String,
    began: Instant,
    times: NodeTimes,
    redactor: Redactor,
    file: Option<File>,
    ui: Ui,
}

impl RunWriter {
    /// Begins the log of a run: makes its file, and writes which run it is and its plan.
    pub(crate) fn begin(run: &Run, plan: &Plan, logged: Logged<'_>, ui: &Ui) -> Self {
        let mut redactor = Redactor::default();
        if let Some(password) = logged.password {
            redactor.conceal(password);
        }
        let (run_id, began, times) = (run.id.clone(), Instant::now(), NodeTimes::default());
        let mut writer = Self { run: run_id, began, times, redactor, file: None, ui: *ui };
        let text = |text: &str| writer.redactor.text(text);
        let path = std::path::absolute(&logged.global.file).unwrap_or_else(|_| logged.global.file.clone());
        let is_stdin = logged.global.file.as_os_str() == "-";
        let header = RunHeader {
            run: run.id.clone(),
            crdbctl: env!("CARGO_PKG_VERSION").to_owned(),
            command: logged.command.to_owned(),
            arguments: std::env::args_os().skip(1).map(|word| text(&word.to_string_lossy())).collect(),
            cluster: plan.cluster.clone(),
            manifest: RunManifest {
                path: if is_stdin { "-".to_owned() } else { text(&path.to_string_lossy()) },
                digest: plan.basis.manifest,
            },
            by: text(&run.by),
            changes: plan.changes.len(),
        };
        let made = line(&Moment::now(), RunLogEntry::Run(header)).and_then(|header| make(&run.id, &header));
        match made {
            Ok(file) => writer.file = Some(file),
            Err(error) => writer.tell(&error),
        }
        if writer.file.is_some() {
            match serde_json::from_str(&render_json(plan)) {
                Ok(mut plan) => {
                    writer.redactor.plan(&mut plan);
                    writer.write(RunLogEntry::Plan { plan });
                }
                Err(error) => writer.fail(&error.into()),
            }
        }
        writer
    }

    /// Takes note of another secret that must not be written.
    pub(crate) fn conceal(&mut self, secret: &SecretString) {
        self.redactor.conceal(secret);
    }

    /// Writes what happened at a moment.
    pub(crate) fn event(&mut self, at: &Moment, event: &Event) {
        self.times.note(self.milliseconds(), event);
        // The last one comes with the end.
        if !matches!(event, Event::Done(_)) {
            let event = event_json(&at.rfc3339(), &self.redactor.event(event));
            self.write_at(at, RunLogEntry::Event { event });
        }
    }

    /// Returns the run's id, when its log is being written.
    pub(crate) fn id(&self) -> Option<&str> {
        self.file.is_some().then_some(self.run.as_str())
    }

    /// Returns how long each node was worked on.
    pub(crate) fn node_milliseconds(&self) -> &BTreeMap<NodeName, u64> {
        self.times.milliseconds()
    }

    /// Writes how the run ended.
    pub(crate) fn end(mut self, summary: Option<&RunSummary>, ended: &Result<ExitCode, CliError>) {
        let code = match ended {
            Ok(code) => *code,
            Err(error) => error.code,
        };
        if let Err(error) = ended {
            let text = |text: &String| self.redactor.text(text);
            let (message, hints) = (text(&error.message), error.hints.iter().map(text).collect());
            self.write(RunLogEntry::Error(LoggedError { message, hints }));
        }
        let end = RunEnd {
            exit_code: code.number(),
            milliseconds: self.milliseconds(),
            summary: summary.map(|summary| self.redactor.summary(summary)),
            node_milliseconds: self.times.milliseconds().clone(),
        };
        self.write(RunLogEntry::End(end));
        if let Some(Err(error)) = self.file.as_ref().map(File::sync_all) {
            self.fail(&error);
        }
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn write(&mut self, entry: RunLogEntry) {
        self.write_at(&Moment::now(), entry);
    }

    /// Each line is one write: a run that is killed has its log up to there.
    fn write_at(&mut self, at: &Moment, entry: RunLogEntry) {
        let Some(file) = &mut self.file else { return };
        let written = line(at, entry).and_then(|text| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        self.tell(error);
    }

    fn tell(&self, error: &io::Error) {
        self.ui.warning(&format!("the log of run {} cannot be written: {error}; the run goes on", self.run));
    }
}

fn line(at: &Moment, entry: RunLogEntry) -> io::Result<String> {
    let line = RunLogLine { format_version: RunLogLine::FORMAT_VERSION, time: at.rfc3339(), entry };
    Ok(line.text()?)
}

fn make(run: &str, first_line: &str) -> io::Result<File> {
    let state = place(|name| std::env::var_os(name))
        .ok_or_else(|| io::Error::other("there is no home directory; set XDG_STATE_HOME"))?;
    let directory = RunDirectory::make(&state)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", state.display())))?;
    let file = directory
        .create(run, first_line)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", directory.path().display())))?;
    // Too many logs are no reason to keep none of this run.
    let _ = directory.prune(KEPT);
    Ok(file)
}
