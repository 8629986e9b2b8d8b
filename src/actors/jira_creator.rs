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
    desk::{Desk, Task},
    effects::{self, Craft, later, plainly},
    issue_words::{Reading, Style, Writer},
    mailboxes::{Mailbox, Mailboxes},
    people::People,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, JiraClient, MattermostClient},
    locale::{Locale, Texts},
    model::{
        desk::Outcome,
        effect::{Effect, MailRef, Work, Worker},
        issue_text,
        mail::Email,
        markup::Markup,
    },
    store::StoreError,
};

mod add_reply;
mod attach;
mod boards;
mod comment;
mod create;
mod file_ticket;
mod follow_state;
mod reconcile;
mod watch;

pub use boards::{BoardFault, Boards};

/// The pause where somebody must first do something: give us a right back, or a token.
const LOCKED_OUT: Duration = Duration::from_mins(15);

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
        Box::pin(async move {
            if let Some(rest) = self.tools.jira.rest() {
                return Ok(later(&task.effect, Some(rest), "jira does not accept our sign-in"));
            }
            match (&task.effect.work, &task.case.issue) {
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
                _ => {}
            }
            let mailbox = task.case.mailbox().and_then(|of| self.tools.mailboxes.of(of));
            let Some(mailbox) = mailbox else {
                let fault = "its mailbox is not configured";
                return Ok(later(&task.effect, Some(LOCKED_OUT), fault));
            };
            let outcome = match (&task.effect.work, &task.case.issue) {
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
                    self.watch(&task, &mailbox, mail, issue).await
                }
                (Work::Reopen, Some(issue)) => Ok(self.reopen(&task.effect, issue).await),
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

    /// Fetches and reads a mail. The largest file that Jira takes is asked only where there is
    /// something to attach.
    async fn read(
        &self,
        effect: &Effect,
        mailbox: &Mailbox,
        mail: &MailRef,
        answer: bool,
    ) -> Result<Reading, ApiError> {
        let mut reading = Reading::fetch(effect, mailbox, mail, answer, STYLE).await?;
        if reading.may_have_parcels() {
            reading.limit = self.tools.jira.attachment_limit().await?;
        }
        Ok(reading)
    }

    /// The account of an address, if Jira knows them.
    async fn account(&self, email: &Email) -> Result<Option<String>, ApiError> {
        let jira = &self.tools.jira;
        let find = async { Ok(jira.find_account(email).await?.map(|account| account.id)) };
        self.people.account(email, find).await
    }

    fn writer(&self, locale: Locale) -> Writer<'_> {
        Writer { texts: &self.tools.texts, locale, style: STYLE }
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
        effect::MailRef,
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
