use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

mod frame;

use frame::Frame;

/// What is drawn at the end of the terminal behind standard error and drawn anew in place: nothing before
/// [`open`] and after [`close`].
///
/// There is one terminal a process, and whoever prints to it, whatever the thread, and whether it is a panic, must know
/// what stands there: so this is one for the process too.
static REGION: Mutex<Region> = Mutex::new(Region { is_open: false, drawn: Vec::new() });

struct Region {
    is_open: bool,
    /// The rows as they stand, without styles' bytes being of interest.
    drawn: Vec<String>,
}

/// Begins to draw. [`close`] ends it; so does a panic, before its message is printed.
pub(crate) fn open() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Whoever panics while drawing holds it; then nothing can be cleared.
            if let Ok(mut region) = REGION.try_lock() {
                region.close();
            }
            before(panic);
        }));
    });
    lock().is_open = true;
}

/// Draws rows in the place of those that stand there. They must be narrower than the terminal. Does nothing
/// when the region is not open.
pub(crate) fn draw(rows: Vec<String>) {
    let mut region = lock();
    if region.is_open {
        region.replace("", rows);
    }
}

/// Writes text and a line feed to standard error, above the region. Failing to do so is no reason to fail.
pub(crate) fn print(text: &str) {
    let mut region = lock();
    if region.drawn.is_empty() {
        let _ = writeln!(io::stderr().lock(), "{text}");
    } else {
        let rows = region.drawn.clone();
        region.replace(text, rows);
    }
}

/// Does something that writes to the terminal by itself while the region is out of its way. It comes back with
/// the next [`draw`].
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let mut region = lock();
    region.clear();
    write()
}

/// Returns whether the region is open.
pub(crate) fn is_open() -> bool {
    lock().is_open
}

/// Clears the region and draws no more.
pub(crate) fn close() {
    lock().close();
}

fn lock() -> MutexGuard<'static, Region> {
    REGION.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Region {
    fn close(&mut self) {
        self.clear();
        self.is_open = false;
    }

    fn clear(&mut self) {
        if !self.drawn.is_empty() {
            self.replace("", Vec::new());
        }
    }

    fn replace(&mut self, above: &str, rows: Vec<String>) {
        let frame = Frame { standing: self.drawn.len(), above, rows: &rows };
        // One write, so that nothing else comes between its parts.
        let _ = io::stderr().lock().write_all(frame.bytes().as_bytes());
        self.drawn = rows;
    }
}
