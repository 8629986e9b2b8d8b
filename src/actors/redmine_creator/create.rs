//! A mail or a ticket becomes an issue: once, whatever happened to earlier tries.
//!
//! Redmine lists what the account made from its database and not from an index: whether an unclear
//! try has made its issue is known at once. It is known by its last line, which says the mark.
//!
//! A mail's importance goes nowhere: priorities differ by name in each language, and nothing that
//! an account may ask says which of them is the usual one.

use std::sync::PoisonError;

use super::{LOCKED_OUT, RedmineCreator, fault_of, later, read_failed, write_failed};
use crate::{
    actors::{
        desk::Task,
        issue_words::{IssueWords, Reading},
        mailboxes::{Letter, Mailbox},
    },
    clients::ApiError,
    failpoint,
    model::{
        desk::{Done, Outcome},
        effect::{Effect, MailRef},
        ids::{IssueId, ProjectRef},
        keys::IssueKey,
        redmine_desk::NewRedmineIssue,
    },
    store::StoreError,
};

/// Why there is no tracker for an issue.
#[derive(Debug, Clone, thiserror::Error)]
enum TrackerFault {
    #[error(
        "redmine's project {project} has no tracker {tracker:?}; correct redmine.issue_type or the \
         project"
    )]
    Unknown { project: String, tracker: String },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl RedmineCreator {
    pub(super) async fn create(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        mail: &MailRef,
        replaces: Option<&IssueKey>,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let mark = effect.mark();
        let mut found = None;
        if effect.is_unclear() {
            found = match self.find_issue(effect, &mark).await? {
                Ok(None) => return Ok(Outcome::NotFound),
                Ok(found) => found,
                Err(error) => return Ok(read_failed(effect, &error)),
            };
        }
        let reading = match self.read(effect, mailbox, mail, false).await {
            Ok(reading) => reading,
            Err(outcome) => return Ok(outcome),
        };
        if let Some(issue) = found {
            return Ok(created(issue, mailbox, &reading));
        }
        let Some(project) = self.tools.places.get(&mailbox.name) else {
            return Ok(later(effect, Some(LOCKED_OUT), "its mailbox has no project"));
        };
        let writer = self.writer(mailbox.locale);
        let told: Vec<_> = replaces.map(|gone| writer.replaces(gone)).into_iter().collect();
        let words = writer.issue(mailbox, &task.case, &reading, &told, Some(&mark));
        Ok(match self.make(effect, project, &words).await? {
            Ok(issue) => {
                tracing::info!(issue.key = %issue, case.id = %task.case.id, "a mail became an issue");
                created(issue, mailbox, &reading)
            }
            Err(outcome) => outcome,
        })
    }

    pub(super) async fn file_ticket(&self, task: &Task) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let ticket = task.case.ticket.as_ref();
        let place = ticket.and_then(|one| Some((one, ProjectRef::parse(one.place.as_ref()?)?)));
        let Some((ticket, project)) = place else {
            return Ok(later(effect, Some(LOCKED_OUT), "its ticket has no project"));
        };
        let mark = self.tools.desk.secret().ticket_mark(task.case.id);
        let bare = |issue| Done::Created { issue, attach: false, watch: false };
        if effect.is_unclear() {
            return Ok(match self.find_issue(effect, &mark).await? {
                Ok(Some(issue)) => Outcome::Done(bare(issue)),
                Ok(None) => Outcome::NotFound,
                Err(error) => read_failed(effect, &error),
            });
        }
        let fields = self.tools.desk.fields_of(task.case.id).await?;
        let settings = &self.tools.settings;
        let words = self.writer(settings.locale).ticket(
            &task.case.subject,
            ticket,
            &fields,
            &settings.chat_url,
            Some(&mark),
        );
        Ok(match self.make(effect, &project, &words).await? {
            Ok(issue) => {
                tracing::info!(issue.key = %issue, case.id = %task.case.id, "a ticket became an issue");
                Outcome::Done(bare(issue))
            }
            Err(outcome) => outcome,
        })
    }

    async fn make(
        &self,
        effect: &Effect,
        project: &ProjectRef,
        words: &IssueWords,
    ) -> Result<Result<IssueKey, Outcome>, StoreError> {
        let tracker = match self.tracker(project).await {
            Ok(tracker) => tracker,
            // Nobody but the operator changes that.
            Err(TrackerFault::Api(error @ ApiError::NotFound { .. })) => {
                return Ok(Err(later(effect, Some(LOCKED_OUT), &fault_of(&error))));
            }
            Err(TrackerFault::Api(error)) => return Ok(Err(read_failed(effect, &error))),
            Err(fault) => return Ok(Err(later(effect, Some(LOCKED_OUT), &fault.to_string()))),
        };
        let above = match self.newest().await {
            Ok(newest) => newest.map_or(0, |newest| IssueKey::redmine(newest).number()),
            Err(error) => return Ok(Err(read_failed(effect, &error))),
        };
        let effect = self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("redmine_creator.begun").await;
        let issue = NewRedmineIssue {
            project,
            tracker,
            priority: None,
            subject: &words.subject,
            description: &words.body,
        };
        let made = self.tools.redmine.create(&issue).await;
        failpoint::hit("redmine_creator.created").await;
        Ok(match made {
            Ok(issue) => {
                self.see(issue);
                Ok(IssueKey::redmine(issue))
            }
            Err(error) if is_of_subject(&error) => {
                Err(Outcome::Refused { fault: fault_of(&error) })
            }
            Err(error) => Err(write_failed(&effect, &error)),
        })
    }

    /// The number of the configured tracker in a project; none leaves it to Redmine.
    async fn tracker(&self, project: &ProjectRef) -> Result<Option<u64>, TrackerFault> {
        let Some(wanted) = &self.tools.settings.issue_type else { return Ok(None) };
        let asked = async {
            let found = self.tools.redmine.project(project).await?;
            let is_it = |name: &str| name.to_lowercase() == wanted.to_lowercase();
            let tracker = found.trackers.into_iter().find(|one| is_it(&one.name));
            tracker.map(|tracker| tracker.id).ok_or_else(|| TrackerFault::Unknown {
                project: project.as_str().to_owned(),
                tracker: wanted.clone(),
            })
        };
        let found = self.trackers.try_get_with(project.as_str().to_owned(), asked).await;
        found.map(Some).map_err(|fault| (*fault).clone())
    }

    /// The newest issue of our own: whatever is made from now on has a higher number.
    async fn newest(&self) -> Result<Option<IssueId>, ApiError> {
        let known = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() {
            return Ok(known);
        }
        let newest = self.tools.redmine.own_newest().await?;
        if let Some(newest) = newest {
            self.see(newest);
        }
        Ok(newest)
    }

    /// The issue that carries the mark of this effect.
    ///
    /// # Errors
    /// The store's outside, Redmine's inside.
    async fn find_issue(
        &self,
        effect: &Effect,
        mark: &str,
    ) -> Result<Result<Option<IssueKey>, ApiError>, StoreError> {
        let above = effect.trace.above.filter(|above| *above > 0);
        let above = above.and_then(|above| u32::try_from(above).ok()).map(IssueId::from);
        let made = match self.tools.redmine.own_above(above).await {
            Ok(made) => made,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(newest) = made.first() {
            self.see(newest.id);
        }
        // The oldest first.
        for issue in made.iter().rev().filter(|issue| carries(&issue.description, mark)) {
            let key = IssueKey::redmine(issue.id);
            // The issue of another case is another mail's, whatever it quotes.
            if !self.tools.desk.knows_issue(key.clone()).await? {
                return Ok(Ok(Some(key)));
            }
        }
        Ok(Ok(None))
    }
}

/// Whether the last line says the mark.
fn carries(description: &str, mark: &str) -> bool {
    let last = description.trim_end().lines().next_back();
    last.and_then(|last| last.split_whitespace().next_back()) == Some(mark)
}

/// Whether Redmine rejects the subject itself, as it says so in English: the operator can mend
/// nothing there.
fn is_of_subject(error: &ApiError) -> bool {
    matches!(error, ApiError::Rejected { status: 422, reasons, .. }
        if !reasons.is_empty() && reasons.iter().all(|reason| reason.starts_with("Subject ")))
}

fn created(issue: IssueKey, mailbox: &Mailbox, reading: &Reading) -> Outcome {
    let Letter::Here { mail, .. } = &reading.letter else {
        return Outcome::Done(Done::Created { issue, attach: false, watch: false });
    };
    let attach = !reading.parcels().is_empty();
    let watch = mail.recipients.iter().any(|person| person.email != mailbox.address);
    Outcome::Done(Done::Created { issue, attach, watch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_known_by_its_last_line() {
        for (description, known) in [
            ("*From:* a\n\nText\n\nReference: mail-0a", true),
            ("Text\n\nRéférence\u{a0}: mail-0a\n", true),
            ("> Reference: mail-0a\n\nReference: mail-0b", false),
            ("Reference: mail-0a1", false),
            ("Reference: xmail-0a", false),
            ("", false),
        ] {
            assert_eq!(carries(description, "mail-0a"), known, "{description:?}");
        }
    }

    #[test]
    fn only_a_subject_is_refused_for_good() {
        for (reasons, of_subject) in [
            (&["Subject is too long (maximum is 255 characters)"][..], true),
            (&["Project cannot be blank", "Tracker cannot be blank"], false),
            (&["Subject cannot be blank", "Project cannot be blank"], false),
            (&["Channel cannot be blank"], false),
            (&[], false),
        ] {
            let reasons: Vec<_> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
            let error = ApiError::Rejected { service: "redmine", status: 422, reasons };
            assert_eq!(is_of_subject(&error), of_subject, "{error:?}");
        }
    }
}
