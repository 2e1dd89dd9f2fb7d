//! `cargo xtask archive VERSION DIR`: an archive of the stand-in, named and laid out as a published one.

use std::path::{Path, PathBuf};

use roachsim::archive::{self, Arch, Archive, ArchiveError};
use roachsim::release::Release;

/// Arguments of `cargo xtask archive`.
#[derive(Debug, clap::Args)]
pub(crate) struct ArchiveArgs {
    /// The release to play, for example v24.1.0
    version: Release,
    /// Where the .tgz and its .sha256sum go; made when missing
    dir: PathBuf,
    /// The architecture in the name; the binary inside is always this machine's
    #[arg(long, default_value_t = Arch::native())]
    arch: Arch,
}

/// Builds and packs the stand-in, and returns what was written.
pub(crate) fn run(args: &ArchiveArgs) -> Result<Archive, ArchiveError> {
    let binary = archive::build(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    archive::pack(&binary, args.version, args.arch, &args.dir)
}
