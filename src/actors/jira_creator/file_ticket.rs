//! A ticket of the chat becomes an issue: once, whatever happened to earlier tries.

use super::{JiraCreator, LOCKED_OUT, later, read_failed, write_failed};
use crate::{
    actors::desk::Task,
    failpoint,
    model::{
        desk::{Done, Outcome},
        jira::NewIssue,
        keys::IssueKey,
    },
    store::StoreError,
};

impl JiraCreator {
    pub(super) async fn file_ticket(&self, task: &Task) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let ticket = task.case.ticket.as_ref();
        let Some((ticket, board)) = ticket.and_then(|one| Some((one, one.place.as_ref()?))) else {
            return Ok(later(effect, Some(LOCKED_OUT), "its ticket has no board"));
        };
        let project = match self.tools.boards.project(board).await {
            Ok(project) => project,
            Err(fault) => return Ok(later(effect, None, &fault.to_string())),
        };
        let mark = self.tools.desk.secret().ticket_mark(task.case.id);
        if effect.is_unclear() {
            return Ok(match self.find_issue(effect, &mark, &project).await? {
                Ok(Some(issue)) => {
                    self.see(&project, issue.number());
                    created(issue)
                }
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
            None,
        );
        let above = match self.newest(&project).await {
            Ok(number) => number,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let mut labels = settings.labels.clone();
        labels.push(mark.clone());
        self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("jira_creator.begun").await;
        let issue = NewIssue {
            project: &project,
            issue_type: &settings.issue_type,
            summary: &words.subject,
            description: &words.body,
            labels: &labels,
            priority: None,
            reporter: None,
            mark: &mark,
        };
        let made = self.tools.jira.create(&issue).await;
        failpoint::hit("jira_creator.created").await;
        Ok(match made {
            Ok(issue) => {
                self.see(&project, issue.number());
                tracing::info!(issue.key = %issue, case.id = %task.case.id, "a ticket became an issue");
                created(issue)
            }
            Err(error) => write_failed(effect, &error),
        })
    }
}

fn created(issue: IssueKey) -> Outcome {
    Outcome::Done(Done::Created { issue, attach: false, watch: false })
}
