//! All checks, against the stand-in.

use std::path::Path;

use crdbctl_conformance::{CheckResult, Program, TABLE, Verdict, run};

fn program(version: &str, directory: &Path) -> Program {
    let binary =
        roachsim::archive::build(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the stand-in builds");
    let release = version.parse().expect("a version");
    let packed = roachsim::archive::pack(&binary, release, roachsim::archive::Arch::native(), directory)
        .expect("the stand-in packs");
    Program::unpack(&packed.path).expect("the archive holds a program")
}

#[test]
fn the_stand_in_behaves_as_is_relied_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (old, new) = (program("v24.1.0", directory.path()), program("v24.3.0", directory.path()));
    let report = run(&old, Some(&new), |_| {});
    let failures: Vec<String> =
        report.failures().map(|(check, trouble)| format!("{}: {trouble}", check.id)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(report.results.len(), TABLE.len());
    let skipped = report.results.iter().filter(|result| result.verdict != Verdict::Holds).count();
    assert_eq!(skipped, 0, "every check applies to these two");
}

/// An archive with a shell script in the program's place.
fn script(text: &str, directory: &Path) -> Program {
    let path = directory.join("script.tgz");
    let file = std::fs::File::create(&path).expect("it is made");
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "cockroach-v24.1.0.linux-amd64/cockroach", text.as_bytes())
        .expect("it is packed");
    tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("it is packed");
    Program::unpack(&path).expect("the archive holds a program")
}

#[test]
fn a_program_that_only_claims_to_be_one_is_found_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let liar = script("#!/bin/sh\n[ \"$1\" = version ] && echo v24.1.0\nexit 0\n", directory.path());
    let mut told = 0;
    let report = run(&liar, None, |_| told += 1);
    assert_eq!(told, TABLE.len());
    let held = |result: &&CheckResult| result.verdict == Verdict::Holds;
    let held: Vec<&str> = report.results.iter().filter(held).map(|result| result.check.id).collect();
    assert_eq!(held, ["archive.layout"], "it lies about nothing else well enough");
    let skipped =
        report.results.iter().filter(|result| matches!(result.verdict, Verdict::Skipped(_))).count();
    assert_eq!(report.failures().count() + skipped + held.len(), TABLE.len());
    assert_eq!(skipped, 4, "those of upgrades need a second archive");
}

#[test]
fn what_came_later_is_not_asked_of_an_old_program() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let old = script("#!/bin/sh\n[ \"$1\" = version ] && echo v19.2.1\nexit 0\n", directory.path());
    let report = run(&old, None, |_| {});
    let of = |id: &str| report.results.iter().find(|result| result.check.id == id).expect("a check");
    assert_eq!(of("drain.self").verdict, Verdict::Skipped("since v20.1, and this is v19.2.1".to_owned()));
    assert!(of("stop.sigterm").verdict.is_failed());
}

#[test]
fn an_archive_that_is_none_is_said_to_be_none() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("cockroach.tgz");
    std::fs::write(&path, "no archive").expect("it is written");
    let error = Program::unpack(&path).expect_err("it is none").to_string();
    assert!(error.contains("cockroach.tgz: cannot be unpacked"), "{error}");
}
