use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crdbctl_model::{ClusterName, NodeName};

/// A node of a new manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewNode {
    /// Its name.
    pub(crate) name: NodeName,
    /// Its address.
    pub(crate) address: IpAddr,
    /// Its host name, where it has one beside its name.
    pub(crate) hostname: Option<String>,
}

/// A manifest to start from; its `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewManifest {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// The version of CockroachDB.
    pub(crate) version: String,
    /// Who logs in.
    pub(crate) ssh_user: Option<String>,
    /// The nodes.
    pub(crate) nodes: Vec<NewNode>,
}

impl FromStr for NewNode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) =
            text.split_once('=').ok_or("write NAME=ADDRESS, such as store-1=198.0.2.166")?;
        let name = NodeName::new(name).map_err(|error| error.to_string())?;
        let address = address.parse().map_err(|_| format!("{address:?} is not an IP address"))?;
        Ok(Self { name, address, hostname: None })
    }
}

impl fmt::Display for NewManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\
# A cluster for crdbctl. Lines that are commented out show defaults or examples.
apiVersion: crdbctl/v1
kind: Cluster
name: {}

cockroach:
  version: {}
  # archive: https://binaries.cockroachdb.com/cockroach-{{version}}.{{os}}-{{arch}}.tgz  # or a file beside this one
  # flags:                      # flags of `cockroach start`, by their own names
  #   cache: \".25\"
  #   max-sql-memory: \".25\"

# install:
#   root: /opt/cockroach        # certs/, data -> the data directory, cockroach -> the package's binary
#   data: /var/lib/cockroach
#   user: cockroach

# certificates:
#   authority: keys             # beside this file; ca.key never leaves it: keep it secret and keep a copy
#   extra_names: [lb.example.com]

# firewall: ufw                 # or none

",
            yaml_word(self.name.as_str()),
            yaml_word(&self.version)
        )?;
        match &self.ssh_user {
            Some(user) => writeln!(f, "ssh:\n  user: {}", yaml_word(user))?,
            None => f.write_str("# ssh:                          # anything else comes from your own ~/.ssh/config\n#   user: admin\n")?,
        }
        f.write_str("\nnodes:\n")?;
        for node in &self.nodes {
            write!(
                f,
                "  - {{name: {}, address: {}",
                yaml_word(node.name.as_str()),
                yaml_word(&node.address.to_string())
            )?;
            if let Some(hostname) = &node.hostname {
                write!(f, ", hostname: {}", yaml_word(hostname))?;
            }
            f.write_str("}\n")?;
        }
        Ok(())
    }
}

/// Returns a word that YAML reads as this text, quoted where it could be taken for something else.
fn yaml_word(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    if plain || is_address { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_was_asked_for() {
        let mut nodes: Vec<NewNode> =
            ["store-1=198.0.2.166", "1=2001:db8::1"].iter().map(|text| text.parse().unwrap()).collect();
        nodes[0].hostname = Some("store-1.int".to_owned());
        let manifest = NewManifest {
            name: ClusterName::new("store").unwrap(),
            version: "v24.1.0".to_owned(),
            ssh_user: Some("a'b: c".to_owned()),
            nodes,
        };
        let text = manifest.to_string();
        assert!(text.contains("ssh:\n  user: \"a'b: c\"\n"), "{text}");
        assert!(
            text.contains("  - {name: store-1, address: 198.0.2.166, hostname: store-1.int}\n"),
            "{text}"
        );
        assert!(text.contains("  - {name: \"1\", address: \"2001:db8::1\"}\n"), "{text}");
    }

    #[test]
    fn what_is_no_node_is_refused() {
        for text in ["store-1", "store 1=198.0.2.1", "store-1=host", "=", "a=b=c"] {
            assert!(text.parse::<NewNode>().is_err(), "{text}");
        }
    }
}
