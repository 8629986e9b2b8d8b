//! An issue is made, and looked for after a try that may have made it.
//!
//! Redmine lists what the account made from its database and not from an index: whether an unclear
//! try has made its issue is known at once. It is known by its last line, which says the mark.
//!
//! A mail's importance goes nowhere: priorities differ by name in each language, and nothing that
//! an account may ask says which of them is the usual one.

use std::sync::PoisonError;

use super::{RedmineCreator, fault_of, later, read_failed, write_failed};
use crate::{
    actors::creators::{Creator, LOCKED_OUT, New},
    clients::ApiError,
    failpoint,
    model::{
        desk::Outcome,
        effect::Effect,
        ids::{IssueId, ProjectRef},
        keys::IssueKey,
        redmine_desk::NewRedmineIssue,
        request::RequestPriority,
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
    pub(super) async fn make_issue(
        &self,
        effect: &Effect,
        project: &ProjectRef,
        new: &New<'_>,
    ) -> Result<Result<IssueKey, Outcome>, StoreError> {
        let priority = match self.priority(new.priority).await {
            Ok(priority) => priority,
            Err(error) => return Ok(Err(read_failed(effect, &error))),
        };
        let writer = self.writer(new.locale);
        let unnamed = new.priority.filter(|_| priority.is_none());
        let told: Vec<_> = unnamed.into_iter().map(|wanted| writer.priority(wanted)).collect();
        let words = (new.words)(&writer, &told);
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
            priority,
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

    /// The number of the priority of that name, if there is one: their names are the operator's,
    /// and where there is none the text says what is wanted.
    async fn priority(&self, wanted: Option<RequestPriority>) -> Result<Option<u64>, ApiError> {
        let name = match wanted {
            Some(RequestPriority::Low) => "low",
            Some(RequestPriority::High) => "high",
            None => return Ok(None),
        };
        let known = self.tools.redmine.priorities().await?;
        let found = known.iter().find(|priority| priority.name.eq_ignore_ascii_case(name));
        Ok(found.map(|priority| priority.id))
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
    pub(super) async fn find_issue(
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
            // The issue that another case made is another mail's, whatever it quotes.
            if !self.tools.desk.is_made(key.clone()).await? {
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
