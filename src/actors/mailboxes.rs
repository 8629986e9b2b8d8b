//! The mailboxes of the configuration, ready for use. They are the same while ticketd runs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use minijinja::{Environment, Value};
use secrecy::SecretString;
use url::Url;

use super::{desk::Desk, doorbell::Doorbell};
use crate::{
    clients::{ApiError, Grants, MailboxClient, Mark, Whole},
    health,
    locale::Locale,
    model::{
        effect::MailRef,
        ids::ChannelId,
        keys::MailboxName,
        mail::{Address, Content, Email, Folder, Mail},
    },
};

/// Tries that fail before a mail passes for one that the server cannot show.
const UNREADABLE_AFTER: u32 = 5;

/// One mailbox.
pub struct Mailbox {
    /// Its name.
    pub name: MailboxName,
    /// Who answers: its address.
    pub address: Email,
    /// Where its mails come from.
    pub source: MailboxClient,
    /// Where its issues are made: the name of a board of Jira's, or a project of Redmine's.
    pub place: String,
    /// What its issues are labelled with, besides the labels of all.
    pub category: Option<String>,
    /// How often mails are asked for where the server does not push.
    pub poll: Duration,
    /// How many days back mails are taken at the very first start.
    pub first_days: u32,
    /// How many days a mail is remembered.
    pub keep_days: u32,
    /// The language of its answers, and of what ticketd says in its issues.
    pub locale: Locale,
    /// Where reporters can look at their issues.
    pub portal_url: Option<Url>,
    /// The text of a notice, where the operator wrote one.
    pub template: Option<Template>,
    /// What is done to a mail whose ticket is made.
    pub mark: Option<Mark>,
    /// Where its news are told, if they are told at our door.
    pub hook: Option<Hook>,
    /// The channel that is told what only a person can mend.
    pub channel: Option<ChannelId>,
    /// Rung by the door, heard by the streamer.
    pub bell: Doorbell,
    /// Where the sign-in of a person is kept, if ticketd gets in by one.
    pub grants: Option<Arc<dyn Grants>>,
    /// Its record for `/ready`.
    pub health: health::Mailbox,
}

/// A door of ours for the news of one mailbox.
pub struct Hook {
    /// As the mailbox's server knows it.
    pub url: Url,
    /// What every notice must repeat.
    pub client_state: SecretString,
}

/// A notice's text as the operator wrote it: a minijinja template.
pub struct Template(Environment<'static>);

/// A mail, fetched when something is made of it.
pub enum Letter {
    /// It is there.
    Here {
        /// Its head.
        mail: Box<Mail>,
        /// Its text and what hangs on it.
        content: Content,
    },
    /// It was deleted.
    Gone,
    /// The server cannot show it.
    Unreadable,
}

/// All mailboxes by name; cheap to clone.
#[derive(Clone, Default)]
pub struct Mailboxes(Arc<HashMap<MailboxName, Arc<Mailbox>>>);

impl Mailboxes {
    /// These mailboxes.
    #[must_use]
    pub fn new(mailboxes: Vec<Mailbox>) -> Self {
        let by_name = mailboxes.into_iter().map(|one| (one.name.clone(), Arc::new(one)));
        Self(Arc::new(by_name.collect()))
    }

    /// The mailbox of this name.
    #[must_use]
    pub fn of(&self, name: &MailboxName) -> Option<Arc<Mailbox>> {
        self.0.get(name).cloned()
    }

    /// All of them, in the order of their names.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Mailbox>> {
        let mut all: Vec<_> = self.0.values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

impl Mailbox {
    /// Fetches a mail, wherever in the mailbox it lies by now. `failures` is how often that failed
    /// before: a broken answer may be an accident, and only in the end it is the mail's own.
    ///
    /// # Errors
    /// Any outage of the mailbox.
    pub async fn letter(&self, mail: &MailRef, failures: u32) -> Result<Letter, ApiError> {
        match self.source.whole(&mail.remote).await? {
            Whole::Here(mail, content) => Ok(Letter::Here { mail, content }),
            Whole::Gone => Ok(Letter::Gone),
            Whole::Unreadable { reason } if failures >= UNREADABLE_AFTER => {
                tracing::warn!(cause = reason, "a mail cannot be read");
                Ok(Letter::Unreadable)
            }
            Whole::Unreadable { reason } => {
                Err(ApiError::Malformed { service: self.source.part().name(), cause: reason })
            }
        }
    }

    /// Marks a mail whose ticket is made, if that is wanted: as well as it goes. A mail that cannot
    /// be marked, or that is gone, has its ticket all the same.
    async fn mark(&self, mail: &MailRef) {
        let (Some(mark), MailboxClient::Graph(source)) = (&self.mark, &self.source) else { return };
        if let Err(error) = source.mark(&mail.remote, mark).await {
            tracing::warn!(mailbox.name = %self.name, %error, "a mail could not be marked");
        }
    }

    /// Marks a mail whose ticket was just made. Nobody waits for it, and nothing hangs on it. What
    /// was written in the mailbox itself stays as it is among the sent mails.
    pub(super) fn mark_made(self: Arc<Self>, desk: &Desk, mail: MailRef) {
        if self.mark.is_none() {
            return;
        }
        let desk = desk.clone();
        tokio::spawn(async move {
            match desk.mail(mail.key).await {
                Ok(Some(record)) if record.folder == Folder::Inbox => self.mark(&mail).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "whether to mark a mail cannot be said"),
            }
        });
    }

    /// The mailbox as a sender.
    #[must_use]
    pub fn sender(&self) -> Address {
        Address { name: None, email: self.address.clone() }
    }
}

impl Template {
    /// A template from its text.
    ///
    /// # Errors
    /// What minijinja finds wrong with it, with the line.
    pub fn parse(text: String) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.add_template_owned("notice", text)?;
        Ok(Self(environment))
    }

    /// The text for these values.
    ///
    /// # Errors
    /// What minijinja finds wrong with it.
    pub fn render(&self, values: &[(&str, &str)]) -> Result<String, minijinja::Error> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        let values: BTreeMap<String, Value> = values.collect();
        self.0.get_template("notice")?.render(Value::from(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_is_wrong_with_it() {
        let fine = Template::parse("Hello {{ name }}: {{ key }}".into()).unwrap();
        let values = [("name", "Ann"), ("key", "SUP-1")];
        assert_eq!(fine.render(&values).unwrap(), "Hello Ann: SUP-1");
        let wrong = Template::parse("{{ name".into()).err().unwrap();
        assert_eq!(wrong.line(), Some(1));
    }
}
