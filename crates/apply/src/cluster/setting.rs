use crdbctl_cockroach::sql;
use crdbctl_model::DesiredSetting;

use super::through::Through;
use crate::sessions::Sessions;

/// Sets a cluster setting. That it has taken effect is read back with everything else.
///
/// # Errors
/// What came back instead.
pub(super) async fn set(
    through: &Through,
    sessions: &mut Sessions,
    desired: &DesiredSetting,
) -> Result<(), String> {
    let statement = sql::set_setting(&desired.name, &desired.value);
    through.sql(sessions, &[statement]).await
}
