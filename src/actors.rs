//! Supervised actors. Each owns one thing, answers every message it promises to answer, and never
//! waits for the network inside `handle`: a task does, and its result comes back as a message.

mod budget;
mod chat_feed;
mod comment_reader;
mod creators;
mod desk;
mod dialog_broker;
mod doorbell;
mod effects;
mod endless;
mod herald;
mod issue_words;
mod jira_comments;
mod jira_creator;
mod late_answers;
mod lookout;
mod mail_replier;
mod mailbox_streamer;
mod mailboxes;
mod mattermost_poster;
mod people;
mod reactions;
mod redmine_comments;
mod redmine_creator;
mod redmine_session;
mod redmine_sessions;
mod review;
mod slot;
mod supervisor;
mod thread_reader;
mod ticket_reader;

pub use chat_feed::{ChatFeed, FeedNews, FeedReader, start_chat_feed};
pub use comment_reader::Trackers;
pub use desk::{
    Announced, Desk, Listing, NewTicket, Opened, Recorded, Retried, Row, Site, TicketFilter,
};
pub use dialog_broker::{
    BrokerTools, Channels, DialogBroker, FilledForm, FormSays, NoBroker, Press, TicketOrder,
};
pub use doorbell::Doorbell;
pub use herald::Herald;
pub use jira_comments::{CommentTools, start_jira_comments};
pub use jira_creator::{BoardFault, Boards, IssueSettings, JiraTools, start_jira_creator};
pub use late_answers::LateAnswers;
pub use mail_replier::{MailTools, start_mail_replier};
pub use mailbox_streamer::start_mailbox_streamer;
pub use mailboxes::{Hook, Mailbox, Mailboxes, Template};
pub use mattermost_poster::{PosterTools, start_mattermost_poster};
pub use reactions::{ReactionTools, start_reactions};
pub use redmine_comments::{RedmineCommentTools, start_redmine_comments};
pub use redmine_creator::{RedmineSettings, RedmineTools, start_redmine_creator};
pub use redmine_session::{FormAnswer, FormSubmission, Order, SessionTools};
pub use redmine_sessions::{NoSession, RedmineSessions};
pub use review::{
    Application, GivenGrant, MailboxRow, Question, Reply, Review, SignInReport, WrittenToken,
};
pub use supervisor::{Child, Restart, StartFault, SupervisorHandle};
pub use thread_reader::{ReaderTools, start_thread_reader};
pub use ticket_reader::{
    JiraReading, ReadFault, ReaderBoard, ReaderPlace, RedmineReading, TicketPage, TicketReader,
};
