//! The vocabulary of crdbctl: addresses, desired and observed state, changes, plans and events.
//!
//! Nothing here reads a file, opens a socket or knows YAML. Every other crate speaks in these
//! types, and `report` and the saved plan serialise them as they stand.
//!
//! - Identifiers: [`NodeName`], [`ClusterName`], [`ResourceAddr`], [`HostPath`], [`Digest`].
//! - What shall be: [`ResourceGraph`], [`Resource`], [`Desired`].
//! - What is: [`Observations`], [`NodeObservation`], [`Observed`], [`Fact`], [`Record`].
//! - What differs: [`Change`], [`Plan`], [`Basis`]; a [`Part`] of it, such as a [`Shard`], with what is [`LeftOut`]; drift that is
//!   known, as [`Acceptance`].
//! - What happens: [`Event`].

mod acceptance;
mod addr;
mod addr_pattern;
mod change;
mod cluster;
mod day;
mod desired;
mod digest;
mod dropped;
mod event;
mod fact;
mod footprint;
mod graph;
mod host_path;
mod lock_holder;
mod mode;
mod mount_point;
mod name;
mod observation;
mod part;
mod plan;
mod plan_state;
mod record;
mod recorded_archive;
mod removal;
mod room;
mod shard_context;
mod start_blocker;
mod step_note;
mod timestamp;

pub use acceptance::{AcceptEntry, Acceptance, AttributePattern, ParseAttributePatternError};
pub use addr::{ParseAddrError, ResourceAddr, ResourceKind, Scope};
pub use addr_pattern::{AddrPattern, ParseAddrPatternError};
pub use change::{Action, AttributeDiff, Cause, Change, Impact, Value};
pub use cluster::{
    DesiredMembers, DesiredSetting, DesiredVersion, Finalize, MemberFact, MemberFigures, MembersFact,
    MembershipFact, SettingFact, VersionFact,
};
pub use day::{Day, ParseDayError};
pub use desired::{
    AllowFrom, AuthorityKey, Desired, DesiredAuthority, DesiredCa, DesiredClientCertificate,
    DesiredDirectory, DesiredFile, DesiredFirewall, DesiredGroup, DesiredInit, DesiredLink,
    DesiredNodeCertificate, DesiredPackage, DesiredService, DesiredUnit, DesiredUser, KeyType, PackageMember,
    UnknownArchive,
};
pub use digest::{Digest, ParseDigestError};
pub use dropped::{Dropped, begun_rule, made_rules};
pub use event::{Event, NodeOutcome, Outcome, Phase, RunSummary};
pub use fact::{
    CaFact, CertificateFileFact, DropInFact, Fact, FileFact, FileKind, FirewallFact, GroupFact, HealthFact,
    HealthWay, InitFact, KeyFileFact, LinkFact, NodeCertificateFact, PackageFact, PackageFileFact, PathFact,
    ProcessFact, PublicKey, ServiceFact, UnitFact, UserFact,
};
pub use footprint::{Footprint, Listing, OtherCertificate, OtherCertificates, StorePlace, StoreState};
pub use graph::{ArchiveInfo, Hooks, NodeSpec, Presence, Resource, ResourceGraph, Rollout, SourceSpan};
pub use host_path::{HostPath, HostPathError};
pub use lock_holder::LockHolder;
pub use mode::{Mode, ParseModeError};
pub use mount_point::MountPoint;
pub use name::{ClusterName, NameError, NodeName, OwnerName, ResourceName, SettingName, UnitName};
pub use observation::{
    HostFact, NodeObservation, Observations, Observed, Reading, Unreadable, UnreadableKind,
};
pub use part::{Divergence, LeftOut, LeftOutWhy, ParseShardError, Part, Selection, Shard};
pub use plan::{Basis, Counts, Note, Pace, Plan, RolloutStep, Transfer, UnknownResource, Verdict};
pub use plan_state::PlanState;
pub use record::{ForcedGate, Mark, Record, RecordedResource};
pub use recorded_archive::RecordedArchive;
pub use removal::Removal;
pub use room::Room;
pub use shard_context::ShardContext;
pub use start_blocker::{PathProblem, StartBlocker};
pub use step_note::{Access, StepNote};
pub use timestamp::Timestamp;
