//! What the operator asks of a desk and its mailboxes, answered the same way by a daemon that runs
//! and by a command that has opened the store itself.

mod sign_in;
mod tokens;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::sign_in::sign_in;
pub use self::sign_in::{Application, GivenGrant, SignInReport};
pub use self::tokens::WrittenToken;
use super::{
    desk::{Desk, Listing, Recorded, Retried, Row},
    mailbox_streamer::{self, Swept},
    mailboxes::{Mailbox, Mailboxes},
};
use crate::{
    clients::{Head, SignInFault},
    model::{
        api_token::{ApiToken, Scope},
        case::{Case, MailRecord, MailState},
        desk as rules,
        effect::Effect,
        keys::{CaseId, EffectId, IssueKey, MailKey, MailboxName},
        ticket::TicketNumber,
    },
    store::Store,
};

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Rows of the desk.
    List {
        /// Which.
        listing: Listing,
        /// How many at most.
        limit: usize,
    },
    /// All about a case, an effect's case, or a mail; by its id, the ticket's or
    /// the issue's.
    Show(String),
    /// Try a dead effect, or a mail that was put aside or kept out, again; by its id.
    Retry(String),
    /// Follow every mail to its ticket.
    Audit,
    /// The mailboxes.
    Mailboxes,
    /// Whether a sign-in for a mailbox would be taken up: before somebody takes the trouble.
    Authorizable {
        /// The mailbox's name.
        mailbox: String,
        /// What it signs in as.
        application: Application,
    },
    /// Take up a sign-in for a mailbox, and say what it may do.
    Authorize {
        /// The mailbox's name.
        mailbox: String,
        /// What it signs in as.
        application: Application,
        /// What a person gave, where it takes one.
        grant: Option<GivenGrant>,
    },
    /// Look for mails without a ticket.
    Sweep {
        /// The mailbox's name.
        mailbox: String,
        /// How many days back.
        days: u32,
        /// Only count them.
        dry_run: bool,
    },
    /// The tokens of the API.
    Tokens,
    /// Make a token of the API.
    MakeToken {
        /// What to call it.
        name: String,
        /// What it may do.
        scope: Scope,
        /// Until when, if not for good.
        expires: Option<Timestamp>,
    },
    /// Take back the token of this name or id.
    RevokeToken(String),
}

/// An answer, or how far it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To [`Question::List`].
    Rows(Vec<Row>),
    /// To [`Question::Show`] of a case.
    Case {
        /// The case.
        case: Box<Case>,
        /// All its effects.
        effects: Vec<Effect>,
    },
    /// To [`Question::Show`] of a mail.
    Mail {
        /// The register's row.
        record: Box<MailRecord>,
        /// The beginning of its raw text, if it was put aside.
        raw: Vec<u8>,
    },
    /// To [`Question::Retry`].
    Retried(Retried),
    /// To [`Question::Retry`] of a mail.
    Reread(Recorded),
    /// To [`Question::Audit`].
    Audited {
        /// Mailbox, state, count.
        mails: Vec<(String, String, u64)>,
        /// Cases.
        cases: u64,
        /// Tickets of the chat among them.
        tickets: u64,
        /// Stage, count.
        effects: Vec<(String, u64)>,
        /// What does not hold together.
        problems: Vec<String>,
    },
    /// To [`Question::Mailboxes`].
    Mailboxes(Vec<MailboxRow>),
    /// To [`Question::Authorizable`]: it would.
    Authorizable,
    /// To [`Question::Authorize`].
    Authorized(SignInReport),
    /// The same, where Entra or Graph could not be asked.
    Unanswered {
        /// Which of them: `entra` or `graph`.
        service: String,
        /// Why, a few words.
        cause: String,
    },
    /// Of a sweep under way.
    Sweeping {
        /// Mails looked at.
        seen: usize,
        /// Those without a ticket.
        missing: usize,
    },
    /// To [`Question::Sweep`].
    Swept {
        /// Mails looked at.
        seen: usize,
        /// Those without a ticket.
        missing: usize,
        /// What became of those.
        recorded: Recorded,
    },
    /// To [`Question::Tokens`], the oldest first.
    Tokens(Vec<ApiToken>),
    /// To [`Question::MakeToken`].
    TokenMade {
        /// The token.
        token: ApiToken,
        /// How it is written: nobody can say it again.
        written: WrittenToken,
    },
    /// To [`Question::RevokeToken`]: which it was.
    TokenRevoked(ApiToken),
    /// It does not work; a sentence.
    Failed(String),
}

/// A mailbox in a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailboxRow {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// When it was last in step, RFC 3339; empty for never.
    pub synced: String,
    /// Seconds between a mail's arrival and its record, the last time.
    pub lag_seconds: u64,
    /// State, count.
    pub mails: Vec<(String, u64)>,
    /// Why nothing is read until somebody signs in.
    pub sign_in: Option<SignInFault>,
    /// What is forbidden to a sign-in that stands: the permissions that are missing, none if it is
    /// the mailbox that is closed.
    pub forbidden: Option<Vec<String>>,
}

/// Answers questions; cheap to clone.
#[derive(Clone)]
pub struct Review {
    /// The desk.
    pub desk: Desk,
    /// The mailboxes.
    pub mailboxes: Mailboxes,
    /// Who may call the API stands there.
    pub store: Store,
}

impl Review {
    /// Answers; `tell` hears of the progress of what takes long.
    pub async fn answer(&self, question: Question, tell: impl FnMut(Reply) + Send) -> Reply {
        let answered = match question {
            Question::List { listing, limit } => self.list(listing, limit).await,
            Question::Show(id) => self.show(&id).await,
            Question::Retry(id) => self.retry(&id).await,
            Question::Audit => self.audit().await,
            Question::Mailboxes => self.mailboxes().await,
            Question::Authorizable { mailbox, application } => Ok(self
                .authorizable(&mailbox, &application)
                .map_or_else(Reply::Failed, |_| Reply::Authorizable)),
            Question::Authorize { mailbox, application, grant } => {
                self.authorize(&mailbox, application, grant).await
            }
            Question::Sweep { mailbox, days, dry_run } => {
                self.sweep(&mailbox, days, dry_run, tell).await
            }
            Question::Tokens => self.store.tokens().all().map(Reply::Tokens).map_err(Into::into),
            Question::MakeToken { name, scope, expires } => {
                self.make_token(&name, scope, expires).await
            }
            Question::RevokeToken(token) => self.revoke_token(&token).await,
        };
        answered.unwrap_or_else(|error| Reply::Failed(format!("{error:#}")))
    }

    async fn list(&self, listing: Listing, limit: usize) -> anyhow::Result<Reply> {
        Ok(Reply::Rows(self.desk.list(listing, limit).await?))
    }

    async fn show(&self, id: &str) -> anyhow::Result<Reply> {
        if let Some(key) = MailKey::parse(id) {
            let Some(record) = self.desk.mail(key).await? else { return Ok(unknown(id)) };
            let raw = self.desk.raw(key).await?;
            return Ok(Reply::Mail { record: Box::new(record), raw });
        }
        let effect = EffectId::parse(id).map(|effect| effect.case);
        let case = match effect {
            Some(case) => Some(case),
            None => self.case_of(id).await?,
        };
        let Some(case) = case else { return Ok(unknown(id)) };
        Ok(match self.desk.show_case(case).await? {
            Some((case, effects)) => Reply::Case { case: Box::new(case), effects },
            None => unknown(id),
        })
    }

    /// The case that an operator calls by its number, by its ticket's, or by its issue's key.
    async fn case_of(&self, id: &str) -> anyhow::Result<Option<CaseId>> {
        if let Some(issue) = IssueKey::parse(id) {
            return Ok(self.desk.case_of_issue(issue).await?);
        }
        let Some(number) = TicketNumber::parse(id) else {
            return Ok(id.parse().ok().and_then(CaseId::new));
        };
        Ok(self.desk.ticket_by_number(number).await?.map(|case| case.id))
    }

    async fn retry(&self, id: &str) -> anyhow::Result<Reply> {
        if let Some(effect) = EffectId::parse(id) {
            return Ok(Reply::Retried(self.desk.retry(effect).await?));
        }
        if let Some(case) = self.case_of(id).await? {
            let Some((case, effects)) = self.desk.show_case(case).await? else {
                return Ok(unknown(id));
            };
            let mut retried = Retried::NotDead;
            for effect in effects.iter().filter(|effect| rules::can_retry(&case, effect)) {
                retried = self.desk.retry(effect.id).await?;
            }
            return Ok(Reply::Retried(retried));
        }
        let Some(key) = MailKey::parse(id) else { return Ok(unknown(id)) };
        let Some(record) = self.desk.mail(key).await? else { return Ok(unknown(id)) };
        let kept_out = match record.state {
            MailState::Quarantined { .. } => false,
            MailState::Ignored { .. } => true,
            _ => return Ok(Reply::Retried(Retried::NotDead)),
        };
        let Some(mailbox) = self.mailboxes.of(&record.mailbox) else {
            return Ok(Reply::Failed(format!("the mailbox {} is not configured", record.mailbox)));
        };
        if kept_out {
            return self.let_in(key, record.remote, &mailbox).await;
        }
        let read = mailbox_streamer::reread(&mailbox, &self.desk, record.remote).await?;
        if read == Recorded::default() {
            return Ok(Reply::Failed(
                "the mail still cannot be read; it stays put aside".to_owned(),
            ));
        }
        // It has a row under its own name now.
        self.desk.release(key).await?;
        Ok(Reply::Reread(read))
    }

    /// The operator's word stands above the filter's.
    async fn let_in(
        &self,
        key: MailKey,
        remote: String,
        mailbox: &Mailbox,
    ) -> anyhow::Result<Reply> {
        let head = mailbox.source.heads(&[remote]).await?.pop();
        let Some(Head::Mail(mail) | Head::Elsewhere(Some(mail))) = head else {
            return Ok(Reply::Failed("the mail is not in the mailbox, or unreadable".to_owned()));
        };
        let taken = self.desk.let_in(key, *mail).await?;
        let nothing = taken == Recorded::default();
        Ok(if nothing { Reply::Retried(Retried::NotDead) } else { Reply::Reread(taken) })
    }

    async fn audit(&self) -> anyhow::Result<Reply> {
        let audit = self.desk.audit().await?;
        let mails = audit.mails.into_iter();
        Ok(Reply::Audited {
            mails: mails
                .map(|((mailbox, state), count)| (mailbox.to_string(), state.to_owned(), count))
                .collect(),
            cases: audit.cases,
            tickets: audit.tickets,
            effects: audit.effects.into_iter().map(|(stage, n)| (stage.to_owned(), n)).collect(),
            problems: audit.problems.iter().map(ToString::to_string).collect(),
        })
    }

    async fn mailboxes(&self) -> anyhow::Result<Reply> {
        let mut rows = Vec::new();
        for mailbox in self.mailboxes.all() {
            let cursor = self.desk.cursor(mailbox.name.clone()).await?;
            rows.push(MailboxRow {
                name: mailbox.name.to_string(),
                address: mailbox.address.to_string(),
                synced: cursor.map(|cursor| format!("{:.0}", cursor.synced)).unwrap_or_default(),
                lag_seconds: mailbox.health.lag_seconds(),
                mails: self.desk.counts(mailbox.name.clone()).await?,
                sign_in: sign_in(&mailbox).await,
                forbidden: mailbox
                    .source
                    .forbidden()
                    .map(|lacks| lacks.into_iter().map(str::to_owned).collect()),
            });
        }
        Ok(Reply::Mailboxes(rows))
    }

    async fn sweep(
        &self,
        mailbox: &str,
        days: u32,
        dry_run: bool,
        mut tell: impl FnMut(Reply) + Send,
    ) -> anyhow::Result<Reply> {
        let known = MailboxName::parse(mailbox).and_then(|name| self.mailboxes.of(&name));
        let Some(known) = known else {
            return Ok(Reply::Failed(format!("there is no mailbox {mailbox:?}")));
        };
        let told = |swept: Swept| {
            tell(Reply::Sweeping { seen: swept.seen, missing: swept.missing });
        };
        let swept = mailbox_streamer::sweep(&known, &self.desk, days, dry_run, told).await?;
        let Swept { seen, missing, recorded } = swept;
        Ok(Reply::Swept { seen, missing, recorded })
    }
}

fn unknown(id: &str) -> Reply {
    Reply::Failed(format!(
        "{id:?} is neither a case (17), an effect (17.3), a ticket (Ticket-20261122-0001), an issue \
         of a case (SUP-42, #12) nor a mail of the register"
    ))
}
