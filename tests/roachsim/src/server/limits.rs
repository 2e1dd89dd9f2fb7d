//! Open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// 1700 for a store and 256 for the network.
const MINIMUM: u64 = 1956;
const RECOMMENDED: u64 = 15_000;

/// Raises the soft limit as far as is useful.
///
/// # Errors
/// When the hard limit is below what the real program demands, in its words.
pub(super) fn raise_open_files() -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    check(hard)?;
    let wanted = RECOMMENDED.min(hard);
    if limit.current.is_some_and(|soft| soft < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
            .map_err(|error| format!("setting the soft limit for open file descriptors: {error}"))?;
    }
    Ok(())
}

fn check(hard: u64) -> Result<(), String> {
    if hard >= MINIMUM {
        return Ok(());
    }
    Err(format!(
        "hard open file descriptor limit of {hard} is under the minimum required {MINIMUM}\n\
         please see https://www.cockroachlabs.com/docs/stable/recommended-production-settings.html for more details"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_counts() {
        assert!(check(1956).is_ok());
        let words = check(1024).unwrap_err();
        assert!(
            words.starts_with("hard open file descriptor limit of 1024 is under the minimum required 1956\n")
        );
    }
}
