//! The users of every lab host. All of them log in with the lab's key.

/// Name of the user with uid 1000 whose sudo asks for no password.
pub const ADMIN: &str = "admin";

/// Name of the user with uid 1001 whose sudo asks for [`ASKS_PASSWORD`].
pub const ASKS: &str = "asks";

/// Password that [`ASKS`] gives to sudo.
pub const ASKS_PASSWORD: &str = "open sesame 'n \"more\"";

/// Name of the user with uid 1002 who may not use sudo at all.
pub const PLAIN: &str = "plain";

/// Home directory and uid of everybody who may log in, root included.
pub(crate) const HOMES: [(&str, u64); 4] =
    [("root", 0), ("home/admin", 1000), ("home/asks", 1001), ("home/plain", 1002)];
