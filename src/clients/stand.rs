//! A server for the clients' tests that says what it was told to say, byte for byte, and notes what
//! it was asked. It fails as a test does: it panics.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// One answer.
#[derive(Debug, Clone)]
pub(in crate::clients) enum Say {
    /// These pieces, one after the other, and then the connection closes or stays.
    Bytes { pieces: Vec<Vec<u8>>, close: bool },
    /// Nothing, ever.
    Hang,
    /// The connection closes without an answer.
    Cut,
    /// The same after a while.
    Late(Duration, Box<Say>),
}

impl Say {
    pub(in crate::clients) fn raw(text: &str) -> Self {
        Self::Bytes { pieces: vec![text.as_bytes().to_vec()], close: false }
    }

    /// A recording in pieces of a size, after which the connection closes.
    pub(in crate::clients) fn pieces(text: &str, size: usize) -> Self {
        Self::Bytes {
            pieces: text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect(),
            close: true,
        }
    }

    pub(in crate::clients) fn status(status: u16, head: &str, body: &str) -> Self {
        let length = body.len();
        Self::raw(&format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}"))
    }

    pub(in crate::clients) fn json(body: &Value) -> Self {
        Self::status(200, "Content-Type: application/json\r\n", &body.to_string())
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(in crate::clients) struct Asked {
    pub(in crate::clients) line: String,
    pub(in crate::clients) head: String,
    pub(in crate::clients) body: Vec<u8>,
}

impl Asked {
    /// A header's value, in lower case.
    pub(in crate::clients) fn header(&self, name: &str) -> Option<&str> {
        value(&self.head, name)
    }

    pub(in crate::clients) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Answers = dyn Fn(&Asked) -> Say + Send + Sync;

/// Notes of what happened.
#[derive(Default)]
struct Notes {
    asked: Mutex<Vec<Asked>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

pub(in crate::clients) struct Stand {
    pub(in crate::clients) url: Url,
    notes: Arc<Notes>,
    serving: JoinHandle<()>,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stand {
    /// Answers everything by this rule.
    pub(in crate::clients) async fn by(
        answers: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (notes, answers): (Arc<Notes>, Arc<Answers>) = (Arc::default(), Arc::new(answers));
        let book = notes.clone();
        let serving = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, book.clone(), answers.clone()));
            }
        });
        Self { url, notes, serving }
    }

    /// All that was asked.
    pub(in crate::clients) fn all(&self) -> Vec<Asked> {
        self.notes.asked.lock().unwrap().clone()
    }

    /// How many requests were under way at once, at most.
    pub(in crate::clients) fn most_in_flight(&self) -> usize {
        self.notes.most_in_flight.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, notes: Arc<Notes>, answers: Arc<Answers>) {
    while let Some(asked) = read(&mut stream).await {
        notes.asked.lock().unwrap().push(asked.clone());
        let now = notes.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        notes.most_in_flight.fetch_max(now, Ordering::SeqCst);
        let mut say = answers(&asked);
        while let Say::Late(wait, then) = say {
            tokio::time::sleep(wait).await;
            say = *then;
        }
        notes.in_flight.fetch_sub(1, Ordering::SeqCst);
        match say {
            Say::Hang | Say::Late(..) => std::future::pending().await,
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
    let mut body = Vec::new();
    if let Some(length) = value(&head, "content-length") {
        body.resize(length.parse().unwrap(), 0);
        stream.read_exact(&mut body).await.ok()?;
    } else if value(&head, "transfer-encoding") == Some("chunked") {
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await.ok()?);
        }
    }
    Some(Asked { line, head, body })
}

fn value<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
