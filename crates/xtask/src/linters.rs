//! What checks the workflows, actions and units that crdbctl offers to people with a pipeline.

use std::fs;
use std::path::Path;
use std::process::Command;

use crdbctl_testlab::{install, is_installed};

use crate::Failure;
use crate::runner::succeeds;

/// The folder of the checkers that are no Debian packages.
const FOLDER: &str = ".ci/linters";

/// Programs, and the Debian packages that bring them.
const NEEDED: [(&str, &str); 5] = [
    ("shellcheck", "shellcheck"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3"),
    ("ssh-agent", "openssh-client"),
];

/// Makes this machine able to check workflows.
pub(crate) fn prepare() -> Result<(), Failure> {
    let packages: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    if !packages.is_empty() {
        println!("installing the Debian packages {}", packages.join(" "));
        install(&packages)?;
    }
    if !is_newer("node_modules/.package-lock.json", "package-lock.json")? {
        println!("installing what checks workflows into {FOLDER}");
        if !succeeds(Command::new("npm").args(["--prefix", FOLDER, "ci"]))? {
            return Err(format!("`npm --prefix {FOLDER} ci` failed").into());
        }
    }
    if !is_newer("venv/installed", "requirements.txt")? {
        install_python()?;
    }
    Ok(())
}

fn install_python() -> Result<(), Failure> {
    let folder = Path::new(FOLDER);
    let venv = folder.join("venv");
    // Debian's Python can make none without this package.
    let can_make = succeeds(Command::new("python3").args(["-c", "import ensurepip"]))?;
    if !can_make {
        install(&["python3-venv"])?;
    }
    if !succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))? {
        return Err(format!("`python3 -m venv {}` failed", venv.display()).into());
    }
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    pip.args(["--require-hashes", "--requirement"]).arg(folder.join("requirements.txt"));
    if !succeeds(&mut pip)? {
        return Err(format!("installing {FOLDER}/requirements.txt failed").into());
    }
    fs::write(venv.join("installed"), "")?;
    Ok(())
}

/// Returns whether a file of the folder is there, and was written since another one was.
fn is_newer(installed: &str, lock: &str) -> Result<bool, Failure> {
    let time = |path: &str| fs::metadata(Path::new(FOLDER).join(path)).and_then(|it| it.modified());
    match time(installed) {
        Ok(installed) => Ok(installed >= time(lock)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
