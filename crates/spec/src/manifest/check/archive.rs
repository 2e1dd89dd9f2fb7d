use std::collections::BTreeSet;

use crdbctl_cockroach::archive::{DEFAULT_URL, PublishedChecksum, availability, published_checksum};

use crate::decode::Decoder;
use crate::manifest::Cockroach;
use crate::manifest::node::{Draft, NodeState};
use crate::{Arch, Diagnostic};

/// Checks that the archive can be verified, and is the right one for every node.
pub(in crate::manifest) fn archive(decoder: &mut Decoder, cockroach: &Cockroach, nodes: &[Draft]) {
    let present = nodes.iter().filter(|node| node.state.value == NodeState::Present);
    let archs: BTreeSet<Arch> =
        present.map(|node| node.arch.map_or(cockroach.arch.value, |arch| arch.value)).collect();
    let (source, version) = (&cockroach.archive, &cockroach.version);
    let is_published = source.template() == DEFAULT_URL;
    for arch in archs.iter().filter(|_| is_published) {
        if let Err(error) = availability(version, *arch) {
            decoder.report(
                Diagnostic::new(version.span, error.to_string()).help("write a version that was published"),
            );
        }
    }
    if archs.len() > 1 {
        if !source.template().contains("{arch}") {
            decoder.report(
                Diagnostic::new(source.span, "one archive for nodes of two architectures")
                    .help("write `{arch}` where its name has amd64 or arm64"),
            );
        }
        let digests: BTreeSet<_> = archs
            .iter()
            .filter_map(|arch| cockroach.sha256.get(arch))
            .collect::<Vec<_>>()
            .iter()
            .map(|digest| digest.value)
            .collect();
        let pinned = archs.iter().filter(|arch| cockroach.sha256.contains_key(arch)).count();
        if pinned > 1 && digests.len() == 1 {
            let place = cockroach.sha256.values().next().map_or(source.span, |digest| digest.span);
            decoder.report(
                Diagnostic::new(place, "one digest for archives of two architectures")
                    .help("write `sha256: {amd64: …, arm64: …}`"),
            );
        }
    }
    let unpinned = archs.iter().find(|arch| !cockroach.sha256.contains_key(arch));
    let Some(arch) = unpinned else { return };
    let pin = format!("pin the digest: `cockroach.sha256: {{{arch}: <64 hexadecimal digits>}}`");
    if source.is_plain_http() {
        decoder.report(
            Diagnostic::new(source.span, "an archive over plain http, and no digest to hold it to").help(pin),
        );
    } else if is_published && published_checksum(version) == PublishedChecksum::No {
        let message = format!("{} was published without a digest", version.value);
        decoder.report(Diagnostic::new(version.span, message).help(pin));
    }
}
