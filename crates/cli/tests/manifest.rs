//! `validate`, `render` and `graph`: what is done with a manifest alone.

mod common;

use common::{Done, crdbctl, run};

const MANIFEST: &str = "\
apiVersion: crdbctl/v1
kind: Cluster
name: store
cockroach:
  version: v24.1.0
nodes:
  - {name: store-1, address: 198.0.2.166}
  - {name: store-2, address: 198.0.2.158}
  - {name: store-3, address: 198.0.2.171}
";

fn with(manifest: &str, line: &str) -> Done {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("cluster.yaml"), manifest).expect("written");
    run(crdbctl().current_dir(directory.path()).args(line.split_whitespace()))
}

#[test]
fn a_valid_manifest_is_said_to_be() {
    let done = with(MANIFEST, "validate");
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert_eq!(done.stdout, "cluster.yaml is valid: cluster store, 3 nodes, CockroachDB v24.1.0.\n");
}

#[test]
fn what_init_writes_is_valid() {
    for line in
        ["init store-1=198.0.2.166", "init --ssh-user azmin n1=2001:db8::1 b.int=198.0.2.1 c=198.0.2.2"]
    {
        let directory = tempfile::tempdir().unwrap();
        let here = |line: &str| run(crdbctl().current_dir(directory.path()).args(line.split_whitespace()));
        assert_eq!(here(line).code, 0, "{line}");
        let done = here("validate");
        assert_eq!(done.code, 0, "{line}: {done:?}");
    }
}

#[test]
fn a_manifest_is_found_by_flag_variable_or_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("other.yaml");
    std::fs::write(&file, MANIFEST).unwrap();
    let by_flag = run(crdbctl().arg("--file").arg(&file).arg("validate"));
    let by_variable = run(crdbctl().env("CRDBCTL_MANIFEST", &file).arg("validate"));
    assert_eq!((by_flag.code, by_variable.code), (0, 0));
    assert_eq!(by_flag.stdout, by_variable.stdout);
    let input = std::fs::File::open(&file).unwrap();
    let from_input = run(crdbctl().stdin(input).args(["-f", "-", "validate"]));
    assert_eq!(from_input.code, 0, "{from_input:?}");
    assert!(from_input.stdout.starts_with("standard input is valid"), "{from_input:?}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_on_standard_error() {
    let wrong =
        MANIFEST.replace("name: store\n", "name: Store!\nnmae: x\n").replace("198.0.2.158", "198.0.2.166");
    for line in ["validate", "render", "graph"] {
        let done = with(&wrong, line);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{line}");
        for word in ["cluster.yaml:3:7", "nmae", "198.0.2.166", "3 errors in cluster.yaml"] {
            assert!(done.stderr.contains(word), "{line}: {word}: {}", done.stderr);
        }
        assert!(!done.stderr.contains('\x1b'));
    }
    let done = with(&wrong, "--color always validate");
    assert!(done.stderr.contains('\x1b'), "{done:?}");
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let done = run(crdbctl().current_dir(directory.path()).arg("validate"));
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(done.stderr, @r"
    error: reading the manifest cluster.yaml: No such file or directory (os error 2)
    hint: name it with --file, or write one with `crdbctl init`
    ");
    let done = run(crdbctl().args(["-f", "/", "validate"]));
    assert!(done.code == 1 && done.stderr.contains("reading the manifest /: "), "{done:?}");
}

#[test]
fn endless_and_hostile_manifests_are_refused() {
    let endless = run(crdbctl().args(["-f", "/dev/zero", "validate"]));
    assert!(endless.code == 1 && endless.stderr.contains("larger than 8 MiB"), "{endless:?}");
    let hostile = with("name: \"\x1b[2J\\e[2J\"\n\x07: x\n", "validate");
    assert_eq!((hostile.code, hostile.stdout.as_str()), (1, ""));
    assert!(!hostile.stderr.contains(['\x1b', '\x07']), "{hostile:?}");
}

#[test]
fn what_is_not_supported_yet_is_refused_not_ignored() {
    let done = with(&MANIFEST.replace("v24.1.0\n", "v24.1.0\n  delivery: pull\n"), "validate");
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("not supported yet"), "{done:?}");
}

#[test]
fn files_are_rendered_for_one_node_or_all() {
    let one = with(MANIFEST, "render store-1");
    assert_eq!((one.code, one.stderr.as_str()), (0, ""));
    assert!(one.stdout.starts_with("# store-1:/etc/systemd/system/cockroach.service\n"), "{}", one.stdout);
    assert!(one.stdout.contains("\n[Unit]\n"), "{}", one.stdout);
    assert!(one.stdout.contains("198.0.2.166"), "{}", one.stdout);
    let all = with(MANIFEST, "render");
    assert!(all.stdout.contains("# store-3:/etc/systemd/system/cockroach.service\n"));
    let none = with(MANIFEST, "render store-4");
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(none.stderr, @r"
    error: store-4 is no node of the cluster store
    hint: its nodes are store-1, store-2, store-3
    ");
}

#[test]
fn the_graph_is_drawn_in_three_languages() {
    assert!(with(MANIFEST, "graph").stdout.starts_with("digraph"));
    assert!(with(MANIFEST, "graph --format mermaid").stdout.starts_with("flowchart"));
    let json: serde_json::Value =
        serde_json::from_str(&with(MANIFEST, "graph --format json").stdout).unwrap();
    assert_eq!(json["format_version"], 1);
    assert_eq!(with(MANIFEST, "graph --format svg").code, 64);
}
