//! Drafts, sending, and what is known after an answer that never came.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future, stream};
use serde_json::{Value, json};

use super::{
    super::ApiError,
    recorded,
    stand::{DRAFTS, INBOX, SENT, Say, Stand},
};
use crate::clients::{Draft, DraftFault, Found, InlineImage};
use crate::model::mail::{Address, Email, MessageId};

fn address(name: Option<&str>, email: &str) -> Address {
    Address { name: name.map(str::to_owned), email: Email::parse(email).unwrap() }
}

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

fn draft() -> Draft {
    Draft {
        message_id: id("t1@x"),
        from: address(Some("Support"), "support@example.test"),
        to: vec![address(Some("Bob\r\nBcc: a@b"), "bob@customer.example")],
        subject: "Re: printer\r\nX-Evil: 1".to_owned(),
        in_reply_to: Some(id("c2@x")),
        references: vec![id("c1@x"), id("c2@x")],
        text: "We are\0 on it.\n".to_owned(),
        html: None,
        inline: vec![],
        without_broken: false,
        headers: vec![("Auto-Submitted", "auto-replied".to_owned())],
    }
}

/// Answers of the recording of a draft made and sent, for the names used here.
fn made_and_sent(which: &[usize]) -> Say {
    let (_, body) =
        recorded!("24-email-set-create-submit.response").split_once("\r\n\r\n").unwrap();
    let body = body.replace("\"d1\"", "\"new\"").replace("\"s1\"", "\"new\"");
    let body: Value = serde_json::from_str(&body).unwrap();
    let answers = which.iter().map(|at| {
        let mut answer = body["methodResponses"][*at].clone();
        answer[2] = json!("a");
        answer
    });
    Say::json(&json!({"methodResponses": answers.collect::<Vec<_>>(), "sessionState": "0"}))
}

fn not_created(error: &Value) -> Say {
    Say::method("Email/set", json!({"notCreated": {"new": error}, "created": null}))
}

#[tokio::test]
async fn a_draft_is_written_as_it_shall_be_sent() {
    let stand = Stand::saying([made_and_sent(&[0])]).await;
    let made = stand.client().draft(&draft()).await;
    assert_eq!(made.as_deref(), Ok("M4c5fcb9e14d3d69989b879e7"));
    let (name, asked) = stand.asked()[0].call();
    assert_eq!(name, "Email/set");
    assert_eq!(
        asked["create"]["new"],
        json!({
            "mailboxIds": {DRAFTS: true},
            "keywords": {"$draft": true, "$seen": true},
            "messageId": ["t1@x"],
            "from": [{"name": "Support", "email": "support@example.test"}],
            "to": [{"name": "Bob  Bcc: a@b", "email": "bob@customer.example"}],
            "subject": "Re: printer  X-Evil: 1",
            "inReplyTo": ["c2@x"],
            "references": ["c1@x", "c2@x"],
            "header:Auto-Submitted:asText": "auto-replied",
            "bodyValues": {"text": {"value": "We are on it.\n"}},
            "textBody": [{"type": "text/plain", "partId": "text"}],
        })
    );
    assert!(!format!("{:?}", draft()).contains("on it"));
}

#[tokio::test]
async fn html_goes_with_its_images_and_the_text_as_its_alternative() {
    let uploaded = json!({"accountId": "support", "blobId": "G1", "type": "image/png", "size": 3});
    let stand = Stand::saying([Say::json(&uploaded), made_and_sent(&[0])]).await;
    let image = InlineImage {
        media_type: "image/png".to_owned(),
        name: "a.png".to_owned(),
        content_id: "i1@x".to_owned(),
        size: 3,
        open: Arc::new(|| {
            let bytes = stream::iter([Ok(Bytes::from_static(b"png"))]);
            future::ready(Ok(bytes.boxed())).boxed()
        }),
    };
    let html = Some("<img src=\"cid:i1@x\">".to_owned());
    stand.client().draft(&Draft { html, inline: vec![image], ..draft() }).await.unwrap();
    let create = &stand.asked()[1].call().1["create"]["new"];
    assert_eq!(create["textBody"], json!([{"type": "text/plain", "partId": "text"}]));
    assert_eq!(create["htmlBody"], json!([{"type": "text/html", "partId": "html"}]));
    assert_eq!(
        create["attachments"],
        json!([{"type": "image/png", "blobId": "G1", "name": "a.png", "cid": "i1@x",
                "disposition": "inline"}])
    );
    assert_eq!(create["bodyValues"]["html"]["value"], "<img src=\"cid:i1@x\">");
}

#[tokio::test]
async fn an_image_that_breaks_off_is_left_out_only_where_that_is_said() {
    let image = InlineImage {
        media_type: "image/png".to_owned(),
        name: "a.png".to_owned(),
        content_id: "i1@x".to_owned(),
        size: 6,
        open: Arc::new(|| {
            let lost = ApiError::Unavailable { service: "jira", cause: "it broke off".to_owned() };
            let bytes = stream::iter([Ok(Bytes::from_static(b"png")), Err(lost)]);
            future::ready(Ok(bytes.boxed())).boxed()
        }),
    };
    for without_broken in [false, true] {
        let stand = Stand::saying([made_and_sent(&[0])]).await;
        let mail = Draft { inline: vec![image.clone()], without_broken, ..draft() };
        let outcome = stand.client().draft(&mail).await;
        match (without_broken, &outcome) {
            (true, Ok(_)) | (false, Err(DraftFault::Image(_))) => {}
            _ => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test]
async fn an_id_that_no_server_would_write_is_left_out() {
    let stand = Stand::saying([made_and_sent(&[0])]).await;
    let references = ["a b@x", "ü@x", "c1@x", "a<b>c@x"].map(id).to_vec();
    let odd = Draft { in_reply_to: Some(id("a b@x")), references, ..draft() };
    stand.client().draft(&odd).await.unwrap();
    let create = &stand.asked()[0].call().1["create"]["new"];
    assert_eq!((&create["inReplyTo"], &create["references"]), (&Value::Null, &json!(["c1@x"])));
}

#[tokio::test]
async fn a_write_without_a_clear_answer_may_have_happened() {
    let broken = Say::status(200, "Content-Type: application/json\r\n", "{");
    for (say, expected) in [
        (Say::Cut, "ambiguous"),
        (Say::Hang, "ambiguous"),
        (Say::status(500, "", ""), "ambiguous"),
        (broken, "ambiguous"),
        (Say::error("serverFail"), "ambiguous"),
        (Say::error("serverPartialFail"), "ambiguous"),
        (Say::method("Email/set", json!({"created": null})), "ambiguous"),
        (Say::raw(recorded!("28-not-json.response")), "unavailable"),
        (Say::status(429, "", ""), "rate_limited"),
        (not_created(&json!({"type": "rateLimit"})), "rate_limited"),
        (not_created(&json!({"type": "overQuota"})), "rejected"),
        (Say::error("forbidden"), "rejected"),
    ] {
        let stand = Stand::saying([say.clone(), made_and_sent(&[0])]).await;
        let DraftFault::Api(error) = stand.client().draft(&draft()).await.unwrap_err() else {
            panic!("no image is there");
        };
        assert_eq!(error.kind(), expected, "{say:?}");
        assert_eq!(stand.asked().len(), 1, "a write is not repeated: {say:?}");
    }
    let wrong = json!({"type": "invalidProperties", "properties": ["to"]});
    let stand = Stand::saying([not_created(&wrong)]).await;
    let outcome = stand.client().draft(&draft()).await;
    let Err(DraftFault::Api(ApiError::Rejected { reasons, .. })) = outcome else { panic!() };
    assert_eq!(reasons, ["invalidProperties: to"]);
}

#[tokio::test]
async fn a_mail_of_ours_is_found_by_its_whole_message_id() {
    let mail = |id: &str, message_id: &str, folder: &str, draft: bool| {
        let keywords = if draft { json!({"$draft": true}) } else { json!({}) };
        json!({"id": id, "messageId": [message_id], "mailboxIds": {folder: true}, "keywords": keywords})
    };
    let answer = |list: Value| {
        let query = json!({"ids": ["M1"], "queryState": "1"});
        Say::methods(&[("Email/query", query), ("Email/get", json!({"state": "1", "list": list}))])
    };
    let found = |id: &str, draft| Some(Found { id: id.to_owned(), draft });
    for (list, expected) in [
        (json!([]), None),
        (json!([mail("M1", "xt1@x", SENT, false)]), None),
        (json!([mail("M1", "t1@x", DRAFTS, false)]), found("M1", true)),
        (json!([mail("M1", "t1@x", INBOX, true)]), found("M1", true)),
        (
            json!([mail("M1", "t1@x", DRAFTS, true), mail("M2", "t1@x", SENT, false)]),
            found("M2", false),
        ),
    ] {
        let stand = Stand::saying([answer(list)]).await;
        assert_eq!(stand.client().find_by_message_id(&id("t1@x")).await, Ok(expected));
        let (_, asked) = stand.asked()[0].call();
        assert_eq!(asked["filter"], json!({"header": ["Message-ID", "t1@x"]}));
    }
}

#[tokio::test]
async fn a_draft_is_handed_over_with_its_envelope_and_filed() {
    let identity = Say::raw(recorded!("07-identity-get.response"));
    let stand = Stand::saying([identity.clone(), made_and_sent(&[1, 2])]).await;
    let from = Email::parse("support@example.test").unwrap();
    let to = [Email::parse("bob@customer.example").unwrap()];
    assert_eq!(stand.client().send("M4", &from, &to).await, Ok(()));
    let (name, asked) = stand.asked()[1].call();
    assert_eq!(name, "EmailSubmission/set");
    assert_eq!(
        asked,
        json!({
            "accountId": "support",
            "create": {"new": {
                "identityId": "support",
                "emailId": "M4",
                "envelope": {
                    "mailFrom": {"email": "support@example.test"},
                    "rcptTo": [{"email": "bob@customer.example"}],
                },
            }},
            "onSuccessUpdateEmail": {"#new": {
                "keywords/$draft": null,
                format!("mailboxIds/{DRAFTS}"): null,
                format!("mailboxIds/{SENT}"): true,
            }},
        })
    );
    let refused = json!({"notCreated": {"new":
        {"type": "forbiddenToSend", "description": "not before nine"}}});
    let stand = Stand::saying([identity, Say::method("EmailSubmission/set", refused)]).await;
    let reasons = vec!["forbiddenToSend: not before nine".to_owned()];
    let rejected = ApiError::Rejected { service: "jmap", status: 200, reasons };
    assert_eq!(stand.client().send("M4", &from, &to).await, Err(rejected));
}

#[tokio::test]
async fn the_identity_that_fits_best_is_taken() {
    let one = |id: &str, email: &str| json!({"id": id, "email": email});
    for (list, expected) in [
        (
            json!([one("1", "a@x"), one("2", "*@example.test"), one("3", "Support@example.test")]),
            "3",
        ),
        (json!([one("1", "a@x"), one("2", "*@example.test")]), "2"),
        (json!([one("1", "a@x"), one("2", "b@x")]), "1"),
    ] {
        let identities = Say::method("Identity/get", json!({"state": "1", "list": list}));
        let stand = Stand::saying([identities, made_and_sent(&[1])]).await;
        let from = Email::parse("support@example.test").unwrap();
        stand.client().send("M4", &from, std::slice::from_ref(&from)).await.unwrap();
        assert_eq!(stand.asked()[1].call().1["create"]["new"]["identityId"], expected);
    }
    let none = Say::method("Identity/get", json!({"state": "1", "list": []}));
    let stand = Stand::saying([none]).await;
    let from = Email::parse("support@example.test").unwrap();
    assert_eq!(stand.client().send("M4", &from, &[]).await.unwrap_err().kind(), "rejected");
}

#[tokio::test]
async fn whether_a_mail_was_sent_is_asked_in_three_ways() {
    let place = |folder: &str| {
        let mail = json!({"id": "M4", "mailboxIds": {folder: true}, "keywords": {}});
        Say::method("Email/get", json!({"state": "1", "list": [mail]}))
    };
    let hits = |ids: Value| Say::method("EmailSubmission/query", json!({"ids": ids}));
    let recorded = Say::raw(recorded!("25-submission-get.response"));
    let unsupported = Say::error("unsupportedFilter");
    for (id, says, expected) in [
        ("M4", vec![place(SENT)], Ok(true)),
        ("M4", vec![place(DRAFTS), hits(json!(["S1"]))], Ok(true)),
        ("M4", vec![place(DRAFTS), hits(json!([]))], Ok(false)),
        (
            "M4c5fcb9e14d3d69989b879e7",
            vec![place(DRAFTS), unsupported.clone(), recorded.clone()],
            Ok(true),
        ),
        ("M4", vec![place(DRAFTS), unsupported, recorded], Ok(false)),
        ("M4", vec![place(DRAFTS), Say::status(500, "", "")], Err("unavailable")),
    ] {
        let stand = Stand::saying(says).await;
        let sent = stand.client().was_sent(id).await;
        assert_eq!(sent.as_ref().map_err(ApiError::kind), expected.as_ref().map_err(|e| *e));
    }
}

#[tokio::test]
async fn destroying_what_is_gone_is_done() {
    let refused =
        |kind: &str| Say::method("Email/set", json!({"notDestroyed": {"M4": {"type": kind}}}));
    for (say, expected) in [
        (Say::method("Email/set", json!({"destroyed": ["M4"]})), Ok(())),
        (refused("notFound"), Ok(())),
        (refused("forbidden"), Err("rejected")),
        (Say::method("Email/set", json!({"destroyed": []})), Err("ambiguous")),
    ] {
        let stand = Stand::saying([say]).await;
        let done = stand.client().destroy("M4").await;
        assert_eq!(done.map_err(|error| error.kind()), expected);
        assert_eq!(stand.asked()[0].call().1["destroy"], json!(["M4"]));
    }
}
