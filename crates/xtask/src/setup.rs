use std::process::ExitCode;
use std::time::Instant;

use crdbctl_testlab::{BaseTree, LabError, availability};

use crate::steps::patiently;
use crate::{Failure, browser, linters, ssh_server};

#[derive(clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        prepare()?;
        println!("hosts can boot on this machine");
        ssh_server::prepare()?;
        println!("an sshd and login shells can run on this machine");
        browser::prepare()?;
        println!("pages can be opened in a browser on this machine");
        linters::prepare()?;
        println!("workflows can be checked on this machine");
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes this machine able to boot hosts.
pub(crate) fn prepare() -> Result<(), LabError> {
    patiently("install what boots hosts", availability::check)?;
    if !BaseTree::exists()? {
        println!("building the base tree of the hosts from Debian's packages, half a minute to two minutes");
        let start = Instant::now();
        let base = patiently("build the base tree of the hosts", BaseTree::ensure)?;
        println!("built {} in {} s", base.path().display(), start.elapsed().as_secs());
    }
    Ok(())
}
