use std::process::Child;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::remove_tree;
use crate::cgroup;
use crate::error::{LabError, LabErrorKind};
use crate::host::Host;
use crate::network;
use crate::process::wait_until;

impl Host {
    /// Returns whether the host runs.
    pub fn is_on(&self) -> Result<bool, LabError> {
        Ok(self.pid()?.is_some())
    }

    /// Takes the host's power away: every process dies at once, the disk stays as it is. Off already is fine.
    ///
    /// What the host's kernel had not written to its disk yet is not lost, as it would be on a real machine.
    pub fn power_cut(&self) -> Result<(), LabError> {
        if let Some(pid) = self.pid()? {
            cgroup::kill(pid)?;
        }
        self.wait_off(Duration::from_secs(5)).or_else(|_| self.cgroup.kill())?;
        self.clean_up()
    }

    /// Boots the host with the disk it has, and waits until ssh answers and start-up is over. On already is fine.
    ///
    /// # Errors
    /// The host did not come up within 90 s.
    pub fn power_on(&self) -> Result<(), LabError> {
        if !self.has_power()? {
            self.clean_up()?;
            self.spawn()?;
        }
        self.wait_booted()
    }

    /// Shuts the host down in good order: services are stopped as their units say.
    ///
    /// # Errors
    /// It was not off after 120 s.
    pub fn shut_down(&self) -> Result<(), LabError> {
        if self.is_on()? {
            // The host may be gone before this command can report that it succeeded.
            self.exec("systemctl poweroff")?;
        }
        self.wait_off(Duration::from_secs(120))?;
        self.clean_up()
    }

    /// Shuts the host down in good order and boots it again. All but `/run` and `/tmp` survives.
    ///
    /// # Errors
    /// As [`Host::shut_down`] and [`Host::power_on`].
    pub fn reboot(&self) -> Result<(), LabError> {
        self.shut_down()?;
        self.power_on()
    }

    /// Replaces the host by a new one with the same name, address and host key, and a new machine id.
    ///
    /// # Errors
    /// As [`Host::power_on`].
    pub fn fresh(&self) -> Result<(), LabError> {
        self.power_cut()?;
        remove_tree(&self.directory.join("upper"))?;
        self.write_seed()?;
        self.power_on()
    }

    /// Takes the host's network cable out. Packets to and from it are lost without an answer.
    ///
    /// # Errors
    /// The host is off: the cable comes with the power, and a host that boots has it in.
    pub fn cut_off(&self) -> Result<(), LabError> {
        self.set_link(false)
    }

    /// Puts the host's network cable back.
    ///
    /// # Errors
    /// As [`Host::cut_off`].
    pub fn reconnect(&self) -> Result<(), LabError> {
        self.set_link(true)
    }

    fn set_link(&self, up: bool) -> Result<(), LabError> {
        if !self.is_on()? {
            return Err(LabError::new(
                format!("setting the network link of {}", self.name),
                LabErrorKind::Off,
            ));
        }
        network::set_link(&self.link(), up)
    }

    /// Returns whether any process of the host is there, be it only one that is about to become its PID 1.
    pub(crate) fn has_power(&self) -> Result<bool, LabError> {
        if let Some(child) = self.child().as_mut() {
            // Right after the start the process is not yet in its cgroup.
            if matches!(child.try_wait(), Ok(None)) {
                return Ok(true);
            }
        }
        Ok(!self.cgroup.processes()?.is_empty())
    }

    fn wait_off(&self, limit: Duration) -> Result<(), LabError> {
        wait_until(&format!("waiting for {} to go off", self.name), limit, || {
            Ok(if self.has_power()? { Err("processes of it are still there".to_owned()) } else { Ok(()) })
        })
    }

    /// Removes what a host that is off may leave behind.
    fn clean_up(&self) -> Result<(), LabError> {
        self.reap();
        network::remove_link(&self.link())
    }

    /// Waits for our child, if the host is one; it must have ended.
    pub(crate) fn reap(&self) {
        if let Some(mut child) = self.child().take() {
            // Fails only if somebody else has waited for the child already.
            let _ = child.wait();
        }
    }

    pub(crate) fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
