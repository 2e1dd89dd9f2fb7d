//! Reads nodes: one POSIX script a node, one exec, one answer; nothing is written, not even a
//! temporary file.
//!
//! [`questions`] gathers what must be known of a node, [`script`] puts it into shell, [`Answer::parse`]
//! takes the answer apart, and [`reading`] says for every resource whether it is present, absent or
//! unknown. [`probe_node`] does all of that over a connection; [`observe_init`] concludes from all nodes
//! whether the cluster has been initialised, and [`observe_live`] asks one ready node what only CockroachDB can tell. [`Operator`] runs client commands of CockroachDB on a node.

mod answer;
mod cluster;
mod compose;
mod footprint;
mod health;
mod init;
mod kinds;
mod live;
mod node;
mod operator;
mod questions;
mod reading;
mod script;
mod start;

pub use answer::{Answer, AnswerError};
pub use cluster::observe_cluster;
pub use compose::questions;
pub use health::{HealthAnswer, HealthGoal, health_script, health_through_ssh, read_health};
pub use init::observe_init;
pub use live::{Inquiry, Query, inquiry, observe_live, read_live};
pub use node::{ask_node, observe, observe_answer, probe_node, read_answer};
pub use operator::{ClientCommand, ClientOutput, Operator, read_client_outputs};
pub use questions::Questions;
pub use reading::reading;
pub use script::{functions, script, start_script};
pub use start::start_blockers;
