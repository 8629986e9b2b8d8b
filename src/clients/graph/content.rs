//! A mail's text and what hangs on it, in one question. Of the text 256 KiB are read; of an answer
//! the part that is its own, without what it quotes. The bytes of the attachments stay with
//! Graph until they are asked for. A link to a file elsewhere has none: it is put under the text.
//!
//! A mail too long for one answer is asked for its plain text, and then for its first words.

use std::fmt::Write as _;

use serde_json::Value;
use url::Url;

use super::{
    GraphClient,
    blobs::blob,
    fault::{Fault, may_be_a_mails_fault},
    heads::placed,
    malformed, wire,
};
use crate::{
    clients::{
        ApiError,
        mailbox::{Head, Whole},
        names::{Names, as_mail_file},
    },
    model::mail::{Attachment, Content, Mail},
};

/// Bytes of a text that are read.
const TEXT_MAX: usize = 256 * 1024;
/// `contentId` belongs to files only, and must be called so: without it the question is refused.
const ATTACHMENTS: &str =
    "id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId";
/// `PidTagMessageSize`.
const SIZE: &str = "Integer 0x0E08";
const PLAIN: &str = "outlook.body-content-type=\"text\"";

/// How much of the text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Much {
    All,
    Plain,
    Preview,
}

impl Much {
    fn select(self) -> &'static str {
        match self {
            Self::All => "body,uniqueBody",
            Self::Plain => "uniqueBody",
            Self::Preview => "bodyPreview",
        }
    }

    fn less(self) -> Option<Self> {
        match self {
            Self::All => Some(Self::Plain),
            Self::Plain => Some(Self::Preview),
            Self::Preview => None,
        }
    }
}

impl GraphClient {
    /// A mail with its text, wherever in the mailbox it lies by now.
    ///
    /// # Errors
    /// Any outage of the mailbox; never [`ApiError::Ambiguous`].
    pub async fn whole(&self, remote: &str) -> Result<Whole, ApiError> {
        let error = match self.read_whole(remote).await {
            Ok(whole) => return Ok(whole),
            Err(ApiError::NotFound { .. }) => return Ok(Whole::Gone),
            Err(error) if may_be_a_mails_fault(&error) => error,
            Err(error) => return Err(error),
        };
        match self.head_of(remote).await? {
            Head::Gone => Ok(Whole::Gone),
            Head::Unreadable { reason, .. } => Ok(Whole::Unreadable { reason }),
            // It may have been chance: whoever asks again may get it.
            _ if matches!(error, ApiError::Unavailable { .. }) => Err(error),
            _ => Ok(Whole::Unreadable { reason: error.to_string() }),
        }
    }

    async fn read_whole(&self, remote: &str) -> Result<Whole, ApiError> {
        let (mut much, mut expand) = (Much::All, true);
        let item: Value = loop {
            match self.ask_whole(remote, much, expand).await {
                Ok(item) => break item,
                Err(fault) => match fault.error {
                    ApiError::Malformed { .. } if much.less().is_some() => {
                        much = much.less().unwrap_or(Much::Preview);
                    }
                    // Graph may not take the two questions in one.
                    ApiError::Rejected { status: 400, .. } if expand => expand = false,
                    error => return Err(error),
                },
            }
        };
        let unlike = |_| malformed("JSON unlike the interface");
        let head: wire::Head = serde_json::from_value(item.clone()).map_err(unlike)?;
        let mut whole: wire::Whole = serde_json::from_value(item).map_err(unlike)?;
        // Neither `hasAttachments` nor the text tells of a file that is inline and shown nowhere.
        if whole.attachments.is_none() || whole.more_attachments.is_some() {
            whole.attachments = Some(self.attachments(remote).await?);
        }
        let places = self.places().await?;
        let (Head::Mail(mail) | Head::Elsewhere(Some(mail))) = placed(&places, head) else {
            return Err(malformed("a mail without a head"));
        };
        let content = content(&mail, whole, much);
        Ok(Whole::Here(mail, content))
    }

    async fn ask_whole(&self, remote: &str, much: Much, expand: bool) -> Result<Value, Fault> {
        let mut url = self.at(&["messages", remote]);
        let select = format!("{},webLink,{}", wire::HEAD, much.select());
        url.query_pairs_mut().append_pair("$select", &select);
        if expand {
            let expand = format!(
                "attachments($select={ATTACHMENTS}),\
                 singleValueExtendedProperties($filter=id eq '{SIZE}')"
            );
            url.query_pairs_mut().append_pair("$expand", &expand);
        }
        self.read(url, (much == Much::Plain).then_some(PLAIN)).await
    }

    async fn attachments(&self, remote: &str) -> Result<Vec<wire::Attachment>, ApiError> {
        let mut url = self.at(&["messages", remote, "attachments"]);
        url.query_pairs_mut().append_pair("$select", ATTACHMENTS);
        let mut all = Vec::new();
        loop {
            let page: wire::Page<wire::Attachment> = self.read(url, None).await?;
            all.extend(page.value);
            let Some(next) = page.next else { return Ok(all) };
            let next = self.shortened(&next);
            let next = next.ok_or_else(|| malformed("a link that leads elsewhere"))?;
            url = self.lengthened(next)?;
        }
    }
}

fn content(mail: &Mail, whole: wire::Whole, much: Much) -> Content {
    let wire::Whole { body, unique_body, body_preview, web_link, attachments, .. } = whole;
    let mut sizes = whole.single_value_extended_properties.into_iter().flatten();
    let size = sizes.find_map(|one| one.value?.parse().ok()).unwrap_or_default();
    let mut cut = much == Much::Preview;
    let mut unquoted = false;
    let own = |body: &wire::Body| letters(body) > 0;
    let body = match (body, unique_body) {
        // What an answer quotes is known already.
        (body, Some(unique)) if !mail.answers.is_empty() && own(&unique) => {
            unquoted = body.is_some_and(|body| letters(&body) > letters(&unique));
            Some(unique)
        }
        (None, unique) => unique,
        (body, _) => body,
    };
    let is_html = body.as_ref().is_some_and(|body| body.content_type.eq_ignore_ascii_case("html"));
    let mut text = body.and_then(|body| body.content).or(body_preview).unwrap_or_default();
    if text.len() > TEXT_MAX {
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        cut = true;
    }
    let (attachments, links) = hanging(mail, attachments.unwrap_or_default(), web_link.as_deref());
    for (name, address) in links {
        // Writing to a String cannot fail.
        let _ = if is_html {
            let [name, address] = [name.as_str(), &address].map(escaped);
            write!(text, "<p><a href=\"{address}\">{name}</a></p>")
        } else {
            write!(text, "\n{name}: {address}\n")
        };
    }
    let (text, html) = if is_html { (None, Some(text)) } else { (Some(text), None) };
    Content { text, html, cut, unquoted, attachments, raw: mail.remote.clone(), size }
}

/// What can be downloaded, and of the rest the name with the address where it can be seen. Where a
/// file elsewhere lies, v1.0 does not say: its link leads to the mail.
fn hanging(
    mail: &Mail,
    parts: Vec<wire::Attachment>,
    web_link: Option<&str>,
) -> (Vec<Attachment>, Vec<(String, String)>) {
    let mut names = Names::default();
    let (mut attachments, mut links) = (Vec::with_capacity(parts.len()), Vec::new());
    let web_link = web_link.filter(|link| {
        Url::parse(link).is_ok_and(|link| ["http", "https"].contains(&link.scheme()))
    });
    for part in parts {
        let name = part.name.as_deref();
        if part.kind.ends_with("referenceAttachment") {
            let name = names.give(name, "");
            links.push((name, web_link.unwrap_or_default().to_owned()));
            continue;
        }
        let (wanted, media_type) = if part.kind.ends_with("itemAttachment") {
            (Some(as_mail_file(name.unwrap_or_default())), "message/rfc822")
        } else {
            let media_type = part.content_type.as_deref().unwrap_or("application/octet-stream");
            (name.map(str::to_owned), media_type)
        };
        let media_type = media_type.to_ascii_lowercase();
        let content_id = part.content_id.map(|id| id.trim_matches(['<', '>']).to_owned());
        attachments.push(Attachment {
            blob: blob(&mail.remote, &part.id),
            name: names.give(wanted.as_deref(), &media_type),
            media_type,
            size: part.size,
            content_id: content_id.filter(|id| !id.is_empty()),
        });
    }
    (attachments, links)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How many letters a reader sees, roughly: enough to tell whether something was left out.
fn letters(body: &wire::Body) -> usize {
    let content = body.content.as_deref().unwrap_or_default();
    if !body.content_type.eq_ignore_ascii_case("html") {
        return content.chars().filter(|c| c.is_alphanumeric()).count();
    }
    let content = content.rsplit_once("</head>").map_or(content, |(_, body)| body);
    let outside =
        content.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
    outside.flat_map(str::chars).filter(|c| c.is_alphanumeric()).count()
}
