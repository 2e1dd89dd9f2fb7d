//! Nodes as processes of this machine, each on a loopback address of its own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use roachsim::trailer::Trailer;

use crate::https;
use crate::pki::Authority;

static LABS: AtomicU32 = AtomicU32::new(0);

/// A place for one test: its own addresses, authority and binaries.
pub(crate) struct Lab {
    pub(crate) temporary: tempfile::TempDir,
    pub(crate) authority: Authority,
    subnet: String,
}

pub(crate) struct Node {
    pub(crate) ip: String,
    pub(crate) dir: PathBuf,
    child: Option<Child>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let pid = std::process::id();
        // Tests run side by side, as processes or as threads of one.
        let lab = LABS.fetch_add(1, Ordering::Relaxed);
        let subnet =
            format!("127.{}.{}", 1 + (pid >> 8) % 100 + 100 * (lab % 2), (pid + 7 * (lab / 2)) & 0xff);
        let lab = Self { temporary: tempfile::tempdir().unwrap(), authority: Authority::new(), subnet };
        let root = lab.authority.issue("root", &[], 1);
        lab.authority.fill(&lab.client_certs(), "client.root", &root);
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }

    pub(crate) fn client_certs(&self) -> PathBuf {
        self.path("client")
    }

    pub(crate) fn ip(&self, node: u32) -> String {
        format!("{}.{node}", self.subnet)
    }

    /// The program as of a release; shared by all tests, since an unoptimised one is large.
    pub(crate) fn program(&self, release: &str) -> PathBuf {
        let binary = Path::new(env!("CARGO_BIN_EXE_roachsim"));
        let built = fs::metadata(binary).unwrap().modified().unwrap();
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cockroach-{release}"));
        if fs::metadata(&program).and_then(|file| file.modified()).is_ok_and(|packed| packed > built) {
            return program;
        }
        let mut bytes = fs::read(binary).unwrap();
        bytes.extend(Trailer { release: release.parse().unwrap() }.encode());
        let temporary = self.path("cockroach");
        fs::write(&temporary, bytes).unwrap();
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o755)).unwrap();
        let beside = program.with_extension(std::process::id().to_string());
        fs::copy(&temporary, &beside).unwrap();
        fs::rename(&beside, &program).unwrap();
        program
    }

    /// A node that is not started yet, with certificates.
    pub(crate) fn node(&self, number: u32) -> Node {
        let ip = self.ip(number);
        let dir = self.path(&format!("node{number}"));
        let pair = self.authority.issue("node", &[&ip, "localhost"], 100 + u64::from(number));
        self.authority.fill(&dir.join("certs"), "node", &pair);
        Node { ip, dir, child: None }
    }

    /// The command line of a start, which tests may add to.
    pub(crate) fn start_command(&self, node: &Node, release: &str) -> Command {
        let join: Vec<String> = (1..=3).map(|number| self.ip(number)).collect();
        let mut command = Command::new(self.program(release));
        command
            .arg("start")
            .arg(format!("--certs-dir={}", node.dir.join("certs").display()))
            .arg(format!("--store={}", node.dir.join("data").display()))
            .arg(format!("--listen-addr={}", node.ip))
            .arg(format!("--join={}", join.join(",")))
            .env("ROACHSIM_HEARTBEAT_MS", "100")
            .env("ROACHSIM_LIVENESS_MS", "2000")
            .env("ROACHSIM_METRICS_DELAY_MS", "500")
            .env("ROACHSIM_DRAIN_MS", "700")
            .env("ROACHSIM_CATCHUP_MS", "1500")
            .env("ROACHSIM_UPGRADE_MS", "300");
        command
    }

    /// Three nodes of `v24.1.0`, started and initialised through the first.
    pub(crate) fn cluster(&self) -> [Node; 3] {
        let mut nodes = [1, 2, 3].map(|number| self.node(number));
        for node in &mut nodes {
            node.start(&mut self.start_command(node, "v24.1.0"));
        }
        for node in &nodes {
            self.wait_unready(node, "node is waiting for cluster initialization");
        }
        assert!(self.client("v24.1.0", &nodes[0], &["init"]).status.success());
        for node in &nodes {
            self.wait_ready(node);
        }
        nodes
    }

    /// A client command against a node.
    pub(crate) fn client_command(&self, release: &str, node: &Node, words: &[&str]) -> Command {
        let mut command = Command::new(self.program(release));
        command.args(words).arg(format!("--host={}", node.ip));
        command.arg(format!("--certs-dir={}", self.client_certs().display()));
        command.env("COCKROACH_CONNECT_TIMEOUT", "15").stdin(Stdio::null());
        command
    }

    pub(crate) fn client(&self, release: &str, node: &Node, words: &[&str]) -> Output {
        self.client_command(release, node, words).output().unwrap()
    }

    /// Waits until an `init` that never ends has warned of something.
    pub(crate) fn init_warns(&self, node: &Node, of: &str) {
        let said = self.path("init-stderr");
        let mut command = self.client_command("v24.1.0", node, &["init"]);
        let mut init = command.stderr(File::create(&said).unwrap()).spawn().unwrap();
        let line = |line: &str| {
            line.starts_with("warning: node not ready to perform cluster initialization: ")
                && line.contains(of)
                && line.ends_with(" (retrying)")
        };
        let warned = || fs::read_to_string(&said).unwrap().lines().filter(|text| line(text)).count();
        wait(&format!("init warns twice of {of}"), || warned() >= 2);
        assert_eq!(init.try_wait().unwrap(), None, "init keeps trying");
        init.kill().unwrap();
        init.wait().unwrap();
    }

    /// Rows of `node status --all --format=csv` as maps of column to cell.
    pub(crate) fn status(&self, node: &Node) -> Vec<std::collections::BTreeMap<String, String>> {
        let output = self.client("v24.1.0", node, &["node", "status", "--all", "--format=csv"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let table = text(&output.stdout);
        let mut lines = table.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        lines.map(|line| header.iter().map(|name| (*name).to_owned()).zip(cells(line)).collect()).collect()
    }

    /// A node's id, as another node knows it.
    pub(crate) fn id_of(&self, asked: &Node, node: &Node) -> String {
        let address = format!("{}:26257", node.ip);
        self.status(asked).into_iter().find(|row| row["address"] == address).unwrap()["id"].clone()
    }

    pub(crate) fn get(&self, node: &Node, path: &str) -> Result<(u16, String), String> {
        https::get(&self.authority.pem(), &node.ip, path)
    }

    pub(crate) fn wait_ready(&self, node: &Node) {
        wait(&format!("{} is ready", node.ip), || {
            self.get(node, "/health?ready=1").is_ok_and(|(code, _)| code == 200)
        });
    }

    pub(crate) fn wait_unready(&self, node: &Node, why: &str) {
        let said = format!("\"error\": \"{why}\"");
        wait(&format!("{} says {why}", node.ip), || {
            self.get(node, "/health?ready=1").is_ok_and(|(code, body)| code == 503 && body.contains(&said))
        });
    }

    /// A metric of a store, whatever its labels. Large figures are written as Go writes them: `1.7e+09`.
    pub(crate) fn metric(&self, node: &Node, name: &str) -> i64 {
        let (code, body) = self.get(node, "/_status/vars").unwrap();
        assert_eq!(code, 200);
        let line = body.lines().find(|line| line.split(['{', ' ']).next() == Some(name));
        let figure = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        figure.unwrap_or_else(|| panic!("no {name}")) as i64
    }
}

impl Node {
    pub(crate) fn start(&mut self, command: &mut Command) {
        assert!(self.child.is_none(), "{} runs already", self.ip);
        let open = |name: &str| File::options().create(true).append(true).open(self.dir.join(name)).unwrap();
        command.stdin(Stdio::null()).stdout(open("stdout")).stderr(open("stderr"));
        self.child = Some(command.spawn().unwrap());
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > end {
                self.child = Some(child);
                panic!("{} does not end", self.ip);
            }
            sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        assert_eq!(self.wait().signal(), Some(9));
    }

    pub(crate) fn said(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap_or_default()
    }

    /// Puts faults beside the store, or lifts them with an empty text.
    pub(crate) fn fault(&self, faults: &str) {
        fs::write(self.dir.join("data.faults"), faults).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join("data/logs/cockroach.log")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something is so, and says what it was when it never is.
pub(crate) fn wait(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        sleep(Duration::from_millis(30));
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Cells of a csv line with simple quoting.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => cells.last_mut().unwrap().push(letter),
        }
    }
    cells
}
