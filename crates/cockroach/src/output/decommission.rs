use std::collections::BTreeMap;

use super::Membership;
use super::node_status::membership;
use super::node_table::{self, TableError, TableErrorKind};

const COMMAND: &str = "cockroach node decommission";

/// How far a node is from having left: a row of `cockroach node decommission --format=csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecommissionStatus {
    /// The node's number.
    pub id: u32,
    /// The replicas that it still holds.
    pub replicas: Option<u64>,
    /// Whether it belongs to the cluster, from v20.2 on.
    pub membership: Option<Membership>,
}

/// Returns how far each node is, by number, from the stdout of `cockroach node decommission --format=csv`.
///
/// The table is printed again whenever something changes, and a sentence follows it: the last row of a node counts.
///
/// # Errors
/// When there is no header or no row, or a row cannot be read.
pub fn decommission_status(stdout: &[u8]) -> Result<Vec<DecommissionStatus>, TableError> {
    let mut nodes = BTreeMap::new();
    for row in node_table::rows(COMMAND, stdout)? {
        let replicas = row.number(COMMAND, "replicas")?;
        let node = DecommissionStatus { id: row.id, replicas, membership: membership(&row) };
        nodes.insert(node.id, node);
    }
    if nodes.is_empty() {
        return Err(TableError { command: COMMAND, kind: TableErrorKind::NoRows });
    }
    Ok(nodes.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_table_counts_and_prose_does_not() {
        let text = "\
id,is_live,replicas,is_decommissioning,membership,is_draining,readiness,blocking_ranges
4,true,34,true,decommissioning,false,ready,0
5,true,12,true,decommissioning,false,ready,0
id,is_live,replicas,is_decommissioning,membership,is_draining,readiness,blocking_ranges
4,true,0,true,decommissioning,false,ready,0
5,true,3,true,decommissioning,false,ready,0

No more data reported on target nodes. Please verify cluster health before removing the nodes.
";
        let nodes = decommission_status(text.as_bytes()).unwrap();
        assert_eq!(
            nodes.iter().map(|node| (node.id, node.replicas)).collect::<Vec<_>>(),
            [(4, Some(0)), (5, Some(3))]
        );
        assert_eq!(nodes[0].membership, Some(Membership::Decommissioning));
        let old = "id,is_live,replicas,is_decommissioning,is_draining\n2,true,7,true,false\n";
        assert_eq!(decommission_status(old.as_bytes()).unwrap()[0].membership, None);
        assert!(decommission_status(b"ERROR: x\n").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,100}|id,[a-z,]{0,30}\n[0-9a-z,]{0,30}") {
            let _ = decommission_status(text.as_bytes());
        }
    }
}
