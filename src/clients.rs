//! The services that ticketd calls, one client each over one transport. Wire types stay inside a
//! client; what comes out is a `model` type or an [`ApiError`].

mod error;
mod graph;
mod jira;
mod jmap;
mod mailbox;
mod mattermost;
mod names;
mod reasons;
mod redmine;
#[cfg(test)]
mod stand;
mod transport;
mod upload;
mod user_locales;

pub use error::ApiError;
pub use graph::{
    Certificate, CertificateFault, CodeRequest, DeviceCode, Grant, Granted, Grants, GraphAuth,
    GraphClient, GraphSettings, Mark, Polled, Reach, SignIn, SignInError, SignInFault,
    Subscription, Way,
};
pub use jira::{JiraAuth, JiraClient, JiraSettings, rejected_fields};
pub use jmap::{Changes, EventStream, Folders, JmapAuth, JmapClient, JmapEvent, JmapSettings};
pub use mailbox::{
    ChangesFault, Draft, DraftFault, Flow, Found, Head, InlineImage, MailboxClient, News, Open,
    Whole,
};
pub use mattermost::{
    Event, Events, EventsFault, MattermostClient, Person, PersonEvent, PersonEvents, Reaction,
    Resume,
};
pub use redmine::{RedmineClient, RedmineDesk};
pub use transport::{Download, Transport};
pub use user_locales::UserLocales;
