//! Makes issues and notes in Redmine of mails, and of tickets and what is said in their threads.
//!
//! Comes in: effects that are due, by way of `effects`. Goes out: calls to Redmine, each after its
//! intent is stored; what may have happened is looked for before it is repeated.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use moka::future::Cache;
use url::Url;

use super::{
    creators::{self, Common, Creator, Goods, LOCKED_OUT, New},
    desk::{Desk, Task},
    effects::{self, Craft, fault_of, is_word, later},
    issue_words::{Parcel, Style},
    mailboxes::Mailboxes,
    people::People,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, MattermostClient, RedmineDesk},
    locale::{Locale, Texts},
    model::{
        desk::Outcome,
        effect::{Effect, Worker},
        ids::{IssueId, ProjectRef},
        keys::IssueKey,
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
        Box::pin(async move { creators::carry_out(&*self, &task).await })
    }
}

impl Creator for RedmineCreator {
    const MARKS_TEXT: bool = true;
    /// Priorities differ by name in each language.
    const TAKES_IMPORTANCE: bool = false;
    type Place = ProjectRef;
    type Issue = IssueId;
    type Account = u64;

    fn common(&self) -> Common<'_> {
        Common {
            desk: &self.tools.desk,
            mattermost: &self.tools.mattermost,
            mailboxes: &self.tools.mailboxes,
            texts: &self.tools.texts,
            locale: self.tools.settings.locale,
            chat_url: &self.tools.settings.chat_url,
        }
    }

    fn style(&self) -> Style {
        Style {
            tracker: "Redmine",
            markup: self.tools.settings.markup,
            text_max: TEXT_MAX,
            file_name: redmine_desk::file_name,
        }
    }

    fn rest(&self) -> Option<(Duration, &'static str)> {
        None
    }

    fn issue(key: &IssueKey) -> Option<IssueId> {
        key.redmine_id()
    }

    async fn place(&self, effect: &Effect, name: &str) -> Result<ProjectRef, Outcome> {
        let project = ProjectRef::parse(name);
        project.ok_or_else(|| later(effect, Some(LOCKED_OUT), "it has no project"))
    }

    async fn find(
        &self,
        effect: &Effect,
        mark: &str,
        _: &ProjectRef,
    ) -> Result<Result<Option<IssueKey>, ApiError>, StoreError> {
        self.find_issue(effect, mark).await
    }

    /// A line of a description cannot be searched for.
    async fn find_lost(&self, _: &str) -> Result<Option<IssueKey>, ApiError> {
        Ok(None)
    }

    async fn make(
        &self,
        effect: &Effect,
        project: &ProjectRef,
        new: &New<'_>,
    ) -> Result<Result<IssueKey, Outcome>, StoreError> {
        self.make_issue(effect, project, new).await
    }

    async fn limit(&self) -> Result<u64, ApiError> {
        Ok(self.tools.settings.attachment_max)
    }

    async fn was_said(&self, effect: &Effect, issue: &IssueId, _: &str) -> Result<bool, Outcome> {
        self.has_noted(effect, *issue).await
    }

    async fn say(
        &self,
        effect: &Effect,
        issue: &IssueId,
        _: &str,
        text: &str,
    ) -> Result<Result<(), Outcome>, StoreError> {
        self.note(effect, *issue, text).await
    }

    async fn attach(
        &self,
        effect: &Effect,
        goods: &Goods<'_>,
        parcels: &[Parcel],
        issue: &IssueId,
    ) -> Result<Outcome, StoreError> {
        self.hang(effect, goods, parcels, *issue).await
    }

    async fn account(&self, email: &Email) -> Result<Option<u64>, ApiError> {
        self.people.account(email, self.tools.redmine.find_user(email)).await
    }

    async fn watch(&self, issue: &IssueId, user: &u64) -> Result<(), ApiError> {
        self.tools.redmine.watch(*issue, *user).await
    }

    async fn follow_state(&self, task: &Task, issue: &IssueId) -> Outcome {
        self.follow(task, *issue).await
    }

    async fn reopen(&self, effect: &Effect, issue: &IssueId) -> Outcome {
        self.open_again(effect, *issue).await
    }

    fn read_failed(&self, effect: &Effect, error: &ApiError) -> Outcome {
        read_failed(effect, error)
    }

    fn write_failed(&self, effect: &Effect, error: &ApiError) -> Outcome {
        write_failed(effect, error)
    }
}

impl RedmineCreator {
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
