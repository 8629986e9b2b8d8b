//! A mail with its text: in one request where that goes, and in two where a half of it is broken.

use serde_json::{Value, json};

use super::{
    content::recorded_body,
    heads::item,
    stand::{Say, Stand},
};
use crate::clients::Whole;

fn heads(list: &[Value], gone: &[&str]) -> Value {
    json!({"state": "24", "list": list, "notFound": gone})
}

fn head() -> Value {
    heads(&[item("M1", |_| ())], &[])
}

fn gone() -> Value {
    heads(&[], &["M1"])
}

/// Both halves in one answer.
fn both(head: Value, body: Value) -> Say {
    Say::methods(&[("Email/get", head), ("Email/get", body)])
}

fn get(answer: Value) -> Say {
    Say::method("Email/get", answer)
}

/// The second half is refused.
fn half() -> Say {
    Say::methods(&[("Email/get", head()), ("error", json!({"type": "serverFail"}))])
}

#[tokio::test]
async fn one_request_gives_a_head_and_its_text() {
    let stand = Stand::saying([both(head(), recorded_body())]).await;
    let Whole::Here(mail, content) = stand.client().whole("M1").await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!((mail.remote.as_str(), mail.subject.as_str()), ("M1", "attachments message 1"));
    assert!(content.text.unwrap().starts_with("Hello,"));
    assert_eq!(content.attachments.len(), 3);
    let asked = stand.asked();
    assert_eq!(asked.len(), 1);
    let calls: Value = serde_json::from_slice(&asked[0].body).unwrap();
    let calls = calls["methodCalls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call[1]["ids"] == json!(["M1"])));
    assert_eq!(calls[1][1]["fetchTextBodyValues"], true);
}

#[tokio::test]
async fn where_a_half_is_refused_each_is_asked_for_alone() {
    for broken in [half(), both(head(), json!({"list": 1})), both(head(), gone())] {
        let stand = Stand::saying([broken, get(head()), get(recorded_body())]).await;
        let whole = stand.client().whole("M1").await.unwrap();
        assert!(matches!(whole, Whole::Here(..)));
        assert_eq!(stand.asked().len(), 3);
    }
}

#[tokio::test]
async fn what_is_gone_is_told_whichever_half_says_so() {
    for answers in [
        vec![both(gone(), gone()), get(gone())],
        vec![half(), get(gone())],
        vec![half(), get(head()), get(gone())],
    ] {
        let stand = Stand::saying(answers).await;
        assert_eq!(stand.client().whole("M1").await, Ok(Whole::Gone));
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_nothing_of_the_mail() {
    let odd = || heads(&[item("M1", |item| item["from"] = json!("planted"))], &[]);
    for answers in [
        vec![both(odd(), recorded_body()), get(odd())],
        vec![half(), get(head()), Say::error("requestTooLarge")],
        vec![half(), get(head()), get(json!({"list": [{"blobId": ["planted"]}]}))],
    ] {
        let stand = Stand::saying(answers).await;
        let whole = stand.client().whole("M1").await;
        let Ok(Whole::Unreadable { reason }) = whole else { panic!("{whole:?}") };
        assert!(!reason.is_empty() && !reason.contains("planted"), "{reason}");
    }
}

#[tokio::test]
async fn an_outage_is_no_word_about_the_mail() {
    let stand =
        Stand::by(|asked| super::stand::usual(asked).unwrap_or(Say::status(503, "", ""))).await;
    assert_eq!(stand.client().whole("M1").await.unwrap_err().kind(), "unavailable");
}
