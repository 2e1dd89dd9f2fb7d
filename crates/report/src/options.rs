use crate::Role;

/// How text is laid out for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// The columns of the terminal; lines are wrapped to them. At least [`RenderOptions::MIN_WIDTH`] are used.
    pub width: usize,
    /// Whether ANSI styles are written.
    pub color: bool,
    /// Whether apply was told to leave alone what could not be read.
    pub skip_unknown: bool,
}

impl RenderOptions {
    /// The narrowest layout.
    pub const MIN_WIDTH: usize = 40;

    /// Returns options for `width` columns without colour.
    pub const fn plain(width: usize) -> Self {
        Self { width, color: false, skip_unknown: false }
    }

    /// Returns `text` in the style of `role`, when styles are written. The text is taken as it is.
    pub fn paint(&self, role: Role, text: &str) -> String {
        role.paint(text, self.color)
    }

    pub(crate) fn columns(&self) -> usize {
        self.width.max(Self::MIN_WIDTH)
    }
}
