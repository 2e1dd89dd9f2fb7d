use std::collections::BTreeMap;
use std::fmt;

use crate::error::{LabError, LabErrorKind};
use crate::host::Host;

/// Folders that change by themselves on a host that nobody touches.
pub const VOLATILE: &[&str] =
    &["/dev", "/proc", "/run", "/sys", "/tmp", "/var/log", "/var/lib/systemd", "/var/tmp"];

/// Everything below some folders of a host, so that two moments can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// By full path; paths that are not UTF-8 have their bytes escaped.
    pub entries: BTreeMap<String, Entry>,
}

/// What is known of one name without opening it. The ctime changes with every change of content, mode or owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The mode's low twelve bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Inode number.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of content, nanoseconds since 1970.
    pub mtime: i128,
    /// Last change of anything, nanoseconds since 1970.
    pub ctime: i128,
    /// Where a symbolic link points; empty for all else.
    pub target: String,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device, by the letter that `find -printf %y` has for it.
    Other(char),
}

/// One name that differs between two listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Full path.
    pub path: String,
    /// What it was, or `None` if it is new.
    pub before: Option<Entry>,
    /// What it is, or `None` if it is gone.
    pub after: Option<Entry>,
}

impl Listing {
    /// Returns what changed from this listing to a later one, in the order of paths.
    #[must_use]
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut paths: Vec<_> = self.entries.keys().chain(after.entries.keys()).collect();
        paths.sort();
        paths.dedup();
        paths
            .into_iter()
            .map(|path| Difference {
                path: path.clone(),
                before: self.entries.get(path).cloned(),
                after: after.entries.get(path).cloned(),
            })
            .filter(|difference| difference.before != difference.after)
            .collect()
    }
}

impl Host {
    /// Returns all that is below `paths`, these included, across file systems, without what is at or below `except`.
    ///
    /// # Errors
    /// The host is off, one of `paths` does not exist, or something could not be looked at.
    pub fn listing(&self, paths: &[&str], except: &[&str]) -> Result<Listing, LabError> {
        let mut arguments = vec!["find"];
        arguments.extend(paths);
        arguments.push("-ignore_readdir_race");
        for path in except {
            arguments.extend(["-path", path, "-prune", "-o"]);
        }
        arguments.extend(["-printf", FORMAT]);
        let output = self.exec_arguments(&arguments, &[])?;
        let output = self.succeeded(&arguments.join(" "), output)?;
        parse(&output.stdout).map_err(|reason| {
            LabError::new(format!("listing files of {}", self.name), LabErrorKind::Malformed(reason))
        })
    }
}

const FORMAT: &str = r"%p\0%y\0%m\0%U\0%G\0%i\0%s\0%T@\0%C@\0%l\0";
const FIELDS: usize = 10;

fn parse(bytes: &[u8]) -> Result<Listing, String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let fields: Vec<String> = bytes.split(|byte| *byte == 0).map(readable).collect();
    let mut listing = Listing::default();
    if bytes.is_empty() {
        return Ok(listing);
    }
    for record in fields.chunks(FIELDS) {
        let [path, kind, mode, uid, gid, inode, size, mtime, ctime, target] = record else {
            return Err(format!("{} fields in place of {FIELDS}: {record:?}", record.len()));
        };
        let entry = Entry {
            kind: match kind.as_str() {
                "f" => EntryKind::File,
                "d" => EntryKind::Directory,
                "l" => EntryKind::Link,
                other => EntryKind::Other(other.chars().next().unwrap_or('?')),
            },
            mode: u32::from_str_radix(mode, 8).map_err(|error| format!("{path}: mode {mode}: {error}"))?,
            uid: number(path, uid)?,
            gid: number(path, gid)?,
            inode: number(path, inode)?,
            size: number(path, size)?,
            mtime: nanoseconds(path, mtime)?,
            ctime: nanoseconds(path, ctime)?,
            target: target.clone(),
        };
        listing.entries.insert(path.clone(), entry);
    }
    Ok(listing)
}

fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

fn number<T: std::str::FromStr<Err: fmt::Display>>(path: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{path}: {text}: {error}"))
}

/// `find` prints seconds, a point and ten digits, the last of which is always 0.
fn nanoseconds(path: &str, text: &str) -> Result<i128, String> {
    let (seconds, fraction) = text.split_once('.').ok_or_else(|| format!("{path}: {text} is no time"))?;
    let fraction = fraction.get(..9).ok_or_else(|| format!("{path}: {text} has no nanoseconds"))?;
    let seconds: i128 = number(path, seconds)?;
    Ok(seconds * 1_000_000_000 + number::<i128>(path, fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What find prints for a file with a hostile name and for a link, with `|` for the zero bytes.
    fn printed() -> Vec<u8> {
        let text = "/a\nb|f|644|0|5|77|3|1700000000.1234567890|1700000001.0000000010||\
                    /l|l|777|0|0|78|1|1.0000000000|1.0000000000|/nowhere|";
        text.bytes().map(|byte| if byte == b'|' { 0 } else { byte }).collect()
    }

    #[test]
    fn reads_what_find_prints() {
        let listing = parse(&printed()).expect("well formed");
        let file = &listing.entries["/a\nb"];
        assert_eq!(
            (file.kind, file.mode, file.uid, file.gid, file.inode, file.size),
            (EntryKind::File, 0o644, 0, 5, 77, 3)
        );
        assert_eq!((file.mtime, file.ctime), (1_700_000_000_123_456_789, 1_700_000_001_000_000_001));
        assert_eq!(listing.entries["/l"].target, "/nowhere");
    }

    #[test]
    fn a_cut_listing_is_an_error_and_an_empty_one_is_not() {
        assert!(parse(&printed()[..100]).is_err());
        assert_eq!(parse(b""), Ok(Listing::default()));
    }

    #[test]
    fn differences_name_what_is_new_gone_and_changed() {
        let before = parse(&printed()).expect("well formed");
        let mut after = before.clone();
        let gone = after.entries.remove("/l");
        after.entries.insert("/new".to_owned(), before.entries["/l"].clone());
        after.entries.entry("/a\nb".to_owned()).and_modify(|entry| entry.ctime += 1);
        let differences = before.differences(&after);
        assert_eq!(
            differences.iter().map(|difference| difference.path.as_str()).collect::<Vec<_>>(),
            ["/a\nb", "/l", "/new"]
        );
        assert_eq!(differences[1].before, gone);
        assert_eq!(differences[1].after, None);
        assert!(before.differences(&before).is_empty());
    }
}
