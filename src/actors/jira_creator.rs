//! Makes issues and comments of mails, and of tickets and what is said in their threads.
//!
//! Comes in: effects that are due, by way of `effects`. Goes out: calls to Jira, each after its
//! intent is stored; what may have happened is looked for before it is repeated.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use url::Url;

use super::{
    creators::{self, Common, Creator, Goods, LOCKED_OUT, New},
    desk::{Desk, Task},
    effects::{self, Craft, later},
    issue_words::{Parcel, Style},
    mailboxes::Mailboxes,
    people::People,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, JiraClient, MattermostClient},
    failpoint,
    locale::{Locale, Texts},
    model::{
        desk::Outcome,
        effect::{Effect, Worker},
        issue_text,
        keys::IssueKey,
        mail::Email,
        markup::Markup,
    },
    store::StoreError,
};

mod attach;
mod boards;
mod create;
mod follow_state;
mod reconcile;

pub use boards::{BoardFault, Boards};

/// Comments that are looked through for our own, the newest first.
const LOOK_THROUGH: usize = 200;

const STYLE: Style = Style {
    tracker: "Jira",
    markup: Markup::Wiki,
    text_max: issue_text::TEXT_MAX,
    file_name: str::to_owned,
};

/// What the operator decided about issues.
#[derive(Debug, Clone)]
pub struct IssueSettings {
    /// The type of new issues.
    pub issue_type: String,
    /// The labels of all.
    pub labels: Vec<String>,
    /// Account ids by address, where Jira does not find them itself.
    pub users: BTreeMap<Email, String>,
    /// The transition that reopens an issue.
    pub reopen: Option<String>,
    /// The transition that closes an issue; without one, the first that leads there.
    pub resolve: Option<String>,
    /// The language of issues that come from the chat.
    pub locale: Locale,
    /// The chat, as its users reach it.
    pub chat_url: Url,
}

/// What it works with.
pub struct JiraTools {
    /// Jira.
    pub jira: JiraClient,
    /// The chat, whose threads' replies become comments.
    pub mattermost: MattermostClient,
    /// The desk.
    pub desk: Desk,
    /// Where mails are fetched from.
    pub mailboxes: Mailboxes,
    /// The projects of the boards.
    pub boards: Boards,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// What the operator decided.
    pub settings: IssueSettings,
}

/// Starts the Jira creator under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_jira_creator(
    supervisor: &SupervisorHandle,
    tools: JiraTools,
) -> Result<(), StartFault> {
    let desk = tools.desk.clone();
    let people = People::new(tools.settings.users.clone());
    let creator = JiraCreator { tools, people, newest: Mutex::default() };
    effects::start(supervisor, Arc::new(creator), desk).await
}

struct JiraCreator {
    tools: JiraTools,
    people: People<String>,
    /// The highest issue number seen in each project.
    newest: Mutex<HashMap<String, u64>>,
}

impl Craft for JiraCreator {
    const WORKER: Worker = Worker::Jira;
    const KIND: &'static str = "jira_creator";

    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>> {
        Box::pin(async move { creators::carry_out(&*self, &task).await })
    }
}

impl Creator for JiraCreator {
    const MARKS_TEXT: bool = false;
    const TAKES_IMPORTANCE: bool = true;
    /// The key of a project.
    type Place = String;
    type Issue = IssueKey;
    type Account = String;

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
        STYLE
    }

    fn rest(&self) -> Option<(Duration, &'static str)> {
        self.tools.jira.rest().map(|rest| (rest, "jira does not accept our sign-in"))
    }

    fn issue(key: &IssueKey) -> Option<IssueKey> {
        Some(key.clone())
    }

    async fn place(&self, effect: &Effect, name: &str) -> Result<String, Outcome> {
        let project = self.tools.boards.project(name).await;
        project.map_err(|fault| later(effect, None, &fault.to_string()))
    }

    async fn find(
        &self,
        effect: &Effect,
        mark: &str,
        project: &String,
    ) -> Result<Result<Option<IssueKey>, ApiError>, StoreError> {
        let found = self.find_issue(effect, mark, project).await?;
        if let Ok(Some(issue)) = &found {
            self.see(project, issue.number());
        }
        Ok(found)
    }

    async fn find_lost(&self, mark: &str) -> Result<Option<IssueKey>, ApiError> {
        self.find_label(mark).await
    }

    async fn make(
        &self,
        effect: &Effect,
        project: &String,
        new: &New<'_>,
    ) -> Result<Result<IssueKey, Outcome>, StoreError> {
        self.make_issue(effect, project, new).await
    }

    async fn limit(&self) -> Result<u64, ApiError> {
        self.tools.jira.attachment_limit().await
    }

    async fn was_said(
        &self,
        effect: &Effect,
        issue: &IssueKey,
        mark: &str,
    ) -> Result<bool, Outcome> {
        match self.tools.jira.comments(issue, LOOK_THROUGH).await {
            Ok(comments) => {
                let ours = |mark_of: Option<&str>| mark_of == Some(mark);
                Ok(comments.iter().any(|comment| ours(comment.mark.as_deref())))
            }
            Err(ApiError::NotFound { .. }) => Err(Outcome::IssueGone),
            Err(error) => Err(read_failed(effect, &error)),
        }
    }

    async fn say(
        &self,
        effect: &Effect,
        issue: &IssueKey,
        mark: &str,
        text: &str,
    ) -> Result<Result<(), Outcome>, StoreError> {
        // The webhook tells of it at once: by then it must be known whose comment it is.
        if let Err(error) = self.tools.jira.myself().await {
            return Ok(Err(read_failed(effect, &error)));
        }
        self.tools.desk.begin(effect, None).await?;
        failpoint::hit("jira_creator.begun").await;
        let made = self.tools.jira.comment(issue, text, mark).await;
        failpoint::hit("jira_creator.commented").await;
        Ok(match made {
            Ok(_) => Ok(()),
            Err(ApiError::NotFound { .. }) => Err(Outcome::IssueGone),
            Err(error) => Err(write_failed(effect, &error)),
        })
    }

    async fn attach(
        &self,
        effect: &Effect,
        goods: &Goods<'_>,
        parcels: &[Parcel],
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        self.hang(effect, goods, parcels, issue).await
    }

    async fn account(&self, email: &Email) -> Result<Option<String>, ApiError> {
        self.account_of(email).await
    }

    async fn watch(&self, issue: &IssueKey, account: &String) -> Result<(), ApiError> {
        self.tools.jira.watch(issue, account).await
    }

    async fn follow_state(&self, task: &Task, issue: &IssueKey) -> Outcome {
        self.follow(task, issue).await
    }

    async fn reopen(&self, effect: &Effect, issue: &IssueKey) -> Outcome {
        self.open_again(effect, issue).await
    }

    fn read_failed(&self, effect: &Effect, error: &ApiError) -> Outcome {
        read_failed(effect, error)
    }

    fn write_failed(&self, effect: &Effect, error: &ApiError) -> Outcome {
        write_failed(effect, error)
    }
}

impl JiraCreator {
    /// The highest issue number known in a project: whatever is made from now on has a higher one.
    async fn newest(&self, project: &str) -> Result<u64, ApiError> {
        if let Some(number) = self.seen(project) {
            return Ok(number);
        }
        let number = self.tools.jira.newest_number(project).await?.unwrap_or_default();
        self.see(project, number);
        Ok(number)
    }

    fn seen(&self, project: &str) -> Option<u64> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.get(project).copied()
    }

    fn see(&self, project: &str, number: u64) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = newest.entry(project.to_owned()).or_default();
        *known = number.max(*known);
    }

    /// The account of an address, if Jira knows them.
    async fn account_of(&self, email: &Email) -> Result<Option<String>, ApiError> {
        let jira = &self.tools.jira;
        let find = async { Ok(jira.find_account(email).await?.map(|account| account.id)) };
        self.people.account(email, find).await
    }
}

/// A write failed.
fn write_failed(effect: &Effect, error: &ApiError) -> Outcome {
    effects::tracker_failed(effect, error, LOCKED_OUT)
}

/// A read failed, before anything was written in this try.
fn read_failed(effect: &Effect, error: &ApiError) -> Outcome {
    effects::read_failed(effect, error, LOCKED_OUT)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{
        effect::{MailRef, Work},
        keys::{EffectId, MailKey, MailboxName},
    };

    #[test]
    fn what_jira_forbids_waits_where_it_is_worth_it_and_a_refused_sign_in_always() {
        let key = MailKey::of(&MailboxName::parse("support").unwrap(), "1@x");
        let mail = || MailRef { key, remote: "M1".into() };
        let service = "jira";
        for (work, worth) in [
            (Work::CreateIssue { mail: mail(), replaces: None }, true),
            (Work::AddComment { mail: mail() }, true),
            (Work::Attach { mail: mail(), answer: false }, false),
            (Work::Watch { mail: mail() }, false),
            (Work::Reopen, false),
            (Work::FollowState, false),
            (Work::FileRequest, true),
            (Work::AddRemark, true),
        ] {
            let id = EffectId::parse("17.3").unwrap();
            let effect = Effect::new(id, work, Timestamp::UNIX_EPOCH);
            for error in [ApiError::Forbidden { service }, ApiError::NotFound { service }] {
                let outcome = write_failed(&effect, &error);
                let waits = matches!(outcome, Outcome::Retry { after: Some(LOCKED_OUT), .. });
                assert_eq!(waits, worth, "{outcome:?}");
                assert_eq!(matches!(outcome, Outcome::Refused { .. }), !worth, "{outcome:?}");
            }
            let refused = ApiError::Unauthorized { service };
            for outcome in [write_failed(&effect, &refused), read_failed(&effect, &refused)] {
                let waits = matches!(outcome, Outcome::Retry { after: Some(LOCKED_OUT), .. });
                assert!(waits, "{outcome:?}");
            }
        }
    }
}
