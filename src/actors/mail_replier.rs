//! Sends what reporters get by mail: the notice of their issue, and agents' comments.
//!
//! Comes in: effects that are due, by way of `effects`. Goes out: a draft with a Message-ID of its
//! own, and then its submission. An unclear try is looked for by that Message-ID: one that has gone
//! out is done, a draft that still is one after a while is sent.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    comment_reader::Trackers,
    desk::{Desk, Task},
    effects::{self, Craft, fault_of, later, plainly, read_failed, write_failed},
    mailboxes::{Mailbox, Mailboxes},
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, Draft, DraftFault},
    failpoint,
    locale::Texts,
    model::{
        automatic::LOOP_HEADER,
        desk::Outcome,
        effect::{Effect, Trace, Work, Worker},
        mail::Address,
    },
    store::StoreError,
};

mod comment;
mod notice;

/// The pause after the mailbox refused our sign-in.
const LOCKED_OUT: Duration = Duration::from_mins(5);

/// Tries of a mail of which an image may break off, before it goes without those that do: the words
/// are worth more.
const IMAGE_TRIES: u32 = 4;

/// What it works with.
pub struct MailTools {
    /// Where comments are read.
    pub trackers: Trackers,
    /// The desk.
    pub desk: Desk,
    /// What mails are sent from.
    pub mailboxes: Mailboxes,
    /// Every sentence.
    pub texts: Arc<Texts>,
}

/// Starts the mail replier under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_mail_replier(
    supervisor: &SupervisorHandle,
    tools: MailTools,
) -> Result<(), StartFault> {
    let desk = tools.desk.clone();
    effects::start(supervisor, Arc::new(MailReplier { tools }), desk).await
}

struct MailReplier {
    tools: MailTools,
}

/// What there is to send.
enum Written {
    Mail(Box<Draft>),
    /// Nothing: the comment is gone, or not for the reporter.
    Nothing,
    /// It cannot be written now.
    Failed(ApiError),
}

impl Craft for MailReplier {
    const WORKER: Worker = Worker::Mail;
    const KIND: &'static str = "mail_replier";

    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>> {
        Box::pin(async move {
            let mailbox = task.case.mailbox().and_then(|of| self.tools.mailboxes.of(of));
            let Some(mailbox) = mailbox else {
                let fault = "its mailbox is not configured";
                return Ok(later(&task.effect, Some(LOCKED_OUT), fault));
            };
            let Some(reporter) = task.case.reporter().cloned() else { return Ok(plainly()) };
            self.reply(&task, &mailbox, &reporter).await
        })
    }
}

impl MailReplier {
    async fn reply(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reporter: &Address,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let unclear = effect.is_unclear();
        // Also a try that surely sent nothing may have left half a draft: that is found, and thrown
        // away, before another is written.
        if unclear || effect.trace.draft.is_some() || effect.failures > 0 {
            match self.find_draft(effect, mailbox).await {
                Ok(Found::Sent) => return Ok(plainly()),
                Ok(Found::Draft(id)) if unclear => {
                    // Its submission may still be under way: it is sent when that time is over.
                    let trace = Trace { draft: Some(id), ..effect.trace.clone() };
                    self.tools.desk.trace(effect, trace).await?;
                    return Ok(Outcome::NotFound);
                }
                Ok(Found::Draft(id)) => return self.send(effect, mailbox, reporter, &id).await,
                Ok(Found::Nothing) if unclear => return Ok(Outcome::NotFound),
                Ok(Found::Nothing) => {}
                Err(error) => return Ok(read_failed(effect, &error, LOCKED_OUT)),
            }
        }
        let draft = match self.write(task, mailbox, reporter).await {
            Written::Mail(draft) => draft,
            Written::Nothing => return Ok(plainly()),
            Written::Failed(error) => return Ok(read_failed(effect, &error, LOCKED_OUT)),
        };
        let effect = self.tools.desk.begin(effect, None).await?;
        failpoint::hit("mail_replier.begun").await;
        match mailbox.source.draft(&draft).await {
            Ok(id) => {
                failpoint::hit("mail_replier.drafted").await;
                self.send(&effect, mailbox, reporter, &id).await
            }
            Err(DraftFault::Image(error)) => {
                let trace = Trace { broken: effect.trace.broken + 1, ..effect.trace.clone() };
                self.tools.desk.trace(&effect, trace).await?;
                Ok(Outcome::Retry { after: None, fault: fault_of(&error) })
            }
            Err(DraftFault::Api(error)) => {
                let outcome = write_failed(&error, LOCKED_OUT);
                if matches!(outcome, Outcome::Refused { .. }) {
                    // Nobody looks for it again.
                    if let Ok(Found::Draft(id)) = self.find_draft(&effect, mailbox).await {
                        self.tear_up(mailbox, &id).await;
                    }
                }
                Ok(outcome)
            }
        }
    }

    async fn find_draft(&self, effect: &Effect, mailbox: &Mailbox) -> Result<Found, ApiError> {
        let message_id = self.tools.desk.message_id(effect.id, &mailbox.address);
        let found = mailbox.source.find_by_message_id(&message_id).await?;
        let id = match (found, &effect.trace.draft) {
            (Some(found), _) if !found.draft => return Ok(Found::Sent),
            (Some(found), _) => found.id,
            // Not to be seen: it may have gone out and been tidied away.
            (None, Some(id)) => {
                let sent = mailbox.source.was_sent(id).await?;
                return Ok(if sent { Found::Sent } else { Found::Nothing });
            }
            (None, None) => return Ok(Found::Nothing),
        };
        let sent = mailbox.source.was_sent(&id).await?;
        Ok(if sent { Found::Sent } else { Found::Draft(id) })
    }

    async fn send(
        &self,
        effect: &Effect,
        mailbox: &Mailbox,
        reporter: &Address,
        draft: &str,
    ) -> Result<Outcome, StoreError> {
        let trace = Trace { draft: Some(draft.to_owned()), ..effect.trace.clone() };
        let traced = Effect { trace, ..effect.clone() };
        let begun = self.tools.desk.begin(&traced, None).await?;
        let to = [reporter.email.clone()];
        let sent = mailbox.source.send(draft, &mailbox.address, &to).await;
        failpoint::hit("mail_replier.sent").await;
        Ok(match sent {
            Ok(()) => {
                tracing::info!(effect.id = %effect.id, "a mail went to the reporter");
                plainly()
            }
            Err(error) => {
                let outcome = write_failed(&error, LOCKED_OUT);
                if matches!(outcome, Outcome::Refused { .. }) {
                    self.tear_up(mailbox, draft).await;
                    // Or its absence would pass for a mail that went out.
                    let trace = Trace { draft: None, ..begun.trace.clone() };
                    self.tools.desk.trace(&begun, trace).await?;
                }
                outcome
            }
        })
    }

    /// Nobody shall find a draft that was refused, and send it after all: a retry writes its own.
    async fn tear_up(&self, mailbox: &Mailbox, draft: &str) {
        if let Err(error) = mailbox.source.destroy(draft).await {
            tracing::warn!(%error, "a draft that cannot be sent stays in the mailbox");
        }
    }

    async fn write(&self, task: &Task, mailbox: &Mailbox, reporter: &Address) -> Written {
        let Some(issue) = &task.case.issue else { return Written::Nothing };
        match &task.effect.work {
            Work::SendNotice => {
                Written::Mail(Box::new(self.notice(task, mailbox, reporter, issue)))
            }
            Work::SendComment { comment } => {
                self.comment(task, mailbox, reporter, issue, comment).await
            }
            _ => Written::Nothing,
        }
    }

    /// What every mail of a case has in common.
    fn draft(&self, task: &Task, mailbox: &Mailbox, reporter: &Address, subject: String) -> Draft {
        let (first, last) =
            task.case.mail.as_ref().map_or((&None, &None), |mail| (&mail.first, &mail.last));
        let references: Vec<_> = match (first, last) {
            (Some(first), Some(last)) if first == last => vec![first.clone()],
            (first, last) => first.iter().chain(last).cloned().collect(),
        };
        Draft {
            message_id: self.tools.desk.message_id(task.effect.id, &mailbox.address),
            from: mailbox.sender(),
            to: vec![reporter.clone()],
            subject,
            in_reply_to: last.clone(),
            references,
            text: String::new(),
            html: None,
            inline: Vec::new(),
            without_broken: task.effect.trace.broken >= IMAGE_TRIES,
            headers: vec![
                (LOOP_HEADER, "1".to_owned()),
                ("X-Auto-Response-Suppress", "All".to_owned()),
            ],
        }
    }
}

enum Found {
    Sent,
    Draft(String),
    Nothing,
}
