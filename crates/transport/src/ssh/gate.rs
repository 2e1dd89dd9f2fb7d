use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// sshd begins to drop at ten unauthenticated connections (`MaxStartups 10:30:100`), and others may be at it.
const AT_ONCE: usize = 8;

static GATES: LazyLock<Mutex<BTreeMap<String, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// Waits for a turn to log in through a jump host: many nodes behind one bastion all knock there.
///
/// `None` when the way goes through none, or when nobody can wait any more.
pub(super) async fn turn(through: Option<&str>) -> Option<OwnedSemaphorePermit> {
    let gate = {
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(through?.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    };
    gate.acquire_owned().await.ok()
}
