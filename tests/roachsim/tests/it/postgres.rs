//! A real client of PostgreSQL, with the certificate of a user.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A connection that tests use without being asynchronous.
pub(crate) struct Postgres {
    runtime: Runtime,
    client: Client,
}

fn tls(certs: &Path, user: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certs.join("ca.crt")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    Arc::new(match user {
        Some(user) => {
            let chain =
                vec![CertificateDer::from_pem_file(certs.join(format!("client.{user}.crt"))).unwrap()];
            let key =
                PrivateKeyDer::from_pem_slice(&fs::read(certs.join(format!("client.{user}.key"))).unwrap());
            config.with_client_auth_cert(chain, key.unwrap()).unwrap()
        }
        None => config.with_no_client_auth(),
    })
}

/// SQLSTATE and words of an error; an error without them is its text.
pub(crate) fn said(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} {}", error.code().code(), error.message()),
        None => error.to_string(),
    }
}

impl Postgres {
    /// Connects as `user`, showing the certificate of `shown`.
    pub(crate) fn connect(ip: &str, certs: &Path, user: &str, shown: Option<&str>) -> Result<Self, String> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let tls = tls(certs, shown);
        let client = runtime.block_on(async {
            let mut stream = TcpStream::connect((ip, 26257)).await.map_err(|error| error.to_string())?;
            stream.write_all(&SSL_REQUEST).await.map_err(|error| error.to_string())?;
            let yes = tokio::time::timeout(Duration::from_secs(5), stream.read_u8()).await;
            assert_eq!(yes.map_err(|_| "no answer")?.map_err(|error| error.to_string())?, b'S');
            let name = ServerName::try_from(ip.to_owned()).unwrap();
            let stream = tokio_rustls::TlsConnector::from(tls).connect(name, stream).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let mut config = tokio_postgres::Config::new();
            config
                .user(user)
                .password("secret")
                .dbname("defaultdb")
                .ssl_mode(tokio_postgres::config::SslMode::Disable);
            let (client, connection) =
                config.connect_raw(stream, NoTls).await.map_err(|error| said(&error))?;
            tokio::spawn(connection);
            Ok::<_, String>(client)
        })?;
        Ok(Self { runtime, client })
    }

    /// First column of the first row, as text by the simple protocol.
    pub(crate) fn simple(&self, text: &str) -> Result<Vec<String>, String> {
        let messages = self.runtime.block_on(self.client.simple_query(text)).map_err(|error| said(&error))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// One value by the extended protocol, which takes it in binary.
    pub(crate) fn extended<T>(&self, text: &str) -> Result<T, String>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let row = self.runtime.block_on(self.client.query_one(text, &[])).map_err(|error| said(&error))?;
        Ok(row.get(0))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }
}
