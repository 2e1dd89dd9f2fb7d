use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Dropped, FileKind, Footprint, HostPath, Listing, LockHolder, NodeName, OtherCertificate,
    OtherCertificates, Record, ResourceGraph, ResourceKind, StepNote,
};

use crate::answer::{Answer, Content, Read};
use crate::{kinds, questions};

/// Returns what stands around a node's resources.
///
/// # Errors
/// Why what an interrupted apply began, or what processes run, could not be read: without it nothing can be told to be
/// crdbctl's, or out of use.
pub(crate) fn footprint(
    graph: &ResourceGraph,
    node: &NodeName,
    record: Option<&Record>,
    answer: &Answer,
) -> Result<Footprint, String> {
    let asked = questions(graph, node);
    let listings = asked.packages.iter().chain(&asked.entries).map(|path| {
        let listing = match answer.entries.get(path.as_str()) {
            None => Listing::Entries(BTreeMap::new()),
            Some(listed) => listing(path, listed),
        };
        (path.clone(), listing)
    });
    let packages_in_use = match &answer.in_use {
        Some(Ok(bytes)) => in_use(&graph.packages, bytes),
        Some(Err(why)) => return Err(format!("cannot tell which packages are in use: {why}")),
        None => return Err("the host's answer does not speak of the packages in use".to_owned()),
    };
    let begun = match &answer.begun {
        None => BTreeMap::new(),
        Some(Ok(bytes)) => begun(bytes),
        Some(Err(why)) => {
            return Err(format!("cannot read what an interrupted apply began: {why}"));
        }
    };
    let mut footprint = Footprint {
        listings: listings.collect(),
        packages_in_use,
        mount_points: asked.mounts.into_iter().filter(|path| answer.mounts.contains(path.as_str())).collect(),
        begun,
        stores: BTreeMap::new(),
        places: BTreeMap::new(),
        certificates: certificates(answer),
        noted: match &answer.noted {
            None => Vec::new(),
            Some(Ok(bytes)) => StepNote::read(&String::from_utf8_lossy(bytes)),
            Some(Err(why)) => return Err(format!("cannot read what steps of an apply noted: {why}")),
        },
        lock: answer.lock.as_deref().map(|bytes| LockHolder::read(&String::from_utf8_lossy(bytes))),
        store_places: asked
            .stores
            .into_iter()
            .filter_map(|path| Some((path.clone(), answer.store_places.get(path.as_str())?.clone())))
            .collect(),
    };
    for dropped in Dropped::on(graph, node, record, &footprint.begun) {
        for path in &dropped.paths {
            // A place that no manifest could name is none that it names.
            let real = answer.places.get(path.as_str()).and_then(|real| String::from_utf8(real.clone()).ok());
            if let Some(real) = real.and_then(|real| HostPath::new(real).ok()) {
                footprint.places.insert(path.clone(), real);
            }
        }
        around(&dropped, answer, &mut footprint);
    }
    Ok(footprint)
}

/// Adds what stands around something that the manifest no longer has. Of what is in its old stores, nothing.
fn around(dropped: &Dropped, answer: &Answer, footprint: &mut Footprint) {
    let Some(path) = dropped.paths.first() else { return };
    if answer.mounts.contains(path.as_str()) {
        footprint.mount_points.insert(path.clone());
    }
    match dropped.addr.kind {
        ResourceKind::Directory if dropped.is_data() => {
            if let Some(Ok(used)) = answer.stores.get(path.as_str()) {
                footprint.stores.insert(path.clone(), *used);
            }
        }
        ResourceKind::Directory | ResourceKind::Package => {
            if let Some(listed) = answer.entries.get(path.as_str()) {
                footprint.listings.entry(path.clone()).or_insert_with(|| listing(path, listed));
            }
            if answer.dropped_in_use.contains(path.as_str()) {
                footprint.packages_in_use.insert(path.to_string());
            }
        }
        _ => {}
    }
}

/// The certificates beside those that crdbctl writes. An answer that does not say that they are all is not taken for one.
fn certificates(answer: &Answer) -> OtherCertificates {
    let certificate = |content: &Read<Content>| match content {
        Ok(Content::Bytes(bytes)) => OtherCertificate::Pem(String::from_utf8_lossy(bytes).into_owned()),
        Ok(Content::Large(_)) => OtherCertificate::Unread { reason: "it is larger than 64 KiB".to_owned() },
        Err(reason) => OtherCertificate::Unread { reason: reason.clone() },
    };
    let told =
        || answer.certificates.iter().map(|(name, content)| (kinds::encode(name), certificate(content)));
    match &answer.all_certificates {
        None => OtherCertificates::NotAsked,
        Some(Err(reason)) => OtherCertificates::Unread {
            reason: reason.clone(),
            named: answer.named_certificates.then(|| {
                told().filter(|(name, _)| OtherCertificates::NAMED.contains(&name.as_str())).collect()
            }),
        },
        Some(Ok(())) => OtherCertificates::Found(told().collect()),
    }
}

fn listing(path: &HostPath, listed: &Read<Vec<u8>>) -> Listing {
    match listed {
        Ok(bytes) => entries(bytes),
        Err(why) => Listing::Unknown { reason: format!("cannot list {path}: {why}") },
    }
}

/// Reads `d ./name`, `f ./name/file`, …, `end`, each with a NUL behind it.
fn entries(bytes: &[u8]) -> Listing {
    let Some(bytes) = bytes.strip_suffix(b"end\0") else {
        return Listing::Unknown { reason: "it holds too much, or cannot be read to its end".to_owned() };
    };
    let entry = |entry: &[u8]| {
        let (kind, path) = (entry.first()?, entry.get(2..)?);
        let kind = match kind {
            b'f' => FileKind::Regular,
            b'd' => FileKind::Directory,
            b'l' => FileKind::Link,
            _ => FileKind::Special,
        };
        Some((kinds::encode(path.strip_prefix(b"./")?), kind))
    };
    let lines = bytes.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    match lines.map(entry).collect::<Option<_>>() {
        Some(entries) => Listing::Entries(entries),
        None => Listing::Unknown { reason: "its listing is not understood".to_owned() },
    }
}

/// The names of the packages below which the given programs lie.
fn in_use(packages: &HostPath, bytes: &[u8]) -> BTreeSet<String> {
    let name = |program: &[u8]| {
        let program = String::from_utf8_lossy(program);
        let below = program.strip_prefix(packages.as_str())?.strip_prefix('/')?;
        below.split('/').next().map(|name| kinds::encode(name.as_bytes()))
    };
    bytes.split(|byte| *byte == 0).filter_map(name).collect()
}

/// Reads lines of a local address and paths. A line that is cut off is of a resource that was not begun.
fn begun(bytes: &[u8]) -> BTreeMap<String, Vec<HostPath>> {
    let text = String::from_utf8_lossy(bytes);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let line = |line: &str| {
        let (local, paths) = line.split_once(' ').unwrap_or((line, ""));
        let paths: Result<Vec<HostPath>, _> = paths.split_whitespace().map(HostPath::new).collect();
        Some((local.to_owned(), paths.ok()?))
    };
    whole.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_whole_or_unknown() {
        let read = |bytes: &[u8]| entries(bytes);
        assert_eq!(read(b"end\0"), Listing::Entries(BTreeMap::new()));
        let some = read(b"d ./cockroach-v1\0f ./cockroach-v1/a\nb\0l ./cockroach-v2\0end\0");
        let expected = [
            ("cockroach-v1", FileKind::Directory),
            ("cockroach-v1/a%0Ab", FileKind::Regular),
            ("cockroach-v2", FileKind::Link),
        ];
        let expected = expected.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
        assert_eq!(some, Listing::Entries(expected));
        for cut in [&b""[..], b"d ./cockroach-v1\0", b"d ./cockroach-v1\0f ./coc", b"x\0end\0"] {
            assert!(matches!(read(cut), Listing::Unknown { .. }), "{cut:?}");
        }
    }

    #[test]
    fn what_was_begun_is_read_line_by_line_and_a_cut_line_is_not() {
        let lines =
            begun(b"user.cockroach\nlink.data /opt/cockroach/data\ncertificate.node /a/node.crt /a/node.k");
        let path = |text: &str| HostPath::new(text).unwrap();
        let expected = [
            ("link.data".to_owned(), vec![path("/opt/cockroach/data")]),
            ("user.cockroach".to_owned(), vec![]),
        ];
        assert_eq!(lines, expected.into_iter().collect());
        assert!(begun(b"link.data relative\nlink.x /a/../b\n").is_empty());
    }

    #[test]
    fn a_package_is_in_use_by_the_name_of_its_directory() {
        let packages = HostPath::new("/opt").unwrap();
        let programs = b"/opt/cockroach-v1/cockroach\0/opt/cockroach-v2/cockroach (deleted)\0/opt2/x\0";
        let names: Vec<String> = in_use(&packages, programs).into_iter().collect();
        assert_eq!(names, ["cockroach-v1", "cockroach-v2"]);
    }
}
