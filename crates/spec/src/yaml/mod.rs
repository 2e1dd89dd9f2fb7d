//! YAML 1.2 text as a tree of nodes that know their places, within budgets that hold against hostile input.

mod alias;
mod budget;
mod environment;
mod loader;
mod merge;
mod node;
mod precheck;

pub(crate) use loader::load;
pub(crate) use node::{Entry, Kind, Node, Scalar, Style};
pub(crate) use precheck::utf8;
