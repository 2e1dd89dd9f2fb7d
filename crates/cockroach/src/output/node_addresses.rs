use std::collections::BTreeMap;

use super::node_table::{self, TableError};

const COMMAND: &str = "SELECT … FROM crdb_internal.kv_node_status";

/// Returns where nodes were, by number, from the stdout of `cockroach sql --format=csv` for
/// [`NODE_ADDRESSES`](crate::sql::NODE_ADDRESSES).
///
/// # Errors
/// When there is no header, or a row is cut off.
pub fn node_addresses(stdout: &[u8]) -> Result<BTreeMap<u32, String>, TableError> {
    let rows = node_table::rows(COMMAND, stdout)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.text("address")?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_the_address_of_its_last_start() {
        let found = node_addresses(b"id,address\n1,10.0.0.1:26257\n3,store-3:26257\n4,NULL\n").unwrap();
        assert_eq!(
            found,
            BTreeMap::from([(1, "10.0.0.1:26257".to_owned()), (3, "store-3:26257".to_owned())])
        );
        assert!(node_addresses(b"ERROR: no\n").is_err());
    }
}
