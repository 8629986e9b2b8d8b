//! Looks through the last days of a mailbox for mails that the register does not know, and takes
//! them in: what a streamer missed for whatever reason is found here.

use jiff::SignedDuration;

use super::round::{self, RoundFault};
use crate::{
    actors::{
        desk::{Arrival, Desk, Recorded},
        mailboxes::Mailbox,
    },
    clients::Head,
    clock,
    model::{keys::MailKey, mail::Folder},
};

/// Mails that one question asks for.
const PAGE: usize = 50;

/// What a sweep found so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::actors) struct Swept {
    /// Mails looked at.
    pub(in crate::actors) seen: usize,
    /// Mails without a row in the register.
    pub(in crate::actors) missing: usize,
    /// What became of those, unless it was a dry run.
    pub(in crate::actors) recorded: Recorded,
}

/// Sweeps; `tell` hears of the progress.
///
/// # Errors
/// A sentence for the operator; what was recorded until then stays.
pub(in crate::actors) async fn sweep(
    mailbox: &Mailbox,
    desk: &Desk,
    days: u32,
    dry_run: bool,
    mut tell: impl FnMut(Swept),
) -> anyhow::Result<Swept> {
    let since = clock::now() - SignedDuration::from_hours(24 * i64::from(days));
    let mut swept = Swept::default();
    for ids in round::listed(mailbox, Folder::Inbox, since).await?.chunks(PAGE) {
        swept.seen += ids.len();
        let missing = missing(mailbox, desk, ids).await?;
        swept.missing += missing.len();
        if !dry_run {
            swept.recorded += round::take(mailbox, desk, &missing, since).await?;
        }
        tell(swept);
    }
    Ok(swept)
}

/// Reads one mail anew. Nothing is recorded if it still cannot be read, or has gone.
///
/// # Errors
/// A sentence for the operator.
pub(in crate::actors) async fn reread(
    mailbox: &Mailbox,
    desk: &Desk,
    remote: String,
) -> anyhow::Result<Recorded> {
    let ids = [remote];
    let Some(head) = mailbox.source.heads(&ids).await?.pop() else {
        return Ok(Recorded::default());
    };
    let [remote] = ids;
    Ok(match round::arrival(mailbox, &remote, head).await? {
        Some(arrival @ Arrival::Mail(_)) => {
            desk.arrived(mailbox.name.clone(), vec![arrival]).await?
        }
        Some(Arrival::Unreadable { .. }) | None => Recorded::default(),
    })
}

async fn missing(
    mailbox: &Mailbox,
    desk: &Desk,
    ids: &[String],
) -> Result<Vec<String>, RoundFault> {
    let mut missing = Vec::new();
    for (id, head) in ids.iter().zip(mailbox.source.heads(ids).await?) {
        let identity = match head {
            Head::Mail(mail) => mail.identity(),
            Head::Unreadable { .. } => format!("{id}\0unreadable"),
            Head::Elsewhere(_) | Head::Gone => continue,
        };
        let key = MailKey::of(&mailbox.name, &identity);
        if desk.mail(key).await?.is_none() {
            missing.push(id.clone());
        }
    }
    Ok(missing)
}
