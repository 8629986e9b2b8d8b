//! The services that ticketd calls, one client each over one transport. Wire types stay inside a
//! client; what comes out is a `model` type or an [`ApiError`].

mod error;
mod jira;
mod jmap;
mod mattermost;
mod reasons;
mod redmine;
mod transport;
mod user_locales;

pub use error::ApiError;
pub use jira::{JiraAuth, JiraClient, JiraSettings, rejected_fields};
pub use jmap::{
    Changes, ChangesFault, Draft, EventStream, Folders, Found, Head, InlineImage, JmapAuth,
    JmapClient, JmapEvent, JmapSettings,
};
pub use mattermost::MattermostClient;
pub use redmine::RedmineClient;
pub use transport::{Download, Transport};
pub use user_locales::UserLocales;
