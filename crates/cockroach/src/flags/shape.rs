use std::fmt;

/// What the value of a flag looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagShape {
    /// True or false; alone on the command line (`--insecure`) it means true.
    Bool,
    /// Any text.
    Text,
    /// A path on the node.
    Path,
    /// A whole number.
    Number,
    /// Bytes (`1073741824`, `1GiB`, `1GB`) or a part of what there is (`.25`, and `25%`, which [`super::check`] refuses).
    Size,
    /// Bytes alone, no part of anything.
    Bytes,
    /// A duration as Go writes it: `500ms`, `1.5h`, `1h30m`.
    Duration,
    /// `host`, `host:port`, `:port`, `[::1]:port`; the port may be left out.
    Address,
    /// A list of addresses with commas between; the flag may also be repeated.
    AddressList,
    /// A host without a port; of the old flags alone.
    Host,
    /// A port, 0 to 65535; of the old flags alone.
    Port,
    /// Tiers from the widest to the narrowest, `region=eu,zone=a`.
    Locality,
    /// `locality@address` pairs with commas between: `region=eu@10.0.0.1:26257`.
    LocalityAddresses,
    /// A store: a path, or fields `path=…,size=…,attrs=…`.
    Store,
    /// A list of texts with commas between.
    List,
    /// A logging severity such as `INFO` or `NONE`; on the command line the flag may stand alone.
    Severity,
}

impl FlagShape {
    /// Returns true when the flag may stand alone on the command line, so that the word after it is not its value.
    #[must_use]
    pub fn stands_alone(self) -> bool {
        matches!(self, Self::Bool | Self::Severity)
    }
}

impl fmt::Display for FlagShape {
    /// Writes what is expected, with an example, to stand after "expected".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "`true` or `false`",
            Self::Text => "a text",
            Self::Path => "a path such as `/var/lib/cockroach`",
            Self::Number => "a whole number",
            Self::Size => "a part such as `.25` or a size such as `8GiB`",
            Self::Bytes => "a size such as `100MiB`",
            Self::Duration => "a duration such as `500ms`",
            Self::Address => "an address such as `10.0.0.1:26257`, `node1` or `[::1]:26257`",
            Self::AddressList => "addresses with commas between, such as `node1:26257,node2:26257`",
            Self::Host => "a host without a port",
            Self::Port => "a port from 0 to 65535",
            Self::Locality => "tiers with commas between, such as `region=eu,zone=a`",
            Self::LocalityAddresses => "a locality and an address, such as `region=eu@10.0.0.1:26257`",
            Self::Store => "a path, or fields such as `path=/mnt/d1,attrs=ssd`",
            Self::List => "texts with commas between",
            Self::Severity => "a severity: `INFO`, `WARNING`, `ERROR`, `FATAL` or `NONE`",
        })
    }
}
