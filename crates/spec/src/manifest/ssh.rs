use super::{Jump, LocalPath, SshUser};
use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// How ssh reaches a node; what is `None` is left to the user's own ssh configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssh {
    /// Who logs in.
    pub user: Option<Spanned<SshUser>>,
    /// The port.
    pub port: Option<Spanned<u16>>,
    /// The private key's file on the control host.
    pub identity_file: Option<Spanned<LocalPath>>,
    /// The configuration file on the control host (`ssh -F`).
    pub config_file: Option<Spanned<LocalPath>>,
    /// The hosts to jump through (`ssh -J`).
    pub jump: Option<Spanned<Jump>>,
    /// How root is reached; `None` means [`Privilege::Auto`].
    pub privilege: Option<Spanned<Privilege>>,
}

/// How root is reached on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privilege {
    /// Whatever the node offers.
    #[default]
    Auto,
    /// ssh logs in as root.
    Root,
    /// sudo(8).
    Sudo,
    /// doas(1).
    Doas,
}

impl Privilege {
    /// Returns the word in the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Root => "root",
            Self::Sudo => "sudo",
            Self::Doas => "doas",
        }
    }
}

impl Ssh {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let privileges =
            [Privilege::Auto, Privilege::Root, Privilege::Sudo, Privilege::Doas].map(|p| (p.word(), p));
        let ssh = Self {
            user: fields.optional(decoder, "user", read::parsed),
            port: fields.optional(decoder, "port", read::integer(1..=65535)),
            identity_file: fields.optional(decoder, "identity_file", read::parsed),
            config_file: fields.optional(decoder, "config_file", read::parsed),
            jump: fields.optional(decoder, "jump", read::parsed),
            privilege: fields.optional(decoder, "privilege", read::word(&privileges)),
        };
        fields.finish(decoder);
        ssh
    }

    /// Returns these settings with those of `over` put over them.
    #[must_use]
    pub fn with(&self, over: &Self) -> Self {
        let (under, over) = (self.clone(), over.clone());
        Self {
            user: over.user.or(under.user),
            port: over.port.or(under.port),
            identity_file: over.identity_file.or(under.identity_file),
            config_file: over.config_file.or(under.config_file),
            jump: over.jump.or(under.jump),
            privilege: over.privilege.or(under.privilege),
        }
    }
}
