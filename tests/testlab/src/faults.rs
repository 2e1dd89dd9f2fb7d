use crate::error::LabError;
use crate::host::Host;

impl Host {
    /// Mounts an empty file system of its own on a folder of the host, of at most `kibibytes` and `inodes`.
    ///
    /// What the folder had is hidden until [`Host::unmount`]. A disk that is full is one of these with a file in it.
    ///
    /// # Errors
    /// The host is off, or could not mount.
    pub fn mount_small(&self, path: &str, kibibytes: u64, inodes: u64) -> Result<(), LabError> {
        let options = format!("size={kibibytes}k,nr_inodes={inodes},mode=0755");
        self.program(&["mkdir", "-p", "--", path])?;
        self.program(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", path])
    }

    /// Makes a folder of the host read-only for everybody, until [`Host::unmount`].
    ///
    /// # Errors
    /// The host is off, or could not mount.
    pub fn mount_read_only(&self, path: &str) -> Result<(), LabError> {
        self.program(&["mount", "--bind", path, path])?;
        self.program(&["mount", "-o", "remount,bind,ro", path])
    }

    /// Takes back the last mount on a folder of the host.
    ///
    /// # Errors
    /// The host is off, nothing is mounted there, or somebody uses it.
    pub fn unmount(&self, path: &str) -> Result<(), LabError> {
        self.program(&["umount", path])
    }

    fn program(&self, arguments: &[&str]) -> Result<(), LabError> {
        let output = self.exec_arguments(arguments, &[])?;
        self.succeeded(&arguments.join(" "), output).map(drop)
    }
}
