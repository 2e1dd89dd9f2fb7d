/// How far [`resolve`](crate::resolve) is; told often, at least once for every 128 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another crdbctl is downloading the same archive; this one waits for it.
    Waiting,
    /// Bytes come from the network.
    Downloading {
        /// How many have come.
        received: u64,
        /// How many there will be, when the server says so.
        total: Option<u64>,
    },
    /// The archive on disk is compared with its SHA-256.
    Verifying {
        /// How many bytes have been read.
        done: u64,
        /// The archive's size.
        total: u64,
    },
    /// The archive's members are read.
    Indexing {
        /// How many bytes of the archive have been read.
        done: u64,
        /// The archive's size.
        total: u64,
    },
}
