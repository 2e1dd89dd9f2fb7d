//! Runs statements.

use std::sync::Arc;

use tokio::time::sleep;

use super::node::Node;
use crate::certs::Peer;
use crate::cluster::NodeId;
use crate::release::Series;
use crate::settings::{self, Found, Kind, Literal, Setting, Shown};
use crate::sql::{Column, Notice, Outcome, SqlError, Statement};

const UNCATEGORIZED: &str = "XXUUU";
const UNDEFINED_PARAMETER: &str = "42P02";
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Who runs statements, and where.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    node: Arc<Node>,
    user: String,
    admin: bool,
}

impl Engine {
    pub(super) fn new(node: Arc<Node>, user: String, peer: &Peer) -> Self {
        // There is no table of users: whoever is neither root nor node may look at nothing but numbers.
        let admin = peer.is_node() || user == "root" || user == "node";
        Self { node, user, admin }
    }

    fn series(&self) -> Series {
        self.node.config.release.series
    }

    /// Runs one statement; `alone` says that its message held no other.
    pub(super) async fn run(&self, statement: &Statement, alone: bool) -> Result<Outcome, SqlError> {
        // Since batches are transactions by themselves (v22.2), these refuse to share one.
        if statement.stands_alone() && !alone && self.series() >= Series::new(22, 2) {
            let words = "SET CLUSTER SETTING cannot be used inside a multi-statement transaction";
            return Err(SqlError::new(UNCATEGORIZED, words));
        }
        match statement {
            Statement::Select(number) => Ok(Outcome::value("SELECT", "?column?", Shown::Int(*number))),
            Statement::ShowSetting(name) => self.show(name).await,
            Statement::ShowSettings { all } => {
                self.permit("show", "SHOW CLUSTER SETTINGS")?;
                Ok(Outcome::rows("SHOW", self.list_columns(*all), self.list(*all)))
            }
            Statement::Set(name, value) => self.set(name, value, "SET CLUSTER SETTING").await,
            Statement::Reset(name) => self.set(name, &Literal::Default, "RESET CLUSTER SETTING").await,
            Statement::NodeAddresses => {
                if !self.admin {
                    let words =
                        "only users with the admin role are allowed to read crdb_internal.kv_node_status";
                    return Err(SqlError::new(INSUFFICIENT_PRIVILEGE, words));
                }
                self.quorum().await;
                let addresses = self.node.state().map(|state| state.addresses()).unwrap_or_default();
                let row =
                    |(id, address): (NodeId, String)| vec![Shown::Int(i64::from(id.0)), Shown::Text(address)];
                Ok(Outcome::rows("SELECT", node_address_columns(), addresses.into_iter().map(row).collect()))
            }
            Statement::NodeStatus { decommissioned, reads_ranges } => {
                if *reads_ranges {
                    self.quorum().await;
                }
                let rows = self.node.status(*decommissioned);
                let rows = serde_json::to_string(&rows)
                    .map_err(|error| SqlError::new(UNCATEGORIZED, format!("roachsim: {error}")))?;
                Ok(Outcome::value("SHOW", "rows", Shown::Text(rows)))
            }
        }
    }

    /// The columns that a statement would return.
    pub(super) fn describe(&self, statement: &Statement) -> Result<Vec<Column>, SqlError> {
        Ok(match statement {
            Statement::Select(number) => vec![Column::of("?column?", &Shown::Int(*number))],
            Statement::ShowSetting(name) => {
                let setting = self.find_to_show(name)?.setting;
                vec![Column::of(setting.name(self.series()), &setting.kind.shown(setting.default))]
            }
            Statement::ShowSettings { all } => self.list_columns(*all),
            Statement::NodeAddresses => node_address_columns(),
            Statement::NodeStatus { .. } => vec![Column::text("rows")],
            Statement::Set(..) | Statement::Reset(_) => Vec::new(),
        })
    }

    /// Reading or writing a range waits for a majority for as long as the client does.
    async fn quorum(&self) {
        while !self.node.view().has_quorum {
            sleep(self.node.config.tuning.heartbeat).await;
        }
    }

    fn permit(&self, action: &str, what: &str) -> Result<(), SqlError> {
        if self.admin {
            return Ok(());
        }
        let words = format!(
            "only users with the MODIFYCLUSTERSETTING privilege are allowed to {action} {what} (user {})",
            self.user
        );
        Err(SqlError::new(INSUFFICIENT_PRIVILEGE, words))
    }

    fn find_to_show(&self, name: &str) -> Result<Found, SqlError> {
        let unknown = || SqlError::new(UNCATEGORIZED, format!("unknown setting: {name:?}"));
        settings::find(self.series(), name).ok_or_else(unknown)
    }

    async fn show(&self, name: &str) -> Result<Outcome, SqlError> {
        self.permit("show", &format!("cluster setting '{name}'"))?;
        let found = self.find_to_show(name)?;
        let setting = found.setting;
        let value = if setting.kind == Kind::Version {
            // The version alone is read from the cluster, not from this node's copy.
            self.quorum().await;
            Shown::Text(self.node.version_text())
        } else {
            setting.kind.shown(&self.node.setting(setting))
        };
        let mut outcome = Outcome::value("SHOW", setting.name(self.series()), value);
        outcome.notices.extend(self.about_name(name, found));
        Ok(outcome)
    }

    fn about_name(&self, name: &str, found: Found) -> Option<Notice> {
        let current = found.setting.name(self.series());
        found.by_old_name.then(|| Notice {
            message: format!("the name {name:?} is deprecated; use {current:?} instead"),
            hint: None,
        })
    }

    fn list_columns(&self, all: bool) -> Vec<Column> {
        let mut names = vec!["variable", "value", "setting_type"];
        if all {
            names.push("public");
        }
        names.push("description");
        if self.series() >= Series::new(23, 2) {
            names.extend(["default_value", "origin"]);
        }
        let column = |name: &str| match name {
            "public" => Column::of(name, &Shown::Bool(true)),
            _ => Column::text(name),
        };
        names.into_iter().map(column).collect()
    }

    fn list(&self, all: bool) -> Vec<Vec<Shown>> {
        let listed = |setting: &Setting| {
            let (value, default) = if setting.kind == Kind::Version {
                (self.node.version_text(), self.series().to_string().trim_start_matches('v').to_owned())
            } else {
                let value = setting.kind.listed(&self.node.setting(setting));
                (value, setting.kind.listed(setting.default))
            };
            let origin = if self.node.is_set(setting) { "override" } else { "default" };
            let mut row = vec![
                Shown::Text(setting.name(self.series()).to_owned()),
                Shown::Text(value),
                Shown::Text(setting.kind.letter().to_owned()),
            ];
            if all {
                row.push(Shown::Bool(setting.public));
            }
            row.push(Shown::Text(setting.description.to_owned()));
            if self.series() >= Series::new(23, 2) {
                row.extend([Shown::Text(default), Shown::Text(origin.to_owned())]);
            }
            row
        };
        let mut shown: Vec<&Setting> =
            settings::all(self.series()).filter(|setting| all || setting.public).collect();
        shown.sort_by_key(|setting| setting.name(self.series()));
        shown.into_iter().map(listed).collect()
    }

    async fn set(&self, name: &str, value: &Literal, tag: &str) -> Result<Outcome, SqlError> {
        let found = settings::find(self.series(), name).ok_or_else(|| {
            let named = self.series() >= Series::new(23, 2);
            let code = if named { UNDEFINED_PARAMETER } else { UNCATEGORIZED };
            SqlError::new(code, format!("unknown cluster setting '{name}'"))
        })?;
        self.permit("set", &format!("cluster setting '{name}'"))?;
        let setting = found.setting;
        let current = setting.name(self.series());
        let stored = match value {
            Literal::Default => None,
            value => Some(setting.kind.read(current, value)?),
        };
        self.quorum().await;
        if setting.kind == Kind::Version {
            let target =
                stored.ok_or_else(|| SqlError::new(UNCATEGORIZED, "cannot RESET cluster version setting"))?;
            self.node.upgrade_to(&target).await.map_err(|why| SqlError::new(UNCATEGORIZED, why))?;
        } else {
            self.node.set(setting, stored).map_err(|why| SqlError::new(UNCATEGORIZED, why))?;
        }
        let mut outcome = Outcome::done(tag);
        outcome.notices.extend(self.about_name(name, found));
        if setting.key.starts_with("sql.defaults") && self.series() >= Series::new(21, 2) {
            outcome.notices.push(Notice {
                message: format!("setting global default {current} is not recommended"),
                hint: Some(
                    "use the `ALTER ROLE ... SET` syntax to control session variable defaults at a finer-grained level."
                        .to_owned(),
                ),
            });
        }
        Ok(outcome)
    }
}

fn node_address_columns() -> Vec<Column> {
    vec![Column::of("id", &Shown::Int(0)), Column::text("address")]
}
