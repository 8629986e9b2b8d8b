//! Mails' heads: many in one call, each judged alone. A mail that the server cannot give, or gives
//! unlike the interface, is found and told as [`Head::Unreadable`]; it never spoils the others.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{JmapClient, call::Kind, folders::Folders, wire};
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
const PLAIN: &[&str] = &[
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "receivedAt",
    "messageId",
    "inReplyTo",
    "references",
    "from",
    "sender",
    "replyTo",
    "to",
    "cc",
    "bcc",
    "subject",
];
const URGENCY: [&str; 3] = ["Importance", "X-Priority", "Priority"];

impl JmapClient {
    /// The heads of these mails, in this order.
    ///
    /// # Errors
    /// What concerns the server rather than one of the mails; never [`ApiError::Ambiguous`].
    pub async fn heads(&self, ids: &[String]) -> Result<Vec<Head>, ApiError> {
        let folders = self.folders().await?;
        let per_get = self.session().await?.per_get;
        let mut waiting: Vec<&[String]> = ids.chunks(per_get).rev().collect();
        let mut heads = Vec::with_capacity(ids.len());
        while let Some(some) = waiting.pop() {
            let error = match self.some_heads(&folders, some).await {
                Ok(read) => {
                    heads.extend(read);
                    continue;
                }
                Err(error) if may_be_a_mails_fault(&error) => error,
                Err(error) => return Err(error),
            };
            // The same question about no mail: if that fails too, the mails are not to blame.
            self.get(&[], &properties()).await.map_err(|_| error)?;
            if let [id] = some {
                heads.push(self.last_try(&folders, id).await?);
            } else {
                let (first, second) = some.split_at(some.len() / 2);
                waiting.extend([second, first]);
            }
        }
        Ok(heads)
    }

    async fn some_heads(&self, folders: &Folders, ids: &[String]) -> Result<Vec<Head>, ApiError> {
        let got = self.get(ids, &properties()).await?;
        let of = |item: &Value| item.get("id").and_then(Value::as_str).map(str::to_owned);
        let found: HashMap<String, Value> =
            got.list.into_iter().filter_map(|item| Some((of(&item)?, item))).collect();
        Ok(ids
            .iter()
            .map(|id| match found.get(id) {
                Some(item) => head(folders, id, item),
                None if got.not_found.contains(id) => Head::Gone,
                None => unreadable(id, None, "the server leaves it out"),
            })
            .collect())
    }

    /// For a mail that failed alone: it may have been chance, and where it is can matter more.
    async fn last_try(&self, folders: &Folders, id: &String) -> Result<Head, ApiError> {
        let ids = std::slice::from_ref(id);
        let reason = match self.some_heads(folders, ids).await {
            Ok(mut heads) => return Ok(heads.pop().unwrap_or(Head::Gone)),
            Err(error) if may_be_a_mails_fault(&error) => error.to_string(),
            Err(error) => return Err(error),
        };
        match self.get(ids, &["id", "blobId", "mailboxIds", "keywords", "receivedAt"]).await {
            Ok(got) if got.not_found.contains(id) => Ok(Head::Gone),
            Ok(got) => Ok(misfit(folders, id, got.list.first(), &reason)),
            Err(error) if may_be_a_mails_fault(&error) => Ok(unreadable(id, None, &reason)),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, ids: &[String], properties: &[&str]) -> Result<wire::Got, ApiError> {
        let asked = json!({"ids": ids, "properties": properties});
        Ok(self.call(Kind::Read, "Email/get", asked).await?)
    }
}

pub(super) fn properties() -> Vec<&'static str> {
    static HEADERS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let names = automatic::HEADERS.iter().chain(&URGENCY);
        names.map(|name| format!("header:{name}:asRaw")).collect()
    });
    PLAIN.iter().copied().chain(HEADERS.iter().map(String::as_str)).collect()
}

/// Outages and refusals of the credentials are no mail's fault, and a broken mail can look like
/// anything else.
fn may_be_a_mails_fault(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Unavailable { .. } | ApiError::Malformed { .. } | ApiError::Rejected { .. }
    )
}

pub(super) fn head(folders: &Folders, id: &str, item: &Value) -> Head {
    let Ok(read) = serde_json::from_value::<wire::Head>(item.clone()) else {
        return misfit(folders, id, Some(item), "JSON unlike the interface");
    };
    match folders.folder_of(&read.place) {
        Some(folder) => Head::Mail(Box::new(mail(folder, read))),
        None => Head::Elsewhere(Some(Box::new(mail(Folder::Inbox, read)))),
    }
}

/// A mail of which at least its place may be known.
fn misfit(folders: &Folders, id: &str, item: Option<&Value>, reason: &str) -> Head {
    let place = item.and_then(|item| serde_json::from_value::<wire::Place>(item.clone()).ok());
    match place {
        Some(place) if folders.folder_of(&place).is_none() => Head::Elsewhere(None),
        _ => unreadable(id, item, reason),
    }
}

fn unreadable(id: &str, item: Option<&Value>, reason: &str) -> Head {
    let text = |name: &str| item?.get(name)?.as_str();
    Head::Unreadable {
        remote: id.to_owned(),
        raw_blob: text("blobId").map(str::to_owned),
        received: text("receivedAt").and_then(|at| at.parse().ok()),
        reason: reason.to_owned(),
    }
}

fn mail(folder: Folder, head: wire::Head) -> Mail {
    let header = |name: &str| value(&head.headers, name);
    let message_id = ids(head.message_id).into_iter().next();
    let automatic = automatic::sign(header, message_id.as_ref().map(MessageId::as_str));
    let [importance, x_priority, priority] = URGENCY.map(header);
    let recipients = [head.to, head.cc, head.bcc].into_iter().flat_map(addresses);
    Mail {
        remote: head.id,
        folder,
        conversation: head.thread_id,
        answers: answers(&ids(head.in_reply_to), &ids(head.references)),
        from: addresses(head.from).chain(addresses(head.sender)).next(),
        reply_to: addresses(head.reply_to).next(),
        recipients: recipients.take(RECIPIENTS_MAX).collect(),
        subject: folded(&head.subject.unwrap_or_default(), TEXT_MAX),
        importance: Importance::from_headers(importance, x_priority, priority),
        received: head.received_at,
        automatic,
        message_id,
    }
}

/// A header's value by its name, in whatever case.
fn value<'h>(headers: &'h BTreeMap<String, Value>, wanted: &str) -> Option<&'h str> {
    let name = |key: &'h str| key.strip_prefix("header:")?.strip_suffix(":asRaw");
    let mut named = headers.iter().filter_map(|(key, value)| Some((name(key)?, value.as_str()?)));
    named.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn ids(texts: Option<Vec<String>>) -> Vec<MessageId> {
    texts.unwrap_or_default().iter().filter_map(|text| MessageId::parse(text)).collect()
}

/// What can be written to, of a list in which anything may stand.
fn addresses(list: Option<Vec<wire::Mailer>>) -> impl Iterator<Item = Address> {
    list.unwrap_or_default().into_iter().filter_map(|mailer| {
        let name = mailer.name.map(|name| folded(&name, TEXT_MAX));
        let email = Email::parse(&mailer.email?)?;
        Some(Address { name: name.filter(|name| !name.is_empty()), email })
    })
}
