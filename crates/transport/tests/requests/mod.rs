//! Requests over TLS through an ssh connection, against a real sshd of this test's own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crdbctl_transport::{Connection, HttpsErrorKind, Limits, ReadOnly, ReadOnlyConnection, Script};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::Sshd;

const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), max_output: 4096 };

/// A server that answers every request with its first line and a long body, and its certificate.
async fn server(body: usize) -> (SocketAddr, CertificateDer<'static>) {
    let key = rcgen::KeyPair::generate().unwrap();
    // Of a name that nobody asks for, by nobody that anybody trusts.
    let certificate = rcgen::CertificateParams::new(vec!["elsewhere".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that has seen enough goes away.
            let Ok(mut tls) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 1024];
            let length = tls.read(&mut request).await.unwrap_or(0);
            let line = String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or("").to_owned();
            let answer = format!("HTTP/1.0 200 OK\r\n\r\n{line}\n{}", "x".repeat(body));
            let _ = tls.write_all(answer.as_bytes()).await;
            let _ = tls.shutdown().await;
        }
    });
    (address, certificate)
}

async fn connect(sshd: &Sshd) -> ReadOnlyConnection {
    Connection::open(sshd.target(sshd.port)).await.unwrap().read_only()
}

#[tokio::test]
async fn a_request_goes_through_the_connection_and_is_bounded() {
    // One session, which a request does not take.
    let Some(sshd) = Sshd::start("MaxSessions 1") else { return };
    let (address, certificate) = server(100_000).await;
    let address = address.to_string();
    let connection = connect(&sshd).await;
    let sleeping = connection.clone();
    let script = Script::<ReadOnly>::new("sleep 3").unwrap();
    let session = tokio::spawn(async move { sleeping.run(&script, Limits::default()).await });
    for path in ["/health?ready=1", "/again"] {
        let reply = connection.https_get(&address, path, LIMITS).await.unwrap();
        assert_eq!(reply.bytes.len(), LIMITS.max_output);
        assert!(reply.body().starts_with(format!("GET {path} HTTP/1.0\n").as_bytes()));
    }
    let shown = connection.tls_certificate(&address, LIMITS.timeout).await.unwrap();
    assert_eq!(shown, certificate.to_vec());
    // The name is resolved by the host.
    let named = address.replace("127.0.0.1", "localhost");
    assert_eq!(connection.tls_certificate(&named, LIMITS.timeout).await.unwrap(), shown);
    assert!(session.await.unwrap().unwrap().is_success());
    // What ssh listens on does not keep it alive.
    assert_eq!(masters(&sshd), 1);
    drop(connection);
    for _ in 0..40 {
        if masters(&sshd) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("ssh stays");
}

/// How many ssh processes go to this sshd.
fn masters(sshd: &Sshd) -> usize {
    let needle = sshd.at("ssh_config").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.starts_with("ssh") && line.contains(&needle)).count()
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = connect(&sshd).await;
    let kind = async |address: &str, timeout: Duration| {
        let limits = Limits { timeout, ..LIMITS };
        connection.https_get(address, "/", limits).await.unwrap_err().kind
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(kind(&free, LIMITS.timeout).await, HttpsErrorKind::NotConnected);
    assert_eq!(kind("no.such.host.invalid:1", LIMITS.timeout).await, HttpsErrorKind::NotConnected);
    assert_eq!(kind("127.0.0.1", LIMITS.timeout).await, HttpsErrorKind::Address);

    // sshd itself speaks no TLS.
    let plain = format!("127.0.0.1:{}", sshd.port);
    assert_eq!(kind(&plain, LIMITS.timeout).await, HttpsErrorKind::Tls);

    // One that accepts and says nothing, and then one that hangs up.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let began = Instant::now();
    assert_eq!(kind(&address, Duration::from_secs(1)).await, HttpsErrorKind::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let hangs_up = std::thread::spawn(move || drop((silent.accept().unwrap(), silent.accept().unwrap())));
    assert_eq!(kind(&address, LIMITS.timeout).await, HttpsErrorKind::Closed);
    hangs_up.join().unwrap();

    // None of that was in the way of what comes after it.
    let (address, _) = server(1).await;
    assert!(connection.https_get(&address.to_string(), "/", LIMITS).await.is_ok());
}

#[tokio::test]
async fn a_host_that_forwards_nothing_says_so() {
    for lines in [
        "AllowTcpForwarding no",
        "DisableForwarding yes",
        "PermitOpen 127.0.0.1:1",
        "AllowTcpForwarding remote",
    ] {
        let Some(sshd) = Sshd::start(lines) else { return };
        let connection = connect(&sshd).await;
        // Whether anything listens there or not.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        for address in [server(1).await.0.to_string(), free] {
            let error = connection.https_get(&address, "/", LIMITS).await.unwrap_err();
            assert!(error.is_prohibited(), "{lines}: {error}");
            assert!(error.to_string().contains(&address), "{error}");
        }
        let script = Script::<ReadOnly>::new("echo on").unwrap();
        assert_eq!(connection.run(&script, Limits::default()).await.unwrap().stdout, b"on\n", "{lines}");
    }
}

#[tokio::test]
async fn a_key_may_forbid_what_sshd_allows() {
    let Some(sshd) = Sshd::start("") else { return };
    let keys = std::fs::read_to_string(sshd.at("authorized_keys")).unwrap();
    std::fs::write(sshd.at("authorized_keys"), format!("restrict {keys}")).unwrap();
    let connection = connect(&sshd).await;
    let error = connection.https_get(&server(1).await.0.to_string(), "/", LIMITS).await.unwrap_err();
    assert!(error.is_prohibited(), "{error}");
}

#[tokio::test]
async fn the_user_s_own_configuration_is_not_in_the_way() {
    let Some(sshd) = Sshd::start("") else { return };
    // For logins by hand: forwards of their own, and a quiet ssh, which must not hide why a request failed.
    sshd.configure("LogLevel QUIET\nExitOnForwardFailure yes\nLocalForward 127.0.0.1:1 127.0.0.1:2");
    let connection = connect(&sshd).await;
    let (address, _) = server(1).await;
    assert!(connection.https_get(&address.to_string(), "/", LIMITS).await.is_ok());

    let Some(sshd) = Sshd::start("AllowTcpForwarding no") else { return };
    for level in ["QUIET", "FATAL", "DEBUG3"] {
        sshd.configure(&format!("LogLevel {level}"));
        let error = connect(&sshd).await.https_get(&address.to_string(), "/", LIMITS).await.unwrap_err();
        assert!(error.is_prohibited(), "{level}: {error}");
    }
}
