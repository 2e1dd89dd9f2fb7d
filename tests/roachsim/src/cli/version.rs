//! `cockroach version` and `cockroach --version`.

use super::failure::Failure;
use super::parse::Given;
use crate::release::{Release, Series};

/// Prints the build tag or everything about the build.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(super) fn run(release: Release, given: &Given) -> Result<(), Failure> {
    if given.is_on("build-tag") {
        println!("{release}");
    } else {
        println!("{}", details(release));
    }
    Ok(())
}

/// Prints what `--version` prints.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(super) fn print_details(release: Release) {
    println!("cockroach version details:\n{}", details(release));
    println!("(use 'cockroach version --build-tag' to display only the build tag)");
}

fn details(release: Release) -> String {
    let mut text = format!(
        "Build Tag:        {release}\n\
         Build Time:       2024/01/01 00:00:00\n\
         Distribution:     CCL\n\
         Platform:         linux {arch} ({machine}-pc-linux-gnu)\n\
         Go Version:       go1.22.5\n\
         C Compiler:       roachsim, a stand-in for tests\n\
         Build Commit ID:  0000000000000000000000000000000000000000\n\
         Build Type:       release",
        arch = crate::archive::Arch::native(),
        machine = std::env::consts::ARCH,
    );
    if release.series >= Series::new(23, 1) {
        text.push_str("\nEnabled Assertions: false");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_tag_is_the_first_line() {
        let text = details("v24.1.0".parse().unwrap());
        assert_eq!(text.lines().next(), Some("Build Tag:        v24.1.0"));
        assert_eq!(text.lines().last(), Some("Enabled Assertions: false"));
        assert!(!details("v22.2.9".parse().unwrap()).contains("Enabled Assertions"));
    }
}
