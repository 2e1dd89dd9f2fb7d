use crdbctl_model::{Change, DesiredService};

use crate::step::{Step, call, quoted};

/// Enables and starts; a restart of what runs is the rollout's own work.
pub(super) fn step(change: &Change, desired: &DesiredService) -> Step {
    let unit = desired.unit.file_name();
    let mut lines = Vec::new();
    let changes = |name: &str| change.attributes.iter().any(|attribute| attribute.name == name);
    if changes("enabled") {
        lines.push(call("systemctl", &["enable", "--quiet", "--", &unit]));
    }
    if changes("active") {
        lines.push(format!("systemctl reset-failed -- {} 2>/dev/null || true", quoted(&unit)));
        lines.push(format!("systemctl start -- {0} || why_not {0}", quoted(&unit)));
        lines.push(format!("started {}", quoted(&unit)));
        lines.push("settled".to_owned());
    }
    if lines.is_empty() {
        lines.push(":".to_owned());
    }
    Step::new(&change.addr, lines.join("\n"))
}

/// Returns the shell text that stops and starts the service and forgets what was pending.
pub(crate) fn restart(desired: &DesiredService) -> String {
    let unit = quoted(&desired.unit.file_name());
    format!(
        "systemctl reset-failed -- {unit} 2>/dev/null || true\nsystemctl restart -- {unit} || why_not {unit}\n\
         started {unit}\nsettled"
    )
}

/// Returns the shell text that prints what systemd says of the service.
pub(crate) fn state(desired: &DesiredService) -> String {
    let properties = "-p ActiveState -p SubState -p Result -p ExecMainStatus -p NRestarts";
    format!("systemctl show {} {properties}\n", quoted(&desired.unit.file_name()))
}

/// Returns the shell text that makes CockroachDB read its certificates again, waits until it goes by what is on disk, and
/// forgets what was pending. A key that does not belong to the certificate is refused before the signal: CockroachDB does not
/// check that.
///
/// That it has read them is told by the serials that it serves and by the ends of its certificates in `/_status/vars`. Where
/// neither has changed, a line says that it cannot be told. A host without openssl prints what is on disk, sends no signal and
/// leaves pending what is pending: [`signal`] and [`crate::served`] do the rest. Whether openssl is there is judged on the host, in
/// the step itself, and nowhere else.
pub(crate) fn reload(desired: &DesiredService) -> String {
    format!(
        "{fitting}reread 50 \"$pid\" {certs} {sql} {http}",
        fitting = fitting(desired),
        certs = quoted(desired.certs.as_str()),
        sql = quoted(&desired.sql_address),
        http = quoted(&desired.http_address),
    )
}

/// Returns the shell text that makes CockroachDB read its certificates again, and waits for nothing.
/// The signal goes to the main process alone (CockroachDB docs, rotate certificates).
pub(crate) fn signal(desired: &DesiredService) -> String {
    format!("{}kill -HUP \"$pid\"\n", fitting(desired))
}

/// Returns the lines that find the main process and see that the key belongs to the certificate.
fn fitting(desired: &DesiredService) -> String {
    let unit = quoted(&desired.unit.file_name());
    let certificate = quoted(&format!("{}/node.crt", desired.certs));
    let key = quoted(&format!("{}/node.key", desired.certs));
    format!(
        "pid=$(main_pid {unit}); [ \"$pid\" -gt 0 ] || die 'the service does not run'\nfitting {certificate} {key}\n"
    )
}
