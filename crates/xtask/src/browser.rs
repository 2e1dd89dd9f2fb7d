//! The browser in which the pages of plans are tested.

use std::fs;
use std::path::Path;
use std::process::Command;

use crdbctl_testlab::{install, is_installed};

use crate::Failure;
use crate::runner::succeeds;

/// The folder of the program that uses the browser.
const FOLDER: &str = "crates/report/browser";

/// Programs of which one is needed, and the Debian package that brings the first.
const NEEDED: [(&[&str], &str); 3] = [
    (&["chromium", "chromium-browser", "google-chrome"], "chromium"),
    (&["node"], "nodejs"),
    (&["npm"], "npm"),
];

/// Makes this machine able to open pages in a browser.
pub(crate) fn prepare() -> Result<(), Failure> {
    let is_there = |programs: &[&str]| programs.iter().any(|program| is_installed(program));
    let packages: Vec<&str> =
        NEEDED.iter().filter(|(programs, _)| !is_there(programs)).map(|(_, package)| *package).collect();
    if !packages.is_empty() {
        println!("installing the Debian packages {}", packages.join(" "));
        install(&packages)?;
    }
    if is_installed_as_locked()? {
        return Ok(());
    }
    println!("installing what drives the browser into {FOLDER}");
    if !succeeds(Command::new("npm").args(["--prefix", FOLDER, "ci"]))? {
        return Err(format!("`npm --prefix {FOLDER} ci` failed").into());
    }
    Ok(())
}

/// Returns whether npm has installed since the lock was written.
fn is_installed_as_locked() -> Result<bool, Failure> {
    let time = |path: &str| fs::metadata(Path::new(FOLDER).join(path)).and_then(|it| it.modified());
    match time("node_modules/.package-lock.json") {
        Ok(installed) => Ok(installed >= time("package-lock.json")?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
