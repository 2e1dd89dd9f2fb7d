use std::time::Duration;

use crdbctl_cockroach::output::Failure;
use crdbctl_model::{DesiredService, NodeName};
use crdbctl_probe::{ClientCommand, ClientOutput, HealthGoal, Operator, health_script, read_health};

use crate::applier::Applier;
use crate::sessions::Sessions;

/// The node through which client commands are given to the cluster, and the pair that they are run with.
pub(super) struct Through {
    /// The node.
    pub(super) node: NodeName,
    service: DesiredService,
    operator: Operator,
}

impl Through {
    /// Returns the first ready node of those that stay.
    ///
    /// # Errors
    /// When none is ready, or there is no pair for the SQL user root.
    pub(super) async fn find(applier: &Applier, sessions: &mut Sessions) -> Result<Self, String> {
        let operator = Operator::at_hand(&applier.authority, (applier.clock)())?;
        for node in applier.graph.staying() {
            let (Some(service), Some(session)) = (applier.graph.service(node), sessions.get_mut(node)) else {
                continue;
            };
            let script = health_script(service, HealthGoal::Ready);
            let Ok(output) = session.ask(script, Duration::from_secs(60)).await else { continue };
            if read_health(&output.stdout).is_ok_and(|health| HealthGoal::Ready.is_met_by(&health)) {
                return Ok(Self { node: node.clone(), service: service.clone(), operator });
            }
        }
        Err("no node that stays is ready to be asked".to_owned())
    }

    /// Runs client commands through the node.
    ///
    /// # Errors
    /// When they were not all run; one that ended with another status than 0 is no error here.
    pub(super) async fn run(
        &self,
        sessions: &mut Sessions,
        commands: &[ClientCommand],
    ) -> Result<Vec<ClientOutput>, String> {
        let session =
            sessions.get_mut(&self.node).ok_or_else(|| format!("there is no connection to {}", self.node))?;
        session
            .client(&self.operator, &self.service, commands)
            .await
            .map_err(|why| format!("{}: {why}", self.node))
    }

    /// Runs SQL statements through the node, one after the other, up to the first that fails.
    ///
    /// # Errors
    /// What the statement that failed was answered.
    pub(super) async fn sql(&self, sessions: &mut Sessions, statements: &[String]) -> Result<(), String> {
        for statement in statements {
            let arguments = ["sql", "--format=csv", "-e", statement.as_str()];
            let command = ClientCommand::new(arguments, Duration::from_secs(60));
            let outputs = self.run(sessions, &[command]).await?;
            match outputs.first() {
                Some(output) if output.is_success() => {}
                Some(output) => return Err(format!("`{statement}` on {}: {}", self.node, said(output))),
                None => return Err(format!("`{statement}` on {}: no answer", self.node)),
            }
        }
        Ok(())
    }
}

/// Returns why a client command failed.
pub(super) fn said(output: &ClientOutput) -> String {
    if output.status == ClientOutput::TIMED_OUT {
        return "no answer in time".to_owned();
    }
    let failure = Failure::of(&output.stderr);
    let hint = failure.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    match failure.message.as_str() {
        "" => format!("it ended with status {} and said nothing", output.status),
        message => format!("{message}{hint}"),
    }
}
