use std::path::Path;

use crdbctl_model::{Acceptance, Observations, Plan};
use crdbctl_report::{RunFigures, render_metrics};

use crate::cluster::Cluster;
use crate::{CliError, ExitCode, certificates, document};

/// The file that `--metrics` names, with what its numbers are of.
#[derive(Clone, Copy)]
pub(crate) struct MetricsFile<'a> {
    /// The file; `None` when no numbers are wanted.
    pub(crate) file: Option<&'a Path>,
    /// The plan that is told.
    pub(crate) plan: &'a Plan,
    /// What it was made for.
    pub(crate) cluster: &'a Cluster,
    /// What it was made from.
    pub(crate) observations: &'a Observations,
    /// The drift that is accepted, when any may be.
    pub(crate) acceptance: Option<&'a Acceptance>,
}

impl MetricsFile<'_> {
    /// Writes the numbers of a run that ends with `code`, then tells its result. Returns that code.
    ///
    /// # Errors
    /// When the numbers cannot be written, or the result cannot be told: the numbers then have the code of that.
    pub(crate) fn around(
        &self,
        code: ExitCode,
        tell: impl FnOnce() -> Result<(), CliError>,
    ) -> Result<ExitCode, CliError> {
        self.write(code)?;
        if let Err(error) = tell() {
            // The numbers must not say that all went well of a run that did not. What went wrong first is told.
            let _ = self.write(error.code);
            return Err(error);
        }
        Ok(code)
    }

    fn write(&self, code: ExitCode) -> Result<(), CliError> {
        let Some(file) = self.file else { return Ok(()) };
        let certificates = certificates::listing(self.cluster, self.observations);
        let run = RunFigures { exit_code: code.number(), acceptance: self.acceptance };
        document::write_public(file, &render_metrics(self.plan, &certificates, &run))
    }
}
