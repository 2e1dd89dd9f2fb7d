use std::sync::Arc;

use crdbctl_model::Digest;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;

use super::archive_builder::{ArchiveBuilder, PACKAGE};
use super::scene::{Scene, sum};
use super::server::{Reply, Server};
use crate::fetch::Roots;
use crate::{ChecksumSource, ReleaseErrorKind};

const TEMPLATE: &str = "/mirror/cockroach-{version}.{os}-{arch}.tgz";

/// A certificate for 127.0.0.1, as a server's settings and as something to trust.
fn tls() -> (ServerConfig, Roots) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (config, Roots::Only(vec![made.cert.der().to_vec()]))
}

fn bytes() -> Vec<u8> {
    ArchiveBuilder::real().tgz()
}

/// A server that has the archive and this for a checksum.
fn mirror(checksum: Reply) -> (Scene, Server) {
    let (config, roots) = tls();
    let mut scene = Scene::new();
    scene.settings.roots = roots;
    let server = Server::https(config, move |path| {
        if path.ends_with(".sha256sum") { checksum.clone() } else { Reply::Body(bytes()) }
    });
    (scene, server)
}

#[test]
fn the_published_checksum_decides_and_is_kept() {
    let (scene, server) = mirror(Reply::Body(sum(&bytes()).into_bytes()));
    let request = scene.request(&server.url(TEMPLATE));
    let found = scene.resolve(&request).unwrap();
    let asked = format!("/mirror/{PACKAGE}.tgz");
    assert_eq!(server.requests(), [format!("{asked}.sha256sum"), asked.clone()]);
    assert_eq!(found.checksum, ChecksumSource::Url(server.url(&format!("{asked}.sha256sum"))));
    assert_eq!(scene.resolve(&request).unwrap(), found);
    assert_eq!(server.requests().len(), 2, "a plan over an unchanged manifest makes no request");
    std::fs::remove_file(&found.path).unwrap();
    assert_eq!(scene.resolve(&request).unwrap(), found);
    assert_eq!(server.requests().len(), 4, "without the archive its checksum is asked for anew");
}

#[test]
fn checksums_that_are_none() {
    let said = |checksum| {
        let (scene, server) = mirror(checksum);
        let said = scene.said(scene.resolve(&scene.request(&server.url(TEMPLATE))));
        assert_eq!(scene.cached(), Vec::<String>::new(), "{said}");
        said
    };
    insta::assert_snapshot!(said(Reply::Status(404)), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: nothing says which SHA-256 it shall have: https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum is not there (HTTP 404). Take the digest from a source that you trust and write it as cockroach.sha256");
    insta::assert_snapshot!(said(Reply::Status(500)), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be downloaded: the server says HTTP 500; try again later");
    insta::assert_snapshot!(said(Reply::Body(b"<html>".to_vec())), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: its checksum at https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be read: line 1 is `<html>`, and not a SHA-256 and a file name");
    insta::assert_snapshot!(said(Reply::Body(b"\xff\xfe".to_vec())), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be downloaded: what came is no text");
    insta::assert_snapshot!(said(Reply::Body(vec![b'0'; 100_000])), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be downloaded: it is larger than the 65536 bytes that are allowed");
    insta::assert_snapshot!(said(Reply::Body(sum(b"other").into_bytes())), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: its SHA-256 is <sha256>, and not <sha256> as https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum says (<size> bytes): it is damaged, incomplete or another archive; fetch it again, or correct the digest");
}

#[test]
fn a_server_that_cannot_prove_who_it_is() {
    let (config, _) = tls();
    let scene = Scene::new();
    let server = Server::https(config, |_| Reply::Body(bytes()));
    let mut request = scene.request(&server.url(TEMPLATE));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz: https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz.sha256sum cannot be downloaded: TLS: no authority that this machine trusts has signed the server's certificate; if the mirror or a proxy has an authority of its own, add it to this machine's certificates or point SSL_CERT_FILE at it");
    // Pinned or not: a certificate that nobody signed is somebody in between.
    request.sha256 = Some(Digest::of(bytes()));
    assert!(matches!(*scene.resolve(&request).unwrap_err().kind, ReleaseErrorKind::Fetch(_)));
    assert_eq!(server.requests().len(), 0);
    request.source = request.source.replace("https", "http");
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"http://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: what 127.0.0.1:<port> says is no HTTP (http parse fail: invalid HTTP version); is that port for https?");
    let plain = Server::http(|_| Reply::Hangup);
    request.source = plain.url(TEMPLATE).replace("http", "https");
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: 127.0.0.1:<port> closed the connection without an answer");
}

#[test]
fn redirects_do_not_leave_https() {
    let plain = Server::http(|_| Reply::Body(bytes()));
    let (config, roots) = tls();
    let mut scene = Scene::new();
    scene.settings.roots = roots;
    let to = plain.url("/a.tgz?token=secret");
    let secure = Server::https(config, move |_| Reply::Redirect(to.clone()));
    let mut request = scene.request(&secure.url(TEMPLATE));
    request.sha256 = Some(Digest::of(bytes()));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"https://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: it redirects to http://127.0.0.1:<port>/a.tgz?…: a redirect must not change between https and http; write that URL if you trust it");
    assert_eq!(plain.requests().len(), 0);
}

#[test]
fn redirects_do_not_go_from_http_to_https() {
    let (scene, secure) = mirror(Reply::Hangup);
    let to = secure.url("/a.tgz");
    let plain = Server::http(move |_| Reply::Redirect(to.clone()));
    let mut request = scene.request(&plain.url(TEMPLATE));
    request.sha256 = Some(Digest::of(bytes()));
    insta::assert_snapshot!(scene.said(scene.resolve(&request)), @"http://127.0.0.1:<port>/mirror/cockroach-v24.1.0.linux-amd64.tgz cannot be downloaded: it redirects to https://127.0.0.1:<port>/a.tgz: a redirect must not change between https and http; write that URL if you trust it");
    assert_eq!(scene.cached(), Vec::<String>::new());
}
