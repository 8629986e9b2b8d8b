//! Files on their way up and down.

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use serde_json::json;

use super::{Say, Stand, desk, desk_within, id, known, value};
use crate::{clients::ApiError, model::redmine_desk::Upload};

type Pieces = Vec<Result<Bytes, ApiError>>;

fn pieces(texts: &[&'static str]) -> Pieces {
    texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))).collect()
}

fn token() -> Say {
    let body = r#"{"upload":{"id":1,"token":"1.abc"}}"#;
    Say::status(201, "Content-Type: application/json\r\n", body)
}

#[tokio::test]
async fn a_file_goes_up_as_its_bytes_and_is_then_attached() {
    let server =
        Stand::by(
            |asked| {
                if asked.line.starts_with("PUT") { Say::status(204, "", "") } else { token() }
            },
        )
        .await;
    let desk = desk(&server.url);
    let bytes = stream::iter(pieces(&["a;b", "\n", "1;2"]));
    let upload = desk.upload("x/보고서 1?.csv", 7, "text/csv", bytes).await.unwrap();
    let named = "보고서 1_.csv".to_owned();
    let expected = Upload {
        token: "1.abc".to_owned(),
        name: named.clone(),
        media_type: "text/csv".to_owned(),
    };
    assert!(upload == expected);
    let asked = server.all().pop().unwrap();
    assert!(asked.line.starts_with("POST /uploads.json?"));
    assert_eq!(value(&asked, "filename"), Some(named.clone()));
    assert_eq!(asked.header("content-type"), Some("application/octet-stream"));
    assert_eq!(asked.header("content-length"), Some("7"));
    assert_eq!(asked.body, b"a;b\n1;2");
    desk.attach(id(3), &[upload]).await.unwrap();
    let uploads = json!([{"token": "1.abc", "filename": named, "content_type": "text/csv"}]);
    let asked = server.all().pop().unwrap();
    assert!(asked.line.starts_with("PUT /issues/3.json "));
    assert_eq!(asked.json(), json!({"issue": {"uploads": uploads}}));
}

#[tokio::test]
async fn an_upload_that_breaks_off_says_so() {
    let lost = ApiError::Unavailable { service: "mailbox", cause: "gone".to_owned() };
    let broken = [pieces(&["abc"]), vec![Err(lost.clone())]].concat();
    for (pieces, expected) in [
        (broken, lost.kind()),
        (pieces(&["abc", "de"]), "malformed"),
        (pieces(&["abc", "def", "g"]), "malformed"),
        (pieces(&["abcdefgh"]), "malformed"),
    ] {
        let server = Stand::by(|_| token()).await;
        let shown = format!("{pieces:?}");
        let sent = desk(&server.url).upload("a", 6, "text/plain", stream::iter(pieces)).await;
        assert_eq!(sent.map(drop).unwrap_err().kind(), expected, "{shown}");
        assert!(server.all().is_empty(), "{shown}");
    }
}

#[tokio::test]
async fn an_upload_may_fail_as_any_write() {
    let too_large = r#"{"errors":["This file cannot be uploaded"]}"#;
    let json = "Content-Type: application/json\r\n";
    for (say, expected) in [
        (Say::status(422, json, too_large), "rejected"),
        (Say::status(413, "", ""), "rejected"),
        (Say::status(401, "", ""), "unauthorized"),
        (Say::status(500, "", ""), "ambiguous"),
        (Say::status(200, "Content-Type: text/html\r\n", "<html>"), "ambiguous"),
        (Say::Cut, "ambiguous"),
    ] {
        let shown = format!("{say:?}");
        let server = Stand::by(move |_| say.clone()).await;
        let bytes = stream::iter(pieces(&["abc"]));
        let sent = desk(&server.url).upload("a", 3, "text/plain", bytes).await;
        assert_eq!(sent.map(drop).unwrap_err().kind(), expected, "{shown}");
        assert_eq!(server.all().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_file_comes_down_as_a_stream() {
    let server = known(|asked| {
        if asked.line.contains("/attachments/download/7 ") {
            Say::status(200, "Content-Type: text/plain\r\n", "bytes")
        } else {
            Say::status(404, "Content-Type: text/html\r\n", "<html>")
        }
    })
    .await;
    let desk = desk_within(&server.url, std::time::Duration::from_secs(2));
    let file = desk.attachment(7).await.unwrap();
    let bytes: Vec<Bytes> = file.into_stream().try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"bytes");
    assert_eq!(desk.attachment(8).await.map(drop).unwrap_err().kind(), "not_found");
}
