//! The release archive is needed when something has to be sent, and not before: a server that hangs keeps nobody from
//! looking at a cluster.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crdbctl_model::Digest;

use crate::bench::{Bench, Done};
use crate::cluster::edit;
use crate::release::Release;

/// A download server that counts what it is asked for.
struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
    /// What it sends; nothing, with the connection open, while there is none.
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (requests, body) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None::<Vec<u8>>)));
        let server = Self { port: listener.local_addr().unwrap().port(), requests, body };
        let (requests, body) = (Arc::clone(&server.requests), Arc::clone(&server.body));
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                requests.fetch_add(1, Ordering::SeqCst);
                let body = body.lock().unwrap().clone();
                let Some(body) = body else {
                    silent.push(stream);
                    continue;
                };
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(&body);
            }
        });
        server
    }

    fn serve(&self, body: Option<Vec<u8>>) {
        *self.body.lock().unwrap() = body;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Runs crdbctl as a pipeline does: with nothing in the cache.
fn cold(bench: &Bench, line: &str) -> Done {
    let cache = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = line.split(' ').collect();
    bench.crdbctl_with(&arguments, &[("XDG_CACHE_HOME", cache.path().to_str().unwrap())])
}

#[test]
fn an_installed_cluster_is_looked_at_without_the_archive_and_what_is_sent_needs_it() {
    let Some(bench) = Bench::start(3) else { return };
    let release = Release::of_hosts();
    let bytes = std::fs::read(&release.archive).unwrap();
    let server = Server::start();
    let url = format!(
        "http://127.0.0.1:{}/cockroach-{{version}}.{{os}}-{{arch}}.tgz\n  sha256: {}",
        server.port,
        Digest::of(&bytes)
    );
    edit(&bench, &[(release.archive.to_str().unwrap(), &url)]);

    // A disk without room for the package is told before anything is sent, and nothing begins.
    server.serve(Some(bytes.clone()));

    bench.host(1).exec_ok("mount -t tmpfs -o size=12m small-disk /opt").unwrap();
    bench.crdbctl(&["plan"]).code(5).says("/opt on store-1 (small-disk) has 12 MB free; the package needs ");
    bench.crdbctl(&["apply", "--yes"]).code(5);
    bench.host(1).exec_ok("umount /opt && test -z \"$(ls -A /opt)\"").unwrap();

    // The first install asks for the archive once, and verifies it.
    assert_eq!(server.requests(), 1);
    bench.apply();
    assert_eq!(server.requests(), 1);

    // From now on the server accepts connections and says nothing.
    server.serve(None);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0);
    let archives = bench.path(".cache/crdbctl/archives");
    std::fs::remove_dir_all(&archives).unwrap();
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0);
    cold(&bench, "plan --detailed-exitcode").code(0);
    cold(&bench, "drift").code(0);
    cold(&bench, "probe -o seen.json").code(0);
    cold(&bench, "plan --detailed-exitcode --observed seen.json").code(0);
    assert_eq!(server.requests(), 1, "the server was asked although nothing is to be sent");

    // What needs no archive is applied without it.
    let program = format!("{}/cockroach", release.package());
    bench.host(2).exec_ok(&format!("chmod 0700 {program}")).unwrap();
    cold(&bench, "drift").code(2).says("store-2/package");
    cold(&bench, "apply --yes").code(0);
    assert_eq!(server.requests(), 1);

    // An index that was edited is not believed; that of another node is.
    let record = "/var/lib/crdbctl/store.json";
    let spoil = format!("cp {record} /root/kept.json && sed -i 's/\"package\": \"cockroach-/&x/' {record}");
    bench.host(2).exec_ok(&spoil).unwrap();
    cold(&bench, "drift").code(0);
    bench.host(1).exec_ok(&spoil).unwrap();
    bench.host(3).exec_ok(&spoil).unwrap();
    // Nobody tells any more, and nobody serves: the package alone is unknown.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    edit(&bench, &[(&format!("127.0.0.1:{}", server.port), &format!("127.0.0.1:{port}"))]);
    let unknown = cold(&bench, "drift --format json").code(5);
    let json: serde_json::Value = serde_json::from_str(&unknown.stdout).unwrap();
    let unknown: Vec<&str> =
        json["unknown"].as_array().unwrap().iter().map(|it| it["addr"].as_str().unwrap()).collect();
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    assert!(unknown.iter().all(|addr| addr.contains("/package.")), "{unknown:?}");
    assert_eq!(json["changes"].as_array().unwrap().len(), 0, "{json:#}");
    edit(&bench, &[(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", server.port))]);
    for host in bench.lab.hosts() {
        host.exec_ok(&format!("mv /root/kept.json {record}")).unwrap();
    }

    // A program that was replaced is found without the archive, and sent from one that is downloaded and verified.
    let replace = format!("cp {program} /root/p && printf x >>/root/p && mv /root/p {program}");
    bench.host(2).exec_ok(&replace).unwrap();
    cold(&bench, "drift").code(2).says("store-2/package");
    assert_eq!(server.requests(), 1);
    let mut wrong = bytes.clone();
    wrong[100] ^= 1;
    server.serve(Some(wrong));
    cold(&bench, "apply --yes").code(1).says("SHA-256");
    server.serve(Some(bytes));
    cold(&bench, "apply --yes").code(0);
    assert_eq!(server.requests(), 3);
    server.serve(None);
    cold(&bench, "plan --detailed-exitcode").code(0);
}
