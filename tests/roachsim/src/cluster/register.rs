//! A value that the latest writer decides.

use serde::{Deserialize, Serialize};

use super::ids::NodeId;

/// When and by whom something was written.
///
/// `time` is the writer's clock in Unix milliseconds, moved past every stamp that the writer has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds.
    pub time: u64,
    /// The writer.
    pub node: NodeId,
}

/// A stamped value; of two, the later one stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Register<T> {
    /// When it was written.
    pub stamp: Stamp,
    /// What was written.
    pub value: T,
}

impl<T: Ord + Clone> Register<T> {
    /// Takes over the other value when it is later; says whether it did.
    ///
    /// Equal stamps never hold different values in practice; should they, the greater value stays, so that
    /// all nodes agree.
    pub fn merge(&mut self, other: &Self) -> bool {
        let later = *other > *self;
        if later {
            self.clone_from(other);
        }
        later
    }
}
