//! The desk as the operator sees it: what waits, what is dead or put aside, and having it tried
//! again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Desk, Recorded, intake};
use crate::{
    clock,
    model::{
        case::{Case, MailRecord, MailState},
        desk as rules,
        discreet::discreet,
        effect::{Effect, Worker},
        keys::{CaseId, EffectId, IssueKey, Lane, MailKey, MailboxName},
        mail::Mail,
    },
    store::{Audit, Purged, StoreError},
};

/// Which rows of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Cases, the newest first.
    Cases,
    /// Effects that will not happen by themselves.
    Dead,
    /// Mails that cannot be read.
    Quarantined,
    /// Mails that a rule keeps out, the newest first.
    Ignored,
}

/// One row of a listing.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    /// By which `desk show` and `desk retry` know it.
    pub id: String,
    /// How it stands.
    pub state: String,
    /// The issue, where there is one.
    pub issue: String,
    /// The ticket, where there is one.
    pub ticket: Option<TicketRow>,
    /// The subject.
    pub subject: String,
    /// When something last happened.
    pub at: Timestamp,
}

discreet!(Row { id, issue, ticket, at });

/// The ticket of a case in a listing.
#[derive(Clone, Serialize, Deserialize)]
pub struct TicketRow {
    /// Its whole name, by which `desk show` knows it as well.
    pub name: String,
    /// How it stands, by its word.
    pub state: String,
    /// Who has it; empty for nobody.
    pub owner: String,
    /// The id of its channel.
    pub channel: String,
}

discreet!(TicketRow { name, state, channel });

impl TicketRow {
    fn of(case: &Case) -> Option<Self> {
        let ticket = case.ticket.as_ref()?;
        Some(Self {
            name: ticket.name(),
            state: ticket.state.word().to_owned(),
            owner: ticket.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default(),
            channel: ticket.channel.to_string(),
        })
    }
}

/// What became of a retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retried {
    /// It will be tried.
    Queued,
    /// It is neither dead nor waiting.
    NotDead,
    /// There is no such thing.
    Unknown,
}

impl Desk {
    /// Rows of the desk.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, listing: Listing, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(move |tables| {
            Ok(match listing {
                Listing::Cases => {
                    let mut rows = Vec::new();
                    for case in tables.cases(limit)? {
                        let mut heads = Vec::new();
                        for id in Lane::ALL.into_iter().filter_map(|lane| case.head_id(lane)) {
                            heads.extend(tables.effect(id)?);
                        }
                        rows.push(case_row(&case, &heads));
                    }
                    rows
                }
                Listing::Dead => {
                    let mut rows = Vec::new();
                    for id in tables.dead()?.into_iter().take(limit) {
                        let (case, effect) = (tables.case(id.case)?, tables.effect(id)?);
                        if let (Some(case), Some(effect)) = (case, effect) {
                            rows.push(dead_row(&case, &effect));
                        }
                    }
                    rows
                }
                Listing::Quarantined => {
                    tables.mails("quarantined", limit)?.into_iter().map(mail_row).collect()
                }
                Listing::Ignored => {
                    tables.mails("ignored", limit)?.into_iter().map(mail_row).collect()
                }
            })
        })
        .await
    }

    /// The case of an issue.
    ///
    /// # Errors
    /// The store's.
    pub async fn case_of_issue(&self, issue: IssueKey) -> Result<Option<CaseId>, StoreError> {
        self.read(move |tables| tables.case_of_issue(&issue)).await
    }

    /// A case with its effects.
    ///
    /// # Errors
    /// The store's.
    pub async fn show_case(&self, id: CaseId) -> Result<Option<(Case, Vec<Effect>)>, StoreError> {
        self.read(move |tables| {
            let Some(case) = tables.case(id)? else { return Ok(None) };
            Ok(Some((case, tables.effects_of(id)?)))
        })
        .await
    }

    /// The beginning of the raw text of a mail that cannot be read.
    ///
    /// # Errors
    /// The store's.
    pub async fn raw(&self, key: MailKey) -> Result<Vec<u8>, StoreError> {
        self.read(move |tables| tables.raw(&key)).await
    }

    /// Has an effect tried again that is dead, or waits after a try that failed.
    ///
    /// # Errors
    /// The store's.
    pub async fn retry(&self, id: EffectId) -> Result<Retried, StoreError> {
        let retried = self
            .write(move |_, tables| {
                tables.write(|rows| {
                    let (Some(mut case), Some(mut effect)) =
                        (rows.case(id.case)?, rows.effect(id)?)
                    else {
                        return Ok(Retried::Unknown);
                    };
                    if !rules::can_retry(&case, &effect) {
                        return Ok(Retried::NotDead);
                    }
                    let more = rules::retry(&mut case, &mut effect, clock::now());
                    rows.put_effect(&effect)?;
                    for effect in &more {
                        rows.put_effect(effect)?;
                    }
                    rows.put_case(&case)?;
                    Ok(Retried::Queued)
                })
            })
            .await?;
        self.wake(&Worker::ALL);
        Ok(retried)
    }

    /// Takes in a mail that a rule kept out; nothing of it is counted if it is so no more.
    ///
    /// # Errors
    /// The store's.
    pub async fn let_in(&self, key: MailKey, mail: Mail) -> Result<Recorded, StoreError> {
        let recorded = self
            .write(move |inner, tables| {
                let mut recorded = Recorded::default();
                let record = tables.mail(&key)?;
                let Some(site) = record.and_then(|record| inner.sites.get(&record.mailbox)) else {
                    return Ok(recorded);
                };
                let taken = tables.write(|rows| {
                    intake::let_in(rows, tables.secret(), site, (key, &mail), clock::now())
                })?;
                if let Some(verdict) = taken {
                    inner.metrics.mail(verdict.word());
                    recorded.count(verdict);
                }
                Ok(recorded)
            })
            .await?;
        self.wake(&Worker::ALL);
        Ok(recorded)
    }

    /// Forgets that a mail was put aside: it has been read since.
    ///
    /// # Errors
    /// The store's.
    pub async fn release(&self, key: MailKey) -> Result<(), StoreError> {
        self.write(move |_, tables| tables.write(|rows| rows.forget_mail(&key).map(drop))).await
    }

    /// Follows every mail to its ticket.
    ///
    /// # Errors
    /// The store's.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        self.read(store_audit).await
    }

    /// How many mails of a mailbox are in each state, by its word.
    ///
    /// # Errors
    /// The store's.
    pub async fn counts(&self, mailbox: MailboxName) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(move |tables| {
            let counts = tables.counts()?.into_iter();
            let ours = counts.filter(|((name, _), _)| *name == mailbox);
            Ok(ours.map(|((_, state), count)| (state.to_owned(), count)).collect())
        })
        .await
    }

    /// Counts what stands still, for metrics.
    ///
    /// # Errors
    /// The store's.
    pub async fn gauge(&self) -> Result<(), StoreError> {
        let metrics = self.0.metrics.clone();
        self.read(move |tables| {
            metrics.desk("dead", tables.dead()?.len());
            for worker in Worker::ALL {
                metrics.desk(worker.waiting(), tables.waiting(worker)?);
            }
            metrics.desk("open_tickets", tables.count_open_tickets()?);
            let counts = tables.counts()?.into_iter();
            let aside = counts.filter(|((_, state), _)| *state == "quarantined");
            let aside = aside.map(|(_, count)| count).sum::<u64>();
            metrics.desk("quarantined", usize::try_from(aside).unwrap_or(usize::MAX));
            Ok(())
        })
        .await
    }

    /// Forgets what has been finished since `before`.
    ///
    /// # Errors
    /// The store's.
    pub async fn purge(&self, before: Timestamp) -> Result<Purged, StoreError> {
        /// Cases in one go.
        const LIMIT: usize = 10_000;
        let purged = self.write(move |_, tables| tables.purge(before, LIMIT)).await?;
        // Their rows are gone, durably.
        self.sweep_uploads().await?;
        Ok(purged)
    }

    /// Removes the files that no request took within an hour, and those whose rows are gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep_uploads(&self) -> Result<(), StoreError> {
        let uploads = self.uploads().clone();
        self.blocking(move || uploads.sweep(false)).await
    }
}

fn store_audit(tables: &crate::store::Desk) -> Result<Audit, StoreError> {
    tables.audit()
}

fn case_row(case: &Case, heads: &[Effect]) -> Row {
    let words = heads.iter().map(|head| format!("{} {}", head.stage.word(), head.work.word()));
    let words: Vec<_> = words.collect();
    Row {
        id: case.id.to_string(),
        state: if words.is_empty() { "idle".to_owned() } else { words.join(", ") },
        issue: case.issue.as_ref().map(ToString::to_string).unwrap_or_default(),
        ticket: TicketRow::of(case),
        subject: case.subject.clone(),
        at: case.changed,
    }
}

fn dead_row(case: &Case, effect: &Effect) -> Row {
    Row {
        id: effect.id.to_string(),
        state: format!("{}: {}", effect.work.word(), effect.fault.as_deref().unwrap_or("?")),
        issue: case.issue.as_ref().map(ToString::to_string).unwrap_or_default(),
        ticket: TicketRow::of(case),
        subject: case.subject.clone(),
        at: case.changed,
    }
}

fn mail_row(mail: MailRecord) -> Row {
    let state = match &mail.state {
        MailState::Ignored { rule } => rule.clone(),
        MailState::Quarantined { reason } => reason.clone(),
        other => other.word().to_owned(),
    };
    Row {
        id: mail.key.to_string(),
        state,
        issue: String::new(),
        ticket: None,
        subject: mail.subject,
        at: mail.recorded,
    }
}
