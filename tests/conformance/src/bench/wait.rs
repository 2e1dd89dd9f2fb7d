use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Trouble;

/// How long something may take that the program does by itself: replicas of a real node take their time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Returns what `look` finds, looking again until it finds it or the patience is over.
///
/// `look` returns what it saw instead, for the message.
///
/// # Errors
/// With what was seen last, in place of `expected`.
pub(crate) fn until<T>(expected: &str, mut look: impl FnMut() -> Result<T, String>) -> Result<T, Trouble> {
    let begin = Instant::now();
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(seen) if begin.elapsed() > PATIENCE => {
                return Err(Trouble::differs(format!("within {} s: {expected}", PATIENCE.as_secs()), seen));
            }
            Err(_) => sleep(Duration::from_millis(50)),
        }
    }
}
