//! One look at a mailbox: what changed since the cursor is recorded, and only then does the cursor
//! move. Cut short anywhere, the same changes are looked at again, and the register knows them.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    actors::{
        desk::{Arrival, Desk, Recorded},
        mailboxes::Mailbox,
    },
    clients::{ApiError, ChangesFault, Head, MailboxClient, News},
    clock, failpoint,
    model::mail::Folder,
    store::{Cursor, RAW_MAX, StoreError},
};

/// Mails that one question asks for.
const BATCH: usize = 50;
/// Changes that are taken between two moves of the cursor.
const PAGE: usize = 200;
/// Cases that may wait for Jira before no more mails are taken in: what is not recorded stays in
/// the mailbox, where it takes no room of ours.
const WAITING_MAX: usize = 1_000;
/// How far back the mailbox is compared when the server has forgotten our cursor, before the last
/// round that went well.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How long a mail may lie elsewhere before it comes into the inbox, and be found after that: mail
/// servers keep what they take for junk a month at most before they delete it.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(31 * 24);
/// How much the mail server's clock may be behind ours.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);
/// How long to let Jira catch up.
pub(super) const CATCH_UP: Duration = Duration::from_millis(500);

/// What a round came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// There is more to be read.
    pub(super) more: bool,
    /// The mailbox was compared with the register.
    pub(super) compared: bool,
    /// When the mailbox was in step before.
    pub(super) synced: Timestamp,
    pub(super) recorded: Recorded,
}

/// Why a round broke off.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundFault {
    #[error(transparent)]
    Mailbox(#[from] ApiError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the round panicked")]
    Panicked,
}

pub(super) async fn round(mailbox: &Mailbox, desk: &Desk) -> Result<Round, RoundFault> {
    let mut recorded = Recorded::default();
    let Some(mut cursor) = desk.cursor(mailbox.name.clone()).await? else {
        return first_round(mailbox, desk).await;
    };
    let synced = cursor.synced;
    loop {
        let backlog = desk.backlog(&mailbox.name).await?;
        mailbox.health.backlog(backlog);
        if backlog >= WAITING_MAX {
            return Ok(Round { more: true, compared: false, synced, recorded });
        }
        let news = match mailbox.source.news(&cursor.state, PAGE).await {
            Ok(news) => news,
            Err(ChangesFault::Forgotten) => {
                tracing::warn!("the mailbox does not know our cursor any more; it is compared");
                recorded += compare(mailbox, desk, &cursor).await?;
                mailbox.health.lag(Duration::ZERO);
                return Ok(Round { more: true, compared: true, synced, recorded });
            }
            Err(ChangesFault::Api(error)) => return Err(error.into()),
        };
        let News { state, more, mails } = news;
        if mails.is_empty() && !more {
            mailbox.health.lag(Duration::ZERO);
            if state == cursor.state {
                return Ok(Round { more: false, compared: false, synced, recorded });
            }
        }
        let next = Cursor { state, synced: clock::now(), since: cursor.since };
        // Also an old mail that is only read or flagged counts as changed; it makes no ticket now.
        recorded += take_heads(mailbox, desk, mails, cursor.since.max(kept(mailbox))).await?;
        failpoint::hit("mailbox_streamer.recorded").await;
        desk.read_up_to(mailbox.name.clone(), next.clone()).await?;
        failpoint::hit("mailbox_streamer.moved").await;
        cursor = next;
        if !more {
            return Ok(Round { more: false, compared: false, synced, recorded });
        }
    }
}

/// From when on the register knows every mail that was recorded.
fn kept(mailbox: &Mailbox) -> Timestamp {
    clock::now() - SignedDuration::from_hours(24 * i64::from(mailbox.keep_days))
}

/// The very first look: only what comes from now on, and as many days before as the operator
/// wants.
async fn first_round(mailbox: &Mailbox, desk: &Desk) -> Result<Round, RoundFault> {
    let now = clock::now();
    let days = i64::from(mailbox.first_days);
    let since = now - SignedDuration::from_hours(24 * days) - CLOCKS;
    let mut recorded = Recorded::default();
    if days == 0 {
        let cursor = Cursor { state: mailbox.source.state().await?, synced: now, since };
        desk.read_up_to(mailbox.name.clone(), cursor).await?;
        tracing::info!("the mailbox is read from now on");
    } else {
        let told = since.max(now - ELSEWHERE);
        recorded = compare_since(mailbox, desk, since, told, since).await?;
    }
    // Before `now` there is nothing to be compared that was not just now.
    Ok(Round { more: true, compared: true, synced: now, recorded })
}

/// Compares the whole mailbox with the register: back to a day before it was last in step; and back
/// to a month before that, for what came into the inbox since and was received before.
async fn compare(mailbox: &Mailbox, desk: &Desk, cursor: &Cursor) -> Result<Recorded, RoundFault> {
    let day = (cursor.synced - OVERLAP).max(cursor.since);
    let month = (cursor.synced - ELSEWHERE).max(cursor.since).max(kept(mailbox)).min(day);
    // Graph tells of those with their heads, once its changes are begun anew; without, each of them
    // would be a question.
    let from = if matches!(mailbox.source, MailboxClient::Graph(_)) { day } else { month };
    compare_since(mailbox, desk, from, month, cursor.since).await
}

/// Compares the mailbox since then, though its server knows our cursor. What is `told` meanwhile is
/// read between two pages.
pub(super) async fn look_back(
    mailbox: &Mailbox,
    desk: &Desk,
    from: Timestamp,
    told: &AtomicBool,
) -> Result<Round, RoundFault> {
    let Some(cursor) = desk.cursor(mailbox.name.clone()).await? else {
        return first_round(mailbox, desk).await;
    };
    // Not the mails of before the first start, which no cursor has ever told.
    let from = from.max(cursor.since + CLOCKS);
    // The cursor stays where it is: it may know of mails that are not in the list.
    let mut recorded = Recorded::default();
    for folder in [Folder::Sent, Folder::Inbox] {
        for page in listed(mailbox, folder, from).await?.chunks(PAGE) {
            recorded += take_page(mailbox, desk, page, from).await?;
            if told.swap(false, Ordering::Relaxed) {
                recorded += round(mailbox, desk).await?.recorded;
            }
        }
    }
    // What was told last is asked for by the cursor next.
    Ok(Round { more: true, compared: true, synced: cursor.synced, recorded })
}

async fn compare_since(
    mailbox: &Mailbox,
    desk: &Desk,
    from: Timestamp,
    told: Timestamp,
    since: Timestamp,
) -> Result<Recorded, RoundFault> {
    // The state first: what comes while the list is read is told after it.
    let state = mailbox.source.state_since(told).await?;
    let cursor = Cursor { state, synced: clock::now(), since };
    let recorded = take_listed(mailbox, desk, from).await?;
    desk.read_up_to(mailbox.name.clone(), cursor).await?;
    Ok(recorded)
}

/// Records what the register does not know of the mails since then.
async fn take_listed(
    mailbox: &Mailbox,
    desk: &Desk,
    from: Timestamp,
) -> Result<Recorded, RoundFault> {
    let mut recorded = Recorded::default();
    for folder in [Folder::Sent, Folder::Inbox] {
        for page in listed(mailbox, folder, from).await?.chunks(PAGE) {
            recorded += take_page(mailbox, desk, page, from).await?;
        }
    }
    Ok(recorded)
}

/// Records these, and lets the tracker catch up.
async fn take_page(
    mailbox: &Mailbox,
    desk: &Desk,
    page: &[String],
    from: Timestamp,
) -> Result<Recorded, RoundFault> {
    let recorded = take(mailbox, desk, page, from).await?;
    while desk.backlog(&mailbox.name).await? >= WAITING_MAX {
        tokio::time::sleep(CATCH_UP).await;
    }
    Ok(recorded)
}

/// The ids of a folder's mails since then. Whoever files mails away meanwhile moves the others up:
/// it is listed again until nothing new shows.
pub(super) async fn listed(
    mailbox: &Mailbox,
    folder: Folder,
    since: Timestamp,
) -> Result<Vec<String>, RoundFault> {
    let mut ids: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    loop {
        let (before, mut from) = (known.len(), 0);
        loop {
            let page = mailbox.source.query(folder, Some(since), from, PAGE).await?;
            if page.is_empty() {
                break;
            }
            from += page.len();
            ids.extend(page.into_iter().filter(|id| known.insert(id.clone())));
        }
        if known.len() == before {
            return Ok(ids);
        }
    }
}

/// Records these mails, but for those that the mailbox got before `since`.
pub(super) async fn take(
    mailbox: &Mailbox,
    desk: &Desk,
    ids: &[String],
    since: Timestamp,
) -> Result<Recorded, RoundFault> {
    let mut recorded = Recorded::default();
    for batch in ids.chunks(BATCH) {
        let heads = mailbox.source.heads(batch).await?;
        let mails = batch.iter().cloned().zip(heads).collect();
        recorded += take_heads(mailbox, desk, mails, since).await?;
    }
    Ok(recorded)
}

/// The same with their heads.
async fn take_heads(
    mailbox: &Mailbox,
    desk: &Desk,
    mails: Vec<(String, Head)>,
    since: Timestamp,
) -> Result<Recorded, RoundFault> {
    let mut arrivals = Vec::with_capacity(mails.len());
    for (id, head) in mails {
        arrivals.extend(arrival(mailbox, &id, head).await?);
    }
    arrivals.retain(|arrival| arrival.received() >= since);
    // A copy in the inbox of what was sent from here is judged by the one in the sent folder.
    arrivals.sort_by_key(|arrival| match arrival {
        Arrival::Mail(mail) => (mail.folder == Folder::Inbox, mail.received),
        Arrival::Unreadable { received, .. } => (true, *received),
    });
    let mut recorded = Recorded::default();
    let mut arrivals = arrivals.into_iter().peekable();
    while arrivals.peek().is_some() {
        let batch: Vec<_> = arrivals.by_ref().take(BATCH).collect();
        let oldest = batch.iter().map(Arrival::received).min();
        let lag = oldest.map(|oldest| clock::now().duration_since(oldest));
        failpoint::hit("mailbox_streamer.read").await;
        let taken = desk.arrived(mailbox.name.clone(), batch).await?;
        recorded += taken;
        let is_news = taken != Recorded { known: taken.known, ..Recorded::default() };
        if let Some(lag) = lag.filter(|_| is_news) {
            mailbox.health.lag(Duration::try_from(lag).unwrap_or_default());
        }
    }
    Ok(recorded)
}

pub(super) async fn arrival(
    mailbox: &Mailbox,
    id: &str,
    head: Head,
) -> Result<Option<Arrival>, RoundFault> {
    Ok(match head {
        Head::Mail(mail) => Some(Arrival::Mail(*mail)),
        Head::Elsewhere(_) | Head::Gone => None,
        Head::Unreadable { remote: _, raw_blob, received, reason } => {
            let raw = match raw_blob {
                Some(blob) => match mailbox.source.raw(&blob, RAW_MAX).await {
                    Ok(raw) => raw.to_vec(),
                    // If the server answers otherwise, the mail is to blame.
                    Err(error) if error.is_outage() && mailbox.source.state().await.is_err() => {
                        return Err(error.into());
                    }
                    Err(_) => Vec::new(),
                },
                None => Vec::new(),
            };
            tracing::error!(
                mail.remote = id,
                cause = reason,
                "a mail cannot be read; it is put aside"
            );
            Some(Arrival::Unreadable {
                remote: id.to_owned(),
                received: received.unwrap_or_else(clock::now),
                reason,
                raw,
            })
        }
    })
}
