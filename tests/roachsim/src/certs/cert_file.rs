//! One `.crt` file with its key, as found in the certificates directory.

/// What a file is for, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// `ca.crt`.
    Ca,
    /// `ca-client.crt`.
    ClientCa,
    /// `ca-ui.crt`.
    UiCa,
    /// `ca-client-tenant.crt`; known and unused.
    TenantClientCa,
    /// `node.crt`.
    Node,
    /// `ui.crt`.
    Ui,
    /// `client.<user>.crt`.
    Client,
    /// `client-tenant.<id>.crt`; known and unused.
    TenantClient,
}

impl Usage {
    /// Tells the use of a file name ending in `.crt`, and the user in it.
    ///
    /// # Errors
    /// With what the real program logs about other names; it then ignores the file.
    pub fn of(file_name: &str) -> Result<(Self, String), String> {
        let parts: Vec<&str> = file_name.split('.').collect();
        let plain = |usage, what: &str| {
            if parts.len() == 2 {
                Ok((usage, String::new()))
            } else {
                Err(format!("{what} certificate filename should match {}.crt", parts[0]))
            }
        };
        let named = |usage, what: &str| {
            let name = parts[1..parts.len() - 1].join(".");
            if name.is_empty() {
                Err(format!("{what} certificate filename should match {}.<user>.crt", parts[0]))
            } else {
                Ok((usage, name))
            }
        };
        match parts[0] {
            "ca" => plain(Self::Ca, "CA"),
            "ca-client" => plain(Self::ClientCa, "client CA"),
            "ca-ui" => plain(Self::UiCa, "UI CA"),
            "ca-client-tenant" => plain(Self::TenantClientCa, "tenant CA"),
            "node" => plain(Self::Node, "node"),
            "ui" => plain(Self::Ui, "UI"),
            "client" => named(Self::Client, "client"),
            "client-tenant" => named(Self::TenantClient, "tenant"),
            other => Err(format!("unknown prefix {other:?}")),
        }
    }

    /// Whether files of this use have no key beside them.
    #[must_use]
    pub fn is_ca(self) -> bool {
        matches!(self, Self::Ca | Self::ClientCa | Self::UiCa | Self::TenantClientCa)
    }
}

/// A certificate file that was read, good or bad.
///
/// What is wrong with it is kept and matters only once it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertFile {
    /// Its use.
    pub usage: Usage,
    /// The user in its name, empty for others than clients'.
    pub name: String,
    /// Name in the directory.
    pub file_name: String,
    /// DER of every certificate in it.
    pub certificates: Vec<Vec<u8>>,
    /// Bytes of the key file, empty for authorities.
    pub key_pem: Vec<u8>,
    /// End of the first certificate in Unix seconds.
    pub expires: i64,
    /// Principals of the first certificate.
    pub principals: Vec<String>,
    /// Why it must not be used.
    pub error: Option<String>,
}

impl CertFile {
    /// Whether it may be used, else why not.
    ///
    /// # Errors
    /// `not found` when there is none, or what was wrong when it was read.
    pub fn usable(file: Option<&Self>) -> Result<&Self, String> {
        let file = file.ok_or_else(|| "not found".to_owned())?;
        match &file.error {
            Some(error) => Err(error.clone()),
            None => Ok(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_uses() {
        let of = |name| Usage::of(name).unwrap();
        assert_eq!(of("ca.crt").0, Usage::Ca);
        assert_eq!(of("node.crt").0, Usage::Node);
        assert_eq!(of("client.root.crt"), (Usage::Client, "root".to_owned()));
        assert_eq!(of("client.a.b.crt"), (Usage::Client, "a.b".to_owned()));
    }

    #[test]
    fn other_names_are_explained() {
        let why = |name| Usage::of(name).unwrap_err();
        assert_eq!(why("node.old.crt"), "node certificate filename should match node.crt");
        assert_eq!(why("client.crt"), "client certificate filename should match client.<user>.crt");
        assert_eq!(why("store-1.crt"), r#"unknown prefix "store-1""#);
    }
}
