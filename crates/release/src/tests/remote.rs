use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crdbctl_model::Digest;

use super::archive_builder::ArchiveBuilder;
use super::scene::Scene;
use super::server::{Reply, Server};
use crate::index_of::at_hand_with;
use crate::resolve::resolve_with;
use crate::{ArchiveRequest, AtHand, ChecksumSource, Progress, ReleaseErrorKind};

const PATH: &str = "/cockroach-v24.1.0.linux-amd64.tgz";

fn bytes() -> Vec<u8> {
    ArchiveBuilder::real().tgz()
}

/// A request to a mirror over plain http, whose digest the manifest has.
fn pinned(scene: &Scene, server: &Server) -> ArchiveRequest {
    let mut request = scene.request(&server.url("/cockroach-{version}.{os}-{arch}.tgz"));
    request.sha256 = Some(Digest::of(bytes()));
    request
}

/// Returns what is said of a server that does this with every request.
fn said(reply: Reply) -> String {
    let scene = Scene::new();
    let server = Server::http(move |_| reply.clone());
    let said = scene.said(scene.resolve(&pinned(&scene, &server)));
    assert_eq!(scene.cached(), Vec::<String>::new(), "{said}");
    said
}

#[test]
fn downloaded_once_and_never_again() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Body(bytes()));
    let request = pinned(&scene, &server);
    let (found, told) = scene.told(&request);
    let found = found.unwrap();
    assert_eq!(found.path, scene.cache().join(format!("archives/{}.tgz", Digest::of(bytes()))));
    assert_eq!(fs::read(&found.path).unwrap(), bytes());
    assert_eq!(found.checksum, ChecksumSource::Manifest);
    assert_eq!(server.requests(), [PATH]);
    let total = bytes().len() as u64;
    assert!(told.contains(&Progress::Downloading { received: total, total: Some(total) }), "{told:?}");
    let (again, told) = scene.told(&request);
    assert_eq!(again.unwrap(), found);
    assert_eq!(told, [], "an archive in the cache is not even read");
    assert_eq!(server.requests().len(), 1);
    drop(server);
    assert_eq!(scene.resolve(&request).unwrap(), found);
}

#[test]
fn an_index_is_at_hand_without_any_request_and_without_the_archive() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Body(bytes()));
    let request = pinned(&scene, &server);
    let at_hand = |request: &ArchiveRequest| at_hand_with(request, &scene.settings, &mut |_| {}).unwrap();
    assert_eq!(at_hand(&request), AtHand::Nothing);
    assert!(server.requests().is_empty(), "nobody is asked to tell what is at hand");
    let found = scene.resolve(&request).unwrap();
    fs::remove_file(&found.path).unwrap();
    assert_eq!(at_hand(&request), AtHand::Index(found.info.clone()));
    assert_eq!(server.requests().len(), 1);
    // The digest that the manifest pins decides, not the URL.
    let other = ArchiveRequest { sha256: Some(Digest::of("another")), ..request.clone() };
    assert_eq!(at_hand(&other), AtHand::Nothing);
    let moved = scene.request("https://mirror.example/cockroach.tgz");
    assert_eq!(at_hand(&ArchiveRequest { sha256: request.sha256, ..moved }), AtHand::Index(found.info));
    // What has to be sent is downloaded again, and verified.
    assert_eq!(scene.resolve(&request).unwrap().path, found.path);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_body_of_unknown_length_will_do() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Chunked(bytes()));
    assert_eq!(scene.resolve(&pinned(&scene, &server)).unwrap().info.size, bytes().len() as u64);
}

#[test]
fn a_slow_server_is_waited_for() {
    let mut scene = Scene::new();
    scene.settings.silence = Duration::from_secs(1);
    let server = Server::http(|_| Reply::Slowly(bytes(), Duration::from_millis(300)));
    let started = Instant::now();
    scene.resolve(&pinned(&scene, &server)).unwrap();
    assert!(started.elapsed() > scene.settings.silence, "slower as a whole than any silence may be");
}

#[test]
fn a_silent_server_is_not() {
    let mut scene = Scene::new();
    scene.settings.silence = Duration::from_millis(300);
    let server = Server::http(|_| Reply::Stall { promised: 1000, sent: b"abc".to_vec() });
    let started = Instant::now();
    insta::assert_snapshot!(scene.said(scene.resolve(&pinned(&scene, &server))), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: no answer within 0.3 s: the server went silent; try again");
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!(scene.cached(), Vec::<String>::new());
}

#[test]
fn a_server_that_accepts_and_says_nothing() {
    let mut scene = Scene::new();
    scene.settings.silence = Duration::from_millis(300);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut request = scene.request(&format!("http://{}/a.tgz", listener.local_addr().unwrap()));
    request.sha256 = Some(Digest::of(""));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"http://127.0.0.1:<port>/a.tgz cannot be downloaded: no answer within 0.3 s: the server went silent; try again");
}

#[test]
fn answers_that_are_none() {
    insta::assert_snapshot!(said(Reply::Status(404)), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: there is no such file there (HTTP 404)");
    insta::assert_snapshot!(said(Reply::Status(401)), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: the server says HTTP 401: it wants a user name and a password");
    insta::assert_snapshot!(said(Reply::Status(503)), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: the server says HTTP 503; try again later");
    insta::assert_snapshot!(said(Reply::Status(206)), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: the server says HTTP 206");
    insta::assert_snapshot!(said(Reply::Hangup), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: 127.0.0.1:<port> closed the connection without an answer");
    insta::assert_snapshot!(said(Reply::CutOff { promised: 1000, sent: b"abc".to_vec() }), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: the connection ended after 3 of 1000 bytes (it was closed); try again");
    insta::assert_snapshot!(said(Reply::ChunkedCutOff(b"abc".to_vec())), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: the connection ended after 3 bytes (it was closed); try again");
    insta::assert_snapshot!(said(Reply::CutOff { promised: 5 << 30, sent: b"abc".to_vec() }), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: it is larger than the 4294967296 bytes that are allowed");
    insta::assert_snapshot!(said(Reply::Body(b"<html>hello</html>".to_vec())), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz: its SHA-256 is <sha256>, and not <sha256> as cockroach.sha256 of the manifest says (<size> bytes): it is damaged, incomplete or another archive; fetch it again, or correct the digest");
}

#[test]
fn more_than_is_allowed_without_saying_so() {
    let mut scene = Scene::new();
    scene.settings.archive_bytes = 100;
    let server = Server::http(|_| Reply::Chunked(bytes()));
    insta::assert_snapshot!(scene.said(scene.resolve(&pinned(&scene, &server))), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: it is larger than the 100 bytes that are allowed");
    assert_eq!(scene.cached(), Vec::<String>::new());
}

#[test]
fn nobody_there() {
    let scene = Scene::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut request = scene.request(&format!("http://me:secret@{address}/a.tgz?token=secret"));
    request.sha256 = Some(Digest::of(""));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"http://127.0.0.1:<port>/a.tgz?… cannot be downloaded: 127.0.0.1:<port> refuses the connection: nothing listens on that port there");
    request.source = "http://nowhere.invalid/a.tgz".to_owned();
    let said = scene.said(scene.resolve(&request));
    assert!(said.contains("the name nowhere.invalid cannot be looked up: "), "{said}");
}

#[test]
fn redirects_are_followed_up_to_five() {
    let scene = Scene::new();
    let server = Server::http(|path| match path.strip_prefix("/hop") {
        Some("0") => Reply::Body(bytes()),
        Some(left) => Reply::Redirect(format!("/hop{}", left.parse::<u32>().unwrap() - 1)),
        None => Reply::Redirect("/hop4".to_owned()),
    });
    scene.resolve(&pinned(&scene, &server)).unwrap();
    assert_eq!(server.requests().len(), 6);
    insta::assert_snapshot!(said(Reply::Redirect("/again".to_owned())), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: it redirects more than 5 times");
}

#[test]
fn a_damaged_archive_in_the_cache_is_downloaded_again() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Body(bytes()));
    let request = pinned(&scene, &server);
    let found = scene.resolve(&request).unwrap();
    fs::write(&found.path, "damaged").unwrap();
    assert_eq!(scene.resolve(&request).unwrap(), found);
    assert_eq!(fs::read(&found.path).unwrap(), bytes());
    fs::remove_file(&found.path).unwrap();
    assert_eq!(scene.resolve(&request).unwrap(), found);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn what_a_killed_download_left_is_swept() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Body(bytes()));
    let request = pinned(&scene, &server);
    fs::create_dir_all(scene.cache().join("archives")).unwrap();
    fs::set_permissions(scene.cache(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let left = scene.cache().join(format!("archives/{}.part-abc", Digest::of(bytes())));
    fs::write(&left, "half").unwrap();
    scene.resolve(&request).unwrap();
    assert!(!left.exists());
}

#[test]
fn two_at_once_download_once() {
    let scene = Scene::new();
    let someone_waits = Arc::new(AtomicBool::new(false));
    let waits = someone_waits.clone();
    let server = Server::http(move |_| {
        let patience = Instant::now() + Duration::from_secs(10);
        while !waits.load(Ordering::SeqCst) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        Reply::Body(bytes())
    });
    let request = pinned(&scene, &server);
    let together = Barrier::new(2);
    let found: Vec<_> = thread::scope(|threads| {
        let both: Vec<_> = (0..2)
            .map(|_| {
                threads.spawn(|| {
                    let mut waited = false;
                    together.wait();
                    let found = resolve_with(&request, &scene.settings, &mut |progress| {
                        if progress == Progress::Waiting {
                            waited = true;
                            someone_waits.store(true, Ordering::SeqCst);
                        }
                    });
                    (found.unwrap(), waited)
                })
            })
            .collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(found[0].0, found[1].0);
    assert_eq!(server.requests().len(), 1);
    assert!(found[0].1 != found[1].1, "one waits, the other does not");
}

#[test]
fn a_checksum_over_plain_http_is_not_believed() {
    let scene = Scene::new();
    let server = Server::http(|_| Reply::Body(bytes()));
    let request = ArchiveRequest { sha256: None, ..pinned(&scene, &server) };
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"http://127.0.0.1:<port>/cockroach-v24.1.0.linux-amd64.tgz: its checksum would come over plain http, where anyone on the way can change both: use https, or write its SHA-256 as cockroach.sha256");
    let request = scene.request("https://127.0.0.1:1/a.tgz?token=secret");
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://127.0.0.1:<port>/a.tgz?…: a URL with a query has no .sha256sum beside it: write the archive's SHA-256 as cockroach.sha256");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_hostile_archive_is_refused_every_time_and_downloaded_once() {
    let scene = Scene::new();
    let hostile = || ArchiveBuilder::real().file("cockroach", 0o755, b"").tgz();
    let server = Server::http(move |_| Reply::Body(hostile()));
    let mut request = pinned(&scene, &server);
    request.sha256 = Some(Digest::of(hostile()));
    for _ in 0..2 {
        let error = scene.resolve(&request).unwrap_err();
        assert!(matches!(*error.kind, ReleaseErrorKind::Member(_)), "{error}");
    }
    assert_eq!(server.requests().len(), 1);
}
