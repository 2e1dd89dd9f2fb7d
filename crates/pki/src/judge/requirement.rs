use crdbctl_model::KeyType;

use crate::{CaBundle, ClientUser, NodeNames, Principals};

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
    /// Which of its names are users.
    pub principals: &'a Principals,
    /// Who verifies it when its node dials another; `None` where nodes dial with `client.node.crt`, so that it need be nothing but
    /// a server's.
    pub dials: Option<&'a CaBundle>,
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
    /// Which of its names are users.
    pub principals: &'a Principals,
}
