use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crdbctl_model::{Acceptance, Day};
use crdbctl_spec::Inputs;

use crate::manifest::{explain, read_limited};
use crate::{CliError, Ui};

/// Returns the drift that is accepted: by the file that was named, else by the one beside the manifest, when there is one. From
/// `today` on a year is the longest.
///
/// # Errors
/// When a file that was named is not there, when one cannot be read, and when anything is wrong with it: all of it is printed at once.
pub(crate) fn load(
    named: Option<&Path>,
    manifest: &Path,
    today: Day,
    ui: &Ui,
) -> Result<Option<Acceptance>, CliError> {
    let beside = beside(manifest);
    let Some(file) = named.or(beside.as_deref()) else { return Ok(None) };
    let bytes = match File::open(file).and_then(read_limited) {
        Ok(bytes) => bytes,
        // A link that leads nowhere is there.
        Err(error)
            if error.kind() == ErrorKind::NotFound && named.is_none() && file.symlink_metadata().is_err() =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(CliError::failed(
                format!("reading the drift that is accepted in {}", file.display()),
                &error,
            ));
        }
    };
    let inputs = Inputs { environment: &|variable| std::env::var(variable).ok(), ..Inputs::none() };
    crdbctl_spec::parse_accept(&bytes, &file.display().to_string(), &inputs, today)
        .map(Some)
        .map_err(|wrong| explain(&wrong, ui))
}

/// Returns `cluster.accept.yaml` for `cluster.yaml`; nothing for standard input.
fn beside(manifest: &Path) -> Option<PathBuf> {
    let stem = manifest.file_stem().filter(|_| manifest != Path::new("-"))?;
    let mut name = stem.to_owned();
    name.push(".accept.yaml");
    Some(manifest.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_beside_the_manifest_is_named_for_it() {
        let of = |manifest: &str| beside(Path::new(manifest)).map(|path| path.display().to_string());
        assert_eq!(of("cluster.yaml").as_deref(), Some("cluster.accept.yaml"));
        assert_eq!(of("/etc/crdb/prod.eu.yml").as_deref(), Some("/etc/crdb/prod.eu.accept.yaml"));
        assert_eq!(of("../store").as_deref(), Some("../store.accept.yaml"));
        assert_eq!((of("-"), of("..")), (None, None));
    }
}
