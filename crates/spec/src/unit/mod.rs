//! The systemd unit and the ufw profile: rendering, quoting, and reading a unit back.

mod endpoints;
mod file;
mod profile;
mod quote;
mod render;
mod split;
mod template;
mod variables;

pub(crate) use profile::profile;
pub use quote::{SystemdContext, systemd_quote};
pub(crate) use render::{RenderedUnit, check_template, render_unit};
pub use split::{SplitError, SplitErrorKind, split_exec};
pub use template::BUILT_IN_TEMPLATE;
pub use variables::TEMPLATE_VARIABLES;
