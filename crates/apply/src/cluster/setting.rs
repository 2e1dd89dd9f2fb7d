use crdbctl_cockroach::sql;
use crdbctl_model::{DesiredSetting, Outcome};

use super::through::Through;
use crate::sessions::Sessions;

/// Sets a cluster setting. That it has taken effect is read back with everything else.
pub(super) async fn set(through: &Through, sessions: &mut Sessions, desired: &DesiredSetting) -> Outcome {
    let statement = sql::set_setting(&desired.name, &desired.value);
    match through.sql(sessions, &[statement]).await {
        Ok(()) => Outcome::Converged,
        Err(why) => Outcome::Failed(why),
    }
}
