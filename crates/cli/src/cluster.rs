use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crdbctl_model::{
    ArchiveInfo, NodeName, Observations, Plan, Record, ResourceGraph, Selection, Shard, Timestamp,
    UnknownArchive,
};
use crdbctl_planner::PlanOptions;
use crdbctl_spec::Arch;
use secrecy::SecretString;

use crate::archives::{self, Archives};
use crate::args::GlobalArgs;
use crate::manifest::LoadedManifest;
use crate::observe::{Probe, ReadOnlyProbe, probe};
use crate::{CliError, Ui, manifest, selection};

/// A cluster as its manifest wants it, ready to be compared with its hosts.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The desired state.
    pub(crate) graph: Arc<ResourceGraph>,
    /// The authority's directory on this host.
    pub(crate) authority: PathBuf,
    /// The manifest's directory, where hooks run.
    pub(crate) directory: PathBuf,
    /// What is known of the release archives.
    pub(crate) archives: Archives,
    /// What the graph was made from.
    loaded: LoadedManifest,
    /// The share of the nodes that is looked at; `None` for all.
    pub(crate) shard: Option<Shard>,
}

impl Cluster {
    /// Returns the cluster of the manifest that `global` names, with what this machine knows of its release archives. What
    /// is not known here is found out when the nodes are probed ([`Cluster::settle`]).
    ///
    /// # Errors
    /// When the manifest is wrong, or a release archive beside it is not what it should be.
    pub(crate) fn load(global: &GlobalArgs, ui: &Ui) -> Result<Self, CliError> {
        let loaded = manifest::load(&global.file, ui)?;
        let archives = Archives::load(&loaded, ui)?;
        let graph = lowered(&loaded, &archives.infos(), &archives.unknown())?;
        Ok(Self::of(loaded, graph, archives))
    }

    /// Finds out what is in the release archives of which this machine knows nothing: from the records of the nodes, else from
    /// the archives themselves. One that cannot be had makes the packages unknown, and nothing else.
    ///
    /// # Errors
    /// When an archive is not what it should be.
    pub(crate) async fn settle(
        &mut self,
        records: &BTreeMap<NodeName, Record>,
        ui: &Ui,
    ) -> Result<(), CliError> {
        self.archives.take_records(&self.graph, records);
        if self.archives.is_open() {
            self.archives = self.blocking(*ui, |archives, ui| archives.get_open(ui)).await?;
        }
        self.graph = Arc::new(lowered(&self.loaded, &self.archives.infos(), &self.archives.unknown())?);
        Ok(())
    }

    /// Gets the release archives that a plan sends, where they are not on this machine yet.
    ///
    /// # Errors
    /// When one cannot be had, or does not hold what the plan was made with.
    pub(crate) async fn get_to_send(&mut self, plan: &Plan, ui: &Ui) -> Result<(), CliError> {
        let archs = archives::sent(plan, &self.graph);
        if !self.archives.has(&archs) {
            let get = move |archives: &mut Archives, ui: &Ui| archives.get_to_send(&archs, ui);
            self.archives = self.blocking(*ui, get).await?;
        }
        Ok(())
    }

    async fn blocking(
        &self,
        ui: Ui,
        work: impl FnOnce(&mut Archives, &Ui) -> Result<(), CliError> + Send + 'static,
    ) -> Result<Archives, CliError> {
        let mut archives = self.archives.clone();
        let work = tokio::task::spawn_blocking(move || work(&mut archives, &ui).map(|()| archives));
        work.await.map_err(|error| CliError::failed("getting the release archive broke", &error))?
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
        let mut graph = lowered(&loaded, &crdbctl_spec::placeholder_archives(), &BTreeMap::new())?;
        shape(&mut graph);
        Ok(Self::of(loaded, graph, Archives::default()))
    }

    fn of(loaded: LoadedManifest, graph: ResourceGraph, archives: Archives) -> Self {
        Self {
            graph: Arc::new(graph),
            directory: loaded.directory.clone(),
            authority: loaded.resolve(&loaded.manifest.certificates.authority.to_string()),
            archives,
            loaded,
            shard: None,
        }
    }

    /// Reads every node, and what this host has of the cluster, over connections that can do nothing else.
    ///
    /// # Errors
    /// When the probe itself breaks; a node that cannot be read is part of the answer.
    pub(crate) async fn probe(
        &mut self,
        password: Option<&SecretString>,
        ui: &Ui,
    ) -> Result<ReadOnlyProbe, CliError> {
        probe(self, password, ui).await
    }

    /// Reads as [`Cluster::probe`] does, for a command that may change hosts afterwards over the same connections.
    ///
    /// # Errors
    /// As [`Cluster::probe`].
    pub(crate) async fn probe_to_apply(
        &mut self,
        password: Option<&SecretString>,
        ui: &Ui,
    ) -> Result<Probe, CliError> {
        probe(self, password, ui).await
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

/// Returns the desired state of a manifest, with what is known of its archives and why the rest is not.
fn lowered(
    loaded: &LoadedManifest,
    infos: &BTreeMap<Arch, ArchiveInfo>,
    unknown: &BTreeMap<Arch, UnknownArchive>,
) -> Result<ResourceGraph, CliError> {
    let mut graph = crdbctl_spec::lower_with(&loaded.manifest, infos, unknown)
        .map_err(|error| CliError::from_error(&error))?;
    resolve_ssh_files(&mut graph, loaded);
    Ok(graph)
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
