//! An issue is made: at most once a try, and without what Jira does not take from us.

use super::{JiraCreator, read_failed, write_failed};
use crate::{
    actors::creators::{Creator, New},
    clients::{ApiError, rejected_fields},
    failpoint,
    model::{
        desk::Outcome,
        effect::{Effect, Trace},
        issue_text,
        jira::NewIssue,
        keys::IssueKey,
        request::RequestPriority,
    },
    store::StoreError,
};

/// Fields without which an issue is still worth making.
const OPTIONAL: [&str; 2] = ["priority", "reporter"];

impl JiraCreator {
    pub(super) async fn make_issue(
        &self,
        effect: &Effect,
        project: &str,
        new: &New<'_>,
    ) -> Result<Result<IssueKey, Outcome>, StoreError> {
        let takes = |field: &str| !effect.trace.without.iter().any(|known| known == field);
        let reporter = match new.reporter.filter(|_| takes("reporter")) {
            Some(from) => match self.account_of(&from.email).await {
                Ok(account) => account,
                Err(error) => return Ok(Err(read_failed(effect, &error))),
            },
            None => None,
        };
        let writer = self.writer(new.locale);
        let unknown = new.reporter.filter(|_| reporter.is_none());
        let told: Vec<_> = unknown.map(|from| writer.unknown(from)).into_iter().collect();
        let words = (new.words)(&writer, &told);
        let priority = new.priority.filter(|_| takes("priority")).map(|priority| match priority {
            RequestPriority::High => "High",
            RequestPriority::Low => "Low",
        });
        let above = match self.newest(project).await {
            Ok(number) => number,
            Err(error) => return Ok(Err(read_failed(effect, &error))),
        };
        let mut labels = self.tools.settings.labels.clone();
        labels.extend(new.category.and_then(issue_text::label));
        labels.push(new.mark.to_owned());
        let effect = self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("jira_creator.begun").await;
        let issue = NewIssue {
            project,
            issue_type: &self.tools.settings.issue_type,
            summary: &words.subject,
            description: &words.body,
            labels: &labels,
            priority,
            reporter: reporter.as_deref(),
            mark: new.mark,
        };
        let made = self.tools.jira.create(&issue).await;
        failpoint::hit("jira_creator.created").await;
        Ok(match made {
            Ok(issue) => {
                self.see(project, issue.number());
                Ok(issue)
            }
            Err(error) => Err(self.create_failed(&effect, &error).await?),
        })
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
