//! Where checks are tried: nodes of this machine, their certificates, and what is asked of them.

mod certificates;
mod command;
mod https;
mod node;
mod stage;
mod wait;

pub(crate) use certificates::Certificates;
pub(crate) use command::Said;
pub(crate) use node::Node;
pub(crate) use stage::Bench;
use wait::PATIENCE;
pub(crate) use wait::until;
