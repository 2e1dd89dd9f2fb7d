use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use crdbctl_report::{ClusterStatus, RenderOptions, render_status};
use secrecy::SecretString;

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, interrupt, runtime, status};

/// Show the live cluster, a row per node
///
/// Changes nothing on any host. CLOCK is how much the host's clock differs from this one's, beyond what the measurement itself
/// can explain. UNDER is the number of under-replicated ranges. CERT is the number of days that the node's certificate is still
/// valid. Ends with 5 if a node could not be read, and with 0 otherwise, whatever state the nodes are in: scripts should use --format json.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: StatusFormat,

    /// Look again and again, until interrupted
    ///
    /// Redraws a terminal; written elsewhere, each look follows the one before, as one line of JSON each with --format json.
    #[arg(long)]
    watch: bool,

    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 5, requires = "watch",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

/// A form of the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum StatusFormat {
    /// For people: a table.
    #[default]
    Human,
    /// For programs: JSON documents.
    Json,
}

pub(crate) fn run(args: &StatusArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::to_look_at(global, ui)?;
    let password = crate::password::sudo_password(global)?;
    runtime::run(interrupt::or_stop(ui, async {
        if !args.watch {
            let (status, text) = look(args, &mut cluster, password.as_ref(), ui).await?;
            ui.result(&text)?;
            return Ok(if status.unknown.is_empty() { ExitCode::Done } else { ExitCode::Unknown });
        }
        // Its end, by whatever way, gives the terminal back.
        let screen =
            (std::io::stdout().is_terminal() && args.format == StatusFormat::Human).then(Screen::open);
        loop {
            let (_, text) = look(args, &mut cluster, password.as_ref(), ui).await?;
            match &screen {
                Some(screen) => screen.draw(&text)?,
                None => ui.result(&if args.format == StatusFormat::Json { text } else { text + "\n" })?,
            }
            tokio::time::sleep(Duration::from_secs(args.interval)).await;
        }
    }))
}

async fn look(
    args: &StatusArgs,
    cluster: &mut Cluster,
    password: Option<&SecretString>,
    ui: &Ui,
) -> Result<(ClusterStatus, String), CliError> {
    let probe = cluster.probe(password, ui).await?;
    let clocks = crate::observe::clocks(&probe).await;
    let status = status::status(&cluster.graph, &probe, &clocks);
    let failed = |error: serde_json::Error| CliError::failed("writing the status as JSON", &error);
    let text = match args.format {
        StatusFormat::Json if args.watch => serde_json::to_string(&status).map_err(failed)? + "\n",
        StatusFormat::Json => serde_json::to_string_pretty(&status).map_err(failed)? + "\n",
        StatusFormat::Human => {
            let version = status.version.as_deref().map(|v| format!("version {v}, ")).unwrap_or_default();
            let words = format!("{version}{}", probe.words());
            let header = if ui.quiet { String::new() } else { ui.header("status", &status.cluster, &words) };
            let is_terminal = std::io::stdout().is_terminal();
            // A terminal may change its size while it is watched.
            let size = terminal_size::terminal_size_of(std::io::stdout()).filter(|_| is_terminal);
            let width = size.map_or(ui.stdout.width, |(width, _)| usize::from(width.0));
            header + &render_status(&status, &RenderOptions { width, ..ui.stdout }, is_terminal)
        }
    };
    Ok((status, text))
}

/// The terminal's other screen, on which one picture replaces the last without being wiped in between.
struct Screen;

impl Screen {
    fn open() -> Self {
        put("\u{1b}[?1049h\u{1b}[?25l");
        Self
    }

    fn draw(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        let height = terminal_size::terminal_size_of(std::io::stdout()).map(|(_, height)| height.0);
        out.write_all(picture(&cut(text, height.map_or(usize::MAX, usize::from))).as_bytes())?;
        out.flush()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        put("\u{1b}[?25h\u{1b}[?1049l");
    }
}

/// The lines for which a screen has room; the last one tells how many more there are. The cursor takes a line of its own.
fn cut(text: &str, height: usize) -> String {
    let count = text.lines().count();
    if count < height {
        return text.to_owned();
    }
    let shown = height.saturating_sub(2);
    let lines: String = text.lines().take(shown).flat_map(|line| [line, "\n"]).collect();
    format!("{lines}… {} more\n", count - shown)
}

/// Text that is written over the last picture: each line to its end, then everything below it cleared.
fn picture(text: &str) -> String {
    format!("\u{1b}[H{}\u{1b}[J", text.replace('\n', "\u{1b}[K\r\n"))
}

/// Failing to write to a terminal that is gone is no reason to fail.
fn put(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_never_filled_beyond_its_last_line() {
        let text = "1\n2\n3\n4\n5\n";
        assert_eq!(cut(text, 6), text);
        assert_eq!(cut(text, 5), "1\n2\n3\n… 2 more\n");
        assert_eq!(cut(text, 1), "… 5 more\n");
        for height in 2..10 {
            assert!(cut(text, height).lines().count() < height, "{height}");
        }
    }

    #[test]
    fn a_picture_never_wipes_what_it_draws_over() {
        let picture = picture("a\nbc\n");
        assert_eq!(picture, "\u{1b}[Ha\u{1b}[K\r\nbc\u{1b}[K\r\n\u{1b}[J");
        assert!(!picture.contains("[2J"));
    }
}
