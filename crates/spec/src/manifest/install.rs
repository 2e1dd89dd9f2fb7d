use crdbctl_model::{HostPath, OwnerName};

use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// Where things lie on a node, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The instance directory.
    pub root: Spanned<HostPath>,
    /// Where packages are unpacked.
    pub packages: Spanned<HostPath>,
    /// How many packages are kept on a node.
    pub keep_packages: Spanned<u32>,
    /// The store.
    pub data: Spanned<HostPath>,
    /// The user that owns directories and runs the service.
    pub user: Spanned<OwnerName>,
    /// The group beside it.
    pub group: Spanned<OwnerName>,
    /// Whether user and group are made when they are missing.
    pub create_user: Spanned<bool>,
}

impl Install {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let path = |text: &str| HostPath::new(text).expect("the default paths are plain and absolute");
        let owner = || OwnerName::new("cockroach").expect("the default owner is a plain word");
        let install = Self {
            root: fields.or(decoder, "root", path("/opt/cockroach"), read::parsed),
            packages: fields.or(decoder, "packages", path("/opt"), read::parsed),
            keep_packages: fields.or(decoder, "keep_packages", 2, read::integer(1..=100)),
            data: fields.or(decoder, "data", path("/var/lib/cockroach"), read::parsed),
            user: fields.or(decoder, "user", owner(), read::parsed),
            group: fields.or(decoder, "group", owner(), read::parsed),
            create_user: fields.or(decoder, "create_user", true, read::boolean),
        };
        fields.finish(decoder);
        install
    }
}
