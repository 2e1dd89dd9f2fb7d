use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{FileKind, HostPath};

/// Returns why a directory with these entries is not empty when what is `going` is gone; `None` when it is.
pub(crate) fn held(
    path: &HostPath,
    entries: &BTreeMap<String, FileKind>,
    going: &BTreeSet<HostPath>,
) -> Option<String> {
    let held: Vec<&str> = entries
        .iter()
        .filter(|(name, kind)| !is_staging(name, **kind))
        .filter(|(name, _)| !path.join(name).is_ok_and(|entry| going.contains(&entry)))
        .map(|(name, _)| name.as_str())
        .collect();
    let more = if held.len() > 5 { format!(" and {} more", held.len() - 5) } else { String::new() };
    (!held.is_empty()).then(|| format!("{path} still holds {}{more}", held[..held.len().min(5)].join(", ")))
}

/// Whether it is a directory in which an interrupted apply made something: it is swept away.
fn is_staging(name: &str, kind: FileKind) -> bool {
    kind == FileKind::Directory && name.len() == ".crdbctl.XXXXXXXX".len() && name.starts_with(".crdbctl.")
}
