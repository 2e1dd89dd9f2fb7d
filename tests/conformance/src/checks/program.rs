//! The archive and the binary, without a node.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crdbctl_cockroach::client;
use crdbctl_cockroach::output::{ExitCode, Failure, FailureKind, messages, version_info};
use crdbctl_model::KeyType;

use crate::Trouble;
use crate::bench::{Bench, Said};
use crate::trouble::{expect, expect_eq};

/// A refusal comes at once; a start that is not refused runs on.
const SOON: Duration = Duration::from_secs(30);

pub(super) fn layout(bench: &mut Bench) -> Result<(), Trouble> {
    let version = bench.program.version.to_string();
    let roots: Vec<&String> = bench.program.roots.iter().collect();
    let named = |root: &str| root.starts_with(&format!("cockroach-{version}.linux-"));
    expect(
        matches!(&roots[..], [root] if named(root)),
        "one directory cockroach-<version>.linux-<arch>",
        &roots,
    )?;
    let metadata =
        std::fs::metadata(&bench.program.binary).map_err(Trouble::untried("looking at the binary"))?;
    expect(
        metadata.permissions().mode() & 0o111 == 0o111,
        "an executable cockroach in it",
        metadata.permissions(),
    )
}

pub(super) fn libraries(bench: &mut Bench) -> Result<(), Trouble> {
    for name in ["libgeos.so", "libgeos_c.so"] {
        let path = bench.program.binary.with_file_name("lib").join(name);
        expect(
            path.is_file(),
            "lib/libgeos.so and lib/libgeos_c.so beside the binary",
            format!("no lib/{name}"),
        )?;
    }
    Ok(())
}

pub(super) fn card(bench: &mut Bench) -> Result<(), Trouble> {
    let said = Said::of(Command::new(&bench.program.binary).arg("version"), SOON)?.succeeded()?;
    let info = version_info(&said.stdout)
        .map_err(|error| Trouble::differs("a build tag", format!("{error}: {:?}", said.stdout)))?;
    expect_eq("the build tag", &info.version, &bench.program.version)?;
    let platform = info.platform.unwrap_or_default();
    expect(platform.starts_with("linux "), "a platform such as `linux amd64`", platform)
}

pub(super) fn no_join(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    let mut command = Command::new(&bench.program.binary);
    command.arg("start").arg(format!("--certs-dir={}", node.certs().display()));
    command.arg(format!("--store={}", node.directory.join("data").display()));
    refused(&Said::of(&mut command, SOON)?, ExitCode::Unspecified, FailureKind::NoJoin)
}

pub(super) fn unknown_flag(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    let mut command = node.start_command(bench.program, &[node.rpc()]);
    let said = Said::of(command.arg("--no-such-flag=1"), SOON)?;
    refused(&said, ExitCode::CommandLine, FailureKind::CommandLine)
}

pub(super) fn open_key(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(node.certs().join("node.key"), open)
        .map_err(Trouble::untried("opening a key"))?;
    let said = Said::of(&mut node.start_command(bench.program, &[node.rpc()]), SOON)?;
    refused(&said, ExitCode::Unspecified, FailureKind::KeyPermissions)?;
    expect(
        said.stderr.contains(messages::KEY_EXCEEDS),
        "`, exceeds ` and the mode that is allowed",
        &said.stderr,
    )
}

pub(super) fn no_authority(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    std::fs::remove_file(node.certs().join("ca.crt")).map_err(Trouble::untried("removing ca.crt"))?;
    let said = Said::of(&mut node.start_command(bench.program, &[node.rpc()]), SOON)?;
    refused(&said, ExitCode::Unspecified, FailureKind::Certificates)
}

pub(super) fn cannot_dial(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    let words = client::node_status(Duration::from_secs(10));
    let said = bench.client_of(bench.program, &node, &bench.path("client"), words)?;
    refused(&said, ExitCode::Unspecified, FailureKind::CannotDial)
}

pub(super) fn no_client_certificate(bench: &mut Bench) -> Result<(), Trouble> {
    let node = bench.spare(9)?;
    let empty = bench.path("nobody");
    bench.certificates().install_root(&empty, KeyType::EcdsaP256)?;
    for name in ["client.root.crt", "client.root.key"] {
        std::fs::remove_file(empty.join(name)).map_err(Trouble::untried("removing a certificate"))?;
    }
    let said = bench.client_of(bench.program, &node, &empty, client::node_status(Duration::from_secs(10)))?;
    refused(&said, ExitCode::Unspecified, FailureKind::Certificates)
}

fn refused(said: &Said, code: ExitCode, kind: FailureKind) -> Result<(), Trouble> {
    let failure = Failure::of(&said.stderr);
    let so = ExitCode::from(said.code) == code && failure.kind == kind;
    expect(so, &format!("{code}, and words for {kind:?}"), said)
}
