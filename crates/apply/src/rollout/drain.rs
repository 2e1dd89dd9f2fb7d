use std::time::Duration;

use crdbctl_cockroach::Version;
use crdbctl_cockroach::client::{self, Drain};
use crdbctl_model::{DesiredService, Event};
use crdbctl_probe::{ClientCommand, ClientOutput, Operator};

use crate::gate::left;
use crate::session::Session;

/// How much longer than its own limit the command may take: from v22.2 on it raises the limit to the sum of the
/// settings `server.shutdown.*`, by default 35 s.
const GRACE: Duration = Duration::from_secs(60);

/// Drains a node by `cockroach node drain`, which leaves its process running. `running` is the version that runs. Returns
/// whether it did: before v20.1 the stop itself drains.
///
/// # Errors
/// What state the node is in, and how to bring it back.
pub(super) async fn drain(
    session: &mut Session,
    service: &DesiredService,
    operator: &Operator,
    running: &Version,
    limit: Duration,
) -> Result<bool, String> {
    let Some(words) = client::drain(running, limit) else {
        return Ok(false);
    };
    let node = session.node.clone();
    session.tell(Event::Node { node: node.clone(), what: format!("draining, for {} at most", left(limit)) });
    // A cluster that has a name takes orders only from those who know it (CockroachDB docs, cockroach node).
    let name = service.argv.iter().filter(|word| word.starts_with("--cluster-name=")).cloned();
    let command = ClientCommand::new(words.into_iter().chain(name), limit + GRACE);
    let outcome = match session.client(operator, service, &[command]).await {
        Err(why) => return Err(stranded(&node.to_string(), service, &format!("did not drain: {why}"))),
        Ok(outputs) => match outputs.first() {
            None => return Err(stranded(&node.to_string(), service, "did not drain: no answer came")),
            Some(output) => {
                Drain::of(output.status, output.status == ClientOutput::TIMED_OUT, &output.stderr)
            }
        },
    };
    match outcome {
        Drain::Drained => {
            session.tell(Event::Node { node, what: "drained".to_owned() });
            Ok(true)
        }
        Drain::TimedOut { .. } => {
            let what = format!("did not drain within rollout.drain_timeout ({}): {outcome}", left(limit));
            Err(stranded(&node.to_string(), service, &what))
        }
        Drain::Failed(failure) => {
            Err(stranded(&node.to_string(), service, &format!("did not drain: {failure}")))
        }
    }
}

/// What to know of a node whose process was left running after its drain began.
pub(super) fn stranded(node: &str, service: &DesiredService, what: &str) -> String {
    format!(
        "{node} {what}. Its process was left running, and it may be draining still: it takes no clients then, and nothing \
         of it was changed. Next: apply again to go on, or `systemctl restart {}` on {node} to have it serve at once",
        service.unit.file_name()
    )
}
