use std::collections::BTreeMap;
use std::fmt;

use super::node_table::{self, Row, TableError, TableErrorKind};

const COMMAND: &str = "cockroach node status";

/// A row of `cockroach node status --all --format=csv`.
///
/// A field is `None` when the version that printed it has no such column, or NULL in it, as most are for a node
/// that was decommissioned long ago.
/// Source: `pkg/cli/node.go` of <https://github.com/cockroachdb/cockroach> and
/// <https://www.cockroachlabs.com/docs/stable/cockroach-node>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node's number. Numbers are never used again.
    pub id: u32,
    /// Where other nodes find it: its advertised address. What a node of a manifest is known by.
    pub address: Option<String>,
    /// Where clients find it.
    pub sql_address: Option<String>,
    /// The version that it runs, such as `v24.1.0`, as it reported it last.
    pub build: Option<String>,
    /// When it started, in UTC, as cockroach writes it: `2026-01-02 03:04:05.1`.
    pub started_at: Option<String>,
    /// When it last reported its state.
    pub updated_at: Option<String>,
    /// Its locality, such as `region=eu,zone=a`.
    pub locality: Option<String>,
    /// Whether its liveness record has not expired. Without a quorum this is false for live nodes.
    pub is_available: Option<bool>,
    /// Whether other nodes hear of it.
    pub is_live: Option<bool>,
    /// Ranges with a replica on it.
    pub ranges: Option<u64>,
    /// Ranges without a quorum, as far as it is to count them.
    pub ranges_unavailable: Option<u64>,
    /// Ranges with less replicas than they should have, as far as it is to count them.
    pub ranges_underreplicated: Option<u64>,
    /// Replicas on it, as gossip has it; what a decommissioned node still holds.
    pub gossiped_replicas: Option<u64>,
    /// Whether it is being decommissioned or was.
    pub is_decommissioning: Option<bool>,
    /// Its membership, from v20.2 on.
    pub membership: Option<Membership>,
    /// Whether it drains.
    pub is_draining: Option<bool>,
}

/// A node's membership of its cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Membership {
    /// It belongs to it.
    Active,
    /// It is handing its replicas over; can be taken back.
    Decommissioning,
    /// It belongs to it no longer, for good.
    Decommissioned,
    /// A word that is not known.
    Other(String),
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Decommissioning => "decommissioning",
            Self::Decommissioned => "decommissioned",
            Self::Other(word) => word,
        })
    }
}

impl NodeStatus {
    /// Returns true when it is both available and live.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.is_live == Some(true) && self.is_available.unwrap_or(true)
    }

    /// Returns true when the node has left the cluster for good.
    ///
    /// Before v20.2 there is no membership: what was decommissioned and is not live is gone there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match &self.membership {
            Some(membership) => *membership == Membership::Decommissioned,
            None => self.is_decommissioning == Some(true) && self.is_live == Some(false),
        }
    }
}

/// Returns the nodes, by number, from the stdout of `cockroach node status --format=csv`, with or without `--all`.
///
/// Columns are found by name, unknown ones passed over. When a node comes twice, the later row counts.
///
/// # Errors
/// When there is no header or no row, a row is cut off, or a field that is used here is not of its kind.
pub fn node_status(stdout: &[u8]) -> Result<Vec<NodeStatus>, TableError> {
    let mut nodes = BTreeMap::new();
    for row in node_table::rows(COMMAND, stdout)? {
        let boolean = |column| row.boolean(COMMAND, column);
        let number = |column| row.number(COMMAND, column);
        let node = NodeStatus {
            id: row.id,
            address: row.text("address"),
            sql_address: row.text("sql_address"),
            build: row.text("build"),
            started_at: row.text("started_at"),
            updated_at: row.text("updated_at"),
            locality: row.text("locality"),
            is_available: boolean("is_available")?,
            is_live: boolean("is_live")?,
            ranges: number("ranges")?,
            ranges_unavailable: number("ranges_unavailable")?,
            ranges_underreplicated: number("ranges_underreplicated")?,
            gossiped_replicas: number("gossiped_replicas")?,
            is_decommissioning: boolean("is_decommissioning")?,
            membership: membership(&row),
            is_draining: boolean("is_draining")?,
        };
        nodes.insert(node.id, node);
    }
    if nodes.is_empty() {
        // A cluster that answers has a node: the one that answered. No rows means that the rest was lost.
        return Err(TableError { command: COMMAND, kind: TableErrorKind::NoRows });
    }
    Ok(nodes.into_values().collect())
}

/// Returns what the column `membership` says.
pub(super) fn membership(row: &Row) -> Option<Membership> {
    row.text("membership").map(|word| match word.as_str() {
        "active" => Membership::Active,
        "decommissioning" => Membership::Decommissioning,
        "decommissioned" => Membership::Decommissioned,
        _ => Membership::Other(word),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V22_1: &str = "\
id,address,sql_address,build,started_at,updated_at,locality,is_available,is_live,replicas_leaders,replicas_leaseholders,ranges,ranges_unavailable,ranges_underreplicated,live_bytes,key_bytes,value_bytes,intent_bytes,system_bytes,gossiped_replicas,is_decommissioning,membership,is_draining
1,10.0.0.1:26257,10.0.0.1:26257,v22.1.5,2026-01-02 03:04:05.1,2026-01-02 03:09:05.2,\"region=eu,zone=a\",true,true,20,20,60,0,0,1000,200,800,0,50,60,false,active,false
2,10.0.0.2:26257,10.0.0.2:26257,v22.1.5,2026-01-02 03:04:06.1,2026-01-02 03:09:05.3,\"region=eu,zone=b\",true,true,20,20,60,0,3,1000,200,800,0,50,60,true,decommissioning,false
3,NULL,NULL,NULL,NULL,2026-01-02 03:00:00.5,NULL,false,false,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,true,decommissioned,false
";

    #[test]
    fn reads_all_columns() {
        let nodes = node_status(V22_1.as_bytes()).unwrap();
        assert_eq!(nodes.iter().map(|node| node.id).collect::<Vec<_>>(), [1, 2, 3]);
        let first = &nodes[0];
        assert_eq!(first.address.as_deref(), Some("10.0.0.1:26257"));
        assert_eq!(first.build.as_deref(), Some("v22.1.5"));
        assert_eq!(first.locality.as_deref(), Some("region=eu,zone=a"));
        assert_eq!(
            (first.ranges, first.ranges_unavailable, first.ranges_underreplicated),
            (Some(60), Some(0), Some(0))
        );
        assert_eq!((first.membership.clone(), first.is_draining), (Some(Membership::Active), Some(false)));
        assert!(first.is_healthy() && !first.is_gone());
        assert_eq!(nodes[1].ranges_underreplicated, Some(3));
        assert_eq!(nodes[1].membership, Some(Membership::Decommissioning));
        let gone = &nodes[2];
        assert!(gone.is_gone() && !gone.is_healthy());
        assert_eq!((gone.address.clone(), gone.build.clone(), gone.ranges), (None, None, None));
    }

    #[test]
    fn finds_columns_by_name() {
        // v2.1, and one from the future with columns of its own.
        let old = "id,address,build,updated_at,started_at,is_live\n1,a:26257,v2.1.0,x,y,true\n";
        let node = &node_status(old.as_bytes()).unwrap()[0];
        assert!(node.is_healthy());
        assert_eq!(
            (node.started_at.as_deref(), node.is_available, node.membership.clone()),
            (Some("y"), None, None)
        );
        let new = "id,mood,address,attrs,is_live,is_available\n7,fine,a:26257,\"[\"\"ssd\"\"]\",true,false\n";
        let node = &node_status(new.as_bytes()).unwrap()[0];
        assert_eq!((node.id, node.address.as_deref(), node.is_healthy()), (7, Some("a:26257"), false));
    }

    #[test]
    fn before_memberships_a_decommissioned_node_is_gone_when_it_is_down() {
        let text = "id,address,is_live,is_decommissioning\n1,a,true,true\n2,b,false,true\n3,c,false,false\n";
        let gone: Vec<bool> = node_status(text.as_bytes()).unwrap().iter().map(NodeStatus::is_gone).collect();
        assert_eq!(gone, [false, true, false]);
    }

    #[test]
    fn passes_over_prose_and_takes_the_last_of_repeated_tables() {
        let text = "\u{feff}warning: \"clock\nid,address,is_live\r\n1,a,true\r\n\r\n\"unclosed, prose\nid,is_live,address\n1,false,b\n(1 row)\nNo more data.\n";
        let nodes = node_status(text.as_bytes()).unwrap();
        assert_eq!(nodes.len(), 1);
        assert_eq!((nodes[0].address.as_deref(), nodes[0].is_live), (Some("b"), Some(false)));
    }

    #[test]
    fn an_empty_locality_is_none() {
        let text = "id,address,locality,is_live\n1,a,,true\n2,b,\"\",true\n";
        assert!(node_status(text.as_bytes()).unwrap().iter().all(|node| node.locality.is_none()));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let said = |text: &str| node_status(text.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(said(""), @"cannot read the table of `cockroach node status`: it has no header line; it begins with ``");
        insta::assert_snapshot!(said("ERROR: cannot dial server.\nIs"), @"cannot read the table of `cockroach node status`: it has no header line; it begins with `ERROR: cannot dial server.`");
        insta::assert_snapshot!(said("id,address,is_l"), @"cannot read the table of `cockroach node status`: it has a header and no rows");
        insta::assert_snapshot!(said("id,address,is_live\n1,a,true\n2,b"), @"cannot read the table of `cockroach node status`: line 3 has 2 fields, the header 3");
        insta::assert_snapshot!(said("id,address,is_live\n1,a,maybe\n"), @"cannot read the table of `cockroach node status`: line 2: `maybe` in column is_live is not true or false");
        insta::assert_snapshot!(said("id,ranges_unavailable\n1,-1\n"), @"cannot read the table of `cockroach node status`: line 2: `-1` in column ranges_unavailable is not a number");
        insta::assert_snapshot!(said("id,is_live\n99999999999,true\n"), @"cannot read the table of `cockroach node status`: line 2: `99999999999` in column id is not a node's number");
        // Cut off inside of a quoted field.
        insta::assert_snapshot!(said("id,locality,is_live\n1,\"region=eu,zo"), @"cannot read the table of `cockroach node status`: line 2 has 2 fields, the header 3");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = node_status(&bytes);
        }

        #[test]
        fn never_panics_on_tables(lines in proptest::collection::vec("id,[a-z_,]{0,20}|[0-9]{1,12},[\",a-zNUL0-9]{0,20}|\\PC{0,20}", 0..8)) {
            let _ = node_status(lines.join("\n").as_bytes());
        }

        #[test]
        fn a_table_that_is_cut_off_never_shows_a_wrong_row(at in 0usize..V22_1.len()) {
            let whole = node_status(V22_1.as_bytes()).unwrap();
            if let Ok(nodes) = node_status(&V22_1.as_bytes()[..at]) {
                // Of the last row, only its last field can be lost without being noticed.
                for (is, was) in nodes.iter().zip(&whole) {
                    prop_assert_eq!(is, &NodeStatus { is_draining: is.is_draining, ..was.clone() });
                    prop_assert!(is.is_draining == was.is_draining || is.is_draining.is_none());
                }
            }
        }
    }
}
