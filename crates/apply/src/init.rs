use std::time::Duration;

use crdbctl_cockroach::output::InitOutcome;
use crdbctl_model::{DesiredService, Outcome};
use crdbctl_pki::Issued;
use crdbctl_transport::Payload;
use secrecy::{ExposeSecret, SecretSlice};

use crate::session::Session;
use crate::step::quoted;

/// `cockroach init` waits for the node to be reachable; more than this is no patience but a fault.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Runs `cockroach init` on a node, as the SQL user root with a certificate made for this one operation.
///
/// The pair lies in a file system in memory that only this process sees (unshare(1), private mounts) and that is
/// gone with it, so that not even a power cut leaves a key on the node.
pub(crate) async fn initialise(
    session: &mut Session,
    service: &DesiredService,
    operator: &Issued,
) -> Outcome {
    let certificate = operator.certificate_pem.as_bytes().to_vec();
    let key = operator.key_pem.expose_secret().as_bytes().to_vec();
    let inner = format!(
        "set -e; umask 077; mount -t tmpfs -o mode=0700,size=1m,noswap tmpfs /run/crdbctl 2>/dev/null || \
         mount -t tmpfs -o mode=0700,size=1m tmpfs /run/crdbctl; mkdir /run/crdbctl/certs; cd /run/crdbctl/certs; \
         head -c {certificate_length} >client.root.crt; head -c {key_length} >client.root.key; \
         cat {ca} >ca.crt; exec timeout 100 {program} init --certs-dir=/run/crdbctl/certs --host={address}{cluster_name} </dev/null",
        certificate_length = certificate.len(),
        key_length = key.len(),
        ca = quoted(&format!("{}/ca.crt", service.certs)),
        program = quoted(service.program.as_str()),
        address = quoted(&service.sql_address),
        // A cluster that has a name takes orders only from those who know it (CockroachDB docs, cockroach init).
        cluster_name = service
            .argv
            .iter()
            .filter(|word| word.starts_with("--cluster-name="))
            .map(|word| format!(" {}", quoted(word)))
            .collect::<String>(),
    );
    let text = format!("exec unshare --mount --propagation private sh -c {}\n", quoted(&inner));
    let payload = Payload::none().bytes(certificate).secret(SecretSlice::from(key));
    match session.script(text, payload, TIMEOUT).await {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(output) => {
            match InitOutcome::of(
                Some(i32::from(output.status)),
                &output.stdout_text(),
                &output.stderr_text(),
            ) {
                InitOutcome::Initialized | InitOutcome::AlreadyInitialized => Outcome::Converged,
                InitOutcome::Failed(failure) => Outcome::Failed(format!("cockroach init: {failure}")),
            }
        }
    }
}
