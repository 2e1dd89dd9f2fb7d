//! The command line of `cockroach start`: building it, reading one back, comparing two of them.
//!
//! [`StartCommand::argv`] builds the command line that crdbctl wants. [`CanonicalArgs::parse`] reads any command
//! line, crdbctl's or one that somebody else wrote, from `/proc/PID/cmdline` or from a unit, and reduces it to what
//! cockroach makes of it. [`diff`] then tells what a restart would change.
//!
//! How cockroach reads its flags: `pkg/cli/flags.go` of <https://github.com/cockroachdb/cockroach>, which uses
//! <https://github.com/spf13/pflag>.

mod address;
mod canonical;
mod command;
mod diff;
mod needs;
mod network;
mod words;

pub use address::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT};
pub use canonical::{ArgsError, CanonicalArgs, CanonicalFlag, split_cmdline};
pub use command::StartCommand;
pub use diff::{FlagDifference, diff, strongest_impact};
pub use needs::{NeededPath, PathNeed};
