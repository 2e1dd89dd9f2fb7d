//! What is inside an archive, read without unpacking it.

mod capped;
mod elf;
mod member_error;
mod member_name;
mod members;
mod pax;
mod read;

pub(crate) use read::{Expect, read};

pub use member_error::{Limit, LinkKind, MemberError, MemberErrorKind};
