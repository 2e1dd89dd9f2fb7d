//! What apply draws on a terminal: it never tears, scrolls no more than what is said, and leaves the terminal as it was.

use crate::bench::{ADMIN, Bench};
use crate::terminal::Terminal;

/// Writes a manifest with a cache of this size, by which every node restarts.
fn cache(bench: &Bench, size: &str, more: &str) {
    // Ranges lack replicas for some seconds after each start, so that gates have something to wait for.
    let slow = "  environment: {ROACHSIM_CATCHUP_MS: \"3000\"}\n";
    bench.manifest_with(&format!("{slow}  flags: {{cache: \"{size}\"}}\n"), "", more, ADMIN);
}

#[test]
fn the_display_never_tears_and_leaves_what_was_said_and_the_terminal_as_it_was() {
    let Some(bench) = Bench::start_stand_in(3) else { return };

    // From bare hosts: archives travel, all nodes are at work at once.
    cache(&bench, ".25", "");
    let mut fresh = Terminal::run(&bench, &["apply", "--yes"], 80, 24);
    assert_eq!(fresh.end("fresh"), 0, "{:?}", fresh.transcript());
    fresh.assert_clean();
    assert!((4..=12).contains(&fresh.most_rows()), "{}", fresh.most_rows());
    assert!(fresh.showed("taking the locks") || fresh.showed("looking again"), "{:?}", fresh.frames);
    assert!(fresh.showed("store-1  sending package.cockroach-v24.1.0"), "{:?}", fresh.frames);
    let said = fresh.transcript();
    let made = said.iter().filter(|line| line.contains("store-1/unit.cockroach: created")).count();
    assert_eq!(made, 1, "each line stays once: {said:?}");
    bench.assert_empty_plan();

    // Into a pipe: lines with the time in front, none drawn twice, and nothing that a terminal would obey.
    let path = bench.path("cluster.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("  flags:", "  join: [store-1, store-2]\n  flags:")).unwrap();
    let piped = bench.crdbctl_with(&["apply", "--yes"], &[("TERM", "xterm-256color")]).code(0).stderr;
    assert!(piped.contains("store-1/unit.cockroach: updated"), "{piped}");
    for line in piped.lines() {
        let time: Vec<&str> = line.get(..10).unwrap_or_default().trim_end().split(':').collect();
        assert!(time.len() == 3 && time.iter().all(|part| part.parse::<u8>().is_ok()), "{line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }

    // One node after the other, with hooks that talk, and somebody who resizes the window meanwhile.
    cache(&bench, ".26", "hooks: {before_node: \"echo silence $CRDBCTL_NODE; echo and more\"}");
    let mut rolling = Terminal::run(&bench, &["apply", "--yes"], 80, 24);
    rolling.until("waits 2s of ");
    rolling.resize(60, 20);
    rolling.frames(10);
    rolling.resize(100, 30);
    assert_eq!(rolling.end("rolling"), 0, "{:?}", rolling.transcript());
    assert!(rolling.showed("store-2  waits"), "{:?}", rolling.frames);
    let said = rolling.transcript().join("\n");
    assert_eq!(said.matches("before_node: silence store-3").count(), 1, "{said}");
    assert!(!said.contains("changes · "), "{said}");

    // Interrupted while a node that has restarted is waited for: nothing else is begun.
    cache(&bench, ".27", "");
    let mut interrupted = Terminal::run(&bench, &["apply", "--yes"], 80, 24);
    interrupted.until("stopping and starting");
    interrupted.until("under-replicated");
    interrupted.press(b"\x03");
    interrupted.until("stopping after what is in hand");
    assert_eq!(interrupted.end("interrupted"), 130, "{:?}", interrupted.transcript());
    interrupted.assert_clean();
    let said = interrupted.transcript().join("\n");
    assert_eq!(said.matches("Interrupted: what each node has begun is finished").count(), 1, "{said}");
    assert_eq!(said.matches("store-1: ready").count(), 1, "{said}");

    // Twice, while a drain goes on and on: at once, and still nothing of the rows is left.
    bench.host(1).exec_ok("echo 'slow-drain 10m' >/var/lib/cockroach.faults").unwrap();
    cache(&bench, ".28", "");
    let mut stopped = Terminal::run(&bench, &["apply", "--yes"], 80, 24);
    stopped.until("draining");
    stopped.press(b"\x03");
    stopped.until("stopping after what is in hand");
    stopped.frames(5);
    stopped.press(b"\x03");
    assert_eq!(stopped.end("stopped"), 130, "{:?}", stopped.transcript());
    stopped.assert_clean();
    assert!(
        stopped.transcript().last().unwrap().starts_with("Stopped at once."),
        "{:?}",
        stopped.transcript()
    );
}
