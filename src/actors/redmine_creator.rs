//! Makes issues and notes in Redmine of mails, and of tickets and what is said in their threads.
//!
//! Comes in: effects that are due, by way of `effects`. Goes out: calls to Redmine, each after its
//! intent is stored; what may have happened is looked for before it is repeated.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use moka::future::Cache;
use url::Url;

use super::{
    desk::{Desk, Task},
    effects::{self, Craft, fault_of, is_word, later, plainly},
    issue_words::{Reading, Style, Writer},
    mailboxes::{Mailbox, Mailboxes},
    people::People,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, MattermostClient, RedmineDesk},
    locale::{Locale, Texts},
    model::{
        desk::Outcome,
        effect::{Effect, MailRef, Work, Worker},
        ids::{IssueId, ProjectRef},
        keys::{IssueKey, MailboxName},
        mail::Email,
        markup::Markup,
        redmine_desk::{self, RedmineThread},
    },
    store::StoreError,
};

mod attach;
mod create;
mod follow_state;
mod note;
mod watch;

/// The pause where somebody must first do something: give us a right back, or a key.
const LOCKED_OUT: Duration = Duration::from_mins(15);

/// Characters of the longest description or note. Redmine itself takes far more, but nobody reads
/// on, and each look at the issue renders all of it.
const TEXT_MAX: usize = 65_535;
/// Projects whose tracker is remembered, and for how long: somebody may take it away.
const PROJECTS: u64 = 1_000;
const PROJECTS_KNOWN: Duration = Duration::from_hours(1);

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
    let people = People::new(tools.settings.users.clone());
    let trackers = Cache::builder().max_capacity(PROJECTS).time_to_live(PROJECTS_KNOWN).build();
    let creator = RedmineCreator { tools, people, trackers, newest: Mutex::default() };
    effects::start(supervisor, Arc::new(creator), desk).await
}

struct RedmineCreator {
    tools: RedmineTools,
    people: People<u64>,
    /// The tracker of new issues in each project.
    trackers: Cache<String, u64>,
    /// The newest issue of our own that was seen.
    newest: Mutex<Option<IssueId>>,
}

impl Craft for RedmineCreator {
    const WORKER: Worker = Worker::Redmine;
    const KIND: &'static str = "redmine_creator";

    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>> {
        Box::pin(async move {
            let issue = task.case.issue.as_ref().and_then(IssueKey::redmine_id);
            match (&task.effect.work, issue) {
                (Work::FileTicket, _) => return self.file_ticket(&task).await,
                (Work::AddReply { post }, Some(issue)) => {
                    return self.add_reply(&task, post, issue).await;
                }
                (Work::AddReply { .. }, None) => {
                    let fault = "its ticket has no issue".to_owned();
                    return Ok(Outcome::Refused { fault });
                }
                (Work::FollowState, Some(issue)) => {
                    return Ok(self.follow_state(&task, issue).await);
                }
                // Its issue was refused.
                (Work::FollowState, None) => return Ok(plainly()),
                (Work::Reopen, Some(issue)) => return Ok(self.reopen(&task.effect, issue).await),
                _ => {}
            }
            let mailbox = task.case.mailbox().and_then(|of| self.tools.mailboxes.of(of));
            let Some(mailbox) = mailbox else {
                let fault = "its mailbox is not configured";
                return Ok(later(&task.effect, Some(LOCKED_OUT), fault));
            };
            let outcome = match (&task.effect.work, issue) {
                (Work::CreateIssue { mail, replaces }, _) => {
                    self.create(&task, &mailbox, mail, replaces.as_ref()).await
                }
                (Work::AddComment { mail }, Some(issue)) => {
                    self.comment(&task, &mailbox, mail, issue).await
                }
                (Work::Attach { mail, answer }, Some(issue)) => {
                    self.attach(&task, &mailbox, mail, *answer, issue).await
                }
                (Work::Watch { mail }, Some(issue)) => {
                    Ok(self.watch(&task.effect, &mailbox, mail, issue).await)
                }
                _ => Ok(Outcome::Refused { fault: "there is no issue for it".to_owned() }),
            };
            if let (
                Ok(Outcome::Done(_)),
                Work::CreateIssue { mail, .. } | Work::AddComment { mail },
            ) = (&outcome, &task.effect.work)
            {
                mailbox.mark_made(&self.tools.desk, mail.clone());
            }
            outcome
        })
    }
}

impl RedmineCreator {
    /// Fetches and reads a mail.
    async fn read(
        &self,
        effect: &Effect,
        mailbox: &Mailbox,
        mail: &MailRef,
        answer: bool,
    ) -> Result<Reading, Outcome> {
        let reading = Reading::fetch(effect, mailbox, mail, answer, self.style()).await;
        let mut reading = reading.map_err(|error| read_failed(effect, &error))?;
        reading.limit = self.tools.settings.attachment_max;
        Ok(reading)
    }

    /// The issue as it is now.
    async fn thread(&self, effect: &Effect, issue: IssueId) -> Result<RedmineThread, Outcome> {
        match self.tools.redmine.thread(issue).await {
            Ok(thread) => Ok(thread),
            Err(ApiError::NotFound { .. }) => Err(Outcome::IssueGone),
            Err(error) => Err(read_failed(effect, &error)),
        }
    }

    /// Our own number.
    async fn us(&self, effect: &Effect) -> Result<u64, Outcome> {
        match self.tools.redmine.myself().await {
            Ok(us) => Ok(us.id),
            Err(error) => Err(read_failed(effect, &error)),
        }
    }

    fn see(&self, issue: IssueId) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = (*newest).max(Some(issue));
    }

    fn style(&self) -> Style {
        Style {
            tracker: "Redmine",
            markup: self.tools.settings.markup,
            text_max: TEXT_MAX,
            file_name: redmine_desk::file_name,
        }
    }

    fn writer(&self, locale: Locale) -> Writer<'_> {
        Writer { texts: &self.tools.texts, locale, style: self.style() }
    }
}

/// A write failed. What Redmine rejects of an issue, or of a word said in one, is the project's to
/// mend: it is closed, or wants a field that nobody knew of. So it waits for the operator, and
/// nothing that was said is lost over it.
fn write_failed(effect: &Effect, error: &ApiError) -> Outcome {
    match error {
        ApiError::Rejected { status: 422, .. } if is_word(&effect.work) => {
            Outcome::Retry { after: Some(LOCKED_OUT), fault: fault_of(error) }
        }
        error => effects::tracker_failed(effect, error, LOCKED_OUT),
    }
}

/// A read failed, before anything was written in this try. What we may not see waits for the
/// operator.
fn read_failed(effect: &Effect, error: &ApiError) -> Outcome {
    match error {
        ApiError::Forbidden { .. } => later(effect, Some(LOCKED_OUT), &fault_of(error)),
        error => effects::read_failed(effect, error, LOCKED_OUT),
    }
}
