use serde::{Deserialize, Serialize};

use crate::{CertificateInfo, Finding};

/// What was found of a leaf certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It will do.
    Valid {
        /// What it says.
        info: Box<CertificateInfo>,
    },
    /// It must be replaced.
    Invalid {
        /// What it says; `None` when it could not be read.
        info: Option<Box<CertificateInfo>>,
        /// Everything that is wrong with it, at least one.
        findings: Vec<Finding>,
    },
    /// Nothing wrong was found, and whether the key is its own could not be told.
    Undetermined {
        /// What it says.
        info: Box<CertificateInfo>,
        /// Why not.
        reason: String,
    },
}

impl Verdict {
    /// Whether the certificate will do.
    pub const fn is_valid(&self) -> bool {
        matches!(self, Self::Valid { .. })
    }

    /// Returns what the certificate says, where it could be read.
    pub fn info(&self) -> Option<&CertificateInfo> {
        match self {
            Self::Valid { info } | Self::Undetermined { info, .. } => Some(info),
            Self::Invalid { info, .. } => info.as_deref(),
        }
    }

    /// Returns what is wrong.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Invalid { findings, .. } => findings,
            Self::Valid { .. } | Self::Undetermined { .. } => &[],
        }
    }
}

/// What was found of a host's `ca.crt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaVerdict {
    /// It holds the authority's certificates, the same one first.
    Valid {
        /// What they say, in the file's order.
        infos: Vec<CertificateInfo>,
    },
    /// It must be replaced.
    Invalid {
        /// What its certificates say; empty when it could not be read.
        infos: Vec<CertificateInfo>,
        /// Everything that is wrong with it, at least one.
        findings: Vec<Finding>,
    },
}

impl CaVerdict {
    /// Whether the file will do.
    pub const fn is_valid(&self) -> bool {
        matches!(self, Self::Valid { .. })
    }

    /// Returns what is wrong.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Invalid { findings, .. } => findings,
            Self::Valid { .. } => &[],
        }
    }
}
