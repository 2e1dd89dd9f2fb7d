use crate::{Series, Version};

/// Returns the words that look whether nodes can leave, without beginning; `None` before v23.1, which cannot tell.
///
/// Source: `pkg/cli/node.go` of <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn decommission_check(running: &Version, ids: &[u32]) -> Option<Vec<String>> {
    let can = running.series() >= Series::new(23, 1);
    can.then(|| words(ids, &["--dry-run", "--checks=enabled"]))
}

/// Returns the words that begin to move the data off nodes, all of them in one, and end at once.
///
/// Run again, they tell how far it is, and make it final when nothing is left. The checks are made before, once.
#[must_use]
pub fn decommission(running: &Version, ids: &[u32]) -> Vec<String> {
    let checks: &[&str] = if running.series() >= Series::new(23, 1) { &["--checks=skip"] } else { &[] };
    words(ids, &[&["--wait=none"], checks].concat())
}

/// Returns the words that call the decommissioning of nodes off.
#[must_use]
pub fn recommission(ids: &[u32]) -> Vec<String> {
    ["node", "recommission"]
        .into_iter()
        .map(str::to_owned)
        .chain(ids.iter().map(ToString::to_string))
        .chain(["--format=csv".to_owned()])
        .collect()
}

/// Returns whether nodes of this version want to be drained before they are decommissioned; later ones do it themselves.
///
/// Source: <https://www.cockroachlabs.com/docs/v21.2/node-shutdown>.
#[must_use]
pub fn drains_before_decommission(running: &Version) -> bool {
    running.series() <= Series::new(21, 2)
}

fn words(ids: &[u32], flags: &[&str]) -> Vec<String> {
    ["node", "decommission"]
        .into_iter()
        .map(str::to_owned)
        .chain(ids.iter().map(ToString::to_string))
        .chain(flags.iter().map(|flag| (*flag).to_owned()))
        .chain(["--format=csv".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_gets_the_words_that_it_knows() {
        let of = |version: &str| version.parse().unwrap();
        let check = |version: &str| decommission_check(&of(version), &[4, 5]).map(|words| words.join(" "));
        assert_eq!(check("v22.2.19"), None);
        assert_eq!(
            check("v23.1.0").as_deref(),
            Some("node decommission 4 5 --dry-run --checks=enabled --format=csv")
        );
        assert_eq!(
            decommission(&of("v22.1.0"), &[4]).join(" "),
            "node decommission 4 --wait=none --format=csv"
        );
        assert_eq!(
            decommission(&of("v24.1.0"), &[4, 5]).join(" "),
            "node decommission 4 5 --wait=none --checks=skip --format=csv"
        );
        assert_eq!(recommission(&[7]).join(" "), "node recommission 7 --format=csv");
        assert!(drains_before_decommission(&of("v21.2.17")) && !drains_before_decommission(&of("v22.1.0")));
    }
}
