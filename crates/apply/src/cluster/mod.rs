//! Changes that concern the cluster and no single node: settings, the finalisation of a version, members that leave.
//!
//! Both are called once a run, with every lock held: [`Applier::change_cluster_before_rollout`] before the first node is
//! reloaded or restarted, [`Applier::change_cluster_after_rollout`] when the last one is well again and the cluster is
//! initialised. Each puts an outcome for every change that it makes into `outcomes`; one that is not
//! [`Outcome::Converged`](crdbctl_model::Outcome::Converged) before the rollout keeps it from beginning.

use crate::applier::Applier;
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;

impl Applier {
    /// Makes the changes that must be in place before a node is restarted.
    pub(crate) async fn change_cluster_before_rollout(
        &self,
        _sessions: &mut Sessions,
        _issuer: &Issuer<'_>,
        _outcomes: &mut Outcomes,
    ) {
    }

    /// Makes the changes that rest on every node being well.
    pub(crate) async fn change_cluster_after_rollout(
        &self,
        _sessions: &mut Sessions,
        _issuer: &Issuer<'_>,
        _outcomes: &mut Outcomes,
    ) {
    }
}
