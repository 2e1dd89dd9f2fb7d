use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::process::run_ok;
use crate::recipe;
use crate::store::Store;
use crate::users;

/// The tree that the disks of all hosts start from. Built once a recipe and kept.
#[derive(Debug, Clone)]
pub struct BaseTree {
    path: PathBuf,
}

impl BaseTree {
    /// Returns the base tree, building it first if it does not exist: half a minute and 330 MB from Debian's packages.
    ///
    /// The environment variable `CRDBCTL_LAB_MIRROR` names another mirror than Debian's own. Only one process
    /// builds at a time; the others wait for it.
    ///
    /// # Errors
    /// mmdebstrap or the set-up after it failed; nothing is left behind then but a folder that the next attempt removes.
    pub fn ensure() -> Result<Self, LabError> {
        let store = Store::open()?;
        let path = store.bases().join(recipe::digest());
        if !path.exists() {
            let _lock = store.lock("base")?;
            // Another process may have built it while this one waited for the lock.
            if !path.exists() {
                build(&store, &path)?;
            }
        }
        Ok(Self { path })
    }

    /// Returns whether the tree of today's recipe exists already.
    pub fn exists() -> Result<bool, LabError> {
        Ok(Store::open()?.bases().join(recipe::digest()).exists())
    }

    /// Returns where the tree is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn build(store: &Store, path: &Path) -> Result<(), LabError> {
    let unfinished = store.bases().join("unfinished");
    let other = store.bases().join("unfinished-sudo-rs");
    remove_tree(&unfinished)?;
    remove_tree(&other)?;
    unpack("minbase", recipe::PACKAGES, recipe::SUITE, &unfinished)?;
    // No package of its own in the hosts' release: the program alone is taken from a later one, in five seconds.
    unpack("extract", &["sudo-rs"], recipe::SUDO_RS_SUITE, &other)?;
    let mut take = Command::new("install");
    take.args(["-m", "4755", "-o", "root", "-g", "root", "--"]);
    take.arg(other.join("usr/bin/sudo-rs")).arg(unfinished.join("usr/bin/sudo-rs"));
    run_ok(&mut take, &[])?;
    remove_tree(&other)?;
    let mut customise = Command::new("sh");
    customise.args(["-eu", "-c", recipe::CUSTOMISE, "customise"]).arg(&unfinished).arg(users::ASKS_PASSWORD);
    run_ok(&mut customise, &[])?;
    fs::rename(&unfinished, path).doing(|| format!("moving the base tree to {}", path.display()))
}

/// Fills a new folder with Debian packages.
fn unpack(variant: &str, packages: &[&str], suite: &str, path: &Path) -> Result<(), LabError> {
    let mut unpack = Command::new("mmdebstrap");
    unpack
        .args(["--quiet", "--aptopt=Acquire::Retries \"3\""])
        .arg(format!("--variant={variant}"))
        .arg(format!("--include={}", packages.join(",")))
        .arg(suite)
        .arg(path)
        .args(std::env::var_os("CRDBCTL_LAB_MIRROR"));
    // Almost always it is the network that this machine lacks.
    run_ok(&mut unpack, &[])
        .map_err(|error| LabErrorKind::Unavailable(error.to_string()))
        .doing(|| "building the hosts' base tree from Debian's packages")
        .map(drop)
}

/// Removes a folder with all it holds; one that does not exist is fine.
///
/// Never leaves the file system: were something of this machine still mounted below, removing it would be a disaster.
pub(crate) fn remove_tree(path: &Path) -> Result<(), LabError> {
    run_ok(Command::new("rm").args(["-rf", "--one-file-system", "--"]).arg(path), &[]).map(drop)
}
