use crdbctl_model::{Action, AttributeDiff, DesiredAuthority, KeyType};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::{AuthorityState, Context};

pub(super) fn create(desired: &DesiredAuthority, context: &Context<'_>) -> Comparison {
    if let AuthorityState::Unknown(reason) = &context.authority {
        return unknown(
            reason.clone(),
            format!(
                "put the cluster's ca.crt and ca.key into {} (mode 0700, ca.key 0600), or name the right \
                 directory in `certificates.authority`",
                desired.directory
            ),
        );
    }
    let mut difference = Difference::new(Action::Create);
    difference.attributes = vec![
        AttributeDiff::words("directory", None::<&str>, Some(&desired.directory))
            .with_remark("on this host; ca.key never leaves it"),
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key))),
        AttributeDiff::words("not_after", None::<&str>, Some(context.now.plus(desired.lifetime).date())),
    ];
    Comparison::Differs(difference)
}

pub(super) fn compare(context: &Context<'_>) -> Comparison {
    match &context.authority {
        AuthorityState::Unknown(reason) => {
            unknown(reason.clone(), "mend the authority's directory on this host, then plan again")
        }
        AuthorityState::Present { .. } | AuthorityState::ToBeCreated => Comparison::Same { unchanged: 1 },
    }
}

pub(super) const fn key_word(key: KeyType) -> &'static str {
    match key {
        KeyType::EcdsaP256 => "ecdsa-p256",
        KeyType::Rsa2048 => "rsa-2048",
    }
}
