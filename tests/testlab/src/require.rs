use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

use crate::builder::LabBuilder;
use crate::error::LabErrorKind;
use crate::lab::Lab;

/// Name of the environment variable that, set to 1, makes a machine without a lab a failure.
pub const REQUIRE_VARIABLE: &str = "CRDBCTL_REQUIRE_LAB";

/// Name of the environment variable with the file to which skipped tests are added, one line each: name, tab, reason.
pub const SKIPPED_VARIABLE: &str = "CRDBCTL_SKIPPED_FILE";

/// Returns the lab, or `None` after reporting the calling test as skipped because this machine cannot boot hosts.
///
/// # Panics
/// The machine can boot hosts but the lab did not come up. And on a machine that cannot, if a lab is required:
/// the environment has `CI=true` or `CRDBCTL_REQUIRE_LAB=1`.
#[must_use]
pub fn require_lab(builder: LabBuilder) -> Option<Lab> {
    match builder.start() {
        Ok(lab) => Some(lab),
        Err(error) if matches!(error.kind(), LabErrorKind::Unavailable(_)) => {
            skip_unless_required(&error.to_string());
            None
        }
        Err(error) => panic!("starting a lab: {error}"),
    }
}

/// Reports the calling test as skipped, as [`skip`] does. The test must return then.
///
/// # Panics
/// No test may be skipped: the environment has `CI=true` or `CRDBCTL_REQUIRE_LAB=1`.
pub fn skip_unless_required(reason: &str) {
    assert!(!is_required(), "no test may be skipped with CI=true or {REQUIRE_VARIABLE}=1: {reason}");
    skip(reason);
}

/// Reports the calling test as skipped, on standard error and to `cargo xtask test`. The test must return then.
pub fn skip(reason: &str) {
    let name = test_name();
    let reason = reason.replace('\n', "; ");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {name}: {reason}");
    if let Some(path) = env::var_os(SKIPPED_VARIABLE) {
        let line = format!("{name}\t{reason}\n");
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        // A skipped test that nobody hears of counts as passed.
        assert!(written.is_ok(), "adding a skipped test to {}: {written:?}", path.display());
    }
}

fn is_required() -> bool {
    env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1")
        || env::var("CI").is_ok_and(|value| value == "true")
}

fn test_name() -> String {
    let thread = std::thread::current();
    let name = env::var("NEXTEST_TEST_NAME").ok().or_else(|| thread.name().map(str::to_owned));
    let name = name.unwrap_or_else(|| "a test".to_owned());
    match env::var("NEXTEST_BINARY_ID") {
        Ok(binary) => format!("{binary} {name}"),
        Err(_) => name,
    }
}
