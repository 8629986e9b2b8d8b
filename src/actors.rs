//! Supervised actors. Each owns one thing, answers every message it promises to answer, and never
//! waits for the network inside `handle`: a task does, and its result comes back as a message.

mod budget;
mod mattermost_poster;
mod redmine_session;
mod redmine_sessions;
mod slot;
mod supervisor;

pub use mattermost_poster::MattermostPosterHandle;
pub use redmine_session::{FormAnswer, FormSubmission, Order, SessionTools};
pub use redmine_sessions::{NoSession, RedmineSessions};
pub use supervisor::{Child, Restart, StartFault, SupervisorHandle};
