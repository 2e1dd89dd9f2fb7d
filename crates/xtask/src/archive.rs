//! `cargo xtask archive VERSION DIR`: an archive of the stand-in, named and laid out as a published one.

use std::path::PathBuf;
use std::process::ExitCode;

use roachsim::archive::{self, Arch};
use roachsim::release::Release;

use crate::build::Targets;
use crate::steps::Steps;
use crate::{Failure, build};

const STEPS: [&str; 2] = ["build crdbctl and the stand-in for cockroach", "pack the archive"];

/// Arguments of `cargo xtask archive`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The release to play, for example v24.1.0
    version: Release,
    /// Where the .tgz and its .sha256sum go; made when missing
    dir: PathBuf,
    /// The architecture in the name; the binary inside is always this machine's
    #[arg(long, default_value_t = Arch::native())]
    arch: Arch,
}

impl Args {
    /// Builds and packs the stand-in, and prints the archive's path.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut steps = Steps::new("archive", &STEPS);
        let Some(binary) = steps.next(|| build::workspace(Targets::Bins))? else {
            return Ok(ExitCode::FAILURE);
        };
        let packed = steps.next(|| Ok(archive::pack(&binary, self.version, self.arch, &self.dir)?))?;
        println!("{}", packed.path.display());
        Ok(ExitCode::SUCCESS)
    }
}
