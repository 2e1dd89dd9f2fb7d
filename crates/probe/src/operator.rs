use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{DesiredService, KeyType, Timestamp};
use crdbctl_pki::{
    Authority, AuthorityDirectory, ClientRequirement, ClientUser, Principals, Verdict, judge_client,
};
use crdbctl_transport::Payload;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::AnswerError;
use crate::script::quoted;

/// How long a pair is valid that is made for one operation, in seconds: the operation, and some patience.
const LIFETIME: i64 = 3600;

/// What a pair that is taken to begin something is valid for at least, in seconds.
const PATIENCE: i64 = 600;

const LIBRARY: &str = include_str!("operator.sh");

/// A client certificate of the SQL user root, with which client commands of CockroachDB are run on a node.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The authority's certificates, in PEM.
    pub ca_pem: String,
    /// The client's certificate, in PEM.
    pub certificate_pem: String,
    /// Its key, in PEM.
    pub key_pem: SecretString,
    /// When the certificate ends.
    pub not_after: Timestamp,
}

/// A client command of CockroachDB: `node status --format=csv`, without the program, `--host` and `--certs-dir`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommand {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it may take; it is ended then, with the status 124 (timeout(1)).
    pub timeout: Duration,
}

/// What a client command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOutput {
    /// Its exit status; 124 when it took too long.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl ClientCommand {
    /// Returns a command with these arguments.
    pub fn new<S: Into<String>>(arguments: impl IntoIterator<Item = S>, timeout: Duration) -> Self {
        Self { arguments: arguments.into_iter().map(Into::into).collect(), timeout }
    }
}

impl ClientCommand {
    /// Whether it speaks SQL, and not RPC (CockroachDB docs, cockroach start, `--sql-addr`).
    fn speaks_sql(&self) -> bool {
        let words: Vec<&str> = self.arguments.iter().take(2).map(String::as_str).collect();
        matches!(words.as_slice(), ["sql", ..] | ["node", "status"])
    }
}

fn open(directory: &Path) -> Result<Option<AuthorityDirectory>, String> {
    AuthorityDirectory::open(directory).map_err(|error| error.to_string())
}

/// The pair of root that the directory has, if it is valid.
fn stored(authority: &AuthorityDirectory, now: Timestamp) -> Result<Option<Operator>, String> {
    let (root, bundle) = (ClientUser::root(), authority.authority().bundle());
    let files = authority.client(&root).map_err(|error| error.to_string())?;
    let principals = Principals::default();
    let wanted = ClientRequirement {
        user: &root,
        authority: bundle,
        renew_before: 0,
        key_type: None,
        principals: &principals,
    };
    let (Some((certificate, _)), Some((key, _))) = (&files.certificate, &files.key) else { return Ok(None) };
    let Verdict::Valid { info } = judge_client(certificate, &files.key_fact(), &wanted, now) else {
        return Ok(None);
    };
    Ok(Some(Operator {
        ca_pem: bundle.to_pem(),
        certificate_pem: String::from_utf8_lossy(certificate).into_owned(),
        key_pem: key.clone(),
        not_after: info.not_after,
    }))
}

impl ClientOutput {
    /// The exit status of a command that took too long (timeout(1)).
    pub const TIMED_OUT: i32 = 124;

    /// Returns whether it ended with status 0.
    pub const fn is_success(&self) -> bool {
        self.status == 0
    }
}

impl Operator {
    /// Returns the pair of the SQL user root that the authority's directory has, while it is valid, or else a new one that
    /// is valid for an hour and never written down. `passphrase` opens the authority's key, where it is encrypted.
    ///
    /// # Errors
    /// When there is no authority on this host, or neither a valid pair nor a key to make one with; the words say what to do.
    pub fn at_hand(
        directory: &Path,
        passphrase: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut authority = open(directory)?
            .ok_or_else(|| format!("there is no certificate authority in {}", directory.display()))?;
        if let Some(stored) = stored(&authority, now)? {
            return Ok(stored);
        }
        if let Some(passphrase) = passphrase {
            authority.unlock(passphrase).map_err(|error| error.to_string())?;
        }
        if authority.authority().is_locked() {
            return Err(format!(
                "{} has no valid client.root.crt with its key, and ca.key, to make one with, is encrypted and was not opened",
                directory.display()
            ));
        }
        if !authority.authority().can_issue() {
            return Err(format!(
                "{} has no valid client.root.crt with its key, and no ca.key to make one with",
                directory.display()
            ));
        }
        Self::issue(authority.authority(), now)
    }

    /// Returns whether the authority's directory has a valid pair for root, so that none need be made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_stored(directory: &Path, now: Timestamp) -> Result<bool, String> {
        let Some(authority) = open(directory)? else { return Ok(false) };
        Ok(stored(&authority, now)?.is_some())
    }

    /// Returns a new pair that is valid for an hour.
    ///
    /// # Errors
    /// When the authority cannot make one.
    pub fn issue(authority: &Authority, now: Timestamp) -> Result<Self, String> {
        let issued = authority
            .issue_client(&ClientUser::root(), KeyType::EcdsaP256, LIFETIME, now)
            .map_err(|error| format!("cannot make a client certificate for root: {error}"))?;
        Ok(Self {
            ca_pem: authority.bundle().to_pem(),
            certificate_pem: issued.certificate_pem,
            key_pem: issued.key_pem,
            not_after: now.plus(LIFETIME),
        })
    }

    /// Returns whether the pair is valid for long enough to begin something with it.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_after.since(now) > PATIENCE
    }

    /// Returns a script that runs client commands one after the other on the node of `service`, and the payload that it
    /// reads. [`read_client_outputs`] reads what it prints.
    ///
    /// The commands run as the service's user, with the running process's own binary when there is one. The pair lies
    /// in memory that no other process of the host sees, and leaves no trace: a script of reading commands changes nothing.
    pub fn script(&self, service: &DesiredService, commands: &[ClientCommand]) -> (String, Payload) {
        let key = self.key_pem.expose_secret().as_bytes().to_vec();
        let mut inner = format!(
            "unit={unit} program={program} user={user} ca={ca} crt={crt} key={key}\n{LIBRARY}",
            unit = quoted(&service.unit.file_name()),
            program = quoted(service.program.as_str()),
            user = quoted(service.user.as_str()),
            ca = self.ca_pem.len(),
            crt = self.certificate_pem.len(),
            key = key.len(),
        );
        for command in commands {
            let address = if command.speaks_sql() { &service.sql_address } else { &service.rpc_address };
            let _ = write!(inner, "run {} {}", quoted(address), command.timeout.as_secs().max(1));
            for argument in &command.arguments {
                let _ = write!(inner, " {}", quoted(argument));
            }
            inner.push('\n');
        }
        let text = format!("exec unshare --mount --propagation private sh -c {}\n", quoted(&inner));
        let payload = Payload::none()
            .bytes(self.ca_pem.clone())
            .bytes(self.certificate_pem.clone())
            .secret(SecretSlice::from(key));
        (text, payload)
    }

    /// Returns the longest time that a script of these commands can take.
    pub fn patience(commands: &[ClientCommand]) -> Duration {
        commands.iter().map(|command| command.timeout + Duration::from_secs(6)).sum::<Duration>()
            + Duration::from_secs(30)
    }
}

/// Returns what each command of an [`Operator::script`] came to, in order.
///
/// # Errors
/// When a line is not one of its.
pub fn read_client_outputs(printed: &[u8]) -> Result<Vec<ClientOutput>, AnswerError> {
    let text = std::str::from_utf8(printed).map_err(|_| AnswerError::NotText)?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            output(line).ok_or_else(|| AnswerError::Line {
                number: index + 1,
                line: line.chars().take(120).collect(),
            })
        })
        .collect()
}

fn output(line: &str) -> Option<ClientOutput> {
    let mut words = line.strip_prefix("ran ")?.split(' ');
    let status = words.next()?.parse().ok()?;
    let mut text = || {
        let word = words.next()?.strip_prefix('<')?.strip_suffix('>')?;
        Some(String::from_utf8_lossy(&STANDARD.decode(word).ok()?).into_owned())
    };
    let (stdout, stderr) = (text()?, text()?);
    words.next().is_none().then_some(ClientOutput { status, stdout, stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn directory(passphrase: Option<&SecretString>) -> (tempfile::TempDir, AuthorityDirectory) {
        let directory = tempfile::tempdir().unwrap();
        let mut authority = Authority::create(KeyType::EcdsaP256, 86_400 * 365, NOW).unwrap();
        if let Some(passphrase) = passphrase {
            authority = authority.protected_by(passphrase).unwrap();
        }
        let made = AuthorityDirectory::create(directory.path().join("keys"), authority).unwrap();
        (directory, made)
    }

    #[test]
    fn a_stored_pair_is_taken_without_any_key_and_an_encrypted_key_opened() {
        let passphrase = SecretString::from("correct horse");
        let (_kept, made) = directory(Some(&passphrase));
        let keys = made.path().to_owned();
        assert!(!Operator::is_stored(&keys, NOW).unwrap());
        let locked = Operator::at_hand(&keys, None, NOW).unwrap_err();
        assert!(locked.contains("encrypted"), "{locked}");
        let issued = Operator::at_hand(&keys, Some(&passphrase), NOW).unwrap();
        assert!(issued.is_valid_at(NOW) && !issued.is_valid_at(NOW.plus(3600)));
        // What operators have beside ca.crt when the key is elsewhere.
        let pair =
            made.authority().issue_client(&ClientUser::root(), KeyType::EcdsaP256, 86_400, NOW).unwrap();
        made.write_client(&ClientUser::root(), &pair).unwrap();
        std::fs::remove_file(keys.join("ca.key")).unwrap();
        assert!(Operator::is_stored(&keys, NOW).unwrap());
        let stored = Operator::at_hand(&keys, None, NOW).unwrap();
        assert_eq!(stored.certificate_pem, pair.certificate_pem);
        let ended = Operator::at_hand(&keys, None, NOW.plus(86_401)).unwrap_err();
        assert!(ended.contains("no ca.key"), "{ended}");
    }

    #[test]
    fn sql_goes_to_where_sql_is_spoken_and_the_rest_to_where_rpc_is() {
        let speaks = |words: &[&str]| ClientCommand::new(words.to_vec(), Duration::ZERO).speaks_sql();
        assert!(speaks(&["sql", "-e", "SHOW x"]) && speaks(&["node", "status", "--all"]));
        for words in [&["init"][..], &["node", "drain"], &["node", "decommission"], &["node", "recommission"]]
        {
            assert!(!speaks(words), "{words:?}");
        }
    }

    #[test]
    fn outputs_are_read_whole_or_not_at_all() {
        let read = read_client_outputs(b"ran 0 <b2s=> <>\nran 124 <> <bGF0ZQ==>\n").unwrap();
        let of = |status, stdout: &str, stderr: &str| ClientOutput {
            status,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        };
        assert_eq!(read, [of(0, "ok", ""), of(124, "", "late")]);
        for cut in ["ran 0 <b2s=> <", "ran 0 <b2s=>", "ran x <> <>", "mount: no", "ran 0 <> <> <>"] {
            assert!(read_client_outputs(cut.as_bytes()).is_err(), "{cut}");
        }
    }
}
