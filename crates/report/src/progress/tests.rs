use crdbctl_model::Action;

use super::*;

const ARCHIVE: u64 = 118_400_000;

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn addr(text: &str) -> ResourceAddr {
    text.parse().unwrap()
}

fn seconds_in(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A display of a run on so many nodes, with an archive and a unit for each.
fn progress(nodes: usize) -> Progress {
    let of = |number| {
        [addr(&format!("store-{number}/package.v24.1.0")), addr(&format!("store-{number}/unit.cockroach"))]
    };
    Progress::of((1..=nodes).flat_map(of).collect())
}

fn started(text: &str, action: Action) -> Event {
    Event::Started { addr: addr(text), action }
}

fn sent(name: &str, bytes: u64) -> Event {
    let addr = addr(&format!("{name}/package.v24.1.0"));
    Event::Sent { node: node(name), addr, bytes, total: ARCHIVE }
}

fn finished(text: &str, outcome: Outcome) -> Event {
    Event::Finished { addr: addr(text), outcome, milliseconds: 12 }
}

fn waiting(name: &str, reason: &str, left_seconds: Option<u64>) -> Event {
    Event::Waiting { node: node(name), reason: reason.to_owned(), left_seconds }
}

fn what(name: &str, what: &str) -> Event {
    Event::Node { node: node(name), what: what.to_owned() }
}

fn texts(progress: &Progress, at: f64, columns: usize, lines: usize, color: bool) -> Vec<String> {
    progress.rows(seconds_in(at), columns, lines, color).into_iter().map(|row| row.text).collect()
}

/// Returns the rows on a terminal of 80×24.
fn rows(progress: &Progress, at: f64) -> String {
    texts(progress, at, 80, 24, false).join("\n")
}

#[test]
fn nothing_is_at_work_before_the_first_word() {
    let mut progress = progress(2);
    assert_eq!(rows(&progress, 0.0), "0 of 4 changes · 0s");
    progress.tell(seconds_in(0.1), &Event::Phase { node: None, phase: Phase::Locking });
    assert_eq!(rows(&progress, 3.2), "0 of 4 changes · 3s · taking the locks");
}

#[test]
fn each_node_tells_what_it_is_at() {
    let mut progress = progress(5);
    let at = seconds_in(1.0);
    for number in 1..=5 {
        for kind in ["package.v24.1.0", "unit.cockroach"] {
            progress.tell(at, &started(&format!("store-{number}/{kind}"), Action::Create));
        }
    }
    for name in ["store-1", "store-2", "store-3"] {
        progress.tell(at, &sent(name, 0));
    }
    progress.tell(seconds_in(2.0), &sent("store-1", 20_000_000));
    progress.tell(seconds_in(3.0), &sent("store-1", 40_000_000));
    progress.tell(seconds_in(3.0), &sent("store-2", ARCHIVE));
    progress.tell(at, &Event::Phase { node: Some(node("store-4")), phase: Phase::Queued });
    progress.tell(seconds_in(4.0), &finished("store-5/package.v24.1.0", Outcome::Converged));
    insta::assert_snapshot!(rows(&progress, 4.0), @"
    store-1  sending package.v24.1.0: 40 MB of 118 MB (33%), 13.3 MB/s, 6s left
    store-2  unpacking package.v24.1.0, sent 118 MB
    store-3  sending package.v24.1.0: 0 bytes of 118 MB (0%), stands still
    store-4  waits for its turn to be sent an archive · 3s
    store-5  creating unit.cockroach · 3s
    1 of 10 changes · 4s
    ");
}

#[test]
fn a_rate_is_that_of_the_last_seconds_and_falls_when_nothing_goes() {
    let mut progress = progress(1);
    progress.tell(seconds_in(0.0), &sent("store-1", 0));
    let row = |progress: &Progress, at: f64| rows(progress, at).lines().next().unwrap().to_owned();
    assert!(row(&progress, 0.4).ends_with("0 bytes of 118 MB (0%)"), "no rate of so short a time");
    for tenth in 1..=100_u64 {
        let at = Duration::from_millis(tenth * 100);
        // A slow beginning is forgotten.
        progress.tell(at, &sent("store-1", if tenth < 50 { tenth } else { (tenth - 50) * 1_000_000 }));
    }
    assert_eq!(
        row(&progress, 10.0),
        "store-1  sending package.v24.1.0: 50 MB of 118 MB (42%), 10 MB/s, 7s left"
    );
    assert!(row(&progress, 15.0).contains(", 5 MB/s, 14s left"), "{}", row(&progress, 15.0));
    let mut stuck = self::progress(1);
    stuck.tell(seconds_in(0.0), &sent("store-1", 7));
    assert!(row(&stuck, 60.0).ends_with("7 bytes of 118 MB (0%), stands still"), "{}", row(&stuck, 60.0));
}

#[test]
fn a_node_that_was_started_is_said_to_be_waited_for_from_the_beginning() {
    let mut progress = progress(1);
    let row = |progress: &Progress, at: f64| rows(progress, at).lines().next().unwrap().to_owned();
    let phase = |phase| Event::Phase { node: Some(node("store-1")), phase };
    progress.tell(seconds_in(0.0), &finished("store-1/unit.cockroach", Outcome::Converged));
    progress.tell(seconds_in(1.0), &phase(Phase::Starting));
    assert_eq!(row(&progress, 2.0), "store-1  started, and not up yet");
    // The node is asked for some seconds before it says what it lacks: that is part of the wait.
    progress.tell(seconds_in(6.0), &waiting("store-1", "readiness (not ready: 503)", Some(595)));
    assert_eq!(row(&progress, 7.0), "store-1  waits 6s of 10m: readiness (not ready: 503)");
    progress.tell(seconds_in(8.0), &phase(Phase::Up));
    assert_eq!(row(&progress, 9.0), "store-1  up");
}

#[test]
fn a_restart_is_followed_from_gate_to_gate() {
    let mut progress = progress(2);
    let mut seen = Vec::new();
    let events = [
        waiting("store-1", "5 ranges are under-replicated (n2: 5)", Some(598)),
        waiting("store-1", "1 range is under-replicated (n2: 1)", Some(593)),
        what("store-1", "draining, for 5m at most"),
        started("store-1/unit.cockroach", Action::Update),
        what("store-1", "stopping and starting"),
        Event::Phase { node: Some(node("store-1")), phase: Phase::Changing },
        waiting("store-1", "readiness (not ready: 503)", Some(60)),
        what("store-1", "ready"),
        Event::Hook { node: node("store-1"), hook: "after_node".to_owned(), line: "unsilenced".to_owned() },
        finished("store-1/unit.cockroach", Outcome::Converged),
        waiting("store-2", "rollout.settle", Some(10)),
        finished("store-2/unit.cockroach", Outcome::Failed("disk full".to_owned())),
        finished("store-2/package.v24.1.0", Outcome::Skipped("the run was interrupted".to_owned())),
        Event::Phase { node: None, phase: Phase::ReadingBack },
    ];
    for (number, event) in events.iter().enumerate() {
        progress.tell(Duration::from_secs(number as u64 * 5), event);
        seen.push(rows(&progress, number as f64 * 5.0 + 4.0));
    }
    insta::assert_snapshot!(seen.join("\n"), @"
    store-1  waits 4s of 9m58s: 5 ranges are under-replicated (n2: 5)
    0 of 4 changes · 4s
    store-1  waits 9s of 9m58s: 1 range is under-replicated (n2: 1)
    0 of 4 changes · 9s
    store-1  draining, for 5m at most · 4s
    0 of 4 changes · 14s
    store-1  updating unit.cockroach · 4s
    0 of 4 changes · 19s
    store-1  stopping and starting · 4s
    0 of 4 changes · 24s
    store-1  stopping and starting · 9s
    0 of 4 changes · 29s
    store-1  waits 4s of 1m: readiness (not ready: 503)
    0 of 4 changes · 34s
    store-1  ready · 4s
    0 of 4 changes · 39s
    store-1  hook after_node runs · 4s
    0 of 4 changes · 44s
    1 of 4 changes · 49s
    store-2  waits 4s of 10s: rollout.settle
    1 of 4 changes · 54s
    1 of 4 changes, 1 failed · 59s
    1 of 4 changes, 1 failed, 1 skipped · 1m04s
    1 of 4 changes, 1 failed, 1 skipped · 1m09s · reading back
    ");
}

#[test]
fn what_the_whole_cluster_waits_for_goes_with_its_change() {
    let mut progress = Progress::of([addr("cluster/version.store")].into());
    progress.tell(seconds_in(0.0), &started("cluster/version.store", Action::Update));
    progress.tell(seconds_in(1.0), &waiting("store-1", "the upgrade is not finalised", None));
    assert_eq!(
        rows(&progress, 4.0),
        "cluster  updating version.store · 4s\nstore-1  waits 3s: the upgrade is not finalised\n0 of 1 change · 4s"
    );
    progress.tell(seconds_in(5.0), &finished("cluster/version.store", Outcome::Converged));
    assert_eq!(rows(&progress, 5.0), "1 of 1 change · 5s");
}

/// Thirty nodes of which each is at something else.
fn thirty() -> Progress {
    let mut progress = progress(30);
    for number in 1..=30_u64 {
        let name = format!("store-{number:02}");
        progress.tell(seconds_in(0.0), &sent(&name, 0));
        progress.tell(seconds_in(2.0), &sent(&name, number * 3_000_000));
    }
    progress.tell(seconds_in(2.0), &waiting("store-03", &"ranges lack replicas, ".repeat(9), Some(600)));
    progress
}

#[test]
fn thirty_nodes_leave_half_of_the_terminal_to_what_was_said() {
    let progress = thirty();
    insta::assert_snapshot!(rows(&progress, 3.0), @"
    store-01  sending package.v24.1.0: 3 MB of 118 MB (2%), 1 MB/s, 1m56s left
    store-02  sending package.v24.1.0: 6 MB of 118 MB (5%), 2 MB/s, 57s left
    store-03  waits 1s of 10m: ranges lack replicas, ranges lack replicas, ranges l…
    store-04  sending package.v24.1.0: 12 MB of 118 MB (10%), 4 MB/s, 27s left
    store-05  sending package.v24.1.0: 15 MB of 118 MB (12%), 5 MB/s, 21s left
    store-06  sending package.v24.1.0: 18 MB of 118 MB (15%), 6 MB/s, 17s left
    store-07  sending package.v24.1.0: 21 MB of 118 MB (17%), 7 MB/s, 14s left
    store-08  sending package.v24.1.0: 24 MB of 118 MB (20%), 8 MB/s, 12s left
    store-09  sending package.v24.1.0: 27 MB of 118 MB (22%), 9 MB/s, 11s left
    store-10  sending package.v24.1.0: 30 MB of 118 MB (25%), 10 MB/s, 9s left
    … and 20 more
    0 of 60 changes · 3s
    ");
    let rows = |columns, lines| texts(&progress, 3.0, columns, lines, false);
    assert_eq!(rows(200, 50).len(), 25);
    assert_eq!(rows(200, 62).len(), 31, "all, without a word of more");
    assert!(rows(200, 60).iter().any(|row| row == "… and 2 more"));
    assert_eq!(rows(200, 3), ["0 of 60 changes · 3s"]);
    assert_eq!(rows(200, 4), ["… and 30 more", "0 of 60 changes · 3s"]);
}

#[test]
fn no_row_is_wider_than_asked_or_holds_what_a_terminal_obeys() {
    let mut progress = thirty();
    progress.tell(
        seconds_in(1.0),
        &waiting("store-01", "日本語 \x1b[2J\r\n\x07 日本語日本語日本語日本語日本語日本語", None),
    );
    for columns in 0..120 {
        for row in progress.rows(seconds_in(3.0), columns, 24, false) {
            let Row { text, columns: taken } = row;
            assert_eq!(unicode_width::UnicodeWidthStr::width(text.as_str()), taken, "{text}");
            assert!(taken <= columns, "{columns}: {text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
}

#[test]
fn colour_changes_no_character() {
    let progress = thirty();
    let colored = texts(&progress, 3.0, 60, 24, true);
    assert!(colored.iter().all(|row| row.contains("\x1b[")), "{colored:?}");
    let without: Vec<String> = colored
        .iter()
        .map(|row| {
            let mut parts = row.split('\x1b');
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
        })
        .collect();
    assert_eq!(without, texts(&progress, 3.0, 60, 24, false));
}

#[test]
fn a_node_that_has_settled_has_no_row() {
    let mut progress = progress(2);
    progress.tell(seconds_in(0.0), &started("store-1/unit.cockroach", Action::Update));
    progress.tell(seconds_in(1.0), &finished("store-1/unit.cockroach", Outcome::Converged));
    progress.tell(seconds_in(1.0), &waiting("store-1", "rollout.settle", Some(60)));
    assert!(
        rows(&progress, 30.0).starts_with("store-1  waits 29s of 1m: rollout.settle"),
        "{}",
        rows(&progress, 30.0)
    );
    progress.tell(seconds_in(61.0), &what("store-2", "draining"));
    let now = rows(&progress, 90.0);
    assert!(!now.contains("store-1") && now.contains("store-2"), "{now}");
    // A gate that waits with changes in hand keeps its row, however long it takes.
    progress.tell(seconds_in(91.0), &started("store-2/unit.cockroach", Action::Update));
    progress.tell(seconds_in(91.0), &waiting("store-2", "store-1 is not ready", Some(1)));
    assert!(rows(&progress, 99.0).contains("store-2"));
}
