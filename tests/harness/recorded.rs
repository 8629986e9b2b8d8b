//! Slash requests as real Mattermost servers sent them (`tests/fixtures/mattermost`).

use std::path::PathBuf;

use serde_json::Value;
use ticketd::sandbox::SlashForm;
use url::form_urlencoded;

/// Whose bytes a command comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// The stand-in's own.
    StandIn,
    /// Recorded from this server.
    Recorded(&'static str),
}

/// Every server that was recorded.
pub(crate) const VERSIONS: [&str; 3] = ["7.6", "6.7", "5.37"];

/// A recorded request.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    raw_head: String,
    body: String,
}

/// What a server sent for one command after another, the plain one first.
pub(crate) fn requests(version: &str) -> Vec<Recorded> {
    let plain = fixture(version, "02-slash-request.json");
    let variants = fixture(version, "02-slash-request-variants.json");
    let variants = variants.as_object().unwrap().iter().map(|(name, one)| (name.as_str(), one));
    [("plain", &plain)]
        .into_iter()
        .chain(variants)
        // A command that the server does not know never came here.
        .filter(|(_, one)| one["request_to_bot"].is_object())
        .map(|(name, one)| Recorded {
            name: format!("{version} {name}"),
            raw_head: one["request_to_bot"]["raw_head"].as_str().unwrap().to_owned(),
            body: one["request_to_bot"]["body"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// What a server sent to an integration in JSON: all that was recorded in this file, by name.
pub(crate) fn posted(version: &str, file: &str) -> Vec<Recorded> {
    let recorded = fixture(version, file);
    let all = recorded.as_object().unwrap().iter();
    let sent = all.filter(|(_, one)| one["request_to_bot"].is_object());
    sent.map(|(name, one)| {
        let request = &one["request_to_bot"];
        let headers = request["headers"].as_array().unwrap().iter();
        let line = format!("POST {} HTTP/1.1", request["target"].as_str().unwrap());
        let headers = headers
            .map(|pair| format!("{}: {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
        Recorded {
            name: name.clone(),
            raw_head: [line].into_iter().chain(headers).collect::<Vec<_>>().join("\r\n"),
            body: request["body"].as_str().unwrap().to_owned(),
        }
    })
    .collect()
}

fn fixture(version: &str, file: &str) -> Value {
    let mut path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/mattermost"].iter().collect();
    if version != VERSIONS[0] {
        path.push(version);
    }
    path.push(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

impl Recorded {
    /// The bytes as they were sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        format!("{}\r\n\r\n{}", self.raw_head, self.body).into_bytes()
    }

    /// The same bytes to another path, with another body.
    pub(crate) fn sent_to(&self, path: &str, change: impl FnOnce(&str) -> String) -> Vec<u8> {
        let body = change(&self.body);
        let head = self.raw_head.lines().map(|line| match line.split_once(": ") {
            Some(("Content-Length", _)) => format!("Content-Length: {}", body.len()),
            None => format!("{} {path} HTTP/1.1", line.split(' ').next().unwrap_or_default()),
            _ => line.to_owned(),
        });
        let head = head.collect::<Vec<_>>().join("\r\n");
        format!("{head}\r\n\r\n{body}").into_bytes()
    }

    /// The token of the command at that server.
    pub(crate) fn token(&self) -> String {
        self.field("token")
    }

    pub(crate) fn field(&self, name: &str) -> String {
        let mut fields = form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// The same bytes, for what this form says: who, what, and where the answer goes.
    pub(crate) fn with(&self, form: &SlashForm) -> Vec<u8> {
        const REPLACED: [&str; 6] =
            ["response_url", "text", "token", "trigger_id", "user_id", "user_name"];
        let pairs = self.body.split('&').map(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            if REPLACED.contains(&name) {
                format!("{name}={}", escaped(form.field(name)))
            } else {
                pair.to_owned()
            }
        });
        let body = pairs.collect::<Vec<_>>().join("&");
        let head = self.raw_head.lines().map(|line| match line.split_once(": ") {
            Some(("Content-Length", _)) => format!("Content-Length: {}", body.len()),
            Some(("Authorization", _)) => format!("Authorization: Token {}", form.field("token")),
            _ => line.to_owned(),
        });
        let head = head.collect::<Vec<_>>().join("\r\n");
        format!("{head}\r\n\r\n{body}").into_bytes()
    }
}

/// Go's `url.QueryEscape`.
fn escaped(text: &str) -> String {
    let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    escaped.replace("%7E", "~").replace('*', "%2A")
}
