use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crdbctl_cockroach::output::{Health, InitOutcome, NodeStatus, node_status, setting};
use crdbctl_cockroach::{ClusterVersion, client, sql};
use crdbctl_model::{KeyType, SettingName};

use super::{Certificates, Node, Said};
use crate::{Program, Trouble};

/// How long a client command may take.
const CLIENT_LIMIT: Duration = Duration::from_secs(60);

/// How far the cluster is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    Waiting,
    Initialised,
    /// It did not come as far as it should have, which a check has told.
    Broken,
}

/// A temporary place for nodes, which checks bring as far as they need it.
pub(crate) struct Bench<'a> {
    pub(crate) program: &'a Program,
    pub(crate) newer: Option<&'a Program>,
    pub(crate) nodes: Vec<Node>,
    certificates: Certificates,
    progress: Progress,
    subnet: [u8; 3],
    // Last: nodes end before their directory goes.
    directory: tempfile::TempDir,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(program: &'a Program, newer: Option<&'a Program>) -> Result<Self, Trouble> {
        let directory = tempfile::Builder::new()
            .prefix("crdbctl-conformance-")
            .tempdir()
            .map_err(Trouble::untried("making a temporary directory"))?;
        // A subnet of the loopback network of its own, for several runs at once.
        let [low, high, ..] = std::process::id().to_le_bytes();
        let certificates = Certificates::new(KeyType::EcdsaP256)?;
        certificates.install_root(&directory.path().join("client"), KeyType::EcdsaP256)?;
        let subnet = [127, 201 + high % 50, low];
        Ok(Self {
            program,
            newer,
            nodes: Vec::new(),
            certificates,
            progress: Progress::Nothing,
            subnet,
            directory,
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn ip(&self, number: u8) -> IpAddr {
        let [a, b, c] = self.subnet;
        Ipv4Addr::new(a, b, c, number).into()
    }

    /// Returns a node that is not started, with certificates of an authority.
    pub(crate) fn node(
        &self,
        number: u8,
        certificates: &Certificates,
        key: KeyType,
    ) -> Result<Node, Trouble> {
        let node = Node::new(self.ip(number), self.path(&format!("node{number}")), certificates.ca_pem());
        certificates.install_node(&node.certs(), node.ip, key)?;
        Ok(node)
    }

    /// Returns a node that is not started and belongs to no cluster, with certificates of the bench's authority.
    pub(crate) fn spare(&self, number: u8) -> Result<Node, Trouble> {
        self.node(number, &self.certificates, KeyType::EcdsaP256)
    }

    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Returns where nodes look for each other: the first three, however many there are.
    pub(crate) fn join(&self) -> Vec<SocketAddr> {
        self.nodes.iter().take(3).map(Node::rpc).collect()
    }

    /// Starts three nodes, two with ECDSA keys and one with RSA, unless they are there: they wait for `init`.
    pub(crate) fn waiting(&mut self) -> Result<(), Trouble> {
        match self.progress {
            Progress::Nothing => {}
            Progress::Waiting | Progress::Initialised => return Ok(()),
            Progress::Broken => {
                return Err(Trouble::Untried("there is no cluster: an earlier check says why".to_owned()));
            }
        }
        self.progress = Progress::Broken;
        for (number, key) in [(1, KeyType::EcdsaP256), (2, KeyType::EcdsaP256), (3, KeyType::Rsa2048)] {
            let node = self.node(number, &self.certificates, key)?;
            self.nodes.push(node);
        }
        for at in 0..3 {
            self.start(at, self.program)?;
        }
        self.nodes.iter_mut().try_for_each(|node| node.becomes(&Health::WaitingForInit))?;
        self.progress = Progress::Waiting;
        Ok(())
    }

    /// Starts the node at an index, with a program.
    pub(crate) fn start(&mut self, at: usize, program: &Program) -> Result<(), Trouble> {
        let join = self.join();
        let node = &mut self.nodes[at];
        let mut command = node.start_command(program, &join);
        node.start(&mut command)
    }

    /// Initialises the cluster, unless it is, and waits until all its nodes are ready. Returns what `init` said.
    pub(crate) fn cluster(&mut self) -> Result<Option<Said>, Trouble> {
        self.waiting()?;
        if self.progress == Progress::Initialised {
            return Ok(None);
        }
        self.progress = Progress::Broken;
        let said = self.client(0, ["init"])?;
        match InitOutcome::of(Some(said.code), &said.stdout, &said.stderr) {
            InitOutcome::Initialized => {}
            other => return Err(Trouble::differs("init to initialise the cluster", format!("{other:?}"))),
        }
        self.nodes.iter_mut().try_for_each(|node| node.becomes(&Health::Ready))?;
        self.progress = Progress::Initialised;
        Ok(Some(said))
    }

    /// Returns a cluster of four: one more, whom the `--join` list does not name.
    pub(crate) fn four(&mut self) -> Result<(), Trouble> {
        self.cluster()?;
        if self.nodes.len() > 3 {
            return Ok(());
        }
        let node = self.spare(4)?;
        self.nodes.push(node);
        self.start(3, self.program)?;
        self.nodes[3].becomes(&Health::Ready)
    }

    /// Runs a client command against the node at an index, as crdbctl does: with `--host` and root's certificate.
    pub(crate) fn client<S: AsRef<str>>(
        &self,
        at: usize,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Said, Trouble> {
        self.client_of(self.program, &self.nodes[at], &self.path("client"), words)
    }

    pub(crate) fn client_of<S: AsRef<str>>(
        &self,
        program: &Program,
        node: &Node,
        certs: &std::path::Path,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Said, Trouble> {
        let mut command = Command::new(&program.binary);
        command.args(words.into_iter().map(|word| word.as_ref().to_owned()));
        command.arg(format!("--host={}", node.rpc())).arg(format!("--certs-dir={}", certs.display()));
        Said::of(&mut command, CLIENT_LIMIT)
    }

    /// Returns what the node at an index says of all nodes.
    pub(crate) fn status(&self, at: usize) -> Result<Vec<NodeStatus>, Trouble> {
        let said = self.client(at, client::node_status(Duration::from_secs(30)))?.succeeded()?;
        node_status(said.stdout.as_bytes())
            .map_err(|error| Trouble::differs("a table of nodes", format!("{error}: {:?}", said.stdout)))
    }

    /// Returns what is said of one node by another one.
    pub(crate) fn row(&self, asked: usize, node: usize) -> Result<NodeStatus, Trouble> {
        let (rows, address) = (self.status(asked)?, self.nodes[node].rpc().to_string());
        let row = rows.iter().find(|row| row.address.as_ref() == Some(&address)).cloned();
        row.ok_or_else(|| Trouble::differs(format!("a row with the address {address}"), format!("{rows:?}")))
    }

    /// Runs statements, each with an `-e` of its own.
    pub(crate) fn sql(&self, at: usize, statements: &[&str]) -> Result<Said, Trouble> {
        let each = statements.iter().flat_map(|statement| ["-e", statement]);
        self.client(at, ["sql", "--format=csv"].into_iter().chain(each))
    }

    /// Returns a cluster setting as it is shown.
    pub(crate) fn setting(&self, at: usize, name: &str) -> Result<String, Trouble> {
        let name = SettingName::new(name).map_err(Trouble::untried("naming a setting"))?;
        let said = self.sql(at, &[&sql::show_setting(&name)])?.succeeded()?;
        setting(said.stdout.as_bytes())
            .map_err(|error| Trouble::differs("a value", format!("{error}: {:?}", said.stdout)))
    }

    /// Sets a cluster setting, with the statement that crdbctl uses.
    pub(crate) fn set(&self, at: usize, name: &str, value: &str) -> Result<Said, Trouble> {
        let name = SettingName::new(name).map_err(Trouble::untried("naming a setting"))?;
        self.sql(at, &[&sql::set_setting(&name, value)])
    }

    /// Returns the cluster's version.
    pub(crate) fn cluster_version(&self, at: usize) -> Result<ClusterVersion, Trouble> {
        let shown = self.setting(at, "version")?;
        shown.parse().map_err(|error| Trouble::differs("a version", format!("{error}")))
    }
}
