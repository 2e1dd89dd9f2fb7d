//! A node's view of the cluster's settings and version.

use tokio::time::{Duration, Instant, sleep};

use super::node::Node;
use crate::clock;
use crate::cluster::{check_preserved, manual_target, version_text};
use crate::release::Series;
use crate::settings::{Setting, go_duration};

/// After this long without news a change of version is given up.
const UPGRADE_LIMIT: Duration = Duration::from_secs(30);

impl Node {
    /// The value of a setting as it is stored.
    pub(super) fn setting(&self, setting: &Setting) -> String {
        let inner = self.lock();
        let value = inner.contents.state.as_ref().and_then(|state| state.setting(setting.key));
        value.unwrap_or(setting.default).to_owned()
    }

    /// Whether a setting has a value of its own.
    pub(super) fn is_set(&self, setting: &Setting) -> bool {
        let inner = self.lock();
        inner.contents.state.as_ref().is_some_and(|state| state.setting(setting.key).is_some())
    }

    /// Gives a setting a value, or its default.
    ///
    /// # Errors
    /// When the setting does not take it.
    pub(super) fn set(&self, setting: &Setting, value: Option<String>) -> Result<(), String> {
        let mut inner = self.lock();
        let by = inner.contents.node.ok_or("node waiting for init")?;
        let state = inner.contents.state.as_mut().ok_or("node waiting for init")?;
        match (setting.key, value.as_deref()) {
            ("cluster.preserve_downgrade_option", Some(text)) => check_preserved(state, text)?,
            ("server.time_until_store_dead", Some(nanos)) => {
                check_dead_after(self.config.release.series, nanos)?;
            }
            _ => {}
        }
        state.set(setting.key, value, by, clock::unix_millis());
        self.store_changes(&mut inner);
        self.log.info(&format!("set cluster setting {}", setting.key));
        Ok(())
    }

    /// What `SHOW CLUSTER SETTING version` says.
    pub(super) fn version_text(&self) -> String {
        self.lock().contents.state.as_ref().map(version_text).unwrap_or_default()
    }

    /// Raises the cluster version by hand, and waits until that is done.
    ///
    /// # Errors
    /// When it may not rise to that, or does not within half a minute.
    pub(super) async fn upgrade_to(&self, text: &str) -> Result<(), String> {
        let target = {
            let mut inner = self.lock();
            let view = self.view_of(&inner);
            let by = inner.contents.node.ok_or("node waiting for init")?;
            let state = inner.contents.state.as_mut().ok_or("node waiting for init")?;
            let target = manual_target(state, &view.live, self.config.release.series, text)?;
            state.begin_upgrade(target, by, clock::unix_millis());
            self.store_changes(&mut inner);
            target
        };
        let end = Instant::now() + UPGRADE_LIMIT;
        while self.state().is_some_and(|state| state.version.value < target) {
            if Instant::now() > end {
                return Err("roachsim: the version does not rise".to_owned());
            }
            sleep(self.config.tuning.heartbeat).await;
        }
        Ok(())
    }
}

/// Gossip of a store comes each minute, since v22.2 every ten seconds; a node must not die in between.
fn check_dead_after(series: Series, nanos: &str) -> Result<(), String> {
    let seconds: i64 = if series >= Series::new(22, 2) { 15 } else { 75 };
    let (least, given) = (seconds * 1_000_000_000, nanos.parse().unwrap_or(0));
    if given >= least {
        return Ok(());
    }
    Err(format!(
        "cannot set server.time_until_store_dead to less than {}: {}",
        go_duration(least),
        go_duration(given)
    ))
}
