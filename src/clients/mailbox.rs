//! A mailbox, whatever protocol it speaks: what ticketd asks of it, in the words of all of them.
//! Each call fails as the protocol's own client says; a call that may have changed something and
//! gave no clear answer fails as [`ApiError::Ambiguous`].

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use jiff::Timestamp;

use super::{ApiError, Download, GraphClient, JmapClient, SignInFault};
use crate::{
    health::Part,
    model::mail::{Address, Content, Email, Folder, Mail, MessageId},
};

/// One mailbox. Clones share the connections and what the server said about itself.
#[derive(Clone)]
pub enum MailboxClient {
    /// Behind JMAP.
    Jmap(JmapClient),
    /// Behind Microsoft Graph.
    Graph(GraphClient),
}

/// What there is under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// A mail in the inbox or among the sent.
    Mail(Box<Mail>),
    /// A draft, or a mail in another folder; with its head where that can be read.
    Elsewhere(Option<Box<Mail>>),
    /// Nothing any more.
    Gone,
    /// A mail that cannot be read.
    Unreadable {
        /// The mailbox's own id.
        remote: String,
        /// The blob of the whole mail, where the server gives at least that.
        raw_blob: Option<String>,
        /// When the mailbox got it, where the server says so.
        received: Option<Timestamp>,
        /// What was wrong; nothing of the mail is in it.
        reason: String,
    },
}

/// What happened in a mailbox since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The state to ask from next time, once these mails are recorded.
    pub state: String,
    /// Whether there is more to ask for at once.
    pub more: bool,
    /// The mails that came or changed, each once, under the mailbox's own ids. A mail can be told
    /// although nothing of it changed that ticketd looks at, or although it is gone by now.
    pub mails: Vec<(String, Head)>,
}

/// Why the changes cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangesFault {
    /// The server has forgotten that state, or never knew it: compare the whole mailbox.
    #[error("the mailbox does not know the state any more; list it anew")]
    Forgotten,
    /// Any other failure.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A mail with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// It is there.
    Here(Box<Mail>, Content),
    /// It was deleted.
    Gone,
    /// The server does not show it; now and then a broken answer looks the same.
    Unreadable {
        /// What was wrong; nothing of the mail is in it.
        reason: String,
    },
}

/// A mail to be written.
#[derive(Clone)]
pub struct Draft {
    /// Its Message-ID, ours to choose.
    pub message_id: MessageId,
    /// The mailbox.
    pub from: Address,
    /// Whom it goes to.
    pub to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// The mail that it answers.
    pub in_reply_to: Option<MessageId>,
    /// The conversation, the oldest first.
    pub references: Vec<MessageId>,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Images that the HTML shows.
    pub inline: Vec<InlineImage>,
    /// Whether an image that does not come across is left out, rather than tried again.
    pub without_broken: bool,
    /// More headers, such as `Auto-Submitted`.
    pub headers: Vec<(&'static str, String)>,
}

/// No address and no text of a mail belongs in a log.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("inline", &self.inline.len()).finish_non_exhaustive()
    }
}

/// Why a draft was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftFault {
    /// An image did not come across, and another try may bring it. Nothing is under way.
    #[error("an image of the mail does not come across: {0}")]
    Image(ApiError),
    /// Any other failure.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl DraftFault {
    /// What became of an image: `Ok` if the mail goes on without it.
    ///
    /// # Errors
    /// [`DraftFault::Image`] if another try may bring it; what else stopped it otherwise.
    pub(super) fn of_image(error: ApiError, without_broken: bool) -> Result<(), Self> {
        let comes_later = match &error {
            ApiError::Unavailable { .. } | ApiError::Ambiguous { .. } => !without_broken,
            error if error.is_of_one_thing() => false,
            _ => return Err(Self::Api(error)),
        };
        if comes_later {
            return Err(Self::Image(error));
        }
        tracing::warn!(%error, "an image of a mail is left out");
        Ok(())
    }
}

/// An image inside a mail's HTML.
#[derive(Clone)]
pub struct InlineImage {
    /// The media type.
    pub media_type: String,
    /// The file's name.
    pub name: String,
    /// By which the HTML refers to it, as `cid:…`.
    pub content_id: String,
    /// Bytes.
    pub size: u64,
    /// Its bytes, from wherever they lie.
    pub open: Open,
}

/// Gives the bytes of a file, each time from the start.
pub type Open = Arc<dyn Fn() -> BoxFuture<'static, Result<Flow, ApiError>> + Send + Sync>;

/// Bytes as they come.
pub type Flow = BoxStream<'static, Result<Bytes, ApiError>>;

/// A mail of ours that was found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The mailbox's own id.
    pub id: String,
    /// Whether it is a draft still.
    pub draft: bool,
}

impl MailboxClient {
    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        match self {
            Self::Jmap(jmap) => jmap.part(),
            Self::Graph(graph) => graph.part(),
        }
    }

    /// Why nothing is asked any more, if a person must mend the sign-in first.
    #[must_use]
    pub fn sign_in_needed(&self) -> Option<SignInFault> {
        match self {
            Self::Jmap(_) => None,
            Self::Graph(graph) => graph.sign_in_needed(),
        }
    }

    /// What the server forbade last and has not allowed since: the permissions that are missing,
    /// none if it is the mailbox that is closed.
    #[must_use]
    pub fn forbidden(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::Jmap(_) => None,
            Self::Graph(graph) => graph.forbidden(),
        }
    }

    /// The state of all mails now, from which [`MailboxClient::news`] can be asked later.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn state(&self) -> Result<String, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.state().await,
            Self::Graph(graph) => graph.state().await,
        }
    }

    /// The state of all mails now, after which also mails are told that come into the inbox later
    /// though the mailbox got them before, at `since` or after it: out of the junk folder. Mails
    /// that are there already can be told once more.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn state_since(&self, since: Timestamp) -> Result<String, ApiError> {
        match self {
            // Whatever comes into a folder is a change.
            Self::Jmap(jmap) => jmap.state().await,
            Self::Graph(graph) => graph.state_since(since).await,
        }
    }

    /// What came and changed since a state, at most `max` mails.
    ///
    /// # Errors
    /// [`ChangesFault::Forgotten`] for a state that the server does not know.
    pub async fn news(&self, since: &str, max: usize) -> Result<News, ChangesFault> {
        match self {
            Self::Jmap(jmap) => jmap.news(since, max).await,
            Self::Graph(graph) => graph.news(since, max).await,
        }
    }

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
        match self {
            Self::Jmap(jmap) => jmap.query(folder, after, from, limit).await,
            Self::Graph(graph) => graph.query(folder, after, from, limit).await,
        }
    }

    /// The heads of these mails, in this order.
    ///
    /// # Errors
    /// What concerns the server rather than one of the mails; never [`ApiError::Ambiguous`].
    pub async fn heads(&self, ids: &[String]) -> Result<Vec<Head>, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.heads(ids).await,
            Self::Graph(graph) => graph.heads(ids).await,
        }
    }

    /// A mail with its text, wherever in the mailbox it lies by now.
    ///
    /// # Errors
    /// Any outage of the mailbox.
    pub async fn whole(&self, remote: &str) -> Result<Whole, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.whole(remote).await,
            Self::Graph(graph) => graph.whole(remote).await,
        }
    }

    /// A blob's bytes as they come; the name and the media type are what the mail calls it.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if the server has it no more; never [`ApiError::Ambiguous`].
    pub async fn download(
        &self,
        blob: &str,
        name: &str,
        media_type: &str,
    ) -> Result<Download, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.download(blob, name, media_type).await,
            Self::Graph(graph) => graph.download(blob).await,
        }
    }

    /// The same with how many bytes come; `size` is what the mail says of it.
    ///
    /// # Errors
    /// As [`MailboxClient::download`].
    pub async fn measured(
        &self,
        blob: &str,
        name: &str,
        media_type: &str,
        size: u64,
    ) -> Result<(Download, u64), ApiError> {
        match self {
            Self::Jmap(jmap) => Ok((jmap.download(blob, name, media_type).await?, size)),
            Self::Graph(graph) => graph.measured(blob).await,
        }
    }

    /// A whole mail as it came, of a long one the first `max` bytes.
    ///
    /// # Errors
    /// As [`MailboxClient::download`].
    pub async fn raw(&self, blob: &str, max: usize) -> Result<Bytes, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.raw(blob, max).await,
            Self::Graph(graph) => graph.raw(blob, max).await,
        }
    }

    /// Writes a draft and says under which id. An image that cannot be had is left out: the words
    /// are worth more.
    ///
    /// # Errors
    /// [`DraftFault::Image`] for an image that may come across another time, unless the draft does
    /// without; [`ApiError::Ambiguous`] if it may have been written: look with
    /// [`MailboxClient::find_by_message_id`].
    pub async fn draft(&self, draft: &Draft) -> Result<String, DraftFault> {
        match self {
            Self::Jmap(jmap) => jmap.draft(draft).await,
            Self::Graph(graph) => graph.draft(draft).await,
        }
    }

    /// Our mail with this Message-ID, one that is no draft any more before one that is. Only a
    /// draft that is all written counts.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn find_by_message_id(
        &self,
        message_id: &MessageId,
    ) -> Result<Option<Found>, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.find_by_message_id(message_id).await,
            Self::Graph(graph) => graph.find_by_message_id(message_id).await,
        }
    }

    /// Hands a draft over for delivery; the server then files it among the sent mails.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with the server's words if it will not; [`ApiError::Ambiguous`] if it
    /// may have: ask [`MailboxClient::was_sent`].
    pub async fn send(&self, id: &str, from: &Email, to: &[Email]) -> Result<(), ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.send(id, from, to).await,
            Self::Graph(graph) => graph.send(id).await,
        }
    }

    /// Whether a mail has been handed over for delivery.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn was_sent(&self, id: &str) -> Result<bool, ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.was_sent(id).await,
            Self::Graph(graph) => graph.was_sent(id).await,
        }
    }

    /// Removes a mail for good; that it is gone already is fine.
    ///
    /// # Errors
    /// [`ApiError::Ambiguous`] if it may have happened; it can be repeated.
    pub async fn destroy(&self, id: &str) -> Result<(), ApiError> {
        match self {
            Self::Jmap(jmap) => jmap.destroy(id).await,
            Self::Graph(graph) => graph.destroy(id).await,
        }
    }
}
