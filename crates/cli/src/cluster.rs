use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crdbctl_model::{ArchiveInfo, Observations, Plan, ResourceGraph, Selection, Shard, Timestamp};
use crdbctl_planner::PlanOptions;
use crdbctl_spec::Arch;
use secrecy::SecretString;

use crate::args::GlobalArgs;
use crate::manifest::LoadedManifest;
use crate::observe::{Probe, ReadOnlyProbe, probe};
use crate::{CliError, Ui, archives, manifest, selection};

/// A cluster as its manifest wants it, ready to be compared with its hosts.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The desired state.
    pub(crate) graph: Arc<ResourceGraph>,
    /// The authority's directory on this host.
    pub(crate) authority: PathBuf,
    /// The manifest's directory, where hooks run.
    pub(crate) directory: PathBuf,
    /// The release archives on this host, by architecture.
    pub(crate) archives: BTreeMap<String, PathBuf>,
    /// The share of the nodes that is looked at; `None` for all.
    pub(crate) shard: Option<Shard>,
}

impl Cluster {
    /// Returns the cluster of the manifest that `global` names, its release archives at hand and verified.
    ///
    /// # Errors
    /// When the manifest is wrong, or an archive cannot be had or is not what it should be.
    pub(crate) fn load(global: &GlobalArgs, ui: &Ui) -> Result<Self, CliError> {
        let loaded = manifest::load(&global.file, ui)?;
        let archives = archives::at_hand(&loaded, ui)?;
        let infos = archives.iter().map(|(arch, archive)| (*arch, archive.info.clone())).collect();
        let archives = archives.into_iter().map(|(arch, archive)| (arch.to_string(), archive.path)).collect();
        Self::of(&loaded, &infos, archives, |_| {})
    }

    /// Returns the cluster of which a share of the nodes alone is looked at, to be shown.
    #[must_use]
    pub(crate) fn within(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// Returns what the cluster has of certificates alone, for which no archive is needed.
    ///
    /// # Errors
    /// When the manifest is wrong.
    pub(crate) fn of_certificates(global: &GlobalArgs, ui: &Ui) -> Result<Self, CliError> {
        Self::without_archives(global, ui, |graph| {
            graph.resources.retain(|addr, _| crate::certificates::is_certificate(addr));
        })
    }

    /// Returns what a status looks at, for which no archive is needed.
    ///
    /// # Errors
    /// When the manifest is wrong.
    pub(crate) fn to_look_at(global: &GlobalArgs, ui: &Ui) -> Result<Self, CliError> {
        Self::without_archives(global, ui, |graph| {
            graph.resources.retain(|addr, _| crate::status::is_looked_at(addr));
        })
    }

    /// Returns the cluster of the manifest that `global` names as it shall be when it is no more: everything on every
    /// node gone. No release archive is needed for that.
    ///
    /// # Errors
    /// When the manifest is wrong.
    pub(crate) fn load_to_destroy(global: &GlobalArgs, ui: &Ui) -> Result<Self, CliError> {
        Self::without_archives(global, ui, |graph| graph.retire(&graph.staying().cloned().collect()))
    }

    fn without_archives(
        global: &GlobalArgs,
        ui: &Ui,
        shape: impl FnOnce(&mut ResourceGraph),
    ) -> Result<Self, CliError> {
        let loaded = manifest::load(&global.file, ui)?;
        Self::of(&loaded, &crdbctl_spec::placeholder_archives(), BTreeMap::new(), shape)
    }

    fn of(
        loaded: &LoadedManifest,
        infos: &BTreeMap<Arch, ArchiveInfo>,
        archives: BTreeMap<String, PathBuf>,
        shape: impl FnOnce(&mut ResourceGraph),
    ) -> Result<Self, CliError> {
        let mut graph =
            crdbctl_spec::lower(&loaded.manifest, infos).map_err(|error| CliError::from_error(&error))?;
        shape(&mut graph);
        resolve_ssh_files(&mut graph, loaded);
        Ok(Self {
            graph: Arc::new(graph),
            directory: loaded.directory.clone(),
            authority: loaded.resolve(&loaded.manifest.certificates.authority.to_string()),
            archives,
            shard: None,
        })
    }

    /// Reads every node, and what this host has of the cluster, over connections that can do nothing else.
    ///
    /// # Errors
    /// When the probe itself breaks; a node that cannot be read is part of the answer.
    pub(crate) async fn probe(
        &self,
        password: Option<&SecretString>,
        ui: &Ui,
    ) -> Result<ReadOnlyProbe, CliError> {
        probe(&self.graph, &self.authority, self.shard, password, ui).await
    }

    /// Reads as [`Cluster::probe`] does, for a command that may change hosts afterwards over the same connections.
    ///
    /// # Errors
    /// As [`Cluster::probe`].
    pub(crate) async fn probe_to_apply(
        &self,
        password: Option<&SecretString>,
        ui: &Ui,
    ) -> Result<Probe, CliError> {
        probe(&self.graph, &self.authority, self.shard, password, ui).await
    }

    /// Returns the plan that follows from what was found. The moment that counts is that of the probe, so that a
    /// plan from recorded observations is the plan of then.
    pub(crate) fn plan(&self, observations: &Observations, skip_unknown: bool, delete_data: bool) -> Plan {
        self.plan_as_of(observations.taken_at, observations, skip_unknown, delete_data)
    }

    /// Returns the selected part of the plan that follows from what was found, for somebody who only looks.
    ///
    /// # Errors
    /// When the selection means nothing.
    pub(crate) fn look_at(
        &self,
        selection: &Selection,
        observations: &Observations,
    ) -> Result<Plan, CliError> {
        let whole = self.plan(observations, false, false);
        let now = observations.taken_at;
        let options = PlanOptions { now, skip_unknown: false, delete_data: false, shard: self.shard };
        crdbctl_planner::look_at(whole, selection, &self.graph, observations, &options)
            .map_err(|error| selection::refused(&error))
    }

    /// Returns the selected part of the plan that follows from what was found.
    ///
    /// # Errors
    /// When the selection means nothing, or breaks the order of the plan.
    pub(crate) fn plan_part(
        &self,
        selection: &Selection,
        observations: &Observations,
        skip_unknown: bool,
        delete_data: bool,
    ) -> Result<Plan, CliError> {
        let whole = self.plan(observations, skip_unknown, delete_data);
        let options = PlanOptions { now: observations.taken_at, skip_unknown, delete_data, shard: None };
        crdbctl_planner::select(whole, selection, &self.graph, observations, &options)
            .map_err(|error| selection::refused(&error))
    }

    /// Returns the plan that follows from what was found, with certificates judged as of another moment.
    pub(crate) fn plan_as_of(
        &self,
        now: Timestamp,
        observations: &Observations,
        skip_unknown: bool,
        delete_data: bool,
    ) -> Plan {
        crdbctl_planner::plan(
            &self.graph,
            observations,
            &PlanOptions { now, skip_unknown, delete_data, shard: self.shard },
        )
    }
}

/// Makes the ssh files of the manifest paths from here. A leading `~/` is left to ssh.
fn resolve_ssh_files(graph: &mut ResourceGraph, loaded: &LoadedManifest) {
    for node in graph.nodes.values_mut() {
        for file in [&mut node.ssh_identity_file, &mut node.ssh_config_file].into_iter().flatten() {
            if !file.starts_with("~/") {
                *file = loaded.resolve(file).to_string_lossy().into_owned();
            }
        }
    }
}
