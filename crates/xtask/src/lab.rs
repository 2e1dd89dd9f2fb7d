use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use clap::Subcommand;
use crdbctl_testlab::{Lab, users};

use crate::{Failure, setup};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Boot hosts that stay until `lab down`, and print how to reach them
    Up {
        /// How many
        hosts: usize,
        /// Hosts are named `<PREFIX>-1`, `<PREFIX>-2` and so on
        #[arg(long, default_value = "store")]
        prefix: String,
    },
    /// Remove the hosts with all they have
    Down,
    /// Log in to a host, or run a command there
    Ssh {
        /// `admin` has sudo without a password, `asks` with one, `plain` has none
        #[arg(long, default_value = users::ADMIN)]
        user: String,
        /// Name of the host
        host: String,
        /// Command with its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// List the hosts
    Status,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.action {
            Action::Up { hosts, prefix } => {
                setup::prepare()?;
                let lab = Lab::builder().hosts(hosts).name_prefix(&prefix).start_persistent()?;
                show(&lab)?;
            }
            Action::Down => {
                if !Lab::destroy_persistent()? {
                    println!("no lab is up");
                }
            }
            Action::Ssh { user, host, command } => {
                let lab = open()?;
                if lab.find(&host).is_none() {
                    return Err(
                        format!("the lab has no host {host}; `cargo xtask lab status` lists them").into()
                    );
                }
                // Returns only if ssh could not be started.
                return Err(lab.ssh(&user, &host).args(command).exec().into());
            }
            Action::Status => match Lab::open_persistent()? {
                Some(lab) => show(&lab)?,
                None => println!("no lab is up"),
            },
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn open() -> Result<Lab, Failure> {
    Lab::open_persistent()?.ok_or_else(|| "no lab is up; `cargo xtask lab up 3` boots three hosts".into())
}

fn show(lab: &Lab) -> Result<(), Failure> {
    for host in lab {
        let state = if host.is_on()? { "on" } else { "off" };
        println!("{:<16} {:<16} {state}", host.name().as_str(), host.address().to_string());
    }
    println!(
        "\nssh configuration: {0}\nlog in with:       ssh -F {0} {1}",
        lab.ssh_config().display(),
        lab.hosts()[0].name()
    );
    let nodes: Vec<String> =
        lab.into_iter().map(|host| format!("{}={}", host.name(), host.address())).collect();
    println!(
        "a manifest:        crdbctl init {}\n                   with `ssh: {{user: {}, config_file: {}}}` and each node's\n                   \
         `hostname:` its name; the stand-in's archive is made by `cargo xtask archive v24.1.0 dist` and\n                   \
         named by `cockroach: {{archive: dist/cockroach-{{version}}.{{os}}-{{arch}}.tgz}}`",
        nodes.join(" "),
        users::ADMIN,
        lab.ssh_config().display(),
    );
    println!(
        "other users:       root, {} (sudo password: {}), {}",
        users::ASKS,
        users::ASKS_PASSWORD,
        users::PLAIN
    );
    Ok(())
}
