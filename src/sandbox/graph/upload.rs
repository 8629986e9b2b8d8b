//! Upload sessions ("Attach large files to Outlook messages or events"): from 3 MB on, in order,
//! at most 4 MB a range, to an address that needs no other authorization.

use http::StatusCode;
use http::header::LOCATION;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::JSON;
use super::ask::Ask;
use super::attachments::{self, DIRECT};
use super::error::{Outcome, Refusal};
use super::ids::Ids;
use super::item::{Attachment, Content};
use super::render;
use super::state::State;
use crate::sandbox::wire::{Reply, Request};

const LARGEST: u64 = 150 * 1024 * 1024;
const RANGE: usize = 4 * 1024 * 1024;
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

pub(super) struct Upload {
    mailbox: usize,
    message: u32,
    token: String,
    expires: Timestamp,
    name: String,
    kind: String,
    inline: bool,
    cid: Option<String>,
    size: u64,
    bytes: Vec<u8>,
}

pub(super) fn create(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    if !item.is_draft {
        return Err(super::write::sent_already());
    }
    let body = ask.body()?;
    let wanted = if body["AttachmentItem"].is_null() {
        &body["attachmentItem"]
    } else {
        &body["AttachmentItem"]
    };
    let (Some(name), Some(size)) = (wanted["name"].as_str(), wanted["size"].as_u64()) else {
        return Err(Refusal::bad("An AttachmentItem needs its attachmentType, name and size."));
    };
    if wanted["attachmentType"] != "file" {
        return Err(Refusal::bad("The stand-in takes uploads of the attachmentType file."));
    }
    if size < DIRECT as u64 {
        let text = "Attachment size must be greater than the minimum size.";
        return Err(Refusal::new(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", text));
    }
    if size > LARGEST {
        let text = "The attachment exceeds the maximum supported size.";
        return Err(Refusal::new(400, "ErrorAttachmentSizeLimitExceeded", text));
    }
    let word = |name: &str| wanted[name].as_str().map(str::to_owned);
    let token = uuid::Uuid::new_v4().simple().to_string();
    let session = uuid::Uuid::new_v4().simple().to_string();
    let expires = state.now().checked_add(LIFETIME).unwrap_or_default();
    let upload = Upload {
        mailbox: ask.mailbox,
        message: number,
        token: token.clone(),
        expires,
        name: name.to_owned(),
        kind: word("contentType").unwrap_or_else(|| "application/octet-stream".to_owned()),
        inline: wanted["isInline"] == true,
        cid: word("contentId"),
        size,
        bytes: Vec::new(),
    };
    state.uploads.insert(session.clone(), upload);
    let user = &state.mailboxes[ask.mailbox].user;
    let body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#microsoft.graph.uploadSession", ask.base()),
        "uploadUrl": format!(
            "{}/api/v2.0/Users('{user}')/Messages('{id}')/AttachmentSessions('{session}')?authtoken={token}",
            ask.base()
        ),
        "expirationDateTime": render::time(expires),
        "nextExpectedRanges": ["0-"],
    });
    Ok(Reply::json(StatusCode::CREATED, JSON, &body))
}

/// One range; the last one makes the attachment.
pub(super) fn range(state: &mut State, request: &Request, session: &str) -> Outcome {
    let now = state.now();
    let known = state.uploads.get_mut(session);
    let known = known.filter(|upload| request.query("authtoken") == Some(&upload.token));
    let Some(upload) = known.filter(|upload| now < upload.expires) else {
        return Err(Refusal::new(404, "ErrorItemNotFound", "The upload session was not found."));
    };
    let (start, end, total) = content_range(request)
        .ok_or_else(|| Refusal::bad("The header Content-Range is missing or malformed."))?;
    if request.body.len() > RANGE {
        let text = "The range is larger than 4 MB.";
        return Err(Refusal::new(413, "RequestEntityTooLarge", text));
    }
    let fits = end >= start
        && end - start + 1 == request.body.len() as u64
        && total == upload.size
        && end < total;
    if !fits {
        return Err(Refusal::bad("Content-Range does not fit the body or the size of the file."));
    }
    let have = upload.bytes.len() as u64;
    if start != have {
        let text = format!("The next range has to start at byte {have}.");
        return Err(Refusal::new(416, "InvalidRange", text));
    }
    upload.bytes.extend_from_slice(&request.body);
    if end + 1 < total {
        let body = json!({
            "expirationDateTime": render::time(upload.expires),
            "nextExpectedRanges": [(end + 1).to_string()],
        });
        return Ok(Reply::json(StatusCode::OK, JSON, &body));
    }
    let Some(upload) = state.uploads.remove(session) else { return Err(Refusal::no_item()) };
    let item = state.mailboxes[upload.mailbox].item(upload.message);
    let number = item.map(super::item::Item::next_attachment).ok_or_else(Refusal::no_item)?;
    let Upload { kind, cid, bytes, name, inline, .. } = upload;
    let content = Content::File { kind, cid, bytes: bytes.into() };
    let attachment = Attachment { number, name, inline, content };
    attachments::put(state, upload.mailbox, upload.message, attachment)?;
    let moves = state.mailboxes[upload.mailbox].item(upload.message).map_or(0, |item| item.moves);
    let message = state.message_id(upload.mailbox, upload.message, moves, false);
    let location = format!(
        "http://{}/api/v2.0/Users('{}')/Messages('{message}')/Attachments('{}')",
        request.header("host").unwrap_or_default(),
        state.mailboxes[upload.mailbox].user,
        Ids::attachment(&message, number),
    );
    Ok(Reply::empty(StatusCode::CREATED).with(LOCATION, &location))
}

/// `bytes 0-2097151/3483322`.
fn content_range(request: &Request) -> Option<(u64, u64, u64)> {
    let text = request.header("content-range")?.strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?, total.parse().ok()?))
}
