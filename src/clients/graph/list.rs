//! A folder's mails by position, the oldest first. One corrupt item makes the whole page fail in
//! which it stands: a page that fails while the folder itself answers is cut in halves, down to the
//! item, of which at least the id can then be asked for.

use jiff::Timestamp;

use super::{GraphClient, fault::may_be_a_mails_fault, places::well_known, state::time, wire};
use crate::{clients::ApiError, model::mail::Folder};

/// Tries for a single item.
const TRIES: usize = 3;
const BARE: &str = "id,receivedDateTime";

/// One position of a list.
pub(super) enum Row {
    /// With what was asked for.
    Listed(wire::Changed),
    /// An item that makes its page fail.
    Alone { id: String, received: Option<Timestamp> },
    /// The same, and not even its id can be had.
    Nameless,
}

/// Some positions of a list.
pub(super) struct Window {
    pub(super) rows: Vec<Row>,
    /// Whether there are no more behind them.
    pub(super) ended: bool,
}

impl GraphClient {
    /// The ids of a folder's mails, the oldest first: from the `from`th on, at most `limit`, and
    /// only those received at or after a time.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn query(
        &self,
        folder: Folder,
        after: Option<Timestamp>,
        from: usize,
        limit: usize,
    ) -> Result<Vec<String>, ApiError> {
        let window = self.window(folder, after, from, limit, "id").await?;
        let ids = window.rows.into_iter().filter_map(|row| match row {
            Row::Listed(row) => Some(row.id),
            Row::Alone { id, .. } => Some(id),
            Row::Nameless => None,
        });
        Ok(ids.collect())
    }

    /// At most `count` positions, from the `from`th on.
    pub(super) async fn window(
        &self,
        folder: Folder,
        after: Option<Timestamp>,
        from: usize,
        count: usize,
        select: &str,
    ) -> Result<Window, ApiError> {
        let mut waiting = vec![(from, count)];
        let mut rows = Vec::with_capacity(count);
        while let Some((from, count)) = waiting.pop() {
            let error = match self.listed(folder, after, (from, count), select).await {
                Ok(page) => {
                    let (got, more) = (page.value.len(), page.next.is_some());
                    rows.extend(page.value.into_iter().map(Row::Listed));
                    if !more || got == 0 {
                        return Ok(Window { rows, ended: true });
                    }
                    if got < count {
                        waiting.push((from + got, count - got));
                    }
                    continue;
                }
                Err(error) if may_be_a_mails_fault(&error) => error,
                Err(error) => return Err(error),
            };
            // If that fails too, the mails are not to blame.
            self.probe(well_known(folder)).await.map_err(|_| error)?;
            if count > 1 {
                let half = count / 2;
                waiting.extend([(from + half, count - half), (from, half)]);
                continue;
            }
            match self.alone(folder, after, from).await? {
                Some(row) => rows.push(row),
                None => return Ok(Window { rows, ended: true }),
            }
        }
        Ok(Window { rows, ended: false })
    }

    /// The one at this position; `None` behind the last.
    async fn alone(
        &self,
        folder: Folder,
        after: Option<Timestamp>,
        at: usize,
    ) -> Result<Option<Row>, ApiError> {
        let mut outcome = self.listed(folder, after, (at, 1), BARE).await;
        for _ in 1..TRIES {
            match outcome {
                Err(error) if may_be_a_mails_fault(&error) => {}
                outcome => return outcome.map(bare),
            }
            outcome = self.listed(folder, after, (at, 1), BARE).await;
        }
        let error = match outcome {
            Err(error) if may_be_a_mails_fault(&error) => error,
            outcome => return outcome.map(bare),
        };
        // Its neighbours can be listed, or the list is to blame and no mail of it.
        let mut others = self.listed(folder, after, (at + 1, 1), BARE).await.is_ok();
        if let Some(before) = at.checked_sub(1) {
            others = others || self.listed(folder, after, (before, 1), BARE).await.is_ok();
        }
        if !others {
            return Err(error);
        }
        tracing::error!("a mail cannot even be listed; look for it in the mailbox");
        Ok(Some(Row::Nameless))
    }

    /// How many mails of a folder were received at or after a time; `None` if one of them makes the
    /// question fail.
    pub(super) async fn count(&self, folder: Folder, after: i64) -> Result<Option<u64>, ApiError> {
        let mut url = self.at(&["mailFolders", well_known(folder), "messages"]);
        url.query_pairs_mut()
            .append_pair("$select", "id")
            .append_pair("$filter", &format!("receivedDateTime ge {}", time(after)))
            .append_pair("$count", "true")
            .append_pair("$top", "1");
        for tried in 1.. {
            let outcome = self.read::<wire::Page<wire::Changed>>(url.clone(), None).await;
            match outcome.map_err(ApiError::from) {
                Ok(page) => return Ok(page.count),
                Err(error) if may_be_a_mails_fault(&error) && tried < TRIES => {}
                Err(error) if may_be_a_mails_fault(&error) => break,
                Err(error) => return Err(error),
            }
        }
        self.probe(well_known(folder)).await?;
        Ok(None)
    }

    async fn listed(
        &self,
        folder: Folder,
        after: Option<Timestamp>,
        (from, count): (usize, usize),
        select: &str,
    ) -> Result<wire::Page<wire::Changed>, ApiError> {
        let mut url = self.at(&["mailFolders", well_known(folder), "messages"]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("$select", select);
            if let Some(after) = after {
                let filter = format!("receivedDateTime ge {after:.0}");
                query.append_pair("$filter", &filter);
            }
            // What orders a list must stand first in its filter; here it is the only thing.
            query
                .append_pair("$orderby", "receivedDateTime asc")
                .append_pair("$top", &count.to_string())
                .append_pair("$skip", &from.to_string());
        }
        Ok(self.read(url, None).await?)
    }
}

/// The one mail of a page; `None` if it is behind the last.
fn bare(mut page: wire::Page<wire::Changed>) -> Option<Row> {
    page.value.pop().map(|row| {
        let received = received(&row);
        Row::Alone { id: row.id, received }
    })
}

fn received(row: &wire::Changed) -> Option<Timestamp> {
    row.rest.get("receivedDateTime")?.as_str()?.parse().ok()
}

impl Row {
    /// When the mailbox got it, where that is known.
    pub(super) fn received(&self) -> Option<Timestamp> {
        match self {
            Self::Listed(row) => received(row),
            Self::Alone { received, .. } => *received,
            Self::Nameless => None,
        }
    }
}
