//! A mail's text and attachments, as recorded and where they are too much.

use serde_json::{Value, json};

use super::{
    recorded,
    stand::{Say, Stand},
};

pub(super) fn recorded_body() -> Value {
    let (_, body) = recorded!("08-email-query.response").split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    body["methodResponses"][1][1].clone()
}

#[tokio::test]
async fn a_recorded_mail_is_read_with_its_attachments() {
    let stand = Stand::saying([Say::method("Email/get", recorded_body())]).await;
    let content = stand.client().content("M3014ac1ca35e79e72bffd05e").await.unwrap().unwrap();
    assert!(content.text.unwrap().starts_with("Hello,\n\nthe printer on the 3rd floor"));
    assert!(content.html.unwrap().starts_with("<html><head><style>"));
    assert!(!content.cut);
    assert_eq!(content.raw, "G3014ac1ca35e79e72bffd05ef64ac156e7f8fea7");
    assert_eq!(content.size, 7_735);
    let hanging: Vec<_> = content
        .attachments
        .iter()
        .map(|a| (a.name.as_str(), a.media_type.as_str(), a.size))
        .collect();
    assert_eq!(
        hanging,
        [
            ("screenshot.png", "image/png", 69),
            ("Rechnung – Müller.pdf", "application/pdf", 4_105),
            ("log.csv", "text/csv", 10),
        ]
    );
    let (_, asked) = stand.asked()[0].call();
    assert_eq!(asked["maxBodyValueBytes"], 262_144);
    assert_eq!(asked["fetchTextBodyValues"], true);
    assert_eq!(asked["fetchHTMLBodyValues"], true);
}

#[tokio::test]
async fn a_mail_that_is_gone_is_none_and_one_left_out_is_an_error() {
    let stand = Stand::saying([
        Say::method("Email/get", json!({"state": "1", "list": [], "notFound": ["M1"]})),
        Say::method("Email/get", json!({"state": "1", "list": [], "notFound": []})),
    ])
    .await;
    let client = stand.client();
    assert_eq!(client.content("M1").await, Ok(None));
    assert_eq!(client.content("M1").await.unwrap_err().kind(), "malformed");
}

#[tokio::test]
async fn an_attached_mail_is_named_by_its_subject_where_that_can_be_had() {
    let attached = json!({"state": "1", "list": [{"blobId": "G", "attachments":
        [{"partId": "2", "blobId": "G2", "size": 9, "type": "message/rfc822", "name": null}]}]});
    for (parsed, name) in [
        (
            Say::method("Email/parse", json!({"parsed": {"G2": {"subject": "On fire"}}})),
            "On fire.eml",
        ),
        (Say::error("unknownMethod"), "message.eml"),
    ] {
        let stand = Stand::saying([Say::method("Email/get", attached.clone()), parsed]).await;
        let content = stand.client().content("M1").await.unwrap().unwrap();
        assert_eq!(content.attachments[0].name, name);
        assert_eq!(stand.asked()[1].call().1["blobIds"], json!(["G2"]));
    }
}

#[tokio::test]
async fn a_mail_of_too_many_texts_is_read_with_less_of_each() {
    let huge = Say::json(&json!("x".repeat(5 * 1024 * 1024)));
    let whole = Say::method("Email/get", recorded_body());
    let stand = Stand::saying([huge.clone(), whole, huge.clone(), huge]).await;
    let client = stand.client();
    assert!(client.content("M1").await.unwrap().is_some());
    assert_eq!(client.content("M1").await.unwrap_err().kind(), "malformed");
    let asked = stand.asked();
    let sizes: Vec<_> =
        asked.iter().map(|asked| asked.call().1["maxBodyValueBytes"].clone()).collect();
    assert_eq!(sizes, [262_144, 4_096, 262_144, 4_096]);
}
