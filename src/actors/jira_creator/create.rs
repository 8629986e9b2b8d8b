//! A mail becomes an issue: once, whatever happened to earlier tries.

use jiff::SignedDuration;

use super::{JiraCreator, later, read_failed, write_failed};
use crate::{
    actors::{
        desk::Task,
        issue_words::Reading,
        mailboxes::{Letter, Mailbox},
    },
    clients::{ApiError, rejected_fields},
    clock, failpoint,
    model::{
        desk::{Done, Outcome},
        effect::{Effect, MailRef, Trace},
        jira::NewIssue,
        keys::IssueKey,
        mail::Importance,
    },
    store::StoreError,
};

/// A mail of this age may have had its issue made from another store, one that was lost.
const OLD: SignedDuration = SignedDuration::from_mins(15);
/// Fields without which an issue is still worth making.
const OPTIONAL: [&str; 2] = ["priority", "reporter"];

/// Whether the mail is older than any index lags behind.
fn is_old(letter: &Letter) -> bool {
    let Letter::Here { mail, .. } = letter else { return true };
    clock::now().duration_since(mail.received) > OLD
}

impl JiraCreator {
    pub(super) async fn create(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        mail: &MailRef,
        replaces: Option<&IssueKey>,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let project = match self.tools.boards.project(&mailbox.place).await {
            Ok(project) => project,
            Err(fault) => return Ok(later(effect, None, &fault.to_string())),
        };
        let found = if effect.is_unclear() {
            match self.find_issue(effect, &effect.mark(), &project).await? {
                Ok(None) => return Ok(Outcome::NotFound),
                Ok(found) => found,
                Err(error) => return Ok(read_failed(effect, &error)),
            }
        } else {
            None
        };
        let reading = match self.read(effect, mailbox, mail, false).await {
            Ok(read) => read,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let found = match found {
            None if is_old(&reading.letter) => match self.find_label(&effect.mark()).await {
                Ok(found) => found,
                Err(error) => return Ok(read_failed(effect, &error)),
            },
            found => found,
        };
        if let Some(issue) = found {
            self.see(&project, issue.number());
            return Ok(created(issue, mailbox, &reading));
        }
        self.make(task, mailbox, &reading, &project, replaces).await
    }

    async fn make(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reading: &Reading,
        project: &str,
        replaces: Option<&IssueKey>,
    ) -> Result<Outcome, StoreError> {
        let (effect, letter) = (&task.effect, &reading.letter);
        let takes = |field: &str| !effect.trace.without.iter().any(|known| known == field);
        let from = match letter {
            Letter::Here { mail, .. } => mail.from.as_ref(),
            _ => task.case.reporter(),
        };
        let reporter = match from.filter(|_| takes("reporter")) {
            Some(from) => match self.account(&from.email).await {
                Ok(account) => account,
                Err(error) => return Ok(read_failed(effect, &error)),
            },
            None => None,
        };
        let writer = self.writer(mailbox.locale);
        let unknown = from.filter(|_| reporter.is_none()).map(|from| writer.unknown(from));
        let told: Vec<_> =
            unknown.into_iter().chain(replaces.map(|gone| writer.replaces(gone))).collect();
        let words = writer.issue(mailbox, &task.case, reading, &told, None);
        let priority = match letter {
            Letter::Here { mail, .. } if takes("priority") => match mail.importance {
                Importance::High => Some("High"),
                Importance::Low => Some("Low"),
                Importance::Normal => None,
            },
            _ => None,
        };
        let above = match self.newest(project).await {
            Ok(number) => number,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let mark = effect.mark();
        let mut labels = self.tools.settings.labels.clone();
        labels.extend(mailbox.category.clone());
        labels.push(mark.clone());
        let effect = self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("jira_creator.begun").await;
        let made = self
            .tools
            .jira
            .create(&NewIssue {
                project,
                issue_type: &self.tools.settings.issue_type,
                summary: &words.subject,
                description: &words.body,
                labels: &labels,
                priority,
                reporter: reporter.as_deref(),
                mark: &mark,
            })
            .await;
        failpoint::hit("jira_creator.created").await;
        match made {
            Ok(issue) => {
                self.see(project, issue.number());
                tracing::info!(issue.key = %issue, case.id = %task.case.id, "a mail became an issue");
                Ok(created(issue, mailbox, reading))
            }
            Err(error) => self.create_failed(&effect, &error).await,
        }
    }

    /// Jira may not take a field from us: the next try goes without it.
    async fn create_failed(
        &self,
        effect: &Effect,
        error: &ApiError,
    ) -> Result<Outcome, StoreError> {
        let fields = rejected_fields(error);
        let droppable = |field: &&str| {
            OPTIONAL.contains(field) && !effect.trace.without.iter().any(|known| known == field)
        };
        if fields.is_empty() || !fields.iter().all(droppable) {
            return Ok(write_failed(effect, error));
        }
        let mut without = effect.trace.without.clone();
        without.extend(fields.iter().map(|field| (*field).to_owned()));
        let trace = Trace { without, ..effect.trace.clone() };
        self.tools.desk.trace(effect, trace).await?;
        let after = Some(std::time::Duration::ZERO);
        Ok(Outcome::Retry { after, fault: format!("jira does not take {}", fields.join(", ")) })
    }
}

fn created(issue: IssueKey, mailbox: &Mailbox, reading: &Reading) -> Outcome {
    let Letter::Here { mail, .. } = &reading.letter else {
        return Outcome::Done(Done::Created { issue, attach: false, watch: false });
    };
    let attach = !reading.parcels().is_empty();
    let watch = mail.recipients.iter().any(|person| person.email != mailbox.address);
    Outcome::Done(Done::Created { issue, attach, watch })
}
