//! Mails' heads, each judged alone. A mail that Graph cannot give, or gives unlike the interface,
//! is told as [`Head::Unreadable`]: but only after the mailbox itself answered a simple question, so
//! that an outage never passes for a broken mail.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};

use super::{GraphClient, fault::may_be_a_mails_fault, places::Places, wire};
use crate::{
    clients::{ApiError, mailbox::Head, names::folded},
    model::{
        automatic,
        mail::{Address, Email, Folder, Importance, Mail, MessageId, answers},
    },
};

/// Characters of a subject or a name, at most.
const TEXT_MAX: usize = 1_000;
/// Recipients that are kept, at most.
const RECIPIENTS_MAX: usize = 500;
/// Heads that one call asks for at once.
const AT_ONCE: usize = 4;

impl GraphClient {
    /// The heads of these mails, in this order.
    ///
    /// # Errors
    /// What concerns the mailbox rather than one of the mails; never [`ApiError::Ambiguous`].
    pub async fn heads(&self, ids: &[String]) -> Result<Vec<Head>, ApiError> {
        let asked: Vec<_> = ids.iter().map(|id| self.head_of(id)).collect();
        stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }

    /// The head of one mail.
    pub(super) async fn head_of(&self, id: &str) -> Result<Head, ApiError> {
        let places = self.places().await?;
        let reason = match self.once(&places, id).await {
            Err(error) if may_be_a_mails_fault(&error) => {
                // If that fails too, the mail is not to blame.
                self.probe("inbox").await?;
                match self.once(&places, id).await {
                    Err(error) if may_be_a_mails_fault(&error) => error.to_string(),
                    outcome => return outcome,
                }
            }
            outcome => return outcome,
        };
        match self.place_of(id).await {
            Ok(place) => Ok(misfit(&places, place, reason)),
            Err(ApiError::NotFound { .. }) => Ok(Head::Gone),
            Err(error) if may_be_a_mails_fault(&error) => Ok(Head::Unreadable {
                remote: id.to_owned(),
                raw_blob: None,
                received: None,
                reason,
            }),
            Err(error) => Err(error),
        }
    }

    async fn once(&self, places: &Places, id: &str) -> Result<Head, ApiError> {
        let mut url = self.at(&["messages", id]);
        url.query_pairs_mut().append_pair("$select", wire::HEAD);
        match self.read::<wire::Head>(url, None).await {
            Ok(head) => Ok(placed(places, head)),
            Err(fault) => match fault.error {
                ApiError::NotFound { .. } => Ok(Head::Gone),
                error => Err(error),
            },
        }
    }

    /// Where a mail lies, and nothing that its writer decided.
    pub(super) async fn place_of(&self, id: &str) -> Result<wire::Place, ApiError> {
        let mut url = self.at(&["messages", id]);
        url.query_pairs_mut().append_pair("$select", "id,isDraft,parentFolderId,receivedDateTime");
        Ok(self.read(url, None).await?)
    }
}

/// A head by where the mail lies.
pub(super) fn placed(places: &Places, head: wire::Head) -> Head {
    let folder = places.folder_of(head.parent_folder_id.as_deref());
    match folder.filter(|_| !head.is_draft) {
        Some(folder) => Head::Mail(Box::new(mail(folder, head))),
        None => Head::Elsewhere(Some(Box::new(mail(Folder::Inbox, head)))),
    }
}

/// A head out of a folder's list or changes. `None` if only a part of it was told.
pub(super) fn listed(folder: Folder, rest: Map<String, Value>, id: &str) -> Option<Head> {
    let whole = rest.contains_key("receivedDateTime") && rest.contains_key("parentFolderId");
    let mut item = rest;
    item.insert("id".to_owned(), id.into());
    let head: wire::Head = serde_json::from_value(item.into()).ok().filter(|_| whole)?;
    Some(if head.is_draft {
        Head::Elsewhere(Some(Box::new(mail(folder, head))))
    } else {
        Head::Mail(Box::new(mail(folder, head)))
    })
}

fn misfit(places: &Places, place: wire::Place, reason: String) -> Head {
    if place.is_draft || places.folder_of(place.parent_folder_id.as_deref()).is_none() {
        return Head::Elsewhere(None);
    }
    let received = place.received_date_time;
    Head::Unreadable { raw_blob: Some(place.id.clone()), remote: place.id, received, reason }
}

pub(super) fn mail(folder: Folder, head: wire::Head) -> Mail {
    let headers = head.internet_message_headers.unwrap_or_default();
    let header = |name: &str| {
        let mut named = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.find_map(|header| header.value.as_deref())
    };
    let message_id = head.internet_message_id.as_deref().and_then(MessageId::parse);
    let lists = [head.to_recipients, head.cc_recipients, head.bcc_recipients];
    Mail {
        folder,
        conversation: head.conversation_id,
        answers: answers(&ids(header("In-Reply-To")), &ids(header("References"))),
        from: head.from.and_then(address).or_else(|| head.sender.and_then(address)),
        reply_to: head.reply_to.into_iter().flatten().find_map(address),
        recipients: lists
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(address)
            .take(RECIPIENTS_MAX)
            .collect(),
        subject: folded(&head.subject.unwrap_or_default(), TEXT_MAX),
        importance: Importance::from_headers(head.importance.as_deref(), None, None),
        received: head.received_date_time,
        automatic: automatic::sign(header, message_id.as_ref().map(MessageId::as_str)),
        remote: head.id,
        message_id,
    }
}

/// The ids in a header, which may be folded and may have comments between them.
fn ids(header: Option<&str>) -> Vec<MessageId> {
    let text = header.unwrap_or_default();
    if !text.contains('<') {
        return text.split_whitespace().filter_map(MessageId::parse).collect();
    }
    let opened = text.split('<').skip(1);
    opened.filter_map(|rest| MessageId::parse(rest.split_once('>')?.0)).collect()
}

fn address(recipient: wire::Recipient) -> Option<Address> {
    let wire::EmailAddress { name, address } = recipient.email_address?;
    let email = Email::parse(&address?)?;
    let name = name.map(|name| folded(&name, TEXT_MAX)).filter(|name| !name.is_empty());
    Some(Address { name, email })
}
