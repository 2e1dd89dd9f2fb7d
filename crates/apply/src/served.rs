//! Which certificates a process goes by, seen from here: for a node without openssl, whose own script cannot see it.

use std::time::{Duration, Instant};

use crdbctl_model::{DesiredService, Timestamp};
use crdbctl_pki::Certificate;
use crdbctl_transport::{HttpsError, Limits, ReadOnlyConnection};

/// How long one question may take.
const ONCE: Duration = Duration::from_secs(5);

/// How long a process may take to go by what is on disk.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much of the metrics is read; a node has some megabytes of them.
const METRICS: usize = 32 << 20;

/// The files that a process was told to read again, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnDisk {
    pub(crate) node: Vec<u8>,
    /// What the HTTP port shows: `ui.crt`, or `node.crt` where there is none.
    pub(crate) front: Vec<u8>,
    pub(crate) ca: Vec<u8>,
}

/// What a process went by at one look. What it did not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// The certificate of the SQL port, as DER.
    sql: Option<Vec<u8>>,
    /// The certificate of the HTTP port.
    http: Option<Vec<u8>>,
    /// When its first `ca.crt` certificate ends, and its `node.crt`, by its own metrics.
    ca_end: Option<i64>,
    node_end: Option<i64>,
    /// Why it can be asked in no way.
    prohibited: Option<String>,
}

impl Served {
    /// Looks at both ports and at the metrics.
    pub(crate) async fn look(asking: &ReadOnlyConnection, service: &DesiredService) -> Self {
        let mut served = Self::default();
        served.sql = served.take(asking.tls_certificate(&service.sql_address, ONCE).await);
        served.http = served.take(asking.tls_certificate(&service.http_address, ONCE).await);
        let limits = Limits { timeout: ONCE, max_output: METRICS };
        if let Some(reply) =
            served.take(asking.https_get(&service.http_address, "/_status/vars", limits).await)
        {
            let text = String::from_utf8_lossy(reply.body()).into_owned();
            served.ca_end = end(&text, "ca");
            served.node_end = end(&text, "node");
        }
        served
    }

    fn take<T>(&mut self, result: Result<T, HttpsError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if error.is_prohibited() {
                    self.prohibited = Some(error.to_string());
                }
                None
            }
        }
    }

    /// Returns what differs from the files, in words.
    fn differs(&self, service: &DesiredService, files: &Files) -> Option<String> {
        let ports = [
            (&service.sql_address, &self.sql, &files.node),
            (&service.http_address, &self.http, &files.front),
        ];
        for (address, served, file) in ports {
            if served.as_deref() != Some(file.der()) {
                let shows = served.as_deref().map_or_else(
                    || "no certificate".to_owned(),
                    |der| match Certificate::parse_der(der) {
                        Ok(certificate) => format!("the certificate {}", certificate.info().serial),
                        Err(error) => format!("a certificate that cannot be read ({error})"),
                    },
                );
                return Some(format!(
                    "{address} still serves {shows} after SIGHUP, {} is on disk. If it stays so, restart CockroachDB on this node",
                    file.info().serial
                ));
            }
        }
        for (name, told, file) in
            [("ca", self.ca_end, &files.ca), ("node", self.node_end, &Some(files.node.clone()))]
        {
            if let (Some(told), Some(file)) = (told, file)
                && Timestamp::from_unix(told) != file.info().not_after
            {
                let (told, file) = (Timestamp::from_unix(told), file.info().not_after);
                return Some(format!(
                    "after SIGHUP it still goes by a {name}.crt that ends {} ({}), the one on disk ends {} ({})",
                    told.date(),
                    told.as_unix(),
                    file.date(),
                    file.as_unix()
                ));
            }
        }
        None
    }
}

/// The first certificate of each file: what CockroachDB serves, and whose end it tells.
struct Files {
    node: Certificate,
    front: Certificate,
    /// `None` when it cannot be read, which is the plan's matter.
    ca: Option<Certificate>,
}

impl Files {
    fn read(on_disk: &OnDisk) -> Result<Self, String> {
        let first = |name: &str, pem: &[u8]| {
            let all = Certificate::parse_pem_bundle(pem).map_err(|error| format!("{name} {error}"))?;
            all.into_iter().next().ok_or_else(|| format!("{name} is empty"))
        };
        Ok(Self {
            node: first("node.crt", &on_disk.node)?,
            front: first("the certificate of the HTTP port", &on_disk.front)?,
            ca: first("ca.crt", &on_disk.ca).ok(),
        })
    }
}

/// Waits until the process goes by what is on disk. Returns what cannot be known of it, in words.
///
/// # Errors
/// What it still goes by when the time is over.
pub(crate) async fn wait(
    asking: &ReadOnlyConnection,
    service: &DesiredService,
    on_disk: &OnDisk,
    before: &Served,
) -> Result<Option<String>, String> {
    let files = Files::read(on_disk)?;
    let began = Instant::now();
    let served = loop {
        let served = Served::look(asking, service).await;
        if let Some(why) = &served.prohibited {
            let what = format!("openssl is not on the host, and {why}");
            return Ok(Some(format!("whether it has read its certificates again cannot be known: {what}")));
        }
        match served.differs(service, &files) {
            None => break served,
            Some(wrong) if began.elapsed() > PATIENCE => return Err(wrong),
            Some(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    Ok(doubt(&served, before, &files))
}

/// Returns what cannot be known although nothing differs: the process may go by an older ca.crt that looks the same.
///
/// It reads all files at once, so that a new pair settles it.
fn doubt(served: &Served, before: &Served, files: &Files) -> Option<String> {
    if before.sql.as_deref() != Some(files.node.der()) {
        return None;
    }
    let why = match served.ca_end {
        None => "the metrics do not say when its ca.crt ends",
        end if end == before.ca_end => "the first certificate of ca.crt may end as before",
        Some(_) => return None,
    };
    Some(format!("whether it has read ca.crt again cannot be known: node.crt is the same, and {why}"))
}

/// Returns `security_certificate_expiration_KIND` of the metrics; 0 is a file that the process does not have.
fn end(metrics: &str, kind: &str) -> Option<i64> {
    let name = format!("security_certificate_expiration_{kind}");
    let value = metrics.lines().find_map(|line| {
        let rest = line.strip_prefix(&name)?;
        let rest = if rest.starts_with('{') { rest.split_once('}')?.1 } else { rest };
        rest.strip_prefix(' ')
    })?;
    // Large numbers are written 1.8e+09; whole seconds up to 2^53 are exact.
    let seconds: f64 = value.trim().parse().ok()?;
    let is_time = seconds.is_finite() && seconds > 0.0 && seconds < 9e15;
    #[expect(clippy::cast_possible_truncation, reason = "it was compared with the bounds")]
    is_time.then(|| seconds.round() as i64)
}

#[cfg(test)]
mod tests {
    use crdbctl_pki::{Authority, KeyType, NodeNames};

    use super::*;

    const DAY: i64 = 86_400;

    fn now() -> Timestamp {
        Timestamp::from_unix(1_800_000_000)
    }

    /// An authority that lives for so many days, and a node's pair by it.
    fn authority(days: i64) -> (Vec<u8>, Vec<u8>) {
        let authority = Authority::create(KeyType::EcdsaP256, days * DAY, now()).unwrap();
        let names = NodeNames::new(["store-1"], []).unwrap();
        let pair = authority.issue_node(&names, KeyType::EcdsaP256, days * DAY / 2, now()).unwrap();
        (authority.bundle().to_pem().into_bytes(), pair.certificate_pem.into_bytes())
    }

    fn service() -> DesiredService {
        serde_json::from_value(serde_json::json!({
            "unit": "cockroach", "user": "cockroach", "argv": [], "environment": {}, "nofile": null,
            "binary": "/opt/x/cockroach", "binary_digest": crdbctl_model::Digest::of("x").to_string(),
            "program": "/opt/cockroach/cockroach", "http_address": "store-1:8080", "sql_address": "store-1:26257",
            "rpc_address": "store-1:26257", "certs": "/opt/cockroach/certs", "version": "v24.1.0",
            "store": "/var/lib/cockroach",
        }))
        .unwrap()
    }

    #[test]
    fn both_ports_and_both_ends_must_be_those_of_the_files() {
        let ((ca, node), (_, other)) = (authority(100), authority(100));
        let files = Files::read(&OnDisk { node: node.clone(), front: node, ca }).unwrap();
        let der = |pem: &[u8]| Some(Certificate::parse_pem_bundle(pem).unwrap()[0].der().to_vec());
        let ends = |certificate: &Certificate| Some(certificate.info().not_after.as_unix());
        let well = Served {
            sql: Some(files.node.der().to_vec()),
            http: Some(files.node.der().to_vec()),
            ca_end: files.ca.as_ref().and_then(ends),
            node_end: ends(&files.node),
            prohibited: None,
        };
        let differs = |served: Served| served.differs(&service(), &files).unwrap_or_default();
        assert_eq!(differs(well.clone()), "");
        assert_eq!(differs(Served { ca_end: None, node_end: None, ..well.clone() }), "");
        let old = differs(Served { sql: der(&other), ..well.clone() });
        assert!(old.contains("store-1:26257 still serves the certificate "), "{old}");
        let none = differs(Served { http: None, ..well.clone() });
        assert!(none.contains("store-1:8080 still serves no certificate"), "{none}");
        let end = differs(Served { ca_end: Some(5), ..well.clone() });
        assert!(end.contains("goes by a ca.crt that ends 1970-01-01"), "{end}");

        // With the same pair as before, only another end of ca.crt settles that it was read.
        let seen = |before: Served| doubt(&well, &before, &files).is_some();
        assert!(seen(well.clone()));
        assert!(!seen(Served { ca_end: Some(5), ..well.clone() }));
        assert!(!seen(Served { sql: der(&other), ..well.clone() }));
    }

    #[test]
    fn the_metrics_say_when_certificates_end() {
        let text = "# TYPE x gauge\nsecurity_certificate_expiration_ca{node_id=\"1\"} 1.8e+09\n\
                    security_certificate_expiration_ca_ui 5\nsecurity_certificate_expiration_node 1830000001\n\
                    security_certificate_expiration_ui 0\n";
        assert_eq!(end(text, "ca"), Some(1_800_000_000));
        assert_eq!(end(text, "node"), Some(1_830_000_001));
        assert_eq!(end(text, "ui"), None);
        assert_eq!(end("security_certificate_expiration_ca NaN\n", "ca"), None);
        assert_eq!(end("", "ca"), None);
    }
}
