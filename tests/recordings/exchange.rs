//! One HTTP exchange, byte by byte: a client library would repair what the recordings hold.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// From the bytes of a whole response.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end =
            find(bytes, b"\n\r\n").map(|at| (at, 3)).or(find(bytes, b"\n\n").map(|at| (at, 2)));
        let (end, gap) = end.unwrap_or((bytes.len(), 0));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Self {
            status: status.parse().expect("a status"),
            headers: headers.collect(),
            body: bytes[end + gap..].to_vec(),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Sends this request line, these headers and this body, and reads until the server closes.
pub(crate) async fn send(
    server: SocketAddr,
    line: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Response {
    let mut head = format!("{line}\r\nHost: {server}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    head.push_str("\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Response::parse(&bytes)
    };
    tokio::time::timeout(Duration::from_secs(20), exchange).await.expect("an answer within 20 s")
}
