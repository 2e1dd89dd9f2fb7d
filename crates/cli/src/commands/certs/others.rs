use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{Desired, NodeName, ResourceGraph};
use crdbctl_pki::{CaBundle, Certificate};
use crdbctl_transport::{Connection, Limits, ReadOnly, Script, quote};

use crate::{CliError, ExitCode};

/// Returns the certificates beside `node.crt` on the nodes that only an older authority of `bundle` vouches for, each with its node:
/// `ui.crt` and those of clients, which crdbctl does not make there.
///
/// # Errors
/// When the certificates' directory of a node cannot be looked through, or one is not to be read as a certificate.
pub(super) async fn by_older(
    graph: &ResourceGraph,
    connections: &BTreeMap<NodeName, Connection>,
    bundle: &CaBundle,
) -> Result<Vec<String>, CliError> {
    let mut found = Vec::new();
    for resource in graph.resources.values() {
        let (Desired::Ca(ca), Some(node)) = (&resource.desired, resource.addr.node()) else { continue };
        let Some(connection) = connections.get(node) else { continue };
        let directory = ca.path.parent();
        let unread = |why: String| {
            CliError::new(ExitCode::Unknown, format!("not applied: {node}: {directory}: {why}"))
                .hint("the old authority is dropped only when every certificate was read")
        };
        let script = quote(directory.as_str())
            .map(|at| script(&at.to_string()))
            .map_err(|error| unread(error.to_string()))?;
        let script = Script::<ReadOnly>::new(script).map_err(|error| unread(error.to_string()))?;
        let limits = Limits::within(Duration::from_secs(60));
        let output = connection.read_only().run(&script, limits).await;
        let output = output.map_err(|error| unread(error.to_string()))?;
        if !output.is_success() {
            return Err(unread(output.stderr_text().trim().to_owned()));
        }
        let files = read(&output.stdout_text(), bundle).map_err(unread)?;
        found.extend(files.into_iter().map(|file| format!("{node}: {file}")));
    }
    Ok(found)
}

/// Prints the name and the content of each such file in a directory, given as a word of the shell.
fn script(at: &str) -> String {
    format!(
        "[ -e {at} ] || exit 0\ncd {at} || exit 1\nfor file in ui.crt client.*.crt; do\n[ -e \"./$file\" ] || continue\n\
         text=$(base64 -w0 <\"./$file\") || exit 1\n\
         printf '%s %s\\n' \"$(printf %s \"$file\" | base64 -w0)\" \"$text\"\ndone\n"
    )
}

/// The names of the files, of those that the script printed, which an older certificate of the authority signed.
fn read(printed: &str, bundle: &CaBundle) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for line in printed.lines() {
        let decoded = |word: &str| STANDARD.decode(word).ok();
        let (name, pem) = line
            .split_once(' ')
            .and_then(|(name, text)| Some((String::from_utf8(decoded(name)?).ok()?, decoded(text)?)))
            .ok_or_else(|| format!("not understood: {line:?}"))?;
        let certificates = Certificate::parse_pem_bundle(&pem).map_err(|error| format!("{name}: {error}"))?;
        let Some(leaf) = certificates.first() else { continue };
        let by_older = bundle.older().iter().any(|older| leaf.is_signed_by(older));
        if by_older && !leaf.is_signed_by(bundle.issuer()) {
            found.push(name);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{KeyType, Timestamp};
    use crdbctl_pki::{Authority, ClientUser};

    use super::*;

    #[test]
    fn what_the_old_authority_alone_vouches_for_is_found() {
        let now = Timestamp::from_unix(1_800_000_000);
        let make = || Authority::create(KeyType::EcdsaP256, 86_400 * 365, now).unwrap();
        let pem = |authority: &Authority| {
            let user = ClientUser::new("app").unwrap();
            authority.issue_client(&user, KeyType::EcdsaP256, 86_400, now).unwrap().certificate_pem
        };
        let (old, foreign) = (make(), make());
        let by_old = pem(&old);
        let new = make().followed_by(old.bundle());
        let line = |name: &str, text: &str| format!("{} {}\n", STANDARD.encode(name), STANDARD.encode(text));
        let printed = line("ui.crt", &by_old)
            + &line("client.app.crt", &pem(&new))
            + &line("client.other.crt", &pem(&foreign));
        assert_eq!(read(&printed, new.bundle()).unwrap(), ["ui.crt"]);
        assert!(read(&line("ui.crt", "garbage"), new.bundle()).is_err());
        assert!(read("garbage\n", new.bundle()).is_err());
    }

    #[test]
    fn the_script_passes_over_what_crdbctl_itself_judges() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("with ' quote");
        std::fs::create_dir(&path).unwrap();
        for name in ["ca.crt", "node.crt", "ui.crt", "client.root.crt", "client.root.key"] {
            std::fs::write(path.join(name), name).unwrap();
        }
        let run = |at: &str| {
            let at = quote(at).unwrap().to_string();
            let output = std::process::Command::new("sh").args(["-c", &script(&at)]).output().unwrap();
            (output.status.success(), String::from_utf8(output.stdout).unwrap())
        };
        let (done, printed) = run(path.to_str().unwrap());
        let names: Vec<String> = printed
            .lines()
            .map(|line| String::from_utf8(STANDARD.decode(line.split_once(' ').unwrap().0).unwrap()).unwrap())
            .collect();
        assert!(done);
        assert_eq!(names, ["ui.crt", "client.root.crt"]);
        assert_eq!(run("/nonexistent/certs"), (true, String::new()));
    }
}
