//! `probe`, `plan` and `apply` without any host: offline, and with hosts that do not answer.

mod common;

use common::fixture::Fixture;

#[test]
fn a_plan_from_observations_needs_no_network() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let done = fixture.run(&format!("plan --observed {file}"));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    // How well the archive is packed is not the matter here.
    let filters =
        vec![("sha256 [0-9a-f]{8}", "sha256 [DIGEST]"), ("[0-9]+\\s+bytes to send", "[SIZE] to send")];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(done.stdout) });
    assert_eq!(fixture.run(&format!("plan --observed {file} --detailed-exitcode")).code, 2);
    assert_eq!(fixture.run(&format!("plan --observed {file}")).stdout, done.stdout, "it is deterministic");
    let quiet = fixture.run(&format!("--quiet plan --observed {file}"));
    assert!(!quiet.stdout.contains("crdbctl plan") && quiet.stdout.contains("Plan: "), "{quiet:?}");
}

#[test]
fn the_json_form_agrees_with_the_text_and_the_exit_code() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let text = fixture.run(&format!("plan --observed {file}")).stdout;
    let done = fixture.run(&format!("plan --observed {file} --format json --detailed-exitcode"));
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.code, &json["exit_code"]), (2, &2.into()));
    assert_eq!(json["format_version"], 1);
    assert!(text.contains(&format!("Plan: {} to create, ", json["summary"]["create"])), "{text}");
}

#[test]
fn every_form_of_a_plan_is_written_with_the_same_exit_code() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    for (format, start) in [
        ("human", "crdbctl plan · store"),
        ("json", "{\n  \"format_version\": 1,"),
        ("markdown", "### crdbctl plan: `store`\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "),
    ] {
        let done = fixture.run(&format!("plan --observed {file} --format {format} --detailed-exitcode"));
        assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{format}");
        assert!(done.stdout.starts_with(start) && done.stdout.ends_with('\n'), "{format}: {}", done.stdout);
        assert!(done.stdout.contains("unit.cockroach"), "{format}");
    }
    // With the graph at hand, the page draws what changes rest on.
    let html = fixture.run(&format!("plan --observed {file} --format html")).stdout;
    assert!(html.contains("from observed.json, taken ") && html.contains("<svg "));
}

#[test]
fn metrics_are_written_whole_and_for_everybody() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let plain = fixture.run(&format!("plan --observed {file}")).stdout;
    let done = fixture.run(&format!("plan --observed {file} --metrics crdbctl.prom"));
    assert_eq!((done.code, done.stdout), (0, plain), "what is shown does not change");
    let text = std::fs::read_to_string(fixture.path("crdbctl.prom")).unwrap();
    let mode = std::fs::metadata(fixture.path("crdbctl.prom")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(text.contains("crdbctl_plan_changes{cluster=\"store\",action=\"create\"} "), "{text}");
    assert!(text.contains("crdbctl_last_run_timestamp_seconds{cluster=\"store\"} 1796379300\n"), "{text}");
    assert_eq!(fixture.run(&format!("plan --observed {file} --metrics no/such/file")).code, 1);
    assert_eq!(fixture.run(&format!("plan --observed {file} --metrics x --node store-1")).code, 64);
    // The numbers are of the whole plan, and an explanation ends as its resource does.
    let both = fixture.run(&format!("plan --observed {file} --metrics x --explain store-1/link.cockroach"));
    assert_eq!((both.code, fixture.path("x").exists()), (64, false), "{both:?}");
    // A run that could not save its plan did not go well, whatever the plan is.
    let lost = fixture.run(&format!("plan --observed {file} -o no/such/file --metrics lost.prom"));
    let text = std::fs::read_to_string(fixture.path("lost.prom")).unwrap();
    assert_eq!(lost.code, 1, "{lost:?}");
    assert!(text.contains("crdbctl_last_run_exit_code{cluster=\"store\"} 1\n"), "{text}");
    // Hosts that were not read are unknown, and have no numbers of their own.
    assert_eq!(fixture.run("plan --metrics crdbctl.prom").code, 5);
    let text = std::fs::read_to_string(fixture.path("crdbctl.prom")).unwrap();
    assert!(text.contains("crdbctl_unknown_nodes{cluster=\"store\"} 3\n"), "{text}");
    assert!(!text.contains("node=\"store-1\",kind"), "{text}");
}

#[test]
fn a_resource_can_be_explained() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let done = fixture.run(&format!("plan --observed {file} --explain store-1/link.cockroach"));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    insta::assert_snapshot!(done.stdout);
    let detailed = format!("plan --observed {file} --detailed-exitcode --explain");
    assert_eq!(fixture.run(&format!("{detailed} store-1/link.cockroach")).code, 2);
    let near = fixture.run(&format!("{detailed} store-1/unit.cockroch"));
    assert_eq!((near.code, near.stdout.as_str()), (64, ""), "{near:?}");
    assert!(near.stderr.contains("did you mean store-1/unit.cockroach"), "{near:?}");
    let wrong = fixture.run(&format!("{detailed} store-1"));
    assert_eq!((wrong.code, wrong.stdout.as_str()), (64, ""), "{wrong:?}");
    assert!(wrong.stderr.contains("is not an address") && wrong.stderr.contains("hint: "), "{wrong:?}");
    let unread = fixture.run("plan --explain store-1/unit.cockroach");
    assert_eq!(unread.code, 5, "{unread:?}");
    assert!(unread.stdout.starts_with("store-1/unit.cockroach is unknown\n"), "{unread:?}");
}

#[test]
fn one_node_can_be_looked_at() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let plan = |more: &str| fixture.run(&format!("plan --observed {file} {more}"));
    // Its certificates are by an authority that is not there yet.
    let alone = plan("--node store-2");
    assert_eq!((alone.code, alone.stdout.as_str()), (64, ""), "{alone:?}");
    let write = "write instead --target 'store-2/*' --target cluster/authority.ca";
    assert!(alone.stderr.contains(write), "{alone:?}");
    let done = plan("--detailed-exitcode --target store-2/* --target cluster/authority.ca");
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stdout.contains("store-2/service.cockroach"), "{done:?}");
    let shown = done.stdout.split("Left out by").next().unwrap();
    assert!(shown.len() < done.stdout.len() && !shown.contains("store-1/"), "{done:?}");
    assert!(done.stdout.contains("--target 'cluster/authority.ca' --target 'store-2/*'"), "{done:?}");
    for (refused, words) in [
        ("--node store-9", "its nodes are store-1, store-2, store-3"),
        ("--target store-2/unit.cockroch", "did you mean store-2/unit.cockroach"),
        ("--target store-2", "it has no /"),
        ("--node Store_2", "--node"),
        ("--node store-1 --target store-2/*", "means no resource of store-1"),
        ("--target */*  --explain store-1/unit.cockroach", "--explain"),
        ("--target */* --metrics x", "--metrics"),
    ] {
        let done = plan(refused);
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{refused}: {done:?}");
        assert!(done.stderr.contains(words), "{refused}: {done:?}");
    }
}

#[test]
fn a_part_is_saved_and_applied_as_that_part_alone() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let save =
        format!("plan --observed {file} -o part.json --target store-1/directory.* --target store-1/user.*");
    let done = fixture.run(&format!("{save} --target store-1/group.*"));
    assert_eq!(done.code, 0, "{done:?}");
    let saved = std::fs::read_to_string(fixture.path("part.json")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(saved["options"]["selection"]["targets"].as_array().unwrap().len(), 3);
    assert_eq!(saved["plan"]["part"]["selection"], saved["options"]["selection"]);
    let nodes = saved["observed"]["nodes"].as_object().unwrap();
    assert_eq!(nodes.keys().collect::<Vec<_>>(), ["store-1"], "it rests on no other node");
    let shown = fixture.run("show part.json");
    assert!(shown.stdout.contains("Left out by") && !shown.stdout.contains("store-2/unit.cockroach will"));
    for other in ["--target store-1/*", "--node store-1"] {
        let done = fixture.run(&format!("apply part.json --yes {other}"));
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{done:?}");
        assert!(done.stderr.contains("was not made with"), "{done:?}");
    }
}

#[test]
fn hosts_that_do_not_answer_are_unknown_never_bare() {
    let fixture = Fixture::new();
    let plan = fixture.run("plan --detailed-exitcode");
    assert_eq!(plan.code, 5, "5 wins over 2: {plan:?}");
    assert!(plan.stdout.contains("crdbctl plan · store · 0 of 3 nodes probed in "), "{plan:?}");
    // One block for one reason, whatever the hosts are called.
    assert!(plan.stdout.contains("? store-1, store-2, store-3\n    ssh to nobody@… port 1: "), "{plan:?}");
    assert!(plan.stdout.contains("Without --skip-unknown, nothing is"), "{plan:?}");
    assert!(plan.stdout.contains("hint: "), "{plan:?}");
    assert!(!plan.stdout.contains("store-1/") && !plan.stdout.contains("No changes. "), "{plan:?}");

    let apply = fixture.run("apply --yes");
    assert_eq!(apply.code, 5, "{apply:?}");
    assert!(
        apply.stderr.contains("error: not applied: ") && apply.stderr.contains("--skip-unknown"),
        "{apply:?}"
    );
    let skipping = fixture.run("apply --yes --skip-unknown");
    assert_eq!(skipping.code, 5, "{skipping:?}");
    assert!(skipping.stdout.contains("left alone, as --skip-unknown says."), "{skipping:?}");
    assert!(!skipping.stdout.contains("Without --skip-unknown"), "{skipping:?}");
    assert!(
        skipping.stdout.contains("store-1, store-2, store-3 are left alone: not all of them could be read"),
        "{skipping:?}"
    );
    assert!(!fixture.path("keys").exists(), "nothing is made while nobody answers");
}

#[test]
fn a_probe_can_be_planned_from_later_with_the_same_result() {
    let fixture = Fixture::new();
    let probe = fixture.run("probe -o found.json");
    assert_eq!((probe.code, probe.stdout.as_str()), (5, ""), "{probe:?}");
    assert!(probe.stderr.contains("0 of 3 nodes probed") && probe.stderr.contains("store-2: "), "{probe:?}");
    let printed = fixture.run("--quiet probe");
    assert_eq!(printed.code, 5);
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(json["format_version"], 1);
    let body = |text: String| text.split_once("\n\n").map(|(_, body)| body.to_owned()).unwrap();
    let planned = fixture.run("plan --observed found.json");
    assert_eq!(planned.code, 5, "{planned:?}");
    assert_eq!(body(planned.stdout), body(fixture.run("plan").stdout));
}

#[test]
fn what_is_no_observation_or_archive_is_refused_before_anything() {
    let fixture = Fixture::new();
    let done = fixture.run("plan --observed cluster.yaml");
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("reading the observations in cluster.yaml: "), "{done:?}");
    std::fs::write(fixture.path("cockroach-v24.1.0.linux-amd64.tgz"), "no archive").unwrap();
    for line in ["plan", "apply --yes", "probe"] {
        let done = fixture.run(line);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{line}");
        assert!(done.stderr.contains("SHA-256"), "{line}: {done:?}");
    }
}

#[test]
fn a_plan_from_observations_needs_no_archive_once_its_index_is_known_and_without_it_the_package_alone_is_unknown()
 {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let line = format!("plan --observed {file}");
    let with_archive = fixture.run(&line);
    assert_eq!(with_archive.code, 0, "{with_archive:?}");
    std::fs::remove_file(fixture.path("cockroach-v24.1.0.linux-amd64.tgz")).unwrap();
    let without = fixture.run(&line);
    assert_eq!((without.code, &without.stdout), (0, &with_archive.stdout), "{without:?}");
    std::fs::remove_dir_all(fixture.path("cache")).unwrap();
    let unknown = fixture.run(&format!("{line} --format json"));
    assert_eq!(unknown.code, 5, "{unknown:?}");
    let json: serde_json::Value = serde_json::from_str(&unknown.stdout).unwrap();
    let of = |value: &serde_json::Value| value["addr"].as_str().unwrap_or_default().to_owned();
    let told: Vec<String> = json["unknown"].as_array().unwrap().iter().map(of).collect();
    assert!(!told.is_empty() && told.iter().all(|addr| addr.contains("/package.")), "{told:?}");
    let reason = json["unknown"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("there is no such file") && reason.contains("record"), "{reason}");
    let changes: Vec<String> = json["changes"].as_array().unwrap().iter().map(of).collect();
    for addr in ["store-1/unit.cockroach", "store-2/directory.root"] {
        assert!(changes.iter().any(|change| change == addr), "{addr}: {changes:?}");
    }
}

#[test]
fn what_a_plan_was_made_from_is_kept_and_makes_it_again() {
    let fixture = Fixture::new();
    let line = "--detailed-exitcode --format json";
    let online = fixture.run(&format!("plan {line} --save-observations seen.json"));
    assert_eq!(online.code, 5, "{online:?}");
    let offline = fixture.run(&format!("plan {line} --observed seen.json"));
    assert_eq!((offline.code, offline.stdout), (5, online.stdout));
    // It is an error of its own that nothing could be kept, and no plan is shown that is lost then.
    let lost = fixture.run("plan --save-observations no/such/file");
    assert_eq!((lost.code, lost.stdout.as_str()), (1, ""), "{lost:?}");
    assert_eq!(fixture.run("plan --observed seen.json --save-observations other.json").code, 64);
    assert!(!fixture.path("other.json").exists());
}

#[test]
fn observations_of_another_form_are_refused_with_what_to_do() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let text = std::fs::read_to_string(fixture.path(file)).unwrap();
    for (from, to, words) in [
        (
            "{\"format_version\":1,",
            "{\"format_version\":2,",
            "they have form 2, and this crdbctl reads form 1",
        ),
        ("{\"format_version\":1,", "{", "missing field `format_version`"),
        ("\"taken_at\":", "\"token_at\":", "missing field `taken_at`"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(fixture.path("other.json"), text.replacen(from, to, 1)).unwrap();
        for command in ["plan", "drift"] {
            let done = fixture.run(&format!("{command} --observed other.json"));
            assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
            assert!(done.stderr.contains(words) && done.stderr.contains("other.json"), "{done:?}");
            assert!(done.stderr.contains("hint: "), "{done:?}");
        }
    }
}

#[test]
fn a_password_that_cannot_be_had_stops_everything() {
    let fixture = Fixture::new();
    for line in ["plan", "apply --yes", "probe"] {
        let done = fixture.run(&format!("{line} --sudo-password-fd 99"));
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{line}");
        assert!(done.stderr.contains("file descriptor 99"), "{done:?}");
    }
}

#[test]
fn an_interrupted_plan_stops_at_once_and_says_so() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path("ssh_config"), "Host *\n  ProxyCommand sleep 60\n  ConnectTimeout 50\n")
        .unwrap();
    for (line, signal) in [("plan", "INT"), ("apply --yes", "TERM"), ("probe", "HUP")] {
        let began = std::time::Instant::now();
        let done = fixture.run_until_signal(line, signal);
        assert_eq!((done.code, done.stdout.as_str()), (130, ""), "{line}: {done:?}");
        assert_eq!(done.stderr, "error: interrupted; nothing was changed\n", "{line}");
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "{line}");
    }
}
