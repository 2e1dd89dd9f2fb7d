//! A thousand nodes in every format: how long, and how much memory. Run it with `--release --no-capture` for the
//! figures of docs/benchmarks.md.

use std::time::{Duration, Instant};

use crdbctl_model::Plan;

use crate::corpus::{bare, scattered};
use crate::format_tests::listing;
use crate::{
    HtmlOptions, RenderOptions, render_html, render_json, render_junit, render_markdown, render_metrics,
    render_plan,
};

/// What optimized code is held to; other code is given more.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
const MOST_MEMORY: u64 = 200_000_000;

type Render = fn(&Plan) -> String;

const FORMATS: [(&str, Render); 6] = [
    ("human", |plan| render_plan(plan, &RenderOptions { color: true, ..RenderOptions::plain(120) })),
    ("json", render_json),
    ("markdown", render_markdown),
    ("html", |plan| render_html(plan, &HtmlOptions::default())),
    ("junit", render_junit),
    ("metrics", |plan| render_metrics(plan, &listing(plan))),
];

/// Returns the most memory that this process has had, in bytes (proc(5)); `None` where the system does not tell.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

fn measure(name: &str, plan: &Plan) {
    for (format, render) in FORMATS {
        let began = Instant::now();
        let length = render(plan).len();
        let took = began.elapsed();
        let peak = peak_memory();
        println!(
            "1000 nodes, {name}, {} changes: {format:>8} {:>5} ms, {:>6.1} MB of text, at most {:>3} MB of memory",
            plan.changes.len(),
            took.as_millis(),
            length as f64 / 1e6,
            peak.map_or("?".to_owned(), |peak| (peak / 1_000_000).to_string())
        );
        assert!(took < LONGEST, "{name}: {format} took {took:?}");
        // Tests that share a process share its memory.
        if let Some(peak) = peak.filter(|_| std::env::var_os("NEXTEST").is_some()) {
            assert!(peak < MOST_MEMORY, "{name}: {format} needed {peak} bytes");
        }
    }
}

#[test]
fn a_thousand_nodes_that_are_alike_render_in_every_format() {
    measure("all new", &bare(1000));
}

#[test]
fn a_thousand_nodes_that_all_differ_render_in_every_format() {
    measure("each different", &scattered(1000));
}
