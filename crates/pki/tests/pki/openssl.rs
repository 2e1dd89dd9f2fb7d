//! The `openssl` program, the neighbour that agrees or not.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use secrecy::SecretString;
use tempfile::TempDir;

/// A directory to run openssl in.
pub(crate) struct Openssl {
    dir: TempDir,
}

impl Openssl {
    /// Returns the program; `None` after reporting the calling test as skipped.
    pub(crate) fn find() -> Option<Self> {
        match Command::new("openssl").arg("version").output() {
            Ok(_) => Some(Self { dir: TempDir::new().unwrap() }),
            Err(error) => {
                crdbctl_testlab::skip_unless_required(&format!("the program openssl does not run: {error}"));
                None
            }
        }
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir.path().join(name)).unwrap()
    }

    pub(crate) fn secret(&self, name: &str) -> SecretString {
        String::from_utf8(self.read(name)).unwrap().into()
    }

    /// Runs openssl in the directory; its output when it succeeds, panics otherwise.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<u8> {
        self.try_run(args).unwrap_or_else(|said| panic!("openssl failed: {said}"))
    }

    /// Runs openssl with the words of `line`.
    pub(crate) fn line(&self, line: &str) -> Vec<u8> {
        self.run(line.split_whitespace())
    }

    pub(crate) fn try_run<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Vec<u8>, String> {
        let output = Command::new("openssl").args(args).current_dir(self.dir.path()).output().unwrap();
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let texts = [output.stdout, output.stderr].concat();
            Err(String::from_utf8_lossy(&texts).into_owned())
        }
    }

    /// Makes an authority of the given key and configuration: `ca.crt` and `ca.key`.
    pub(crate) fn make_authority(&self, key: Key, subject: &str, extensions: &str) {
        match key {
            Key::RsaPkcs1 => self.line("genrsa -traditional -out ca.key 2048"),
            Key::Sec1(curve) => self.line(&format!("ecparam -name {curve} -genkey -noout -out ca.key")),
            Key::Pkcs8Ed25519 => self.line("genpkey -algorithm ed25519 -out ca.key"),
        };
        let config = format!("[req]\nprompt = no\n{subject}\n[ext]\n{extensions}\n");
        self.write("ca.cnf", config);
        self.line("req -x509 -new -key ca.key -days 3000 -config ca.cnf -extensions ext -out ca.crt -utf8");
    }

    /// Makes a leaf `NAME.crt` with `NAME.key` (RSA, PKCS#1) signed by the authority in the directory.
    pub(crate) fn make_leaf(&self, name: &str, subject: &str, extensions: &str, more: &str) {
        self.line(&format!("genrsa -traditional -out {name}.key 2048"));
        self.sign(name, subject, extensions, more);
    }

    /// Signs a leaf for the key that is in `NAME.key`.
    pub(crate) fn sign(&self, name: &str, subject: &str, extensions: &str, more: &str) {
        self.write("leaf.cnf", format!("[ext]\n{extensions}\n"));
        self.run(["req", "-new", "-key", &format!("{name}.key"), "-subj", subject, "-out", "leaf.csr"]);
        let fixed = "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile leaf.cnf -extensions ext";
        self.line(&format!("{fixed} -days 1000 -out {name}.crt {more}"));
    }
}

/// The key of an authority made by openssl, in the encoding that it is stored in.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    RsaPkcs1,
    Sec1(&'static str),
    Pkcs8Ed25519,
}

/// The subject of `cockroach cert create-ca`: Go writes PrintableString.
pub(crate) const COCKROACH_CA: &str =
    "string_mask = nombstr\ndistinguished_name = dn\n[dn]\nO = Cockroach\nCN = Cockroach CA";

/// The extensions of `cockroach cert create-ca` since Go 1.15.
pub(crate) const CA_EXTENSIONS: &str = "basicConstraints = critical, CA:TRUE, pathlen:1\n\
     keyUsage = critical, digitalSignature, keyEncipherment, nonRepudiation, keyCertSign\n\
     subjectKeyIdentifier = hash";

/// The extensions of a node's certificate with the names that the tests want.
pub(crate) const NODE_EXTENSIONS: &str = "keyUsage = critical, digitalSignature, keyEncipherment\n\
     extendedKeyUsage = serverAuth, clientAuth\n\
     subjectAltName = DNS:localhost, DNS:store-1, DNS:store-1.example.com, IP:127.0.0.1, IP:198.0.2.166, \
     IP:2001:db8::7";
