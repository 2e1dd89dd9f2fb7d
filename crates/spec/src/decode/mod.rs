//! From nodes to typed values, collecting everything that is wrong on the way.

mod decoder;
mod duration;
mod fields;
pub(crate) mod read;
mod suggest;

pub(crate) use decoder::Decoder;
pub(crate) use fields::Fields;
pub(crate) use suggest::nearest;
