//! A thousand nodes, from recorded observations to every format: how long, and how much memory. Run it with
//! `--release --no-capture` for the figures of docs/benchmarks.md.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crdbctl_model::{Digest, Fact, Mode, NodeName, Observations, Plan, ResourceGraph};
use crdbctl_planner::{PlanOptions, plan};
use crdbctl_report::{
    CertificateEntry, CertificateListing, HtmlOptions, RenderOptions, RunFigures, render_drift, render_html,
    render_json, render_junit, render_markdown, render_metrics, render_plan,
};

use crate::world::{MANIFEST, NOW, World};

const NODES: usize = 1000;
/// What optimized code is held to; other code is given more.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });
const MOST_MEMORY: u64 = 200_000_000;

fn manifest() -> String {
    let (head, _) = MANIFEST.split_once("nodes:\n").unwrap();
    let mut text = format!("{head}nodes:\n");
    for number in 1..=NODES {
        let (third, fourth) = (number / 250, number % 250 + 1);
        writeln!(text, "  - {{name: store-{number}, address: 198.18.{third}.{fourth}}}").unwrap();
    }
    text
}

/// Each node is edited by hand in its own way, so that nothing can be told once.
fn drift(world: &mut World) {
    for number in 1..=NODES {
        let Fact::Unit(unit) = world.fact(&format!("store-{number}/unit.cockroach")) else { panic!() };
        let content = format!("{}# edited by hand, {number}\n", unit.file.content.as_ref().unwrap());
        unit.file.digest = Some(Digest::of(&content));
        unit.file.content = Some(content);
        world.process(number).argv.push(format!("--cache=.{number}"));
        let Fact::Directory(root) = world.fact(&format!("store-{number}/directory.root")) else { panic!() };
        root.mode = Mode::new(u32::try_from(number % 0o750).unwrap());
        let Fact::Link(link) = world.fact(&format!("store-{number}/link.data")) else { panic!() };
        link.target = Some(format!("/srv/{number}"));
    }
}

fn certificates(graph: &ResourceGraph) -> CertificateListing {
    let of_node = |node: &NodeName| CertificateEntry {
        node: Some(node.clone()),
        file: "node.crt".to_owned(),
        subject: "O=Cockroach, CN=node".to_owned(),
        name: "node".to_owned(),
        sans: Vec::new(),
        issuer: "O=Cockroach, CN=Cockroach CA".to_owned(),
        signed_by: None,
        sha256: Digest::of(node.as_str()),
        serial: "0a".to_owned(),
        key: "ecdsa-p256".to_owned(),
        not_before: NOW,
        not_after: NOW,
        expires: String::new(),
        days_left: 0,
        due: true,
        chain: Vec::new(),
    };
    CertificateListing {
        format_version: CertificateListing::FORMAT_VERSION,
        cluster: graph.cluster.clone(),
        taken_at: NOW,
        certificates: graph.nodes.keys().map(of_node).collect(),
        unknown: Vec::new(),
    }
}

type Render = fn(&Plan, &ResourceGraph) -> String;

const FORMATS: [(&str, Render); 7] = [
    ("human", |plan, _| render_plan(plan, &RenderOptions { color: true, ..RenderOptions::plain(120) })),
    ("drift", |plan, _| render_drift(plan, &RenderOptions { color: true, ..RenderOptions::plain(120) })),
    ("json", |plan, _| render_json(plan)),
    ("markdown", |plan, _| render_markdown(plan)),
    ("html", |plan, graph| {
        render_html(plan, &HtmlOptions { subtitle: "", graph: Some(graph), ..HtmlOptions::default() })
    }),
    ("junit", |plan, _| render_junit(plan)),
    ("metrics", |plan, graph| {
        render_metrics(plan, &certificates(graph), &RunFigures { exit_code: 2, acceptance: None })
    }),
];

/// Returns a line of this process's status, in bytes (proc(5)); `None` where the system does not tell.
fn status(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(line))?;
    Some(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

fn tell(what: &str, took: Duration, bytes: usize) {
    let (took, megabytes) = (took.as_millis(), bytes as f64 / 1e6);
    let peak = status("VmHWM").map_or("?".to_owned(), |peak| (peak / 1_000_000).to_string());
    println!("{what:>12} {took:>5} ms, {megabytes:>6.2} MB of text, at most {peak:>3} MB of memory");
}

fn measure(world: World, fewest: usize) {
    let graph = world.graph;
    let recorded = serde_json::to_string(&world.observations).unwrap();
    drop((world.observations, world.authority));
    let began = Instant::now();
    let observations: Observations = serde_json::from_str(&recorded).unwrap();
    tell("read", began.elapsed(), recorded.len());
    let began = Instant::now();
    let plan = plan(
        &graph,
        &observations,
        &PlanOptions { now: NOW, skip_unknown: false, delete_data: false, shard: None },
    );
    tell("plan", began.elapsed(), 0);
    println!("{} changes", plan.changes.len());
    assert!(plan.changes.len() >= fewest && plan.is_complete(), "{} changes", plan.changes.len());
    for (format, render) in FORMATS {
        let began = Instant::now();
        let text = render(&plan, &graph);
        let took = began.elapsed();
        tell(format, took, text.len());
        assert!(text.contains("store-1000") || format == "markdown", "{format}");
        assert!(took < LONGEST, "{format} took {took:?}");
    }
    // Tests that share a process share its memory.
    if let Some(peak) = status("VmHWM").filter(|_| std::env::var_os("NEXTEST").is_some()) {
        assert!(peak < MOST_MEMORY, "{peak} bytes were needed");
    }
}

#[test]
fn a_thousand_bare_nodes_are_shown_in_every_format() {
    measure(World::bare_of(&manifest()), 13_000);
}

#[test]
fn a_thousand_nodes_that_all_differ_are_shown_in_every_format() {
    let mut world = World::of(&manifest());
    drift(&mut world);
    measure(world, 4_000);
}
