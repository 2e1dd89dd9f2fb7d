use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{ClusterName, LockHolder, NodeName, ResourceAddr};
use crdbctl_transport::Output;

use crate::error::ApplyError;
use crate::run::Run;
use crate::step::quoted;

/// The status with which the bootstrap ends when somebody else holds the lock (EX_TEMPFAIL of sysexits.h).
const HELD: u8 = 75;

/// Returns the script that takes a node's lock and keeps it on file descriptor 9 for as long as its shell lives.
///
/// The kernel frees it with the last process that has it open (flock(2)), so no lock outlives its holder.
/// What stands in the file says who holds it and what they change ([`LockHolder`]); it means nothing once the lock
/// is free. A full /run is no reason to do without the lock.
pub(crate) fn bootstrap<'a>(
    cluster: &ClusterName,
    run: &Run,
    changes: impl IntoIterator<Item = &'a ResourceAddr>,
) -> String {
    let holder = LockHolder::text(run.command, &run.id, &run.by, &clock(run.started.as_unix()), changes);
    format!(
        "umask 077\nfor d in /run/crdbctl /var/lib/crdbctl; do\n\
         [ -d \"$d\" ] || mkdir -m 0700 \"$d\" || exit 1\n\
         [ ! -L \"$d\" ] && [ \"$(stat -c %u \"$d\")\" = 0 ] || {{ echo \"$d is not a directory of root\" >&2; exit 1; }}\n\
         [ \"$(stat -c %a \"$d\")\" = 700 ] || chmod 0700 \"$d\" || exit 1\ndone\n\
         lock=/run/crdbctl/{cluster}.lock\nexec 9>>\"$lock\" || exit 1\n\
         if ! flock -n 9; then head -n 1 \"$lock\" | head -c 500 | base64 -w0; exit {HELD}; fi\n\
         {{ printf %s {holder} >\"$lock\"; }} 2>/dev/null || :",
        cluster = quoted(cluster.as_str()),
        holder = quoted(&holder),
    )
}

/// Returns why a node did not begin.
pub(crate) fn refusal(node: NodeName, output: &Output) -> ApplyError {
    if output.status == HELD {
        let holder = STANDARD.decode(output.stdout_text().trim()).unwrap_or_default();
        let holder = LockHolder::read(&String::from_utf8_lossy(&holder));
        return ApplyError::Locked { node, holder: Box::new(holder) };
    }
    let said = output.stderr_text();
    ApplyError::Refused { node, said: format!("status {}: {}", output.status, said.trim()) }
}

/// `2026-12-04 10:15:00`.
fn clock(unix: i64) -> String {
    let date = crdbctl_model::Timestamp::from_unix(unix).date();
    let second = unix.rem_euclid(86_400);
    format!("{date} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
