use std::path::Path;

use crdbctl_model::Observations;

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::observe::records;
use crate::{CliError, Ui, document, interrupt, runtime};

/// Returns what a command that only looks goes by, and in words where it is from: the hosts as they are, or what `probe -o` wrote
/// to `observed`.
///
/// # Errors
/// When the file is none, a password cannot be had, or the probe itself breaks; a node that cannot be read is part of the answer.
pub(crate) fn found(
    cluster: &mut Cluster,
    observed: Option<&Path>,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<(Observations, String), CliError> {
    if let Some(file) = observed {
        let observations = document::read_observations(file)?;
        if cluster.archives.is_open() {
            let records = records(&observations.nodes);
            runtime::run(interrupt::or_stop(ui, cluster.settle(&records, ui)))?;
        }
        let words = format!("from {}, taken {}", file.display(), observations.taken_at.date());
        return Ok((observations, of_shard(cluster, words)));
    }
    let password = crate::password::sudo_password(global)?;
    let probe = runtime::run(interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)))?;
    let words = probe.words();
    Ok((probe.observations, of_shard(cluster, words)))
}

fn of_shard(cluster: &Cluster, words: String) -> String {
    cluster.shard.map_or(words.clone(), |shard| format!("shard {shard}, {words}"))
}
