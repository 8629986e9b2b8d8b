//! Embedded stand-ins of the services that ticketd talks to, for `ticketd demo` and the tests.
//!
//! They listen on loopback, keep everything in memory and are gone when dropped. They share no
//! type with `clients`, so that a mistake in one is not copied by the other, and
//! `tests/recordings/` holds them against what real servers answered, the awkward parts
//! included. A request they do not know gets the service's own 404.

mod controls;
mod fault;
mod graph;
mod jira;
mod jmap;
mod letter;
mod mattermost;
mod redmine;
mod server;
mod wire;

pub use fault::{Fault, FaultRule};
pub use graph::notices::{Lifecycle, NoticeCounts};
pub use graph::oauth::Consent;
pub use graph::{Graph, GraphOddities, GraphSetup};
pub use jira::limits::JiraWrite;
pub use jira::snapshot::{AttachmentSnapshot, CommentSnapshot, IssueSnapshot};
pub use jira::{Deployment, Jira, JiraSetup};
pub use jmap::{Jmap, JmapSetup};
pub use letter::outgoing::{SentAttachment, Submission};
pub use mattermost::Mattermost;
pub use mattermost::actions::PressResult;
pub use mattermost::dialog::{OpenedDialog, SubmitResult};
pub use mattermost::hooks::Delayed;
pub use mattermost::posts::PostSnapshot;
pub use mattermost::slash::SlashForm;
pub use redmine::Redmine;
pub use redmine::control::{RedmineIssue, RedmineNote};
pub use server::Call;
pub use wire::Answer;
