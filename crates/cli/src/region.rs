use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use crdbctl_report::Row;

mod frame;
mod reflow;

use frame::Frame;

/// What is drawn at the end of the terminal behind standard error and drawn anew in place: nothing before
/// [`open`] and after [`close`].
///
/// There is one terminal a process, and whoever prints to it, whatever the thread, and whether it is a panic, must know
/// what stands there: so this is one for the process too.
static REGION: Mutex<Region> = Mutex::new(Region { is_open: false, drawn: Vec::new(), reflows: false });

struct Region {
    is_open: bool,
    /// The rows that stand there.
    drawn: Vec<Row>,
    /// Whether the terminal breaks lines anew when it becomes narrower.
    reflows: bool,
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
    let mut region = lock();
    region.is_open = true;
    region.reflows = reflow::breaks_lines_anew(|name| std::env::var(name).ok());
}

/// Takes it that what was drawn stands no more where it was: somebody else had the terminal.
pub(crate) fn forget() {
    lock().drawn.clear();
}

/// Draws rows in the place of those that stand there. They must be narrower than the terminal. Does nothing
/// when the region is not open.
pub(crate) fn draw(rows: Vec<Row>) {
    let mut region = lock();
    if region.is_open {
        region.replace("", rows);
    }
}

/// Writes text and a line feed above the region, and draws rows in the place of those that stand there. What is to stay
/// is written, too, when the region is not open.
pub(crate) fn draw_below(text: &str, rows: Vec<Row>) {
    let mut region = lock();
    let rows = if region.is_open { rows } else { Vec::new() };
    region.replace(text, rows);
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

/// Returns whether anything is drawn.
pub(crate) fn is_drawn() -> bool {
    !lock().drawn.is_empty()
}

/// Clears the region and draws no more.
pub(crate) fn close() {
    lock().close();
}

/// Returns the columns and lines of the terminal now: people change them.
pub(crate) fn size() -> (usize, usize) {
    terminal_size::terminal_size_of(io::stderr())
        .map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)))
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

    fn replace(&mut self, above: &str, rows: Vec<Row>) {
        let standing = reflow::lines(&self.drawn, size().0, self.reflows);
        let frame = Frame { standing, above, rows: &rows };
        // One write, so that nothing else comes between its parts.
        let _ = io::stderr().lock().write_all(frame.bytes().as_bytes());
        self.drawn = rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_anywhere_clears_the_region_and_nothing_is_drawn_after_it() {
        let row = || vec![Row { text: "0 of 1 change".to_owned(), columns: 13 }];
        open();
        draw(row());
        assert!(is_drawn());
        let panicked = std::thread::spawn(|| panic!("on purpose")).join();
        assert!(panicked.is_err() && !is_drawn());
        draw(row());
        assert!(!is_drawn());
    }
}
