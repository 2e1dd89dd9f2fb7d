//! The checks: what is relied on in [`TABLE`], how it is tried in the modules.

mod birth;
mod program;
mod removal;
mod settings;
mod status;
mod stop;
mod table;
mod upgrade;

pub use table::TABLE;
