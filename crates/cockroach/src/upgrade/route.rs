use crate::releases::{self, ReleaseKind};
use crate::{Series, releases::Release};

/// Returns true when a cluster on `from` may go straight to the later series `to`.
pub(super) fn may_follow(from: Series, to: Series) -> bool {
    let (Some(from), Some(to)) = (releases::place(from), releases::place(to)) else { return false };
    let kind = |at: usize| releases::all().get(at).map(|release: &Release| release.kind);
    match to.checked_sub(from) {
        Some(1) => true,
        Some(2) => {
            let regular = Some(ReleaseKind::Regular);
            kind(from) == regular && kind(from + 1) == Some(ReleaseKind::Innovation) && kind(to) == regular
        }
        _ => false,
    }
}

/// Returns the series that a cluster has to pass through from one series to a later one, the last one included,
/// in as few steps as there can be. `None` when there is no way, or one of the two is not known.
#[must_use]
pub fn route(from: Series, to: Series) -> Option<Vec<Series>> {
    let mut way = Vec::new();
    let mut at = from;
    while at < to {
        // Going as far as possible is never worse: whatever can be skipped leads to a regular series.
        let next = releases::all().iter().rev().map(|release| release.series);
        at = next.into_iter().filter(|series| *series <= to).find(|series| may_follow(at, *series))?;
        way.push(at);
    }
    Some(way).filter(|way| !way.is_empty() || releases::place(from).is_some() && from == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: &str, to: &str) -> String {
        let way = route(from.parse().unwrap(), to.parse().unwrap());
        way.map_or("none".into(), |way| way.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn skips_innovation_releases() {
        assert_eq!(shown("v23.1", "v25.2"), "v23.2 v24.1 v24.3 v25.2");
        assert_eq!(shown("v24.2", "v25.2"), "v24.3 v25.2");
        assert_eq!(shown("v24.1", "v25.1"), "v24.3 v25.1");
        assert_eq!(shown("v2.0", "v19.2"), "v2.1 v19.1 v19.2");
        assert_eq!(shown("v24.1", "v24.1"), "");
        assert_eq!(shown("v24.3", "v24.1"), "none");
        assert_eq!(shown("v24.1", "v30.1"), "none");
        assert_eq!(shown("v1.1", "v24.1"), "none");
    }

    #[test]
    fn every_known_series_is_within_reach_of_every_older_one() {
        for (at, from) in releases::all().iter().enumerate() {
            for to in &releases::all()[at + 1..] {
                let way = route(from.series, to.series).unwrap();
                let mut last = from.series;
                for series in way {
                    assert!(may_follow(last, series));
                    last = series;
                }
                assert_eq!(last, to.series);
            }
        }
    }
}
