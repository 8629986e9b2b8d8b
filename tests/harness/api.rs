//! Callers of the API: what a portal sends, and what it reads.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::TestApp;
use super::wire::{self, Response};

/// Where the API stands.
pub(crate) const CONTEXT: &str = "/api/tickets/v1";

impl TestApp {
    /// What the daemon answers to a question of the operator's.
    pub(crate) async fn operator(&self, question: &Value) -> Value {
        let mut stream = UnixStream::connect(self.store().join("control.sock")).await.unwrap();
        stream.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// A token of this scope.
    pub(crate) async fn token(&self, name: &str, scope: &str) -> String {
        let asked = json!({"make_token": {"name": name, "scope": scope, "expires": null}});
        let made = self.operator(&asked).await;
        made["token_made"]["written"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Sends a request to the API.
    pub(crate) async fn api(
        &self,
        line: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let (method, path) = line.split_once(' ').unwrap();
        let bearer = format!("Bearer {token}");
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        let line = format!("{method} {CONTEXT}{path}");
        wire::exchange(self.address, &wire::request(&line, &all, body)).await
    }

    /// As [`Self::api`], with a body of JSON.
    pub(crate) async fn api_json(&self, line: &str, token: &str, body: &Value) -> Response {
        let json = [("Content-Type", "application/json")];
        self.api(line, token, &json, body.to_string().as_bytes()).await
    }
}

impl Response {
    /// A problem, its form checked: the end of its type, and where its faults are.
    pub(crate) fn problem(&self) -> (String, Vec<String>) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["status"], self.status, "{body}");
        assert_eq!(body["code"], self.status, "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{body}");
        assert!(body["detail"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        let places = body["errors"].as_array().unwrap().iter().map(|fault| {
            let place = fault.get("pointer").or(fault.get("parameter")).unwrap();
            place.as_str().unwrap().to_owned()
        });
        let kind = body["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        (kind, places.collect())
    }
}

/// A part of a form: name, file name and type if it is a file, content.
pub(crate) type Part<'p> = (&'p str, Option<(&'p str, &'p str)>, &'p [u8]);

/// A form of these parts.
pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map_or_else(String::new, |(file, kind)| {
            format!("; filename=\"{file}\"\r\nContent-Type: {kind}")
        });
        let head = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
        body.extend_from_slice(format!("--b0undary\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b0undary--\r\n");
    body
}

/// The header of [`form`].
pub(crate) const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=b0undary");
