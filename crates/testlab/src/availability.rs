//! Whether this machine can boot hosts.

use std::process::Command;
use std::sync::OnceLock;

use crate::cgroup::Cgroup;
use crate::error::{Doing as _, LabError, LabErrorKind};
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
    let answer = ANSWER.get_or_init(|| examine().map_err(|error| error.to_string()));
    answer.clone().map_err(LabErrorKind::Unavailable).doing(|| "this machine cannot boot hosts")
}

fn examine() -> Result<(), LabError> {
    let unavailable =
        |reason: String| LabError::new("looking at this machine", LabErrorKind::Unavailable(reason));
    if !cfg!(target_os = "linux") {
        return Err(unavailable(format!("it runs {}, not Linux", std::env::consts::OS)));
    }
    if !rustix::process::geteuid().is_root() {
        return Err(unavailable("the tests do not run as root".to_owned()));
    }
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
    let output = run(&mut command, &[])?;
    crate::base::remove_tree(&folder)?;
    if output.success() { Ok(()) } else { Err(unavailable(joined(&output))) }
}
