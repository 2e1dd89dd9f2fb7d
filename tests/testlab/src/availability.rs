//! Whether this machine can boot hosts.

use std::process::Command;
use std::sync::OnceLock;

use crate::base::remove_tree;
use crate::cgroup::Cgroup;
use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::output::Output;
use crate::process::{joined, run};
use crate::programs;
use crate::store::Store;

/// Tries out, in namespaces of its own, all that a host needs of the kernel. `$1` is an empty folder.
const TRY: &str = r#"
mkdir "$1/lower" "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
ip link add crdbtry type bridge
ip link add crdbtry0 type veth peer name crdbtry1
"#;

/// Returns nothing if this machine can boot hosts, after installing from Debian's packages the programs it lacks.
///
/// Asks once a process. Does not build the base tree.
///
/// # Errors
/// The reason why it cannot, in one sentence.
pub fn check() -> Result<(), LabError> {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    let answer = ANSWER.get_or_init(examine);
    answer.clone().map_err(LabErrorKind::Unavailable).doing(|| "this machine cannot boot hosts")
}

fn examine() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err(format!("it runs {}, not Linux", std::env::consts::OS));
    }
    if !rustix::process::geteuid().is_root() {
        return Err("only root can, and this is not root".to_owned());
    }
    let output = try_out().map_err(|error| error.to_string())?;
    if output.success() {
        return Ok(());
    }
    Err(format!("{}\nCRDBCTL_LAB_DIR names another folder for the disks of hosts", joined(&output)))
}

fn try_out() -> Result<Output, LabError> {
    let store = Store::open()?;
    if !programs::missing().is_empty() {
        let _lock = store.lock("base")?;
        programs::install_missing()?;
    }
    let place = Cgroup::at(format!("try-{}", std::process::id()))?;
    place.create()?;
    place.remove()?;
    let folder = store.trash().join(format!("try-{}", std::process::id()));
    std::fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "sh", "-eu", "-c", TRY, "try"]).arg(&folder);
    let output = run(&mut command, &[]);
    remove_tree(&folder)?;
    output
}
