//! What changed in the mailbox, with the mails' heads: one page of one folder a call, out of Graph's
//! delta queries, which are per folder. All the properties of a head are asked for in the first
//! question, and come with the pages.
//!
//! One corrupt item can make a page fail for ever. When a page failed three times while the folder
//! itself answers, the changes are given up for a list: the folder's mails since the last time when
//! all was told, in the order in which they came. A list can be cut in halves down to the item that
//! fails (see `list`), which is then asked for by itself. When the list is told to its end, the
//! changes are begun anew behind that item, or ten minutes before the list was begun; should they
//! fail once more, there is another list. Mails are told twice on the way, but none is left out.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU8, Ordering},
};

use super::{
    GraphClient,
    fault::{Fault, may_be_a_mails_fault},
    heads::listed,
    list::Row,
    malformed,
    places::well_known,
    state::{Mark, State, time},
    wire,
};
use jiff::Timestamp;

use crate::{
    clients::{
        ApiError,
        mailbox::{ChangesFault, Head, News},
    },
    clock,
    model::mail::Folder,
};

/// Mails of a page, at most: their headers can be long.
const PAGE: usize = 50;
/// Failures of a page after which a mail may be to blame.
const STRIKES: u8 = 3;
/// Mails with which a folder's changes are begun, at most. Source: "message: delta": where there is
/// a filter, up to 5,000 are told; some more may come meanwhile.
const TOLD_MAX: u64 = 4_000;
/// How much Graph's clock may be behind ours, and how long a mail may take to show, in seconds.
const OVERLAP: i64 = 600;

/// How often each folder's page has failed.
#[derive(Default)]
pub(super) struct Strikes([AtomicU8; 2]);

impl Strikes {
    fn of(&self, folder: Folder) -> &AtomicU8 {
        &self.0[usize::from(folder == Folder::Inbox)]
    }
}

type Told = Vec<(String, Head)>;

/// A page of changes, and where they go on.
struct Delta {
    rows: Vec<wire::Changed>,
    link: String,
    done: bool,
}

impl GraphClient {
    /// The state of both folders now, from which [`GraphClient::news`] can be asked later.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn state(&self) -> Result<String, ApiError> {
        let from = clock::now().as_second() - OVERLAP;
        let mut marks = Vec::with_capacity(2);
        for folder in [Folder::Sent, Folder::Inbox] {
            marks.push(self.begun(folder, from).await?);
        }
        let inbox = marks.pop().unwrap_or(Mark::Begin { t: from });
        let sent = marks.pop().unwrap_or(Mark::Begin { t: from });
        Ok(State::new(sent, inbox).text())
    }

    /// The same so that mails are told that come into the inbox later: Graph leaves out of a folder's
    /// changes what was received before their beginning, whenever it came into the folder. So the
    /// inbox's changes begin at `since`, or as late as its mails are few enough for them. What is
    /// there already is told once more.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn state_since(&self, since: Timestamp) -> Result<String, ApiError> {
        let now = clock::now().as_second() - OVERLAP;
        let mut from = since.as_second().min(now);
        while from < now && self.count(Folder::Inbox, from).await?.is_none_or(|n| n > TOLD_MAX) {
            // Less than an hour is not worth another question.
            let left = (now - from) / 2;
            from = if left < 3_600 { now } else { now - left };
        }
        Ok(State::new(Mark::Begin { t: now }, Mark::Begin { t: from }).text())
    }

    /// The changes from now on; from some minutes ago, if what came since cannot be passed over.
    async fn begun(&self, folder: Folder, from: i64) -> Result<Mark, ApiError> {
        let mut mark = Mark::Begin { t: from };
        loop {
            match self.delta(folder, &mark, PAGE).await {
                Ok(Delta { link: u, done, .. }) => {
                    mark = Mark::Link { u, t: from };
                    if done {
                        return Ok(mark);
                    }
                }
                Err(fault) if may_be_a_mails_fault(&fault.error) => {
                    let error = fault.error;
                    self.probe(well_known(folder)).await.map_err(|_| error)?;
                    return Ok(Mark::Begin { t: from });
                }
                Err(fault) => return Err(fault.error),
            }
        }
    }

    /// What came and changed since a state, at most `max` mails, with their heads.
    ///
    /// # Errors
    /// [`ChangesFault::Forgotten`] for a state that Graph does not know any more.
    pub async fn news(&self, since: &str, max: usize) -> Result<News, ChangesFault> {
        let mut state = State::parse(since).ok_or(ChangesFault::Forgotten)?;
        let (folder, mark) = (state.next, state.mark().clone());
        let max = max.clamp(1, PAGE);
        let (mails, mark, done) = match mark {
            Mark::List { t, k, w, g } => self.read_list(folder, (t, k, w, g), max).await?,
            mark => self.read_delta(folder, mark, max).await?,
        };
        let more = state.moved(mark, done);
        Ok(News { state: state.text(), more, mails })
    }

    async fn read_delta(
        &self,
        folder: Folder,
        mark: Mark,
        max: usize,
    ) -> Result<(Told, Mark, bool), ChangesFault> {
        let now = clock::now().as_second();
        let strikes = self.shared.strikes.of(folder);
        let Delta { rows, link, done } = match self.delta(folder, &mark, max).await {
            Ok(delta) => delta,
            Err(fault) if fault.is_forgotten() => return Err(ChangesFault::Forgotten),
            Err(fault) if may_be_a_mails_fault(&fault.error) => {
                if strikes.fetch_add(1, Ordering::Relaxed) + 1 < STRIKES {
                    return Err(fault.error.into());
                }
                strikes.store(0, Ordering::Relaxed);
                self.probe(well_known(folder)).await?;
                let cause = fault.error.to_string();
                tracing::warn!(
                    cause,
                    "a page of changes fails again and again; its mails are listed"
                );
                let t = mark.told();
                return Ok((Vec::new(), Mark::List { t, k: 0, w: now, g: 0 }, false));
            }
            Err(fault) => return Err(fault.error.into()),
        };
        let mails = self.heads_of(folder, rows).await?;
        strikes.store(0, Ordering::Relaxed);
        let same = matches!(&mark, Mark::Link { u, .. } if *u == link);
        let t = if same || !done { mark.told() } else { now - OVERLAP };
        Ok((mails, Mark::Link { u: link, t }, done))
    }

    /// The next page of the changes.
    async fn delta(&self, folder: Folder, mark: &Mark, max: usize) -> Result<Delta, Fault> {
        let url = match mark {
            Mark::Link { u, .. } => self.lengthened(u)?,
            mark => {
                let folder = well_known(folder);
                let mut url = self.at(&["mailFolders", folder, "messages", "delta"]);
                let since = format!("receivedDateTime ge {}", time(mark.told()));
                url.query_pairs_mut()
                    .append_pair("$select", wire::HEAD)
                    .append_pair("$filter", &since);
                url
            }
        };
        let size = format!("odata.maxpagesize={max}");
        let page: wire::Page<wire::Changed> = self.read(url, Some(&size)).await?;
        let done = page.next.is_none();
        let link = page.next.or(page.delta).ok_or_else(|| malformed("changes without a link"))?;
        let link = self.shortened(&link).ok_or_else(|| malformed("a link that leads elsewhere"))?;
        Ok(Delta { rows: page.value, link: link.to_owned(), done })
    }

    /// The mails of a page, each once. A change can be told by some of its properties only, and a
    /// mail can be unlike the interface: those are asked for by themselves.
    async fn heads_of(&self, folder: Folder, rows: Vec<wire::Changed>) -> Result<Told, ApiError> {
        let last: HashMap<String, usize> =
            rows.iter().enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
        let mut mails = Vec::with_capacity(rows.len());
        for (at, row) in rows.into_iter().enumerate() {
            if row.removed.is_some() || last.get(&row.id) != Some(&at) {
                continue;
            }
            let head = match listed(folder, row.rest, &row.id) {
                Some(head) => head,
                None => self.head_of(&row.id).await?,
            };
            mails.push((row.id, head));
        }
        Ok(mails)
    }

    async fn read_list(
        &self,
        folder: Folder,
        (t, k, w, g): (i64, usize, i64, i64),
        max: usize,
    ) -> Result<(Told, Mark, bool), ApiError> {
        let window = self.window(folder, Some(time(t)), k, max, wire::HEAD).await?;
        let seen = window.rows.len();
        let last = window.rows.last().and_then(Row::received).map_or(t, jiff::Timestamp::as_second);
        let (mut mails, mut worst) = (Vec::with_capacity(seen), g);
        for row in window.rows {
            let (id, head) = match row {
                Row::Listed(row) => (row.id.clone(), listed(folder, row.rest, &row.id)),
                Row::Alone { id, received } => {
                    worst = worst.max(received.map_or(0, |at| at.as_second() + 1));
                    (id, None)
                }
                Row::Nameless => continue,
            };
            let head = match head {
                Some(head) => head,
                None => self.head_of(&id).await?,
            };
            mails.push((id, head));
        }
        let mark = if window.ended {
            Mark::Begin { t: worst.max(w - OVERLAP) }
        } else if last > t {
            // By time: who files mails away meanwhile moves the others up, past a position.
            Mark::List { t: last, k: 0, w, g: worst }
        } else {
            Mark::List { t, k: k + seen, w, g: worst }
        };
        // The changes, begun anew, belong to this round.
        Ok((mails, mark, false))
    }
}
