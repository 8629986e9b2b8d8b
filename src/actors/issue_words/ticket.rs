//! What stands in the issue of a chat's ticket, and in the comments that come from its thread.

use url::Url;

use super::{IssueWords, Writer};
use crate::{
    clients::{ApiError, MattermostClient},
    model::{
        form::{Filled, Value},
        ids::PostId,
        issue_text, post,
        ticket::Ticket,
    },
};

/// What somebody said in a ticket's thread.
pub(in crate::actors) struct Reply {
    /// Who, by name.
    author: String,
    message: String,
}

impl Reply {
    /// Reads a post; `None` if it says nothing, or was taken back before it was here.
    ///
    /// # Errors
    /// Any outage of the chat.
    pub(in crate::actors) async fn fetch(
        chat: &MattermostClient,
        post: &PostId,
    ) -> Result<Option<Self>, ApiError> {
        let read = async {
            let head = chat.post(post).await?;
            let author = chat.user(&head.author).await?;
            Ok((head, author))
        };
        let (head, author) = match read.await {
            Ok(read) => read,
            Err(ApiError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let said = !head.deleted && !head.message.trim().is_empty();
        Ok(said.then_some(Self { author: author.name, message: head.message }))
    }
}

impl Writer<'_> {
    /// What a ticket's issue says. `subject` is what stands in lists, `chat` is where the chat's
    /// users reach it, `mark` as in [`Writer::issue`].
    pub(in crate::actors) fn ticket(
        &self,
        subject: &str,
        ticket: &Ticket,
        fields: &[Filled],
        chat: &Url,
        mark: Option<&str>,
    ) -> IssueWords {
        let subject = issue_text::summary(subject).unwrap_or_else(|| ticket.name());
        let foot = self.reference(mark);
        let (body, _) = issue_text::description(
            self.style.markup,
            &self.ticket_head(ticket, chat),
            &self.ticket_body(fields),
            self.room_beside(&foot),
        );
        IssueWords { subject, body: body + &foot }
    }

    /// The comment of what somebody said in a ticket's thread.
    pub(in crate::actors) fn reply(&self, reply: &Reply) -> String {
        let markup = self.style.markup;
        let author = markup.escape(&reply.author);
        let said = self.say("issue-reply-from-chat", &[("user", author.into())]);
        let body = format!("{said}{}{}", self.below(), markup.from_text(&reply.message));
        markup.cut(&body, self.style.text_max).0.into_owned()
    }

    /// Which ticket it is, whose, and where it is talked about.
    fn ticket_head(&self, ticket: &Ticket, chat: &Url) -> String {
        let markup = self.style.markup;
        let asker = ticket.asker.as_ref().map_or("", |asker| &asker.name);
        let args = [
            ("ticket", markup.escape(&ticket.name()).into()),
            ("user", markup.escape(asker).into()),
        ];
        let head = self.say("issue-from-chat", &args);
        match &ticket.post {
            Some(post) => {
                let link = markup.link(&post::permalink(chat, post));
                format!("{head}{}{link}", markup.line_end())
            }
            None => head,
        }
    }

    fn ticket_body(&self, fields: &[Filled]) -> String {
        let markup = self.style.markup;
        let shown = fields.iter().map(|field| {
            let label = markup.strong(&format!("{}:", markup.escape(&field.label)));
            let line = |text: &str| format!("{label} {}", markup.escape(text));
            match &field.value {
                Value::Line(text) => line(text),
                Value::Text(text) => format!("{label}{}{}", self.below(), markup.from_text(text)),
                Value::Person(person) => line(&person.name),
                Value::Channel(name) => line(name),
                Value::Bool(ticked) => {
                    let key = if *ticked { "ticket-yes" } else { "ticket-no" };
                    line(&self.say(key, &[]))
                }
            }
        });
        shown.collect::<Vec<_>>().join("\n\n")
    }
}
