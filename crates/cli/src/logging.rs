use tracing_subscriber::EnvFilter;

/// Starts logging to standard error: nothing unless asked, more with each `-v`.
pub(crate) fn start(verbose: u8) {
    let directives = match verbose {
        0 => return,
        1 => "warn,crdbctl=info",
        2 => "warn,crdbctl=debug",
        _ => "info,crdbctl=trace",
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::new(directives))
        .with_target(false)
        .with_ansi(false)
        .init();
}
