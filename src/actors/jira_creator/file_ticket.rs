//! A ticket of the chat becomes an issue: once, whatever happened to earlier tries.

use super::{JiraCreator, LOCKED_OUT, later, read_failed, write_failed};
use crate::{
    actors::desk::Task,
    failpoint,
    model::{
        desk::{Done, Outcome},
        form::{Filled, Value},
        issue_text,
        jira::NewIssue,
        keys::IssueKey,
        markup::Markup,
        ticket::Ticket,
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
        let subject = issue_text::summary(&task.case.subject);
        let summary = subject.unwrap_or_else(|| ticket.name());
        let (description, _) = issue_text::description(
            Markup::Wiki,
            &self.ticket_head(ticket),
            &self.ticket_body(&fields),
            issue_text::TEXT_MAX,
        );
        let above = match self.newest(&project).await {
            Ok(number) => number,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let mut labels = self.tools.settings.labels.clone();
        labels.push(mark.clone());
        self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("jira_creator.begun").await;
        let issue = NewIssue {
            project: &project,
            issue_type: &self.tools.settings.issue_type,
            summary: &summary,
            description: &description,
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

    /// Which ticket it is, whose, and where it is talked about.
    fn ticket_head(&self, ticket: &Ticket) -> String {
        let texts = &self.tools.texts;
        let asker = ticket.asker.as_ref().map_or("", |asker| &asker.name);
        let args = [
            ("ticket", Markup::Wiki.escape(&ticket.name()).into()),
            ("user", Markup::Wiki.escape(asker).into()),
        ];
        let head = texts.say(self.tools.settings.locale, "issue-from-chat", &args);
        match &ticket.post {
            Some(post) => {
                let url = format!("{}_redirect/pl/{post}", self.tools.settings.chat_url);
                format!("{head}\n{}", Markup::Wiki.link(&url))
            }
            None => head,
        }
    }

    fn ticket_body(&self, fields: &[Filled]) -> String {
        let texts = &self.tools.texts;
        let shown = fields.iter().map(|field| {
            let label = Markup::Wiki.escape(&field.label);
            match &field.value {
                Value::Line(text) => format!("*{label}:* {}", Markup::Wiki.escape(text)),
                Value::Text(text) => format!("*{label}:*\n{}", Markup::Wiki.from_text(text)),
                Value::Person(person) => {
                    format!("*{label}:* {}", Markup::Wiki.escape(&person.name))
                }
                Value::Channel(name) => format!("*{label}:* {}", Markup::Wiki.escape(name)),
                Value::Bool(ticked) => {
                    let key = if *ticked { "ticket-yes" } else { "ticket-no" };
                    let word = texts.say(self.tools.settings.locale, key, &[]);
                    format!("*{label}:* {}", Markup::Wiki.escape(&word))
                }
            }
        });
        shown.collect::<Vec<_>>().join("\n\n")
    }
}

fn created(issue: IssueKey) -> Outcome {
    Outcome::Done(Done::Created { issue, attach: false, watch: false })
}
