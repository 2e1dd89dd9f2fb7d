use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crdbctl_model::{
    Desired, NodeName, NodeObservation, NodeSpec, Observations, Observed, Record, ResourceAddr,
    ResourceGraph, Shard, Unreadable, UnreadableKind,
};
use crdbctl_probe::{Answer, Operator};
use crdbctl_report::count;
use crdbctl_transport::{Connection, Limits, ReadOnly, ReadOnlyConnection, Script, Target, TransportError};
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::{now, now_millis};
use crate::cluster::Cluster;
use crate::{CliError, Ui};

/// How many nodes are read at once: each takes an ssh process of this machine.
const AT_ONCE: usize = 64;

/// After this long, people are told whom the probe waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a probe keeps of the way to a node, which decides what whoever holds the probe can do there.
pub(crate) trait Access: Clone + Send + 'static {
    /// Logs in.
    fn open(target: Target) -> impl Future<Output = Result<Self, TransportError>> + Send;

    /// Returns a handle that runs read-only scripts alone.
    fn to_read(&self) -> ReadOnlyConnection;
}

impl Access for ReadOnlyConnection {
    fn open(target: Target) -> impl Future<Output = Result<Self, TransportError>> + Send {
        Self::open(target)
    }

    fn to_read(&self) -> ReadOnlyConnection {
        self.clone()
    }
}

impl Access for Connection {
    fn open(target: Target) -> impl Future<Output = Result<Self, TransportError>> + Send {
        Self::open(target)
    }

    fn to_read(&self) -> ReadOnlyConnection {
        self.read_only()
    }
}

/// A probe for a command that changes hosts after consent.
pub(crate) type Probe = Probed<Connection>;

/// A probe for a command that only looks: whoever holds it has no way to change a host.
pub(crate) type ReadOnlyProbe = Probed<ReadOnlyConnection>;

/// What a probe of the cluster brought.
#[derive(Debug)]
pub(crate) struct Probed<C> {
    /// What was found.
    pub(crate) observations: Observations,
    /// The nodes that could be reached.
    pub(crate) connections: BTreeMap<NodeName, C>,
    /// This host's clock before and after each node was read, in milliseconds since 1970.
    pub(crate) windows: BTreeMap<NodeName, (i64, i64)>,
    /// How long it took.
    pub(crate) took: Duration,
    /// The sudo password that nodes were reached with.
    pub(crate) password: Option<SecretString>,
}

impl<C> Probed<C> {
    /// Returns what was read, and how fast: `3 nodes probed in 0.9s`.
    pub(crate) fn words(&self) -> String {
        let all = self.observations.nodes.len();
        let read = |node: &&NodeObservation| matches!(node, NodeObservation::Read(_));
        let read = self.observations.nodes.values().filter(read).count();
        let of = if read == all { String::new() } else { format!("{read} of ") };
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        format!("{of}{} probed in {}", count(all, "node"), crdbctl_report::duration(took))
    }
}

/// Reads every node of the cluster, or of one shard of it, at once, and the authority's directory. Changes nothing anywhere.
///
/// What is cluster-wide is asked with the first shard alone, of its own nodes. Where it is not known what is in the release archive,
/// the nodes' records are looked at for it, and the cluster's graph is another afterwards ([`Cluster::settle`]).
///
/// A node that cannot be read is part of the answer, not an error.
///
/// # Errors
/// When the probe itself breaks, or a release archive is not what it should be.
pub(crate) async fn probe<C: Access>(
    cluster: &mut Cluster,
    password: Option<&SecretString>,
    ui: &Ui,
) -> Result<Probed<C>, CliError> {
    let (taken_at, began) = (now(), Instant::now());
    let mut asked = ask(cluster, password, ui).await?;
    let mut nodes = asked.read(&cluster.graph);
    if cluster.archives.is_open() {
        cluster.settle(&records(&nodes), ui).await?;
        nodes = asked.read(&cluster.graph);
        // A node whose record tells of no package, and that has one.
        let open: Vec<NodeName> =
            nodes.keys().filter(|node| is_package_open(&cluster.graph, node, &nodes)).cloned().collect();
        if !open.is_empty() {
            asked.ask_again(&open, &cluster.graph).await?;
            nodes = asked.read(&cluster.graph);
        }
    }
    let Asked { connections, windows, .. } = asked;
    let (graph, authority) = (&cluster.graph, &cluster.authority);
    let of_cluster = {
        let (graph, authority): (_, PathBuf) = (Arc::clone(graph), authority.clone());
        let read = tokio::task::spawn_blocking(move || crdbctl_probe::observe_cluster(&graph, &authority));
        read.await.map_err(|error| CliError::failed("reading the authority's directory broke", &error))?
    };
    let mut observations =
        Observations { format_version: Observations::FORMAT_VERSION, taken_at, cluster: of_cluster, nodes };
    if cluster.shard.is_none_or(Shard::is_first) {
        add_init(graph, &mut observations);
        let live = observe_live(graph, &observations, authority, &connections).await;
        observations.cluster.extend(live);
    }
    Ok(Probed { observations, connections, windows, took: began.elapsed(), password: password.cloned() })
}

/// What nodes answered, before it is said what it means.
struct Asked<C> {
    answers: BTreeMap<NodeName, Result<Answer, Box<Unreadable>>>,
    connections: BTreeMap<NodeName, C>,
    windows: BTreeMap<NodeName, (i64, i64)>,
}

impl<C: Access> Asked<C> {
    /// Returns what the answers say of a graph.
    fn read(&self, graph: &ResourceGraph) -> BTreeMap<NodeName, NodeObservation> {
        let read = |node: &NodeName, answer: &Result<Answer, Box<Unreadable>>| match answer {
            Ok(answer) => crdbctl_probe::reading(graph, node, answer),
            Err(unreadable) => NodeObservation::Unreadable(unreadable.as_ref().clone()),
        };
        self.answers.iter().map(|(node, answer)| (node.clone(), read(node, answer))).collect()
    }

    /// Asks some nodes once more, for all that a graph wants to know.
    async fn ask_again(&mut self, nodes: &[NodeName], graph: &Arc<ResourceGraph>) -> Result<(), CliError> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut asking = JoinSet::new();
        for name in nodes {
            let Some(connection) = self.connections.get(name) else { continue };
            let (name, connection, turns) = (name.clone(), connection.to_read(), Arc::clone(&turns));
            let graph = Arc::clone(graph);
            asking.spawn(async move {
                let _turn = turns.acquire().await;
                let before = now_millis();
                let answer = crdbctl_probe::ask_node(&connection, &graph, &name).await;
                (name, answer, (before, now_millis()))
            });
        }
        while let Some(done) = asking.join_next().await {
            let (name, answer, window) =
                done.map_err(|error| CliError::failed("probing a node broke", &error))?;
            self.windows.insert(name.clone(), window);
            self.answers.insert(name, answer);
        }
        Ok(())
    }
}

/// Returns the records of the nodes that were read.
pub(crate) fn records(nodes: &BTreeMap<NodeName, NodeObservation>) -> BTreeMap<NodeName, Record> {
    let record = |observation: &NodeObservation| match observation {
        NodeObservation::Read(reading) => reading.record.clone(),
        NodeObservation::Unreadable(_) => None,
    };
    nodes.iter().filter_map(|(node, observation)| Some((node.clone(), record(observation)?))).collect()
}

/// Whether a node's package could not be told although it is known what should be in it.
fn is_package_open(
    graph: &ResourceGraph,
    node: &NodeName,
    nodes: &BTreeMap<NodeName, NodeObservation>,
) -> bool {
    let Some(NodeObservation::Read(reading)) = nodes.get(node) else { return false };
    graph.of_node(node).any(|resource| {
        matches!(&resource.desired, Desired::Package(package) if package.unknown.is_none())
            && matches!(reading.resources.get(&resource.addr), Some(Observed::Unknown { .. }))
    })
}

async fn ask<C: Access>(
    cluster: &Cluster,
    password: Option<&SecretString>,
    ui: &Ui,
) -> Result<Asked<C>, CliError> {
    let graph = &cluster.graph;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut probing = JoinSet::new();
    let wanted = graph.nodes_in(cluster.shard);
    for spec in graph.nodes.values().filter(|spec| wanted.contains(&spec.name)) {
        let (graph, turns) = (Arc::clone(graph), Arc::clone(&turns));
        let (spec, password) = (spec.clone(), password.cloned());
        probing.spawn(async move {
            // The semaphore is never closed; without a turn the node is read all the same.
            let _turn = turns.acquire().await;
            let (connection, answer, window) = probe_one(&graph, &spec, password).await;
            (spec.name, connection, answer, window)
        });
    }
    let (answers, connections, windows) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut asked = Asked { answers, connections, windows };
    let mut patience = tokio::time::interval_at(tokio::time::Instant::now() + PATIENCE, PATIENCE * 2);
    loop {
        tokio::select! {
            done = probing.join_next() => {
                let Some(done) = done else { break };
                let (name, connection, answer, window) =
                    done.map_err(|error| CliError::failed("probing a node broke", &error))?;
                asked.connections.extend(connection.map(|connection| (name.clone(), connection)));
                asked.windows.insert(name.clone(), window);
                asked.answers.insert(name, answer);
            }
            _ = patience.tick() => ui.status(&waiting_for(&wanted, &asked.answers)),
        }
    }
    Ok(asked)
}

async fn probe_one<C: Access>(
    graph: &ResourceGraph,
    spec: &NodeSpec,
    password: Option<SecretString>,
) -> (Option<C>, Result<Answer, Box<Unreadable>>, (i64, i64)) {
    let mut before = now_millis();
    let target = match Target::from_spec(spec, password) {
        Ok(target) => target,
        Err(error) => {
            let hint = "write ssh.privilege as auto, root, sudo or doas".to_owned();
            let unreadable = Unreadable { kind: UnreadableKind::Privilege, reason: error.to_string(), hint };
            return (None, Err(Box::new(unreadable)), (before, now_millis()));
        }
    };
    match C::open(target).await {
        Ok(connection) => {
            before = now_millis();
            let answer = crdbctl_probe::ask_node(&connection.to_read(), graph, &spec.name).await;
            (Some(connection), answer, (before, now_millis()))
        }
        Err(error) => (None, Err(Box::new(error.unreadable())), (before, now_millis())),
    }
}

/// Clocks of nodes, in milliseconds since 1970, with this host's before and after each was read.
pub(crate) type Clocks = BTreeMap<NodeName, (i64, (i64, i64))>;

/// Reads the clocks of the nodes that could be reached once more, and nothing else: between the two looks at this host's clock there
/// is one short script, not a whole probe. A clock that is not told is left out.
pub(crate) async fn clocks(probe: &ReadOnlyProbe) -> Clocks {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for (name, connection) in &probe.connections {
        let (name, connection, turns) = (name.clone(), connection.clone(), Arc::clone(&turns));
        asking.spawn(async move {
            let _turn = turns.acquire().await;
            let script = Script::<ReadOnly>::new("date '+%s %3N'\n").ok()?;
            let before = now_millis();
            let output = connection.run(&script, Limits::within(Duration::from_secs(10))).await.ok()?;
            let window = (before, now_millis());
            let text = output.stdout_text();
            let (seconds, millis) = text.trim().split_once(' ')?;
            let clock = seconds.parse::<i64>().ok()?.checked_mul(1000)? + millis.parse::<i64>().ok()?;
            Some((name, (clock, window)))
        });
    }
    let mut clocks = BTreeMap::new();
    while let Some(asked) = asking.join_next().await {
        clocks.extend(asked.ok().flatten());
    }
    clocks
}

/// Adds what the nodes together tell of the cluster's initialisation.
fn add_init(graph: &ResourceGraph, observations: &mut Observations) {
    let init =
        graph.resources.values().find(|resource| matches!(resource.desired, crdbctl_model::Desired::Init(_)));
    if let Some(init) = init {
        let observed = crdbctl_probe::observe_init(graph, &observations.nodes);
        observations.cluster.insert(init.addr.clone(), observed);
    }
}

/// Returns what CockroachDB alone can tell of the cluster, asked of one ready node.
async fn observe_live<C: Access>(
    graph: &ResourceGraph,
    observations: &Observations,
    authority: &Path,
    connections: &BTreeMap<NodeName, C>,
) -> BTreeMap<ResourceAddr, Observed> {
    let operator = || Operator::at_hand(authority, None, observations.taken_at);
    crdbctl_probe::observe_live(
        graph,
        &observations.nodes,
        operator,
        async |node, script, payload, timeout| {
            let connection =
                connections.get(&node).ok_or_else(|| "there is no connection to it".to_owned())?.to_read();
            let limits = Limits::within(timeout);
            let output =
                connection.run_with(&script, payload, limits).await.map_err(|error| error.to_string())?;
            if output.is_success() {
                Ok(output.stdout)
            } else {
                Err(format!(
                    "the script ended with status {}: {}",
                    output.status,
                    output.stderr_text().trim()
                ))
            }
        },
    )
    .await
}

fn waiting_for<T>(wanted: &BTreeSet<NodeName>, done: &BTreeMap<NodeName, T>) -> String {
    let open: BTreeSet<&NodeName> = wanted.iter().filter(|name| !done.contains_key(*name)).collect();
    let names: Vec<&str> = open.iter().take(10).map(|name| name.as_str()).collect();
    let more = open.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Waiting for {}{more}.", names.join(", "))
}
