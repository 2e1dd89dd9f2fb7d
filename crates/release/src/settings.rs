use std::time::Duration;

use crate::fetch::Roots;

const GIB: u64 = 1 << 30;

/// What tests make smaller.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Most bytes of an archive, packed or unpacked. The real ones are about 150 MB and 450 MB.
    pub(crate) archive_bytes: u64,
    /// Most members of an archive. The real ones have five.
    pub(crate) members: usize,
    /// Until a connection stands, TLS and proxies included.
    pub(crate) connect: Duration,
    /// Without a byte from the server.
    pub(crate) silence: Duration,
    /// For one whole body, however slowly it comes.
    pub(crate) body: Duration,
    /// A file changed less than this before it was read may have changed again without its times showing it:
    /// the coarsest times of file systems in use are those of FAT, 2 s.
    pub(crate) doubt: Duration,
    /// Whose certificates are trusted.
    pub(crate) roots: Roots,
    /// Whether `HTTPS_PROXY` and the like are honoured.
    pub(crate) proxy_from_environment: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            archive_bytes: 4 * GIB,
            members: 10_000,
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            body: Duration::from_secs(2 * 60 * 60),
            doubt: Duration::from_secs(2),
            roots: Roots::System,
            proxy_from_environment: true,
        }
    }
}
