//! Mails of ours, first as drafts: a draft has its Message-ID before it is sent, so that after a
//! crash it is found again instead of written twice.

use serde_json::{Map, Value, json};

use super::{
    JmapClient,
    call::{Kind, TAGS, decoded},
    malformed, wire,
};
use crate::{
    clients::{
        ApiError,
        mailbox::{Draft, DraftFault, Found, InlineImage},
        names::folded,
    },
    model::mail::{Address, MessageId},
};

/// The name under which the one new mail is told.
const NEW: &str = "new";
/// Mails with one Message-ID that are looked at.
const HITS: usize = 20;
/// Characters of a header's text, at most.
const HEADER_MAX: usize = 1_000;

impl JmapClient {
    /// Writes a draft and says under which id.
    ///
    /// # Errors
    /// As [`MailboxClient::draft`](crate::clients::MailboxClient::draft).
    pub async fn draft(&self, draft: &Draft) -> Result<String, DraftFault> {
        let folders = self.folders().await?;
        let images = self.uploaded(draft).await?;
        let asked = json!({"create": {NEW: mail(draft, images, &folders.drafts)}});
        let done = self.call::<wire::SetDone>(Kind::Write, "Email/set", asked).await;
        Ok(created(done.map_err(ApiError::from)?)?)
    }

    /// The images as parts of a mail, but for those that it goes without.
    async fn uploaded(&self, draft: &Draft) -> Result<Vec<Value>, DraftFault> {
        let mut parts = Vec::with_capacity(draft.inline.len());
        for image in &draft.inline {
            let uploaded = async {
                let bytes = (image.open)().await?;
                self.upload_stream(bytes, &image.media_type).await
            };
            match uploaded.await {
                Ok(blob) => parts.push(part(image, &blob)),
                Err(error) => DraftFault::of_image(error, draft.without_broken)?,
            }
        }
        Ok(parts)
    }

    /// The mail with this Message-ID, one that is no draft any more before one that is.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn find_by_message_id(
        &self,
        message_id: &MessageId,
    ) -> Result<Option<Found>, ApiError> {
        let folders = self.folders().await?;
        let filter = json!({"header": ["Message-ID", message_id.as_str()]});
        let query = json!({"filter": filter, "limit": HITS});
        let get = json!({
            "#ids": {"resultOf": TAGS[0], "name": "Email/query", "path": "/ids"},
            "properties": ["id", "messageId", "mailboxIds", "keywords"],
        });
        let calls = [("Email/query", query), ("Email/get", get)];
        let mut answers = self.calls(Kind::Read, &calls).await?;
        let got: wire::Got = decoded(Kind::Read, "Email/get", answers.pop())?;
        // The filter finds what contains the words: only the whole id counts.
        let exact = got.list.into_iter().filter_map(|item| {
            let ids = item.get("messageId")?.as_array()?;
            let same = ids.iter().any(|id| id.as_str() == Some(message_id.as_str()));
            let id = item.get("id")?.as_str()?.to_owned();
            let place: wire::Place = serde_json::from_value(item).ok()?;
            same.then(|| Found { id, draft: folders.is_draft(&place) })
        });
        Ok(exact.min_by_key(|found| found.draft))
    }

    /// Removes a mail for good; that it is gone already is fine.
    ///
    /// # Errors
    /// [`ApiError::Ambiguous`] if it may have happened; it can be repeated.
    pub async fn destroy(&self, email_id: &str) -> Result<(), ApiError> {
        let asked = json!({"destroy": [email_id]});
        let done: wire::SetDone = self.call(Kind::Write, "Email/set", asked).await?;
        if done.destroyed.unwrap_or_default().iter().any(|id| id == email_id) {
            return Ok(());
        }
        match done.not_destroyed.unwrap_or_default().remove(email_id) {
            Some(error) if error.kind == "notFound" => Ok(()),
            Some(error) => Err(error.into()),
            None => Err(unsaid()),
        }
    }
}

/// The id of the one thing that was to be created.
pub(super) fn created(done: wire::SetDone) -> Result<String, ApiError> {
    if let Some(error) = done.not_created.unwrap_or_default().remove(NEW) {
        return Err(error.into());
    }
    let made = done.created.unwrap_or_default();
    let id = made.get(NEW).and_then(|made| made.get("id")?.as_str());
    id.map(str::to_owned).ok_or_else(unsaid)
}

fn unsaid() -> ApiError {
    malformed("neither done nor refused").after_write()
}

fn mail(draft: &Draft, images: Vec<Value>, drafts: &str) -> Value {
    let mut mail = Map::new();
    let mut set = |name: &str, value: Value| mail.insert(name.to_owned(), value);
    set("mailboxIds", json!({drafts: true}));
    set("keywords", json!({"$draft": true, "$seen": true}));
    set("messageId", json!([draft.message_id.as_str()]));
    set("from", addresses(std::slice::from_ref(&draft.from)));
    set("to", addresses(&draft.to));
    set("subject", json!(folded(&draft.subject, HEADER_MAX)));
    for (name, ids) in
        [("inReplyTo", draft.in_reply_to.as_slice()), ("references", &draft.references)]
    {
        let ids: Vec<_> = ids.iter().map(MessageId::as_str).filter(|id| is_plain(id)).collect();
        if !ids.is_empty() {
            set(name, json!(ids));
        }
    }
    for (name, value) in &draft.headers {
        set(&format!("header:{name}:asText"), json!(folded(value, HEADER_MAX)));
    }
    let mut values = json!({"text": {"value": without_nul(&draft.text)}});
    if let Some(html) = &draft.html {
        values["html"] = json!({"value": without_nul(html)});
    }
    set("bodyValues", values);
    // The server builds the alternatives, and puts the images beside the HTML (RFC 8621, 4.1.4).
    set("textBody", json!([{"type": "text/plain", "partId": "text"}]));
    if draft.html.is_some() {
        set("htmlBody", json!([{"type": "text/html", "partId": "html"}]));
    }
    if !images.is_empty() {
        set("attachments", Value::Array(images));
    }
    Value::Object(mail)
}

fn part(image: &InlineImage, blob: &str) -> Value {
    json!({
        "type": image.media_type,
        "blobId": blob,
        "name": folded(&image.name, HEADER_MAX),
        "cid": image.content_id,
        "disposition": "inline",
    })
}

fn addresses(list: &[Address]) -> Value {
    let one = |address: &Address| {
        let name = address.name.as_ref().map(|name| folded(name, HEADER_MAX));
        json!({"name": name, "email": address.email.as_str()})
    };
    list.iter().map(one).collect()
}

/// Whether a server takes an id that a stranger chose. For the sake of the thread alone no mail
/// shall fail.
fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
}

/// Servers refuse a whole request in which a NUL stands.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}
