//! `cargo xtask demo`: plan, apply, drift and healing on three hosts of this machine.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crdbctl_testlab::Lab;
use roachsim::archive::{self, Arch};
use roachsim::release::Release;

use crate::build::Targets;
use crate::runner::exit_code;
use crate::steps::{Steps, words};
use crate::{Failure, build, setup};

const VERSION: &str = "v24.1.0";

const STEPS: [&str; 4] = [
    "prepare this machine",
    "build crdbctl and the stand-in for cockroach",
    "boot three hosts",
    "plan, apply, find and undo drift",
];

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {}

impl Args {
    /// Shows everything; fails at the first command that ends otherwise than said.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut steps = Steps::new("demo", &STEPS);
        steps.next(|| Ok(setup::prepare()?))?;
        let Some(stand_in) = steps.next(|| build::workspace(Targets::Bins))? else {
            return Ok(ExitCode::FAILURE);
        };
        let lab = steps.next(|| Ok(Lab::builder().hosts(3).name_prefix("store").start()?))?;
        println!("Three Debian hosts are up.");
        let directory = tempfile::Builder::new().prefix("crdbctl-demo-").tempdir()?;
        let packed = archive::pack(&stand_in, VERSION.parse::<Release>()?, Arch::native(), directory.path())?;
        let manifest = manifest(&lab, &packed.path);
        fs::write(directory.path().join("cluster.yaml"), &manifest)?;

        let shown = steps.next(|| Stage { lab: &lab, directory: directory.path() }.play(&manifest));
        // Also after a failure, and with its own error: hosts left behind are worth hearing of.
        lab.destroy()?;
        shown?;
        println!("\nThe hosts are gone. All of this took {}.", words(steps.elapsed()));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the demo is played.
struct Stage<'a> {
    lab: &'a Lab,
    /// Holds the manifest, and the keys that crdbctl makes.
    directory: &'a Path,
}

impl Stage<'_> {
    fn play(&self, manifest: &str) -> Result<(), Failure> {
        say("A manifest describes a cluster on them.");
        println!("In place of the cockroach program runs a stand-in, which stores nothing.\n");
        print!("$ cat cluster.yaml\n{manifest}");
        say("What is there to do?");
        self.crdbctl("plan", 0)?;
        say("Do it.");
        self.crdbctl("apply --yes", 0)?;
        say("Now nothing is left to do: --detailed-exitcode ends with 0.");
        self.crdbctl("plan --detailed-exitcode", 0)?;

        say("At 3 am somebody works on the hosts by hand.");
        self.by_hand("store-1", "systemctl stop cockroach")?;
        self.by_hand("store-2", "chmod 0666 /etc/ufw/applications.d/cockroach")?;
        self.by_hand("store-3", "systemctl disable --quiet cockroach")?;
        say("The next plan finds it, and ends with 2.");
        self.crdbctl("plan --detailed-exitcode", 2)?;
        say("The next apply heals it, and nothing else.");
        self.crdbctl("apply --yes", 0)?;
        say("Nothing is left to do.");
        self.crdbctl("plan --detailed-exitcode", 0)
    }

    /// Runs crdbctl beside the manifest, its output going where ours goes.
    fn crdbctl(&self, arguments: &str, expected: i32) -> Result<(), Failure> {
        println!("$ crdbctl {arguments}");
        let mut command = Command::new(build::program("crdbctl")?);
        command.args(arguments.split(' ')).current_dir(self.directory);
        let code = exit_code(&mut command)?;
        println!("(exit code {code})");
        if code != expected {
            return Err(format!("`crdbctl {arguments}` should have ended with {expected}").into());
        }
        Ok(())
    }

    fn by_hand(&self, name: &str, command: &str) -> Result<(), Failure> {
        println!("{name} # {command}");
        let host = self.lab.find(name).ok_or_else(|| format!("the lab has no host {name}"))?;
        host.exec_ok(command)?;
        Ok(())
    }
}

fn say(text: &str) {
    println!("\n==> {text}\n");
}

/// Returns the manifest, whose relative paths are beside it.
fn manifest(lab: &Lab, archive: &Path) -> String {
    let archive = archive.file_name().unwrap_or_default().display();
    let mut text = format!(
        "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\n\
         cockroach:\n  version: {VERSION}\n  archive: {archive}\n\
         rollout: {{settle: 0s, ranges_pause: 1s}}\n\
         ssh: {{user: admin, config_file: {}}}\nnodes:\n",
        lab.ssh_config().display(),
    );
    for host in lab {
        let (name, address) = (host.name(), host.address());
        text.push_str(&format!("  - {{name: {name}, address: {address}, hostname: {name}}}\n"));
    }
    text
}
