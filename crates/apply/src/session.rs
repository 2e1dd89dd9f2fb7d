use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crdbctl_model::{ClusterName, DesiredService, Event, NodeName, Outcome, ResourceAddr};
use crdbctl_probe::{ClientCommand, ClientOutput, Operator, read_client_outputs};
use crdbctl_transport::{
    Channel, ChannelStart, Connection, Limits, Mutating, Output, Payload, ReadOnlyConnection, Script,
    TransportError,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::error::ApplyError;
use crate::gate::Teller;
use crate::lock;
use crate::run::Run;
use crate::stage::{Reread, Stage};
use crate::step::Step;

/// How long a stage may take beyond the waiting that it is known to do: hashing, unpacking, systemd's own patience.
const STAGE_TIMEOUT: Duration = Duration::from_secs(900);

/// What a change came to, and how many milliseconds it took.
pub(crate) type Outcomes = BTreeMap<ResourceAddr, (Outcome, u64)>;

/// The lock of one node, held by a shell on it through which everything else is done there.
pub(crate) struct Session {
    pub(crate) node: NodeName,
    pub(crate) cluster: ClusterName,
    pub(crate) run: Run,
    /// What is asked of the node from here, without a script.
    pub(crate) asking: ReadOnlyConnection,
    /// What the last reload of certificates came to, by the node's own word.
    pub(crate) reread: Option<Reread>,
    channel: Channel,
    events: UnboundedSender<Event>,
}

impl Session {
    /// Takes the lock of a node, to make these changes.
    pub(crate) async fn open(
        node: NodeName,
        cluster: ClusterName,
        run: Run,
        changes: Vec<ResourceAddr>,
        connection: Connection,
        events: UnboundedSender<Event>,
    ) -> Result<Self, ApplyError> {
        let bootstrap = script::<Mutating>(lock::bootstrap(&cluster, &run, &changes));
        let asking = connection.read_only();
        let start = connection.open_channel(&bootstrap, Limits::within(Duration::from_secs(60))).await;
        match start {
            Ok(ChannelStart::Ready(channel, _)) => {
                Ok(Self { node, cluster, run, asking, reread: None, channel, events })
            }
            Ok(ChannelStart::Refused(output)) => Err(lock::refusal(node, &output)),
            Err(source) => Err(ApplyError::Node { node, source }),
        }
    }

    /// Runs a script on the node with the given payload.
    pub(crate) async fn script(
        &mut self,
        text: String,
        payload: Payload,
        timeout: Duration,
    ) -> Result<Output, TransportError> {
        self.channel.run(&script::<Mutating>(text), payload, Limits::within(timeout), &mut |_| {}).await
    }

    /// Runs a read-only script on the node.
    pub(crate) async fn ask(&mut self, text: String, timeout: Duration) -> Result<Output, TransportError> {
        let script = script::<crdbctl_transport::ReadOnly>(text);
        self.channel.run(&script, Payload::none(), Limits::within(timeout), &mut |_| {}).await
    }

    /// Runs a read-only script on the node with the given payload.
    pub(crate) async fn ask_with(
        &mut self,
        script: &Script<crdbctl_transport::ReadOnly>,
        payload: Payload,
        timeout: Duration,
    ) -> Result<Output, TransportError> {
        self.channel.run(script, payload, Limits::within(timeout), &mut |_| {}).await
    }

    /// Runs client commands of CockroachDB on the node, as the SQL user root.
    pub(crate) async fn client(
        &mut self,
        operator: &Operator,
        service: &DesiredService,
        commands: &[ClientCommand],
    ) -> Result<Vec<ClientOutput>, String> {
        let (text, payload) = operator.script(service, commands);
        let output = self
            .script(text, payload, Operator::patience(commands))
            .await
            .map_err(|error| error.to_string())?;
        let outputs = read_client_outputs(&output.stdout).map_err(|error| error.to_string())?;
        if output.is_success() && outputs.len() == commands.len() {
            return Ok(outputs);
        }
        Err(format!("the script ended with status {}: {}", output.status, output.stderr_text().trim()))
    }

    /// Makes changes, telling what becomes of each. `archive` is what the one step that unpacks a package reads.
    pub(crate) async fn stage(
        &mut self,
        steps: Vec<Step>,
        archive: Option<(ResourceAddr, Payload, u64)>,
    ) -> Outcomes {
        if steps.is_empty() {
            return Outcomes::new();
        }
        let mut stage = Stage::new(&self.cluster, &self.run, steps);
        let began = Instant::now();
        let text = std::mem::take(&mut stage.script);
        let mut payload = std::mem::take(&mut stage.payload);
        let (events, node) = (self.events.clone(), self.node.clone());
        let mut told = Instant::now();
        let mut progress = None;
        if let Some((addr, bytes, total)) = archive {
            payload = bytes;
            progress = Some((addr, total));
        }
        let mut on_progress = |bytes: u64| {
            if let Some((addr, total)) = &progress
                && (bytes == *total || told.elapsed() > Duration::from_millis(200))
            {
                told = Instant::now();
                let sent = Event::Sent { node: node.clone(), addr: addr.clone(), bytes, total: *total };
                // Nobody listening is no reason to stop.
                let _ = events.send(sent);
            }
        };
        let script = script::<Mutating>(text);
        let result =
            self.channel.run(&script, payload, Limits::within(STAGE_TIMEOUT), &mut on_progress).await;
        match result {
            Ok(output) => {
                for what in Stage::told(&output.stdout) {
                    // Nobody listening is no reason to stop.
                    let _ = self.events.send(Event::Node { node: self.node.clone(), what });
                }
                self.reread = Stage::reread(&output.stdout).or(self.reread.take());
                let mut outcomes = stage.outcomes(&output.stdout);
                if !output.is_success() {
                    let said = output.stderr_text();
                    for (outcome, _) in outcomes.values_mut() {
                        if let Outcome::Failed(words) = outcome {
                            words.push_str(&format!(
                                " (the script ended with status {}: {})",
                                output.status,
                                said.trim()
                            ));
                        }
                    }
                }
                outcomes
            }
            Err(error) => {
                let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let words = error.to_string();
                stage.all().map(|addr| (addr.clone(), (Outcome::Failed(words.clone()), took))).collect()
            }
        }
    }

    /// Tells that the node does, or waits for, something.
    pub(crate) fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop.
        let _ = self.events.send(event);
    }

    /// Returns what tells of this node's waiting.
    pub(crate) fn teller(&self) -> Teller {
        Teller::new(&self.node, &self.events)
    }

    /// Frees the lock.
    pub(crate) async fn close(self) {
        self.channel.close().await;
    }
}

fn script<E: crdbctl_transport::Effect>(text: String) -> Script<E> {
    Script::new(text).expect("scripts are made of text and quoted values, neither of which holds a NUL")
}
