//! A server that says what it was told to say, byte for byte, and notes what it was asked. The
//! session and the folders are answered from the recordings unless a test wants otherwise.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

use super::{
    super::{JmapAuth, JmapClient, JmapSettings},
    recorded,
};
use crate::telemetry::Metrics;

pub(super) const INBOX: &str = "8l4ughnyraa1s3qzxswae4p6";
pub(super) const SENT: &str = "r0ukj1zh9b7nvw9df7tqwtq6";
pub(super) const DRAFTS: &str = "d2zsj83qbe3krir0pn9ftmz7";
pub(super) const ARCHIVE: &str = "su3e9g1eihc63lvoqe7wi1mq";

/// One answer.
#[derive(Debug, Clone)]
pub(super) enum Say {
    /// These pieces, one after the other, and then the connection closes or stays.
    Bytes { pieces: Vec<Vec<u8>>, close: bool },
    /// Nothing, ever.
    Hang,
    /// The connection closes without an answer.
    Cut,
}

impl Say {
    pub(super) fn raw(text: &str) -> Self {
        Self::Bytes { pieces: vec![text.as_bytes().to_vec()], close: false }
    }

    /// A recording in pieces of a size, after which the connection closes.
    pub(super) fn pieces(text: &str, size: usize) -> Self {
        Self::Bytes {
            pieces: text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect(),
            close: true,
        }
    }

    pub(super) fn status(status: u16, head: &str, body: &str) -> Self {
        let length = body.len();
        Self::raw(&format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}"))
    }

    pub(super) fn json(body: &Value) -> Self {
        Self::status(200, "Content-Type: application/json\r\n", &body.to_string())
    }

    /// The answers of methods, tagged in their order.
    pub(super) fn methods(answers: &[(&str, Value)]) -> Self {
        let tagged =
            answers.iter().zip(["a", "b"]).map(|((name, body), tag)| json!([name, body, tag]));
        Self::json(&json!({"methodResponses": tagged.collect::<Vec<_>>(), "sessionState": "0"}))
    }

    pub(super) fn method(name: &str, body: Value) -> Self {
        Self::methods(&[(name, body)])
    }

    pub(super) fn error(kind: &str) -> Self {
        Self::method("error", json!({"type": kind, "description": "so it is"}))
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: String,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// The first method call: its name and its arguments.
    pub(super) fn call(&self) -> (String, Value) {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let call = &body["methodCalls"][0];
        (call[0].as_str().unwrap_or_default().to_owned(), call[1].clone())
    }
}

type Answers = dyn Fn(&Asked) -> Say + Send + Sync;

pub(super) struct Stand {
    pub(super) url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stand {
    /// Answers everything by this rule.
    pub(super) async fn by(answers: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jmap/", listener.local_addr().unwrap()).parse().unwrap();
        let (asked, answers): (Arc<Mutex<Vec<Asked>>>, Arc<Answers>) =
            (Arc::default(), Arc::new(answers));
        let noted = asked.clone();
        let serving = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, noted.clone(), answers.clone()));
            }
        });
        Self { url, asked, serving }
    }

    /// Answers the session and the folders as recorded, and the rest in this order.
    pub(super) async fn saying(answers: impl IntoIterator<Item = Say>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::by(move |asked| {
            usual(asked).unwrap_or_else(|| {
                answers.lock().unwrap().pop_front().unwrap_or(Say::status(418, "", ""))
            })
        })
        .await
    }

    /// All that was asked but the session and the folders.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.all().into_iter().filter(|asked| usual(asked).is_none()).collect()
    }

    pub(super) fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn client(&self) -> JmapClient {
        let (user, password) = ("support".to_owned(), "secret".into());
        self.client_with(JmapAuth::Basic { user, password })
    }

    pub(super) fn client_with(&self, auth: JmapAuth) -> JmapClient {
        let limit = Duration::from_millis(1_500);
        let settings = JmapSettings { session_url: self.url.clone(), auth, limit };
        JmapClient::new(settings, Metrics::new()).unwrap()
    }
}

pub(super) fn usual(asked: &Asked) -> Option<Say> {
    if asked.line.starts_with("GET /jmap/ ") {
        Some(Say::raw(recorded!("03-session.response")))
    } else if asked.call().0 == "Mailbox/get" {
        Some(Say::raw(recorded!("06-mailbox-get.response")))
    } else {
        None
    }
}

async fn serve(mut stream: TcpStream, noted: Arc<Mutex<Vec<Asked>>>, answers: Arc<Answers>) {
    while let Some(asked) = read(&mut stream).await {
        noted.lock().unwrap().push(asked.clone());
        match answers(&asked) {
            Say::Hang => std::future::pending().await,
            Say::Cut => return,
            Say::Bytes { pieces, close } => {
                for piece in pieces {
                    // Whoever asked may have gone.
                    let _ = stream.write_all(&piece).await;
                    let _ = stream.flush().await;
                    tokio::task::yield_now().await;
                }
                if close {
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        bytes.push(stream.read_u8().await.ok()?);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let line = String::from_utf8(bytes).unwrap().lines().next()?.to_owned();
    let value =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let mut body = Vec::new();
    if let Some(length) = value("content-length") {
        body.resize(length.parse().unwrap(), 0);
        stream.read_exact(&mut body).await.ok()?;
    } else if value("transfer-encoding") == Some("chunked") {
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await.ok()?);
        }
    }
    Some(Asked { line, head, body })
}
