use std::collections::{BTreeMap, BTreeSet};

/// What is at a path, as one user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// How many components at the end of the path are missing; 0 when it exists. The rest is about what exists then.
    pub(crate) missing: usize,
    pub(crate) is_directory: bool,
    pub(crate) is_file: bool,
    pub(crate) is_link: bool,
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    pub(crate) executes: bool,
    pub(crate) has_content: bool,
}

/// What paths looked like, by path.
pub(crate) type Looks = BTreeMap<String, Place>;

/// An address that CockroachDB is to listen on, as the host has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Whether an interface has the address; `None` when that could not be told.
    pub(crate) is_local: Option<bool>,
    /// Who listens on the port already: the address and port in hexadecimal as in /proc/net/tcp (proc(5)), and whether it is a
    /// process of the user that runs the service's main process.
    pub(crate) taken: Vec<(String, bool)>,
}

/// What the host answered to the questions about a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// As root sees it, and systemd.
    pub(crate) by_root: Looks,
    /// As the service's user sees it; empty when it was not asked or could not be told.
    pub(crate) by_user: Looks,
    /// Why root's look says nothing of paths; `None` when it says all that was asked.
    pub(crate) root_unclear: Option<Unclear>,
    /// The same of the look of the service's user.
    pub(crate) user_unclear: Option<Unclear>,
    /// What systemd says of conditions, by `ConditionX=value` without `|` and `!`; `None` when it could not say.
    pub(crate) conditions: BTreeMap<String, Option<bool>>,
    /// Whether accounts exist, by `user NAME` or `group NAME`.
    pub(crate) accounts: BTreeMap<String, bool>,
    /// Listeners by `HOST PORT`.
    pub(crate) listeners: BTreeMap<String, Listener>,
    /// Mount points of /etc/fstab where nothing is mounted.
    pub(crate) unmounted: BTreeSet<String>,
    /// The mount point with `noexec` that holds the packages.
    pub(crate) noexec: Option<String>,
}

impl Answered {
    /// Reads the looks of one view: a line a path, `MISSING BITS.`, and the status with which the look ended; `-` when nobody
    /// looked. A view that is cut off says nothing of any path.
    ///
    /// # Errors
    /// Which paths were asked about, and why nothing is known of them.
    pub(crate) fn looks(paths: &[u8], status: &str, lines: &[u8]) -> Result<Looks, Unclear> {
        let (paths, lines) = (String::from_utf8_lossy(paths), String::from_utf8_lossy(lines));
        let unclear = |reason: String| Unclear { paths: paths.lines().map(str::to_owned).collect(), reason };
        match status {
            "0" => {}
            "-" => return Ok(Looks::new()),
            // timeout(1), EXIT STATUS.
            "124" | "137" => {
                return Err(unclear("a file system did not answer within 10 seconds".to_owned()));
            }
            other => return Err(unclear(format!("the look ended with status {other}"))),
        }
        if paths.lines().count() != lines.lines().count() {
            return Err(unclear("the look was cut off".to_owned()));
        }
        let looks =
            paths.lines().zip(lines.lines()).map(|(path, line)| Some((path.to_owned(), place(line)?)));
        looks.collect::<Option<_>>().ok_or_else(|| unclear("its answer is not understood".to_owned()))
    }
}

/// A look that says nothing of any path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unclear {
    pub(crate) paths: Vec<String>,
    pub(crate) reason: String,
}

fn place(line: &str) -> Option<Place> {
    let (missing, bits) = line.strip_suffix('.')?.split_once(' ')?;
    let has = |bit: char| bits.contains(bit);
    Some(Place {
        missing: missing.parse().ok()?,
        is_directory: has('d'),
        is_file: has('f'),
        is_link: has('l'),
        reads: has('r'),
        writes: has('w'),
        executes: has('x'),
        has_content: has('s'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_whole_or_says_nothing() {
        let looks = Answered::looks(b"/a\n/b c\n", "0", b"0 drwx.\n2 .\n").unwrap();
        assert!(looks["/a"].is_directory && looks["/a"].executes && looks["/a"].missing == 0);
        assert_eq!((looks["/b c"].missing, looks["/b c"].is_directory), (2, false));
        for (status, lines, why) in [
            ("124", &b"0 d.\n0 d.\n"[..], "did not answer"),
            ("0", b"0 d.\n", "cut off"),
            ("0", b"0 d.\nx d.\n", "not understood"),
            ("127", b"", "status 127"),
        ] {
            let unclear = Answered::looks(b"/a\n/b\n", status, lines).unwrap_err();
            assert!(unclear.reason.contains(why), "{unclear:?}");
            assert_eq!(unclear.paths, ["/a", "/b"]);
        }
        assert_eq!(Answered::looks(b"/a\n", "-", b""), Ok(Looks::new()), "nobody looked");
    }
}
