//! `drift` without any host: from observations, and with hosts that do not answer.

mod common;

use common::fixture::Fixture;

#[test]
fn what_is_not_applied_is_told_and_ends_with_2() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    for (format, start) in [
        ("human", "crdbctl drift · store · from observed.json, taken 2026-12-04\n"),
        ("json", "{\n  \"format_version\": 1,"),
        ("markdown", "### crdbctl drift: `store`\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"crdbctl drift store\""),
    ] {
        let done = fixture.run(&format!("drift --observed {file} --format {format}"));
        assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{format}");
        assert!(done.stdout.starts_with(start) && done.stdout.ends_with('\n'), "{format}: {}", done.stdout);
        assert!(done.stdout.contains("unit.cockroach"), "{format}");
    }
    let done = fixture.run(&format!("drift --observed {file}"));
    assert!(
        done.stdout
            .contains("Not applied: the manifest is ahead of the hosts, or no record tells who moved\n"),
        "{done:?}"
    );
    assert!(done.stdout.ends_with(" changes of the manifest are not applied.\n"), "{done:?}");
    assert!(!done.stdout.contains("will be") && !done.stdout.contains("Drift: "), "{done:?}");
}

#[test]
fn one_side_can_be_looked_at_alone() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let drift = fixture.run(&format!("drift --observed {file} --only drift"));
    assert_eq!((drift.code, drift.stderr.as_str()), (0, ""), "{drift:?}");
    let last = drift.stdout.lines().last().unwrap();
    assert!(last.starts_with("No drift; ") && last.ends_with(" changes of the manifest left out."), "{last}");
    let change = fixture.run(&format!("drift --observed {file} --only change"));
    assert_eq!(change.code, 2, "{change:?}");
    let json = fixture.run(&format!("drift --observed {file} --only drift --format json"));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["exit_code"], &json["part"]["only"]), (&0.into(), &"drift".into()));
    let left_out = json["left_out"].as_array().unwrap();
    assert!(!left_out.is_empty() && left_out.iter().all(|left| left["why"] == "only"));
    assert_eq!(json["summary"]["create"], 0);
    assert_eq!(json["rollout"], serde_json::json!([]));
}

#[test]
fn a_part_can_be_looked_at_that_could_not_be_applied() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    // A service alone rests on much that is not there: to look at it is allowed, to apply it is not.
    let done = fixture.run(&format!("drift --observed {file} --target store-2/service.*"));
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stdout.contains("# store-2/service.cockroach is not applied"), "{done:?}");
    assert!(done.stdout.contains("Left out by --target 'store-2/service.*': "), "{done:?}");
    let last = done.stdout.lines().last().unwrap();
    assert!(
        last.starts_with("1 change of the manifest is not applied; ") && last.ends_with(" not selected."),
        "{last}"
    );
    assert_eq!(fixture.run(&format!("plan --observed {file} --target store-2/service.*")).code, 64);
    for wrong in ["--target store-9/*", "--node store-9", "--target unit.cockroach"] {
        let done = fixture.run(&format!("drift --observed {file} {wrong}"));
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{wrong}: {done:?}");
    }
}

#[test]
fn hosts_that_do_not_answer_end_with_5() {
    let fixture = Fixture::new();
    for line in ["drift", "drift --only drift", "drift --only change"] {
        let done = fixture.run(line);
        assert_eq!(done.code, 5, "{line}: {done:?}");
        let last = done.stdout.lines().last().unwrap();
        assert!(
            last.starts_with("Incomplete: 3 nodes and 1 other thing could not be read; no "),
            "{line}: {last}"
        );
    }
    assert!(!fixture.path("keys").exists(), "nothing is made");
}

#[test]
fn what_is_mistyped_ends_with_64() {
    let fixture = Fixture::new();
    for line in ["drift --only both", "drift --format xml", "drift --yes", "drift cluster.yaml"] {
        let done = fixture.run(line);
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{line}");
    }
}

/// Writes what is accepted beside the manifest, or elsewhere.
fn accept(fixture: &Fixture, name: &str, entries: &str) {
    std::fs::write(fixture.path(name), format!("accept:\n{entries}")).expect("written");
}

/// The last day on which the entries of these tests hold: the hosts were observed on 2026-12-04.
const HOLDS: &str = "2027-01-31";

#[test]
fn what_is_accepted_is_left_out_of_drift_and_of_nothing_else() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let firewalls = format!("  - {{address: '*/firewall.ufw', until: {HOLDS}, reason: 'OPS-12: by hand'}}\n");
    let plain = fixture.run(&format!("drift --observed {file} --format json"));
    accept(&fixture, "cluster.accept.yaml", &firewalls);
    let done = fixture.run(&format!("drift --observed {file}"));
    assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{done:?}");
    assert!(done.stdout.ends_with("; 3 accepted.\n"), "{done:?}");
    let json = |done: &common::Done| serde_json::from_str::<serde_json::Value>(&done.stdout).unwrap();
    let accepted = json(&fixture.run(&format!("drift --observed {file} --format json")));
    let changes = |json: &serde_json::Value| json["changes"].as_array().unwrap().len();
    assert_eq!(changes(&accepted) + 3, changes(&json(&plain)));
    let left_out = &accepted["left_out"][0];
    assert_eq!(left_out["addr"], "store-1/firewall.ufw");
    assert_eq!(left_out["why"]["accepted"]["reason"], "OPS-12: by hand");
    assert_eq!(accepted["compared"]["store-1/firewall.ufw"], "put-off");
    // plan knows nothing of it.
    let plan = json(&fixture.run(&format!("plan --observed {file} --format json")));
    assert_eq!((changes(&plan), &plan["left_out"]), (changes(&json(&plain)), &serde_json::json!([])));
    // Another file takes the place of the one beside the manifest, and must be there.
    accept(&fixture, "none.yaml", "  []\n");
    let none = fixture.run(&format!("drift --observed {file} --accept none.yaml"));
    assert!(!none.stdout.contains("accepted"), "{none:?}");
    let missing = fixture.run(&format!("drift --observed {file} --accept missing.yaml"));
    assert_eq!((missing.code, missing.stdout.as_str()), (1, ""), "{missing:?}");
    assert!(missing.stderr.contains("missing.yaml: No such file"), "{missing:?}");
}

#[test]
fn what_has_expired_is_told_loudly() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    accept(
        &fixture,
        "cluster.accept.yaml",
        "  - {address: '*/firewall.ufw', until: 2026-12-03, reason: 'OPS-12'}\n  - {address: store-9/*, until: 2026-12-04, \
         reason: OPS-13}\n  - {address: store-1/firewall.*, until: 2026-12-05, reason: OPS-14}\n",
    );
    let words = [
        "an accepted drift has expired: cluster.accept.yaml:2 (*/firewall.ufw) ended 1 day ago, on 2026-12-03",
        "cluster.accept.yaml:3 (store-9/*) accepts nothing",
        "an accepted drift ends in 1 day, on 2026-12-05: cluster.accept.yaml:4 (store-1/firewall.*): OPS-14",
    ];
    for format in ["human", "json", "markdown", "html", "junit"] {
        let done = fixture.run(&format!("--quiet drift --observed {file} --format {format}"));
        assert_eq!(done.code, 2, "{format}");
        let warning = format!("warning: {}", words[0]);
        assert!(
            done.stderr.starts_with(&warning) && done.stderr.matches("warning:").count() == 1,
            "{done:?}"
        );
        assert!(done.stderr.contains("OPS-12"), "{done:?}");
        let told = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ").replace("&#x2f;", "/");
        for words in words {
            assert!(told.contains(words), "{format}: {words}: {}", done.stdout);
        }
    }
    let only = fixture.run(&format!("drift --observed {file} --only drift"));
    assert_eq!(only.code, 0, "an expired entry alone is no drift: {only:?}");
    assert!(only.stderr.contains("has expired") && only.stdout.contains("No drift; "), "{only:?}");
}

#[test]
fn a_file_of_accepted_drift_that_is_wrong_stops_before_any_connection() {
    let fixture = Fixture::new();
    accept(&fixture, "cluster.accept.yaml", "  - {address: store-1, until: 2040-01-01, reason: ''}\n");
    let done = fixture.run("drift");
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    for words in
        ["cluster.accept.yaml:2:15", "more than a year ahead", "`accept[0].reason` is empty", "3 errors in"]
    {
        assert!(done.stderr.contains(words), "{words}: {done:?}");
    }
    // A link that leads nowhere is there, and is not taken for no file.
    std::fs::remove_file(fixture.path("cluster.accept.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere.yaml", fixture.path("cluster.accept.yaml")).unwrap();
    let done = fixture.run("drift");
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    assert!(done.stderr.contains("reading the drift that is accepted in cluster.accept.yaml"), "{done:?}");
}

#[test]
fn numbers_and_files_say_how_it_ended() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let number = |family: &str| {
        let text = std::fs::read_to_string(fixture.path("crdbctl.prom")).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{family}{{"))).map(str::to_owned);
        line.map(|line| line.rsplit(' ').next().unwrap().to_owned())
    };
    let code = || number("crdbctl_last_run_exit_code").unwrap();
    let plain = fixture.run(&format!("drift --observed {file}"));
    assert_eq!(fixture.run(&format!("drift --observed {file} --metrics crdbctl.prom")).stdout, plain.stdout);
    assert_eq!((code().as_str(), number("crdbctl_accepted_resources")), ("2", None));
    accept(
        &fixture,
        "cluster.accept.yaml",
        &format!("  - {{address: '*/firewall.*', until: {HOLDS}, reason: r}}\n"),
    );
    assert_eq!(fixture.run(&format!("drift --observed {file} --only drift --metrics crdbctl.prom")).code, 0);
    assert_eq!(code(), "0");
    assert_eq!(number("crdbctl_accept_next_end_timestamp_seconds").as_deref(), Some("1801440000"));
    assert_eq!(fixture.run("drift --metrics crdbctl.prom").code, 5);
    assert_eq!(code(), "5");
    // `plan` ends with 0 unless it is asked to tell.
    assert_eq!(fixture.run(&format!("plan --observed {file} --metrics crdbctl.prom")).code, 0);
    assert_eq!(code(), "0");

    let both = fixture.run(&format!("drift --observed {file} --format junit -o drift.xml"));
    assert_eq!((both.code, both.stdout.starts_with("crdbctl drift · store")), (2, true), "{both:?}");
    let xml = std::fs::read_to_string(fixture.path("drift.xml")).unwrap();
    assert_eq!(xml, fixture.run(&format!("drift --observed {file} --format junit")).stdout);
    // The terminal's colour is not the file's.
    let shown = fixture.run(&format!("--color always drift --observed {file} -o drift.txt"));
    assert!(shown.code == 2 && shown.stdout.contains('\x1b'), "{shown:?}");
    let written = std::fs::read_to_string(fixture.path("drift.txt")).unwrap();
    assert_eq!(written, fixture.run(&format!("drift --observed {file}")).stdout);
    assert!(!written.contains('\x1b'), "{written}");
    // A run that could not tell its result did not go well, whatever it would have told.
    let lost = fixture.run(&format!("drift --observed {file} -o no/such/file --metrics crdbctl.prom"));
    assert_eq!((lost.code, lost.stdout.as_str(), code().as_str()), (1, "", "1"), "{lost:?}");
    assert_eq!(fixture.run(&format!("drift --observed {file} --metrics no/such/file")).code, 1);
}
