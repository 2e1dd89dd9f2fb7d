use std::time::Duration;

use crdbctl_cockroach::output::InitOutcome;
use crdbctl_model::{DesiredService, Outcome};
use crdbctl_probe::{ClientCommand, Operator};

use crate::session::Session;

/// `cockroach init` waits for the node to be reachable; more than this is no patience but a fault.
const TIMEOUT: Duration = Duration::from_secs(100);

/// Runs `cockroach init` on a node.
pub(crate) async fn initialise(
    session: &mut Session,
    service: &DesiredService,
    operator: &Operator,
) -> Outcome {
    // A cluster that has a name takes orders only from those who know it (CockroachDB docs, cockroach init).
    let name = service.argv.iter().filter(|word| word.starts_with("--cluster-name="));
    let arguments = std::iter::once("init").chain(name.map(String::as_str));
    let command = ClientCommand::new(arguments, TIMEOUT);
    match session.client(operator, service, &[command]).await {
        Err(why) => Outcome::Failed(format!("cockroach init: {why}")),
        Ok(outputs) => {
            let Some(output) = outputs.first() else {
                return Outcome::Failed("cockroach init gave no answer".to_owned());
            };
            match InitOutcome::of(Some(output.status), &output.stdout, &output.stderr) {
                InitOutcome::Initialized | InitOutcome::AlreadyInitialized => Outcome::Converged,
                InitOutcome::Failed(failure) => Outcome::Failed(format!("cockroach init: {failure}")),
            }
        }
    }
}
