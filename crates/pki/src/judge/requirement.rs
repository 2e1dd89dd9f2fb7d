use crdbctl_model::KeyType;

use crate::{CaBundle, ClientUser, NodeNames};

/// What the certificate of a node must be.
#[derive(Clone, Copy, Debug)]
pub struct NodeRequirement<'a> {
    /// What it must cover; it may cover more.
    pub names: &'a NodeNames,
    /// Who must have signed it: any certificate of the bundle.
    pub authority: &'a CaBundle,
    /// How many seconds before its end it is renewed.
    pub renew_before: i64,
    /// The key's type, where that matters; `None` keeps any that TLS libraries accept.
    pub key_type: Option<KeyType>,
}

/// What the certificate of a client must be.
#[derive(Clone, Copy, Debug)]
pub struct ClientRequirement<'a> {
    /// Whose it must be.
    pub user: &'a ClientUser,
    /// Who must have signed it: any certificate of the bundle.
    pub authority: &'a CaBundle,
    /// How many seconds before its end it is renewed.
    pub renew_before: i64,
    /// The key's type, where that matters; `None` keeps any that TLS libraries accept.
    pub key_type: Option<KeyType>,
}
