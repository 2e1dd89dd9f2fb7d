/// A unit's text taken apart, as far as crdbctl needs it (systemd.syntax(7)).
#[derive(Debug, Default)]
pub(super) struct UnitFile {
    /// Sections and keys with their values, in order, continued lines joined.
    settings: Vec<(String, String, String)>,
}

impl UnitFile {
    pub(super) fn parse(text: &str) -> Self {
        let mut file = Self::default();
        let mut section = String::new();
        let mut joined = String::new();
        for line in text.lines() {
            let trimmed = line.trim();
            // Comments may stand between continued lines, and end nothing there.
            if trimmed.starts_with(['#', ';']) || joined.is_empty() && trimmed.is_empty() {
                continue;
            }
            let line = if joined.is_empty() { line.trim_start() } else { line };
            if let Some(head) = line.strip_suffix('\\') {
                joined.push_str(head);
                joined.push(' ');
                continue;
            }
            joined.push_str(line);
            file.setting(&mut section, joined.trim());
            joined.clear();
        }
        if !joined.is_empty() {
            file.setting(&mut section, joined.trim());
        }
        file
    }

    fn setting(&mut self, section: &mut String, line: &str) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(section);
        } else if let Some((key, value)) = line.split_once('=') {
            self.settings.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// Returns the values of a setting that is a list; an empty value empties the list so far.
    pub(super) fn list(&self, section: &'static str, key: &'static str) -> Vec<&str> {
        let mut values = Vec::new();
        for value in self.values(section, key) {
            if value.is_empty() {
                values.clear();
            } else {
                values.push(value);
            }
        }
        values
    }

    /// Returns the value of a setting: the last one counts.
    pub(super) fn last(&self, section: &'static str, key: &'static str) -> Option<&str> {
        self.values(section, key).last().filter(|value| !value.is_empty())
    }

    fn values(&self, section: &'static str, key: &'static str) -> impl Iterator<Item = &str> {
        let found = move |(s, k, _): &&(String, String, String)| s == section && k == key;
        self.settings.iter().filter(found).map(|(_, _, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_lines_and_resets_lists() {
        let unit = UnitFile::parse(
            "# head\n[Unit]\nAfter=a\n[Service]\nEnvironment=A=1\nEnvironment=\n Environment = B=2 \nExecStart=/bin/x \\\n# between\n  -y \\\n  -z\nUser=a\nUser=b\nLimitNOFILE=\n",
        );
        assert_eq!(unit.list("Service", "Environment"), ["B=2"]);
        assert_eq!(unit.list("Service", "ExecStart"), ["/bin/x    -y    -z"]);
        assert_eq!(unit.last("Service", "User"), Some("b"));
        assert_eq!(unit.last("Service", "LimitNOFILE"), None);
        assert_eq!(unit.last("Unit", "User"), None);
        assert_eq!(unit.list("Unit", "After"), ["a"]);
    }
}
