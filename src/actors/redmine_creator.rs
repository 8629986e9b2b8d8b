//! Makes issues and notes in Redmine of mails, and of tickets and what is said in their threads.
//!
//! Comes in: effects that are due, by way of `effects`. Goes out: calls to Redmine, each after its
//! intent is stored; what may have happened is looked for before it is repeated.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use url::Url;

use super::{
    desk::{Desk, Task},
    effects::{self, Craft, later},
    mailboxes::Mailboxes,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{MattermostClient, RedmineDesk},
    locale::{Locale, Texts},
    model::{
        desk::Outcome, effect::Worker, ids::ProjectRef, keys::MailboxName, mail::Email,
        markup::Markup,
    },
    store::StoreError,
};

/// The pause where somebody must first do something: give us a right back, or a key.
const LOCKED_OUT: Duration = Duration::from_mins(15);

/// What the operator decided about issues.
#[derive(Debug, Clone)]
pub struct RedmineSettings {
    /// The tracker of new issues, by its name in Redmine; the project's first without.
    pub issue_type: Option<String>,
    /// The notation that this Redmine is set to.
    pub markup: Markup,
    /// Users by address, where Redmine does not find them itself.
    pub users: BTreeMap<Email, u64>,
    /// Bytes of the largest file that this Redmine takes.
    pub attachment_max: u64,
    /// The status of a reopened issue, by its name; the first open one that is allowed without.
    pub reopen: Option<String>,
    /// The status of a closed issue, by its name; the first closed one that is allowed without.
    pub close_status: Option<String>,
    /// The language of issues that come from the chat.
    pub locale: Locale,
    /// The chat, as its users reach it.
    pub chat_url: Url,
}

/// What it works with.
pub struct RedmineTools {
    /// Redmine.
    pub redmine: RedmineDesk,
    /// The chat, whose threads' replies become notes.
    pub mattermost: MattermostClient,
    /// The desk.
    pub desk: Desk,
    /// Where mails are fetched from.
    pub mailboxes: Mailboxes,
    /// The project of each mailbox.
    pub places: HashMap<MailboxName, ProjectRef>,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// What the operator decided.
    pub settings: RedmineSettings,
}

/// Starts the Redmine creator under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_redmine_creator(
    supervisor: &SupervisorHandle,
    tools: RedmineTools,
) -> Result<(), StartFault> {
    let desk = tools.desk.clone();
    effects::start(supervisor, Arc::new(RedmineCreator { tools }), desk).await
}

struct RedmineCreator {
    tools: RedmineTools,
}

impl Craft for RedmineCreator {
    const WORKER: Worker = Worker::Redmine;
    const KIND: &'static str = "redmine_creator";

    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>> {
        Box::pin(async move {
            let _ = &self.tools;
            Ok(later(&task.effect, Some(LOCKED_OUT), "it cannot be done yet"))
        })
    }
}
