//! Plans in files, without any host: saved from observations, shown, and refused before any connection.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use common::fixture::Fixture;

/// Saves a plan for bare hosts as `saved.json`.
fn saved(options: &str) -> Fixture {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let done = fixture.run(&format!("plan --observed {file} -o saved.json --detailed-exitcode {options}"));
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("crdbctl apply saved.json"), "{done:?}");
    fixture
}

fn edit(fixture: &Fixture, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(fixture.path(file)).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(fixture.path(file), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_saved_plan_is_its_owners_and_is_shown_in_every_form_without_the_manifest() {
    let fixture = saved("");
    let mode = std::fs::metadata(fixture.path("saved.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    let plan = fixture.run("plan --observed observed.json");
    for name in ["cluster.yaml", "observed.json"] {
        std::fs::rename(fixture.path(name), fixture.path(&format!("{name}.away"))).unwrap();
    }
    let shown = fixture.run("show saved.json");
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{shown:?}");
    assert!(shown.stdout.starts_with("crdbctl show · store · from observed.json, taken "), "{shown:?}");
    assert_eq!(body(&shown.stdout), body(&plan.stdout));
    for (format, start) in [
        ("json", "{\n  \"format_version\": 1,"),
        ("markdown", "### crdbctl plan: `store`\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "),
    ] {
        let done = fixture.run(&format!("show saved.json --format {format}"));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{format}");
        assert!(done.stdout.starts_with(start) && done.stdout.contains("unit.cockroach"), "{format}");
    }
}

#[test]
fn a_plan_is_shown_from_a_pipe_in_either_form() {
    let fixture = saved("");
    let json = fixture.run("plan --observed observed.json --format json").stdout;
    std::fs::write(fixture.path("plan.json"), json).unwrap();
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    for file in ["saved.json", "plan.json"] {
        let text = std::fs::read(fixture.path(file)).unwrap();
        let mut command = fixture.command("show --drift /dev/stdin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Dropped when written, so that the pipe ends.
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&text));
        let piped = common::done(child.wait_with_output().unwrap());
        assert!(writer.join().unwrap().is_ok(), "{file}: {piped:?}");
        assert_eq!((piped.code, piped.stderr.as_str()), (2, ""), "{file}: {piped:?}");
        assert_eq!(body(&piped.stdout), body(&fixture.run(&format!("show --drift {file}")).stdout), "{file}");
    }
}

#[test]
fn a_link_in_the_way_is_replaced_and_not_followed() {
    let fixture = saved("");
    let (link, other) = (fixture.path("link.json"), fixture.path("other"));
    std::fs::write(&other, "keep").unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    assert_eq!(fixture.run("plan --observed observed.json -o link.json").code, 0);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "keep");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_file());
    assert_eq!(fixture.run("plan --observed observed.json -o no/such/file").code, 1);
}

#[test]
fn what_is_no_saved_plan_is_refused_by_show_and_apply() {
    let fixture = saved("");
    let json = fixture.run("plan --observed observed.json --format json").stdout;
    std::fs::write(fixture.path("plan.json"), json).unwrap();
    std::fs::copy(fixture.path("saved.json"), fixture.path("other.json")).unwrap();
    edit(&fixture, "other.json", "\n  \"format_version\": 1", "\n  \"format_version\": 2");
    edit(&fixture, "saved.json", "\"skip_unknown\": false", "\"skip_unknown\": true");
    for (file, words) in [
        ("saved.json", "not as it was written"),
        ("other.json", "form 2"),
        ("plan.json", "no saved plan"),
        ("cluster.yaml", "no saved plan"),
        ("none.json", "No such file"),
    ] {
        // What `--format json` printed is shown, and nothing that can be applied.
        let commands: &[&str] = if file == "plan.json" { &["apply --yes"] } else { &["show", "apply --yes"] };
        for command in commands {
            let done = fixture.run(&format!("{command} {file}"));
            assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{file}: {done:?}");
            assert!(done.stderr.contains(file) && done.stderr.contains(words), "{file}: {done:?}");
        }
    }
}

#[test]
fn a_plan_of_another_manifest_is_stale_before_any_connection() {
    let fixture = saved("");
    for (from, to, words) in [
        ("name: store\n", "name: shop\n", "it is of the cluster store, and the manifest is of shop"),
        ("kind: Cluster\n", "kind: Cluster # today\n", "the manifest changed since"),
    ] {
        edit(&fixture, "cluster.yaml", from, to);
        let done = fixture.run("apply saved.json --yes");
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
        assert!(done.stderr.contains(words) && done.stderr.contains("saved.json is stale"), "{done:?}");
        assert!(!done.stderr.contains("ssh"), "{done:?}");
        edit(&fixture, "cluster.yaml", to, from);
    }
    // Nothing listens there: it is the manifest's again, and nobody can be read.
    let done = fixture.run("apply saved.json --yes");
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done:?}");
    assert!(done.stderr.contains("store-2: ssh to nobody@") && done.stderr.contains("rests on"), "{done:?}");
    assert!(!fixture.path("keys").exists());
}

#[test]
fn another_archive_under_the_same_name_makes_a_plan_stale() {
    let fixture = Fixture::new();
    let text = std::fs::read_to_string(fixture.path("cluster.yaml")).unwrap();
    let unpinned: String =
        text.lines().filter(|line| !line.contains("sha256")).map(|line| format!("{line}\n")).collect();
    std::fs::write(fixture.path("cluster.yaml"), unpinned).unwrap();
    let name = "cockroach-v24.1.0.linux-amd64";
    let shell = |line: &str| {
        let done = Command::new("sh").args(["-c", line]).current_dir(fixture.path("")).status().unwrap();
        assert!(done.success(), "{line}");
    };
    let publish = format!("sha256sum {name}.tgz >{name}.tgz.sha256sum");
    shell(&publish);
    let file = fixture.observe_bare_hosts();
    let done = fixture.run(&format!("plan --observed {file} -o saved.json"));
    assert_eq!(done.code, 0, "{done:?}");
    shell(&format!(
        "mkdir x && tar xzf {name}.tgz -C x && printf more >>x/{name}/cockroach && tar czf {name}.tgz -C x {name} && {publish}"
    ));
    let done = fixture.run("apply saved.json --yes");
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    assert!(
        done.stderr.contains("store-1/package.cockroach-v24.1.0.linux-amd64 shall be something else now"),
        "{done:?}"
    );
    assert!(done.stderr.contains("release archive"), "{done:?}");
}

#[test]
fn the_options_of_a_plan_are_saved_and_no_others_are_taken() {
    let fixture = saved("--delete-data --force-gate store-2");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(fixture.path("saved.json")).unwrap()).unwrap();
    let whole = serde_json::json!({"nodes": [], "targets": []});
    let options = serde_json::json!({
        "skip_unknown": false, "delete_data": true, "force_gates": ["store-2"], "selection": whole
    });
    assert_eq!(json["options"], options);
    for (options, code) in [
        ("--skip-unknown", 64),
        ("--force-gate store-1", 64),
        ("--delete-data --force-gate store-2", 5),
        ("", 5),
    ] {
        let done = fixture.run(&format!("apply saved.json --yes {options}"));
        assert_eq!(done.code, code, "{options}: {done:?}");
    }
    for line in
        ["plan --force-gate store-1", "plan -o x --node store-9", "plan -o x --force-gate store-9", "show"]
    {
        assert_eq!(fixture.run(line).code, 64, "{line}");
    }
}

#[test]
fn a_plan_of_what_could_not_be_read_can_be_shown_and_not_applied() {
    let fixture = Fixture::new();
    let done = fixture.run("plan -o saved.json");
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stderr.contains("cannot be applied"), "{done:?}");
    assert_eq!(fixture.run("show saved.json").code, 0);
    let done = fixture.run("apply saved.json --yes");
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done:?}");
    assert!(done.stderr.contains("could not be read"), "{done:?}");
}
