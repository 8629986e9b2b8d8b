//! One HTTP exchange from given bytes: a client library would repair what a test breaks.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer than ticketd waits for a body.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `code` of an HTTP error.
    pub(crate) fn code(&self) -> String {
        let error = self.json()["error"].take();
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"), "{error}");
        error["code"].as_str().unwrap().to_owned()
    }
}

/// Sends these bytes and reads one answer, which must say its length.
pub(crate) async fn exchange(server: SocketAddr, bytes: &[u8]) -> Response {
    let stream = TcpStream::connect(server).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    // A server that refuses early need not read to the end.
    let write = async {
        let _ = writer.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let read = async {
        let (mut head, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        loop {
            let count = reader.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "closed within {:?}", String::from_utf8_lossy(&head));
            head.extend_from_slice(&buffer[..count]);
            if let Some(answer) = whole(&head) {
                return answer;
            }
        }
    };
    let answered = async {
        tokio::select! {
            answer = read => answer,
            () = write => unreachable!("writing never ends"),
        }
    };
    tokio::time::timeout(LIMIT, answered).await.expect("an answer in time")
}

/// The bytes of a request with this head and body; its length is added if there is a body.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{line} HTTP/1.1\r\nHost: ticketd\r\n");
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    if !body.is_empty() {
        head = head + "Content-Length: " + &body.len().to_string() + "\r\n";
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

fn whole(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?;
    Some(Response { status, headers, body: String::from_utf8(body.to_vec()).unwrap() })
}
