//! Blobs: whole mails, their parts, and what was uploaded.

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, EXPIRES, HeaderValue,
};
use http::{HeaderName, StatusCode};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::store::Store;
use super::{JSON, USER, ids, mail, refused, text};
use crate::clock;
use crate::sandbox::wire::{Reply, Request};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The bytes of a blob.
pub(super) fn find(store: &Store, id: &str) -> Option<Bytes> {
    if let Some(uploaded) = store.uploads.get(id) {
        return Some(uploaded.clone());
    }
    let (number, part) = store.ids.blob_number(id)?;
    let raw = &store.email(number)?.raw;
    let Some(at) = part.checked_sub(1) else { return Some(raw.clone()) };
    let message = mail::parse(raw);
    Some(Bytes::from(mail::octets(raw, message.parts.get(at)?).into_owned()))
}

/// `GET /jmap/download/{accountId}/{blobId}/{name}?accept=`.
pub(super) fn download(store: &Store, request: &Request, path: &[String]) -> Reply {
    let [account, id, name] = path else {
        return refused(StatusCode::NOT_FOUND, "The requested URL was not found on this server.");
    };
    let Some(content) = find(store, id).filter(|_| account == USER) else {
        return refused(StatusCode::NOT_FOUND, "failed to find blob by id");
    };
    let kind = request.query("accept").unwrap_or("application/octet-stream");
    let Ok(kind) = HeaderValue::from_str(kind) else {
        return refused(StatusCode::BAD_REQUEST, "invalid accept parameter");
    };
    let mut reply = Reply::empty(StatusCode::OK);
    reply.body = content;
    reply.headers.insert(CONTENT_TYPE, kind);
    let filename = text::parameter("filename", name).replace("\r\n", "");
    let expires = clock::now().checked_add(DAY * 7).unwrap_or(Timestamp::MAX);
    let expires = expires.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    reply
        .with(CONTENT_DISPOSITION, &format!("attachment{filename}"))
        .with(CACHE_CONTROL, "private, max-age=604800, immutable")
        .with(ACCEPT_RANGES, "none")
        .with(EXPIRES, &expires)
        .with(HeaderName::from_static("vary"), "Accept-Encoding")
}

/// `POST /jmap/upload/{accountId}/`.
pub(super) fn upload(store: &mut Store, request: &Request, path: &[String]) -> Reply {
    if path.first().is_none_or(|account| account != USER) {
        return refused(StatusCode::NOT_FOUND, "The requested URL was not found on this server.");
    }
    let id = ids::upload(&request.body);
    store.uploads.insert(id.clone(), request.body.clone());
    let expires = clock::now().checked_add(DAY).unwrap_or(Timestamp::MAX);
    let expires = Timestamp::from_second(expires.as_second()).unwrap_or(Timestamp::MAX);
    let kind = request.header("content-type").unwrap_or("application/octet-stream");
    Reply::json(
        StatusCode::CREATED,
        JSON,
        &json!({
            "accountId": USER,
            "blobId": id,
            "size": request.body.len(),
            "expires": expires.to_string(),
            "type": kind,
        }),
    )
}
