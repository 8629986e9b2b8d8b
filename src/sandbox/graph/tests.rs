//! Plain HTTP against the stand-in of Microsoft 365.

mod answering;
mod awkward;
mod deltas;
mod notices;
mod reading;
mod sign_in;
mod writing;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::Graph;
use crate::sandbox::GraphSetup;

/// The stand-in and somebody who asks it.
struct Site {
    graph: Graph,
    http: reqwest::Client,
    token: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status and code of a refusal.
    fn refusal(&self) -> (u16, String) {
        let code = self.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Site {
    async fn start() -> Self {
        Self::with(GraphSetup::default()).await
    }

    async fn with(setup: GraphSetup) -> Self {
        // A second installation is refused, and as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let graph = Graph::start_with(setup).await.unwrap();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(15))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let token = graph.token();
        Self { graph, http, token }
    }

    /// A request to any path, or to a whole address that the stand-in gave; status 0 when the
    /// connection was cut.
    async fn send(&self, method: &str, to: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let url = self.graph.url().join(to).unwrap();
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.to_vec());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let Ok(response) = request.send().await else {
            return Answer { status: 0, headers: HeaderMap::new(), body: Bytes::new() };
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap_or_default() }
    }

    /// The same with a token, immutable ids, and a body of JSON.
    async fn ask(&self, method: &str, to: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Prefer", "IdType=\"ImmutableId\""),
            ("Content-Type", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &place(to), &headers, body.as_bytes()).await
    }

    async fn get(&self, to: &str) -> Answer {
        self.ask("GET", to, &Value::Null).await
    }

    async fn prefer(&self, to: &str, prefer: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("Prefer", prefer)];
        self.send("GET", &place(to), &headers, b"").await
    }
}

/// In the mailbox, unless the path begins at the root or is a whole address.
fn place(to: &str) -> String {
    if to.starts_with('/') || to.starts_with("http") {
        return to.to_owned();
    }
    format!("/v1.0/users/{}/{to}", Graph::ADDRESS)
}

fn plain(nth: usize) -> Bytes {
    Bytes::from(format!(
        "From: Bob <bob@example.com>\r\nTo: support@example.org, Ann <ann@example.net>\r\n\
         Cc: Carl <carl@example.net>\r\nSubject: mail {nth}\r\nMessage-ID: <{nth}@example.com>\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nhello {nth}\r\n"
    ))
}

/// A mail with a file, a picture inside of its HTML, and a mail.
fn rich() -> Bytes {
    Bytes::from_static(
        b"From: Bob <bob@example.com>\r\nTo: support@example.org\r\nBcc: hidden@example.net\r\n\
        Reply-To: Desk <desk@example.com>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\
        Message-ID: <rich@example.com>\r\nImportance: High\r\nX-Odd: one\r\n\
        Auto-Submitted: no\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=m\r\n\r\n\
        --m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
        --r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
        <p>New.</p><img src=\"cid:pic\"><blockquote>old</blockquote>\r\n\
        --r\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\n\
        Content-Disposition: inline; filename=\"pic.png\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n\
        --m\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename=\"a.pdf\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n\
        --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--m--\r\n",
    )
}
