use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::host::Host;

impl Host {
    /// Writes a file on the host as somebody with an editor would: a file that exists keeps its inode, missing folders
    /// are made (0755, root).
    ///
    /// `mode` is the mode's low twelve bits, `owner` is `user:group` by names or numbers.
    ///
    /// # Errors
    /// The host is off, has no such owner, or could not write.
    pub fn write(&self, path: &str, bytes: &[u8], mode: u32, owner: &str) -> Result<(), LabError> {
        const SCRIPT: &str =
            r#"mkdir -p -- "$(dirname -- "$1")" && cat >"$1" && chown -- "$3" "$1" && chmod -- "$2" "$1""#;
        let mode = format!("{mode:04o}");
        let output = self.exec_arguments(&["/bin/sh", "-c", SCRIPT, "write", path, &mode, owner], bytes)?;
        self.succeeded(&format!("write {path}"), output).map(drop)
    }

    /// Returns a file of the host, byte for byte.
    ///
    /// # Errors
    /// The host is off, or could not read the file, for instance because there is none.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, LabError> {
        let output = self.exec_arguments(&["cat", "--", path], &[])?;
        Ok(self.succeeded(&format!("cat {path}"), output)?.stdout)
    }

    /// Returns a file of the host as text.
    ///
    /// # Errors
    /// As [`Host::read`], and a file that is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<String, LabError> {
        String::from_utf8(self.read(path)?)
            .map_err(|error| LabErrorKind::Malformed(error.to_string()))
            .doing(|| format!("reading {path} of {}", self.name))
    }

    /// Returns whether something has this name on the host, be it only a link to nowhere.
    ///
    /// # Errors
    /// The host is off, or could not tell.
    pub fn exists(&self, path: &str) -> Result<bool, LabError> {
        const SCRIPT: &str = r#"if [ -e "$1" ] || [ -L "$1" ]; then echo yes; else echo no; fi"#;
        let output = self.exec_arguments(&["/bin/sh", "-c", SCRIPT, "exists", path], &[])?;
        Ok(self.succeeded(&format!("test -e {path}"), output)?.text() == "yes")
    }
}
