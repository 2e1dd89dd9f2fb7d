use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{AttributeDiff, FileKind, HostPath, Removal};

use super::removals::{Fate, delete};

/// Returns what becomes of a package that crdbctl made, its directory first among `paths`, when `entries` are in the
/// directory of packages.
pub(super) fn fate(
    packages: &HostPath,
    name: &str,
    paths: &[HostPath],
    entries: &BTreeMap<String, FileKind>,
) -> Fate {
    let Some((path, files)) = paths.split_first() else {
        return Fate::Stays("the record does not tell its files".to_owned());
    };
    if packages.join(name).as_ref() != Ok(path) {
        return Fate::Stays(format!(
            "it is recorded at {path}, and the manifest's packages are in {packages}"
        ));
    }
    match entries.get(name) {
        None => return Fate::Gone,
        Some(FileKind::Directory) => {}
        Some(_) => return Fate::Stays(format!("{path} is no longer a directory")),
    }
    let below =
        |file: &HostPath| file.as_str().strip_prefix(packages.as_str()).map(|rest| rest[1..].to_owned());
    let made: BTreeMap<String, &HostPath> = files
        .iter()
        .filter(|file| file.is_below(path))
        .filter_map(|file| Some((below(file)?, file)))
        .collect();
    let ways: BTreeSet<&str> = made
        .keys()
        .flat_map(|file| file.match_indices('/').map(|(at, _)| &file[..at]))
        .chain(std::iter::once(name))
        .collect();
    let inside = format!("{name}/");
    let foreign: Vec<&str> = entries
        .iter()
        .filter(|(entry, _)| entry.starts_with(&inside))
        .filter(|(entry, kind)| match kind {
            FileKind::Directory => !ways.contains(entry.as_str()),
            _ => !made.contains_key(*entry),
        })
        .map(|(entry, _)| &entry[inside.len()..])
        .collect();
    let files: Vec<HostPath> = made
        .iter()
        .filter(|(file, _)| entries.get(*file).is_some_and(|kind| *kind != FileKind::Directory))
        .map(|(_, path)| (*path).clone())
        .collect();
    let directory = foreign.is_empty();
    let held = || {
        format!(
            "{path} holds {}, which crdbctl did not put there",
            foreign[..foreign.len().min(5)].join(", ")
        )
    };
    if files.is_empty() && !directory {
        return Fate::Stays(held());
    }
    let mut attribute = AttributeDiff::words("path", Some(path), None::<&str>);
    if !directory {
        attribute = attribute.with_remark(format!("its own files only: {}", held()));
    }
    Fate::Goes(delete(Removal::Package { path: path.clone(), files, directory }, vec![attribute]))
}
