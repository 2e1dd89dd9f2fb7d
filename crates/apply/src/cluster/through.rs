use std::time::Duration;

use crdbctl_cockroach::output::{self, Failure, NodeStatus};
use crdbctl_model::{DesiredService, NodeName};
use crdbctl_probe::{ClientCommand, ClientOutput, HealthGoal, Operator, Query};

use crate::applier::Applier;
use crate::issue::Issuer;
use crate::sessions::Sessions;
use crate::wait;

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
    pub(super) async fn find(
        applier: &Applier,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
    ) -> Result<Self, String> {
        let operator = issuer.at((applier.clock)()).operator().map_err(|error| error.to_string())?;
        for node in applier.graph.staying() {
            let (Some(service), Some(session)) = (applier.graph.service(node), sessions.get_mut(node)) else {
                continue;
            };
            let health = wait::look(session, service, HealthGoal::Ready).await;
            if health.is_ok_and(|health| HealthGoal::Ready.is_met_by(&health)) {
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

    /// Returns a command of these words; a cluster that has a name takes orders only from those who know it.
    pub(super) fn command(&self, words: Vec<String>, timeout: Duration) -> ClientCommand {
        let name = self.service.argv.iter().filter(|word| word.starts_with("--cluster-name="));
        ClientCommand::new(words.into_iter().chain(name.cloned()), timeout)
    }

    /// Runs one client command on another node, leaving ones included.
    ///
    /// # Errors
    /// When it was not run.
    pub(super) async fn run_on(
        &self,
        applier: &Applier,
        sessions: &mut Sessions,
        node: &NodeName,
        command: ClientCommand,
    ) -> Result<ClientOutput, String> {
        let service = applier.graph.service(node).ok_or_else(|| format!("{node} has no service"))?;
        let session = sessions.get_mut(node).ok_or_else(|| format!("there is no connection to {node}"))?;
        let outputs = session.client(&self.operator, service, &[command]).await;
        let outputs = outputs.map_err(|why| format!("{node}: {why}"))?;
        outputs.into_iter().next().ok_or_else(|| format!("{node} gave no answer"))
    }

    /// Returns the members of the cluster as they are now.
    ///
    /// # Errors
    /// When the node does not tell.
    pub(super) async fn members(&self, sessions: &mut Sessions) -> Result<Vec<NodeStatus>, String> {
        let outputs = self.run(sessions, &[Query::Members.command()]).await?;
        match outputs.first() {
            Some(found) if found.is_success() => {
                output::node_status(found.stdout.as_bytes()).map_err(|error| error.to_string())
            }
            Some(found) => Err(format!("cockroach node status on {}: {}", self.node, said(found))),
            None => Err(format!("{} gave no answer", self.node)),
        }
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
