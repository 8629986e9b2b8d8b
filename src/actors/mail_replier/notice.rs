//! The notice to the reporter: there is an issue, and this is its key.

use super::MailReplier;
use crate::{
    actors::{desk::Task, mailboxes::Mailbox},
    clients::Draft,
    model::{keys::IssueKey, mail::Address, mail_text},
};

impl MailReplier {
    pub(super) fn notice(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reporter: &Address,
        issue: &IssueKey,
    ) -> Draft {
        let subject = mail_text::subject(issue, &task.case.subject);
        let mut draft = self.draft(task, mailbox, reporter, subject);
        draft.text = self.notice_text(task, mailbox, reporter, issue);
        draft.headers.push(("Auto-Submitted", "auto-replied".to_owned()));
        draft
    }

    fn notice_text(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reporter: &Address,
        issue: &IssueKey,
    ) -> String {
        let portal = mailbox.portal_url.as_ref().map(ToString::to_string);
        if let Some(template) = &mailbox.template {
            let values = [
                ("key", issue.as_str()),
                ("subject", task.case.subject.as_str()),
                ("name", reporter.name.as_deref().unwrap_or(reporter.email.as_str())),
                ("portal_url", portal.as_deref().unwrap_or_default()),
            ];
            match template.render(&values) {
                Ok(text) => return text,
                // It parsed at the start; the reporter gets our own words instead of none.
                Err(error) => tracing::error!(%error, "the notice's template does not work"),
            }
        }
        let texts = &self.tools.texts;
        let args = [
            ("key", issue.as_str().to_owned().into()),
            ("subject", task.case.subject.clone().into()),
        ];
        let mut text = texts.say(mailbox.locale, "mail-notice-body", &args);
        if let Some(url) = portal {
            text.push_str("\n\n");
            text += &texts.say(mailbox.locale, "mail-notice-portal", &[("url", url.into())]);
        }
        text.push('\n');
        text
    }
}
