//! Files: brought by somebody, hung on a post of theirs, read by who reads that post.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::error::Refusal;
use super::ids::new_id;
use crate::clock;
use crate::sandbox::wire::{Reply, Request};

struct File {
    id: String,
    user_id: String,
    channel_id: String,
    post_id: String,
    name: String,
    bytes: bytes::Bytes,
    created: i64,
}

impl File {
    fn kind(&self) -> &'static str {
        match self.extension() {
            "txt" => "text/plain; charset=utf-8",
            "png" => "image/png",
            "html" => "text/html; charset=utf-8",
            _ => "",
        }
    }

    fn extension(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id,
            "user_id": self.user_id,
            "channel_id": "",
            "create_at": self.created,
            "update_at": self.created,
            "delete_at": 0,
            "name": self.name,
            "extension": self.extension(),
            "size": self.bytes.len(),
            "mime_type": self.kind(),
            "mini_preview": null,
            "remote_id": "",
            "archived": false,
        });
        // Left out before a post names it.
        if !self.post_id.is_empty() {
            body["post_id"] = json!(self.post_id);
        }
        body
    }
}

#[derive(Default)]
pub(super) struct Files(Vec<File>);

impl Files {
    /// Takes a file that is the body of the request.
    pub(super) fn take(&mut self, user_id: &str, request: &Request) -> Value {
        let file = File {
            id: new_id(),
            user_id: user_id.to_owned(),
            channel_id: request.query("channel_id").unwrap_or_default().to_owned(),
            post_id: String::new(),
            name: request.query("filename").unwrap_or_default().to_owned(),
            bytes: request.body.clone(),
            created: clock::now().as_millisecond(),
        };
        let body = json!({"file_infos": [file.body()], "client_ids": null});
        self.0.push(file);
        body
    }

    /// Hangs files on a post: those of its author in its channel that hang nowhere yet, as the
    /// server passes over all others. Gives them.
    pub(super) fn hang(&mut self, ids: &[String], author: &str, post: &Value) -> Vec<Value> {
        let free = |file: &&mut File| {
            ids.contains(&file.id)
                && file.user_id == author
                && post["channel_id"] == json!(file.channel_id)
                && file.post_id.is_empty()
        };
        let hung = self.0.iter_mut().filter(free).map(|file| {
            post["id"].as_str().unwrap_or_default().clone_into(&mut file.post_id);
            file.body()
        });
        hung.collect()
    }

    /// In which channel a file is, and whose it is before a post names it.
    ///
    /// # Errors
    /// 404 for none (from the server's source, not recorded).
    pub(super) fn place(&self, id: &str) -> Result<(String, Option<String>), Refusal> {
        let file = self.get(id)?;
        let owner = file.post_id.is_empty().then(|| file.user_id.clone());
        Ok((file.channel_id.clone(), owner))
    }

    /// # Errors
    /// As [`Self::place`].
    pub(super) fn info(&self, id: &str) -> Result<Value, Refusal> {
        self.get(id).map(File::body)
    }

    /// # Errors
    /// As [`Self::place`].
    pub(super) fn download(&self, id: &str) -> Result<Reply, Refusal> {
        let file = self.get(id)?;
        let mut reply = Reply::empty(StatusCode::OK);
        reply.body = file.bytes.clone();
        let kind = if file.kind().is_empty() { "application/octet-stream" } else { file.kind() };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(reply
            .with(HeaderName::from_static("x-content-type-options"), "nosniff")
            .with(HeaderName::from_static("content-disposition"), "attachment"))
    }

    fn get(&self, id: &str) -> Result<&File, Refusal> {
        self.0.iter().find(|file| file.id == id).ok_or_else(|| {
            Refusal::new(404, "app.file_info.get.app_error", "Unable to get the file info.", "")
        })
    }
}
