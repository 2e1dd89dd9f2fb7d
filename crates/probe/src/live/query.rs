use std::time::Duration;

use crdbctl_cockroach::sql;
use crdbctl_cockroach::upgrade::Hold;
use crdbctl_model::SettingName;

use crate::ClientCommand;

/// More than a client command takes on a cluster that answers at all.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A question to a ready node. Every one of them reads alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Who belongs to the cluster, and how they are.
    Members,
    /// The version of the cluster as a whole.
    Version,
    /// Whether finalisation is held back by this setting.
    Hold(Hold),
    /// Where each node was when it last ran: asked only when a dead member does not tell.
    Addresses,
    /// The value of a setting.
    Setting(SettingName),
}

impl Query {
    /// Returns the client command that asks.
    pub fn command(&self) -> ClientCommand {
        let show = |name: &SettingName| {
            let statement = sql::show_setting(name);
            ClientCommand::new(["sql", "--format=csv", "-e", statement.as_str()], TIMEOUT)
        };
        match self {
            Self::Members => ClientCommand::new(["node", "status", "--all", "--format=csv"], TIMEOUT),
            Self::Addresses => {
                ClientCommand::new(["sql", "--format=csv", "-e", sql::NODE_ADDRESSES], TIMEOUT)
            }
            Self::Version => show(&setting("version")),
            Self::Hold(hold) => show(&setting(hold.setting())),
            Self::Setting(name) => show(name),
        }
    }
}

fn setting(name: &str) -> SettingName {
    SettingName::new(name).expect("CockroachDB's own names are names of settings")
}
