//! What changed in the mailbox, with the mails' heads. A server that was set back to a backup is
//! found out here: it says "no changes" to a state of its lost future.

use super::{Changes, JmapClient};
use crate::clients::mailbox::{ChangesFault, News};

impl JmapClient {
    /// What came and changed since a state, at most `max` mails, with their heads.
    ///
    /// # Errors
    /// [`ChangesFault::Forgotten`] for a state that the server does not know, or is not at.
    pub async fn news(&self, since: &str, max: usize) -> Result<News, ChangesFault> {
        let mut doubted = false;
        loop {
            let changes = self.changes(since, max).await?;
            let quiet = changes.is_quiet() && !changes.more;
            // Something may just have come between the two questions.
            if quiet && (changes.state != since || self.state().await? != since) {
                if std::mem::replace(&mut doubted, true) {
                    tracing::warn!("the mail server was set back");
                    return Err(ChangesFault::Forgotten);
                }
                continue;
            }
            let Changes { state, more, ids, .. } = changes;
            let heads = self.heads(&ids).await?;
            return Ok(News { state, more, mails: ids.into_iter().zip(heads).collect() });
        }
    }
}
