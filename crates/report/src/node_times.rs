use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Event, NodeName, ResourceAddr};

/// How long each node was worked on, from the events of a run.
///
/// A node is worked on while any change of it has begun and has not ended. Nodes are worked on side by side, and one may
/// be in two stages with a pause between them, which does not count.
#[derive(Clone, Debug, Default)]
pub struct NodeTimes {
    open: BTreeMap<NodeName, (u64, BTreeSet<ResourceAddr>)>,
    done: BTreeMap<NodeName, u64>,
}

impl NodeTimes {
    /// Takes note of an event that came `milliseconds` after the beginning.
    pub fn note(&mut self, milliseconds: u64, event: &Event) {
        match event {
            Event::Started { addr, .. } => {
                if let Some(node) = addr.node() {
                    let begun = || (milliseconds, BTreeSet::new());
                    self.open.entry(node.clone()).or_insert_with(begun).1.insert(addr.clone());
                }
            }
            Event::Finished { addr, .. } => {
                let Some(node) = addr.node() else { return };
                let Some((began, open)) = self.open.get_mut(node) else { return };
                open.remove(addr);
                if open.is_empty() {
                    let took = milliseconds.saturating_sub(*began);
                    *self.done.entry(node.clone()).or_default() += took;
                    self.open.remove(node);
                }
            }
            _ => {}
        }
    }

    /// Returns the time of each node that was worked on, in milliseconds.
    pub fn milliseconds(&self) -> &BTreeMap<NodeName, u64> {
        &self.done
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{Action, Outcome};

    use super::*;

    #[test]
    fn a_node_is_worked_on_while_any_change_of_it_is_open() {
        let started = |addr: &str| Event::Started { addr: addr.parse().unwrap(), action: Action::Update };
        let finished = |addr: &str| Event::Finished {
            addr: addr.parse().unwrap(),
            outcome: Outcome::Converged,
            milliseconds: 0,
        };
        let mut times = NodeTimes::default();
        for (at, event) in [
            (100, started("a/unit.x")),
            (110, started("a/file.x")),
            (150, started("b/unit.x")),
            (160, started("cluster/init.store")),
            (300, finished("a/unit.x")),
            (400, finished("a/file.x")),
            (450, finished("b/unit.x")),
            // Told once more, because it came out otherwise.
            (500, finished("a/file.x")),
            (900, started("a/service.x")),
            (1000, finished("a/service.x")),
        ] {
            times.note(at, &event);
        }
        let times: Vec<(&str, u64)> =
            times.milliseconds().iter().map(|(node, time)| (node.as_str(), *time)).collect();
        assert_eq!(times, [("a", 400), ("b", 300)]);
    }
}
