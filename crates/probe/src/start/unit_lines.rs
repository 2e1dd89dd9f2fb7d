use crdbctl_model::DesiredUnit;

use crate::answer::{Content, RawDropIn};

/// An assignment in a unit's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
    /// The file that has it.
    pub(super) file: String,
}

/// The assignments of a unit with its drop-ins, in the order in which systemd reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitLines(Vec<Line>);

impl UnitLines {
    /// Returns the unit as crdbctl writes it, with the drop-ins that stay. They are read by file name; of several with one name
    /// the one in the directory of the highest precedence counts (systemd.unit(5)), which the answer has first.
    pub(super) fn of(unit: &DesiredUnit, drop_ins: &[RawDropIn]) -> Self {
        let mut all = parse(&unit.file.content, unit.file.path.as_str());
        if unit.set_drop_ins_aside {
            return Self(all);
        }
        let mut texts: Vec<(String, String, &[u8])> = Vec::new();
        for drop_in in drop_ins {
            let path = String::from_utf8_lossy(&drop_in.path).into_owned();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let content: &[u8] = match &drop_in.content {
                Ok(Content::Bytes(bytes)) => bytes,
                // What cannot be read, or is far too large for a drop-in, is not judged.
                Ok(Content::Large(_)) | Err(_) => &[],
            };
            if texts.iter().all(|(known, ..)| *known != name) {
                texts.push((name, path, content));
            }
        }
        texts.sort();
        for (_, path, content) in &texts {
            all.extend(parse(&String::from_utf8_lossy(content), path));
        }
        Self(all)
    }

    /// Returns the conditions (`Condition`) or asserts (`Assert`) that count. An empty one of any type takes back all before it
    /// (systemd.unit(5)).
    pub(super) fn checks(&self, prefix: &str) -> Vec<&Line> {
        let mut found = Vec::new();
        for line in self.0.iter().filter(|line| line.section == "Unit" && line.key.starts_with(prefix)) {
            if line.value.is_empty() { found.clear() } else { found.push(line) }
        }
        found
    }

    /// Returns the assignments of a key of the section `[Service]` that count: an empty one takes back those before it.
    pub(super) fn service(&self, key: &str) -> Vec<&Line> {
        let mut found = Vec::new();
        for line in self.0.iter().filter(|line| line.section == "Service" && line.key == key) {
            if line.value.is_empty() { found.clear() } else { found.push(line) }
        }
        found
    }

    /// Returns the assignment of a key that takes one value: the last one.
    pub(super) fn last(&self, key: &str) -> Option<&Line> {
        self.service(key).pop()
    }

    /// Returns the paths that `RequiresMountsFor=` has systemd mount before the start.
    pub(super) fn mounts_wanted(&self) -> Vec<&str> {
        let lines = self.0.iter().filter(|line| line.section == "Unit" && line.key == "RequiresMountsFor");
        lines.flat_map(|line| line.value.split_whitespace()).collect()
    }
}

/// Reads a unit's file: sections, comments, and lines that go on after a backslash (systemd.syntax(7)).
fn parse(text: &str, file: &str) -> Vec<Line> {
    let (mut lines, mut section) = (Vec::new(), String::new());
    let mut pending = String::new();
    for raw in text.lines() {
        let is_comment = raw.trim_start().starts_with(['#', ';']);
        if is_comment || (pending.is_empty() && raw.trim().is_empty()) {
            continue;
        }
        if let Some(part) = raw.strip_suffix('\\') {
            pending.push_str(part);
            pending.push(' ');
            continue;
        }
        pending.push_str(raw);
        let line = std::mem::take(&mut pending);
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            lines.push(Line {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                file: file.to_owned(),
            });
        }
    }
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use crdbctl_model::{DesiredFile, HostPath, Mode, OwnerName, UnitName};

    use super::*;

    pub(in crate::start) fn unit(content: &str, set_drop_ins_aside: bool) -> DesiredUnit {
        DesiredUnit {
            name: UnitName::new("cockroach").unwrap(),
            file: DesiredFile {
                path: HostPath::new("/etc/systemd/system/cockroach.service").unwrap(),
                content: content.to_owned(),
                owner: OwnerName::new("root").unwrap(),
                group: OwnerName::new("root").unwrap(),
                mode: Mode::new(0o644),
            },
            set_drop_ins_aside,
        }
    }

    pub(in crate::start) fn drop_in(path: &str, content: &str) -> RawDropIn {
        RawDropIn {
            path: path.as_bytes().to_vec(),
            stat: None,
            content: Ok(Content::Bytes(content.as_bytes().to_vec())),
        }
    }

    fn values(lines: &[&Line]) -> Vec<String> {
        lines.iter().map(|line| line.value.clone()).collect()
    }

    #[test]
    fn a_unit_is_read_as_systemd_reads_it() {
        let text = "# ConditionPathExists=/no\n[Unit]\n ConditionPathExists = /a \nConditionHost=x\\\n ; no\n  y\n\
                    [Service]\nEnvironmentFile=/e\nConditionPathExists=/no\nUser=a\n";
        let own = |set_aside| {
            let drop_ins = [
                drop_in(
                    "/etc/systemd/system/cockroach.service.d/b.conf",
                    "[Service]\nEnvironmentFile=/b\nUser=c\n",
                ),
                drop_in(
                    "/run/systemd/system/cockroach.service.d/a.conf",
                    "[Service]\nEnvironmentFile=\nEnvironmentFile=/a\nUser=b\n[Unit]\nAssertHost=h",
                ),
                drop_in("/usr/lib/systemd/system/cockroach.service.d/b.conf", "[Service]\nUser=never\n"),
            ];
            UnitLines::of(&unit(text, set_aside), &drop_ins)
        };
        let lines = own(false);
        assert_eq!(values(&lines.checks("Condition")), ["/a", "x   y"]);
        assert_eq!(values(&lines.checks("Assert")), ["h"]);
        assert_eq!(values(&lines.service("EnvironmentFile")), ["/a", "/b"]);
        assert_eq!(lines.last("User").unwrap().value, "c");
        assert_eq!(lines.last("User").unwrap().file, "/etc/systemd/system/cockroach.service.d/b.conf");
        let lines = own(true);
        assert_eq!(values(&lines.service("EnvironmentFile")), ["/e"]);
    }

    #[test]
    fn an_empty_condition_takes_back_all_before_it() {
        let text = "[Unit]\nConditionPathExists=/a\nAssertHost=h\nConditionHost=\nConditionFirstBoot=yes\n";
        let lines = UnitLines::of(&unit(text, false), &[]);
        assert_eq!(values(&lines.checks("Condition")), ["yes"]);
        assert_eq!(values(&lines.checks("Assert")), ["h"]);
    }
}
