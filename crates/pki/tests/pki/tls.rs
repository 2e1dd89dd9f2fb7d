//! A handshake with client certificates, by rustls, which checks chains more strictly than most.

use std::sync::Arc;

use crdbctl_pki::{Authority, Certificate, ClientUser, Issued, KeyType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use secrecy::ExposeSecret as _;

use crate::kit::{self, CA_LIFETIME, LIFETIME, MINUTE, names, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, Openssl};

fn chain(issued: &Issued) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap()]
}

fn key(issued: &Issued) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(issued.key_pem.expose_secret().as_bytes()).unwrap()
}

/// Shakes hands in memory; the serial that the client was served and the one that the server saw.
fn shake(
    trusted: &Authority,
    server: &Issued,
    client: &Issued,
    name: &str,
) -> Result<(String, String), rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted.bundle().certificates() {
        roots.add(CertificateDer::from_slice(certificate.der())).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = Arc::new(roots);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build().unwrap();
    let server_config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(server), key(server))?;
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain(client), key(client))?;
    let mut client =
        ClientConnection::new(Arc::new(client_config), ServerName::try_from(name.to_owned()).unwrap())
            .unwrap();
    let mut server = ServerConnection::new(Arc::new(server_config)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        let mut unread = wire.as_slice();
        while !unread.is_empty() {
            server.read_tls(&mut unread).unwrap();
            server.process_new_packets()?;
        }
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        let mut unread = wire.as_slice();
        while !unread.is_empty() {
            client.read_tls(&mut unread).unwrap();
            client.process_new_packets()?;
        }
    }
    let serial = |served: Option<&[CertificateDer<'_>]>| {
        Certificate::parse_der(&served.unwrap()[0]).unwrap().into_info().serial
    };
    Ok((serial(client.peer_certificates()), serial(server.peer_certificates())))
}

#[test]
fn nodes_and_clients_shake_hands() {
    let mut authorities = vec![
        Authority::create(KeyType::EcdsaP256, CA_LIFETIME, now()).unwrap(),
        Authority::create(KeyType::Rsa2048, CA_LIFETIME, now()).unwrap(),
    ];
    if let Some(openssl) = Openssl::find() {
        for key in [Key::RsaPkcs1, Key::Sec1("prime256v1")] {
            openssl.make_authority(key, COCKROACH_CA, CA_EXTENSIONS);
            authorities.push(Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.key")).unwrap());
        }
    }
    for authority in &authorities {
        for key in [KeyType::EcdsaP256, KeyType::Rsa2048] {
            let node = authority.issue_node(&names(), key, LIFETIME, now()).unwrap();
            let root = authority.issue_client(&ClientUser::root(), key, 5 * MINUTE, now()).unwrap();
            for name in ["store-1", "localhost", "127.0.0.1", "2001:db8::7"] {
                // Nodes are each other's clients with the same certificate.
                for client in [&root, &node] {
                    let serials = shake(authority, &node, client, name).unwrap();
                    assert_eq!(serials, (node.info.serial.clone(), client.info.serial.clone()));
                }
            }
            assert!(shake(authority, &node, &root, "store-2").is_err(), "a name that is not covered");
            assert!(shake(authority, &root, &node, "store-1").is_err(), "a client is no server");
        }
    }
}

#[test]
fn strangers_are_turned_away() {
    let (ours, theirs) = (kit::authority(), kit::authority());
    let (node, stranger) = (kit::node(&ours), kit::node(&theirs));
    assert!(shake(&ours, &node, &node, "store-1").is_ok());
    assert!(shake(&ours, &node, &stranger, "store-1").is_err());
    assert!(shake(&ours, &stranger, &node, "store-1").is_err());
}
