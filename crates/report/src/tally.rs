use crdbctl_model::{Counts, Plan, Verdict};
use serde::Serialize;

/// The numbers of a plan that every format tells, counted in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// What is done, and what it disturbs.
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Resources that were compared.
    pub(crate) compared: usize,
    /// Those of them that are as they shall be.
    pub(crate) same: usize,
    /// Those of them that are not, and are left alone.
    pub(crate) put_off: usize,
    /// Those of them that are not, and that changes of others mend.
    pub(crate) carried: usize,
    /// Nodes and resources that could not be read, as the plan lists them.
    pub(crate) unknown: usize,
    /// Changes of the whole plan, or attributes of one, that this part leaves out, as the plan lists them.
    pub(crate) left_out: usize,
}

impl Tally {
    pub(crate) fn of(plan: &Plan) -> Self {
        let verdicts = |wanted| plan.compared.values().filter(|verdict| **verdict == wanted).count();
        Self {
            counts: plan.counts(),
            compared: plan.compared.len(),
            same: verdicts(Verdict::Same),
            put_off: verdicts(Verdict::PutOff),
            carried: verdicts(Verdict::Carried),
            unknown: plan.unknown.len(),
            left_out: plan.left_out.len(),
        }
    }
}
