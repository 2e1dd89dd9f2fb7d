use anstyle::{AnsiColor, Style};

/// What a piece of text means to its reader. The only place where meanings become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    #[default]
    Plain,
    /// The first line, and headings of blocks.
    Title,
    /// The address of a resource.
    Address,
    /// Something comes into being.
    Create,
    /// Something is mended in place.
    Update,
    /// Something gives way to a new one.
    Replace,
    /// Something goes.
    Delete,
    /// A value as it is.
    Before,
    /// The words of a value that go.
    BeforeWord,
    /// A value as it will be.
    After,
    /// The words of a value that come.
    AfterWord,
    /// A node stops and starts.
    Restart,
    /// A node reads its certificates again.
    Reload,
    /// Of lesser weight: causes, hidden things, context.
    Muted,
    /// What to do next.
    Hint,
    /// Could not be read.
    Unknown,
    /// An error or a failure.
    Failure,
    /// All is well.
    Success,
}

impl Role {
    /// Returns the style of the role on a terminal.
    pub const fn style(self) -> Style {
        const fn color(color: AnsiColor) -> Style {
            color.on_default()
        }
        match self {
            Self::Plain => Style::new(),
            Self::Title | Self::Address => Style::new().bold(),
            Self::Create | Self::After => color(AnsiColor::Green),
            Self::Update | Self::Unknown => color(AnsiColor::Yellow),
            Self::Replace => color(AnsiColor::Magenta).bold(),
            Self::Delete | Self::Failure => color(AnsiColor::Red).bold(),
            Self::Before => color(AnsiColor::Red),
            Self::BeforeWord => color(AnsiColor::Red).bold().underline(),
            Self::AfterWord => color(AnsiColor::Green).bold().underline(),
            Self::Restart => color(AnsiColor::Yellow).bold(),
            Self::Reload | Self::Hint => color(AnsiColor::Cyan),
            Self::Muted => Style::new().dimmed(),
            Self::Success => color(AnsiColor::Green).bold(),
        }
    }

    /// Returns `text` in this role's style when `color`, else as it is.
    pub fn paint(self, text: &str, color: bool) -> String {
        let style = self.style();
        if color && !style.is_plain() && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_written_only_when_asked_for() {
        assert_eq!(Role::Delete.paint("x", false), "x");
        assert_eq!(Role::Delete.paint("x", true), "\u{1b}[1m\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Role::Plain.paint("x", true), "x");
        assert_eq!(Role::Delete.paint("", true), "");
    }
}
