//! Attachments on their way up and down.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use url::Url;

use super::{Canned, client, client_within, key, made, server::Reply};
use crate::{
    clients::{ApiError, jira::JiraAuth},
    model::jira::AttachmentInfo,
};

type Pieces = Vec<Result<Bytes, ApiError>>;

fn pieces(texts: &[&'static str]) -> Pieces {
    texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))).collect()
}

#[tokio::test]
async fn a_file_goes_up_as_the_part_that_jira_wants() {
    for (id, media_type, told) in [
        (r#""10001""#, "text/csv; charset=utf-8", "text/csv; charset=utf-8"),
        ("10001", "no\r\ntype", "application/octet-stream"),
    ] {
        let answer = format!(r#"[{{"id":{id},"filename":"보고서.csv","size":7}}]"#);
        let server = Canned::start([Reply::json(200, &answer)]).await;
        let client = client(&server, Some(true));
        let bytes = stream::iter(pieces(&["a;b", "\n", "1;2"]));
        let made = client.attach(&key("SUP-2"), "보고서.csv", media_type, 7, bytes).await;
        assert_eq!(made, Ok(10_001));
        let seen = server.only();
        assert_eq!(seen.line, "POST /rest/api/2/issue/SUP-2/attachments");
        assert_eq!(seen.headers["x-atlassian-token"], "no-check");
        let body = seen.body.unwrap();
        assert_eq!(seen.headers["content-length"], body.len().to_string().as_str());
        let body = String::from_utf8(body.to_vec()).unwrap();
        let part = format!(
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"보고서.csv\"\r\n\
             Content-Type: {told}\r\n\r\na;b\n1;2\r\n--"
        );
        assert!(body.contains(&part), "{body}");
        assert_eq!(body.matches("Content-Disposition").count(), 1);
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_attached_nothing() {
    let lost = ApiError::Unavailable { service: "mailbox", cause: "gone".to_owned() };
    let broken = [pieces(&["abc"]), vec![Err(lost.clone())]].concat();
    for (pieces, expected) in [
        (broken, lost.kind()),
        (pieces(&["abc", "de"]), "malformed"),
        (pieces(&["abc", "def", "g"]), "malformed"),
        (pieces(&["abcdefgh"]), "malformed"),
    ] {
        let server = Canned::start([Reply::json(200, "[]")]).await;
        let client = client(&server, Some(true));
        let shown = format!("{pieces:?}");
        let made = client.attach(&key("SUP-2"), "a", "text/plain", 6, stream::iter(pieces)).await;
        let error = made.unwrap_err();
        assert_eq!(error.kind(), expected, "{shown}");
        let seen = server.seen();
        assert!(seen.iter().all(|one| one.body.is_none()), "{shown}: {seen:?}");
    }
}

#[tokio::test]
async fn an_upload_may_fail_as_any_write() {
    for (reply, expected) in [
        (Reply::of(413, ""), "rejected"),
        (Reply::of(500, ""), "ambiguous"),
        (Reply::json(200, "[]"), "ambiguous"),
        (Reply::of(200, "<html>"), "ambiguous"),
        (Reply::json(200, "[]").late(Duration::from_secs(5)), "ambiguous"),
    ] {
        let server = Canned::start([reply]).await;
        let client = client_within(&server, Some(true), Duration::from_millis(300));
        let bytes = stream::iter(pieces(&["abc"]));
        let made = client.attach(&key("SUP-2"), "a", "text/plain", 3, bytes).await;
        assert_eq!(made.unwrap_err().kind(), expected);
    }
}

const PIECE: usize = 256 * 1024;

/// A stream that counts what was taken of it.
fn counted(
    pieces: usize,
    pause: Duration,
) -> (Arc<AtomicUsize>, impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let bytes = stream::iter(0..pieces).then(move |_| {
        counter.fetch_add(1, SeqCst);
        async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(vec![0; PIECE]))
        }
    });
    (taken, bytes)
}

#[tokio::test]
async fn a_large_upload_has_more_time() {
    const PIECES: usize = 8;
    let server = Canned::start([Reply::json(200, r#"[{"id":"1"}]"#)]).await;
    // 2 MiB may take 16 s more than the limit.
    let client = client_within(&server, Some(true), Duration::from_millis(100));
    let (taken, bytes) = counted(PIECES, Duration::from_millis(40));
    let length = u64::try_from(PIECE * PIECES).unwrap();
    let made = client.attach(&key("SUP-2"), "a", "text/plain", length, bytes).await;
    assert_eq!((made, taken.load(SeqCst)), (Ok(1), PIECES));
    assert!(server.only().body.unwrap().len() > PIECE * PIECES);
}

#[tokio::test]
async fn an_upload_is_taken_no_faster_than_jira_reads() {
    const PIECES: usize = 1_024;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let auth = JiraAuth::Bearer("pat".into());
    let client = made(url, auth, Some(true), Duration::from_secs(5));
    let (taken, bytes) = counted(PIECES, Duration::ZERO);
    let length = u64::try_from(PIECE * PIECES).unwrap();
    let issue = key("SUP-2");
    let upload = client.attach(&issue, "a", "text/plain", length, bytes);
    assert!(tokio::time::timeout(Duration::from_secs(1), upload).await.is_err());
    // The sockets of both sides hold some MiB of the 256.
    let taken = taken.load(SeqCst);
    assert!((1..PIECES / 4).contains(&taken), "{taken} pieces");
}

/// Jira need not read what it will not keep.
#[tokio::test]
async fn a_file_that_is_too_large_may_be_refused_early() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let refusing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1_024];
        stream.read_exact(&mut head[..16]).await.unwrap();
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    });
    let auth = JiraAuth::Bearer("pat".into());
    let client = made(url, auth, Some(true), Duration::from_secs(5));
    let (_, bytes) = counted(64, Duration::from_millis(1));
    let length = u64::try_from(PIECE * 64).unwrap();
    let outcome = client.attach(&key("SUP-2"), "a", "text/plain", length, bytes).await;
    assert_eq!(
        outcome,
        Err(ApiError::Rejected { service: "jira", status: 413, reasons: Vec::new() })
    );
    drop(refusing.await.unwrap());
}

#[tokio::test]
async fn what_hangs_on_an_issue_tells_whose_it_is() {
    let issue = r#"{"key":"SUP-2","fields":{"attachment":[
        {"id":"7","filename":"a.png","author":{"accountId":"us"},"size":3,"mimeType":"image/png"},
        {"id":8,"filename":"b","author":{"accountId":"u1"},"size":4,"created":1651316514000},
        {"id":"9","filename":"c","size":0}]}}"#;
    let us = r#"{"accountId":"us","displayName":"Desk"}"#;
    let server = Canned::start([us, issue].map(|body| Reply::json(200, body))).await;
    let client = client(&server, Some(true));
    let info = |id, filename: &str, size, media_type: &str, mine| AttachmentInfo {
        id,
        filename: filename.to_owned(),
        size,
        media_type: media_type.to_owned(),
        mine,
    };
    assert_eq!(
        client.attachments(&key("SUP-2")).await,
        Ok(vec![
            info(7, "a.png", 3, "image/png", true),
            info(8, "b", 4, "", false),
            info(9, "c", 0, "", false),
        ])
    );
    let seen = server.seen();
    assert_eq!(seen[1].line, "GET /rest/api/2/issue/SUP-2");
    assert_eq!(seen[1].query, [("fields".to_owned(), "attachment".to_owned())]);
}

#[tokio::test]
async fn the_size_limit_is_asked_once() {
    for (meta, expected) in [
        (r#"{"enabled":true,"uploadLimit":1000000}"#, 1_000_000),
        (r#"{"enabled":false,"uploadLimit":1000000}"#, 0),
    ] {
        let replies = [Reply::of(500, ""), Reply::json(200, meta)];
        let server = Canned::start(replies).await;
        let client = client(&server, Some(true));
        assert_eq!(client.attachment_limit().await.unwrap_err().kind(), "unavailable");
        let (one, two) = tokio::join!(client.attachment_limit(), client.attachment_limit());
        assert_eq!((one, two), (Ok(expected), Ok(expected)));
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_attachment_comes_down_as_a_stream_from_either_jira() {
    let file = Reply::of(200, "bytes");
    let named = Reply::json(200, r#"{"id":7,"filename":"a/보 고.pdf"}"#);
    let dots = Reply::json(200, r#"{"id":7,"filename":".."}"#);
    for (cloud, replies, last) in [
        (true, vec![file.clone()], "GET /rest/api/2/attachment/content/7"),
        (
            false,
            vec![named, file.clone()],
            "GET /secure/attachment/7/a%2F%EB%B3%B4%20%EA%B3%A0.pdf",
        ),
        (false, vec![dots, file], "GET /secure/attachment/7/_"),
    ] {
        let server = Canned::start(replies).await;
        let client = client(&server, Some(cloud));
        let download = client.attachment(7).await.unwrap();
        let bytes: Vec<Bytes> = download.into_stream().try_collect().await.unwrap();
        assert_eq!(bytes.concat(), b"bytes");
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.line, last);
        assert_eq!(seen.query.is_empty(), !cloud);
        assert!(seen.headers.contains_key("authorization"));
    }
    // A redirect would carry the key elsewhere.
    let away = Reply::of(303, "").with("location", "http://127.0.0.1:9/x");
    for (reply, expected) in [(away, "malformed"), (Reply::of(404, ""), "not_found")] {
        let server = Canned::start([reply, Reply::json(200, "{}")]).await;
        let outcome = client(&server, Some(true)).attachment(7).await;
        assert_eq!(outcome.map(drop).unwrap_err().kind(), expected);
    }
}
