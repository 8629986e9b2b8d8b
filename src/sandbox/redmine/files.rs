//! Files: `POST /uploads.json`, the `uploads` of an issue, `GET /attachments/…`.

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::data::{Data, Detail, User};
use super::params::{Params, get};
use super::render::{Named, person, time};
use super::{JSON, access, bare, errors, ok, refused};
use crate::clock;
use crate::sandbox::wire::{Reply, Request};

/// The default of `attachment_max_size`, in bytes.
const LARGEST: usize = 5 * 1024 * 1024;
/// What Rails leaves alone in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A file, which hangs on an issue or on nothing yet.
pub(super) struct File {
    pub(super) id: u32,
    pub(super) filename: String,
    pub(super) bytes: Bytes,
    pub(super) author: u32,
    pub(super) issue: Option<u32>,
    media_type: Option<String>,
    /// Null as long as the file hangs on nothing (measured).
    description: Option<String>,
    created_on: Timestamp,
}

/// The number of a file, and what a write says of it.
pub(super) type Taken = (u32, Params);

#[derive(Serialize)]
pub(super) struct FileOut {
    id: u32,
    filename: String,
    filesize: usize,
    content_type: Option<String>,
    description: Option<String>,
    content_url: String,
    author: Named,
    created_on: String,
}

impl File {
    /// By what an upload is known: its number and the digest of its bytes.
    fn token(&self) -> String {
        let mut token = format!("{}.", self.id);
        for byte in Sha256::digest(&self.bytes) {
            // Writing to a text does not fail.
            let _ = write!(token, "{byte:02x}");
        }
        token
    }

    pub(super) fn out(&self, data: &Data) -> FileOut {
        let name = utf8_percent_encode(&self.filename, SEGMENT);
        FileOut {
            id: self.id,
            filename: self.filename.clone(),
            filesize: self.bytes.len(),
            content_type: self.media_type.clone(),
            description: self.description.clone(),
            content_url: format!("http://{}/attachments/download/{}/{name}", data.host, self.id),
            author: person(data, self.author),
            created_on: time(self.created_on),
        }
    }

    fn is_seen(&self, data: &Data, me: Option<&User>) -> bool {
        match self.issue.and_then(|id| data.issues.get(&id)) {
            Some(issue) => access::sees(me, issue),
            None => me.is_some_and(|me| me.id == self.author),
        }
    }
}

pub(super) fn upload(data: &mut Data, me: Option<&User>, request: &Request) -> Reply {
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/json")
        && serde_json::from_slice::<Value>(&request.body).is_err()
    {
        // Rails reads the parameters before Redmine sees the request.
        return Reply::text(StatusCode::BAD_REQUEST, "text/html; charset=utf-8", "");
    }
    let Some(me) = me else { return refused(None) };
    if content_type != "application/octet-stream" {
        return bare(StatusCode::NOT_ACCEPTABLE);
    }
    if request.body.len() > LARGEST {
        return errors(&[format!(
            "This file cannot be uploaded because it exceeds the maximum allowed file size \
             ({LARGEST})"
        )]);
    }
    let id = data.next_file();
    let sent = |name| request.query(name).filter(|value| !value.is_empty());
    // Redmine makes a name of chance up.
    let filename = sent("filename").map_or_else(|| format!("{id:032x}"), sanitized);
    let media_type = sent("content_type").map(str::to_owned).or_else(|| guessed(&filename));
    let file = File {
        id,
        filename,
        bytes: request.body.clone(),
        author: me.id,
        issue: None,
        media_type,
        description: None,
        created_on: clock::now(),
    };
    let body = json!({ "upload": { "id": id, "token": file.token() } });
    data.files.insert(id, file);
    Reply::json(StatusCode::CREATED, JSON, &body)
}

/// The files that a write names, if all of them are there to be had.
///
/// # Errors
/// Redmine's sentence.
pub(super) fn named(data: &Data, fields: &Params) -> Result<Vec<Taken>, String> {
    let sent = fields.get("uploads").and_then(Value::as_array).cloned().unwrap_or_default();
    let sent: Vec<Params> = sent.into_iter().filter_map(|one| one.as_object().cloned()).collect();
    let find = |token: &str| {
        data.files.values().find(|file| file.issue.is_none() && file.token() == token)
    };
    let found: Vec<_> =
        sent.iter().filter_map(|one| Some((find(&get(one, "token")?)?.id, one.clone()))).collect();
    match sent.len() - found.len() {
        0 => Ok(found),
        missing => Err(format!("{missing} file(s) could not be saved.")),
    }
}

/// Hangs the files on an issue and says what its journal notes of them.
pub(super) fn hang(data: &mut Data, issue: u32, files: Vec<Taken>) -> Vec<Detail> {
    let mut details = Vec::new();
    for (id, sent) in files {
        let Some(file) = data.files.get_mut(&id) else { continue };
        let told = |name| get(&sent, name).filter(|value| !value.is_empty());
        if let Some(name) = told("filename") {
            file.filename = sanitized(&name);
        }
        file.media_type = told("content_type").or(file.media_type.take());
        file.description = Some(told("description").unwrap_or_default());
        file.issue = Some(issue);
        details.push(Detail {
            property: "attachment",
            name: id.to_string().into(),
            old: None,
            new: Some(file.filename.clone()),
        });
    }
    details
}

pub(super) fn show(data: &Data, me: Option<&User>, id: u32) -> Reply {
    match data.files.get(&id) {
        None => bare(StatusCode::NOT_FOUND),
        Some(file) if !file.is_seen(data, me) => refused(me),
        Some(file) => ok(&json!({ "attachment": file.out(data) })),
    }
}

/// The bytes. It is a page for browsers: who may not is told so in HTML, and nobody in particular
/// is sent to sign in.
pub(super) fn download(
    data: &Data,
    me: Option<&User>,
    request: &Request,
    id: &str,
    name: Option<&str>,
) -> Reply {
    let file = id.parse().ok().and_then(|id: u32| data.files.get(&id));
    let called = name.map(|name| percent_decode_str(name).decode_utf8_lossy());
    let Some(file) = file.filter(|file| called.is_none_or(|name| name == file.filename)) else {
        let text = "The page you were trying to access doesn't exist or has been removed.";
        return Reply::html(StatusCode::NOT_FOUND, "404 Not Found - Redmine", text);
    };
    if !file.is_seen(data, me) {
        if me.is_some() {
            let text = "You are not authorized to access this page.";
            return Reply::html(StatusCode::FORBIDDEN, "403 - Redmine", text);
        }
        let back = format!("http://{}{}", data.host, request.path);
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let to = format!("http://{}/login?back_url={back}", data.host);
        return Reply::html(StatusCode::FOUND, "Redirect", "").with(LOCATION, &to);
    }
    let mut reply = Reply::empty(StatusCode::OK);
    reply.body = file.bytes.clone();
    let kind = file.media_type.as_deref().unwrap_or("application/octet-stream");
    let name = utf8_percent_encode(&file.filename, SEGMENT);
    reply
        .with(CONTENT_TYPE, kind)
        .with(CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{name}"))
}

/// Redmine's `Attachment#sanitize_filename`.
fn sanitized(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut clean = String::new();
    let mut before_was_odd = false;
    for c in name.chars() {
        let odd = "?%*:|\"'<>\n\r".contains(c);
        if !(odd && before_was_odd) {
            clean.push(if odd { '_' } else { c });
        }
        before_was_odd = odd;
    }
    clean
}

/// What Redmine takes a file for by its name, of the kinds that tests send.
fn guessed(name: &str) -> Option<String> {
    let kind = match name.rsplit_once('.')?.1.to_lowercase().as_str() {
        "txt" => "text/plain",
        "png" => "image/png",
        "pdf" => "application/pdf",
        "bin" => "application/octet-stream",
        _ => return None,
    };
    Some(kind.to_owned())
}
