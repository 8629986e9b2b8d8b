//! Mails of ours: written, found again, sent once.

use serde_json::{Value, json};

use super::stand::{Say, Stand, page};
use crate::{
    clients::{ApiError, Draft, DraftFault, Found},
    model::mail::{Address, Email, MessageId},
};

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

pub(super) fn draft() -> Draft {
    let address = |name: &str, email: &str| Address {
        name: Some(name.to_owned()),
        email: Email::parse(email).unwrap(),
    };
    Draft {
        message_id: id("t1@x"),
        from: address("Support", "support@example.test"),
        to: vec![address("Bob\r\nBcc: a@b", "bob@customer.example")],
        subject: "Re: printer\r\nX-Evil: 1".to_owned(),
        in_reply_to: Some(id("c'2@x")),
        references: vec![id("c1@x"), id("c'2@x")],
        text: "We are\0 on it.\n".to_owned(),
        html: None,
        inline: vec![],
        without_broken: false,
        headers: vec![
            ("Auto-Submitted", "auto-replied".to_owned()),
            ("X-Ticketd-Loop", "1".to_owned()),
        ],
    }
}

fn mails(list: &[Value]) -> Say {
    Say::json(&page(list, None))
}

fn made(id: &str) -> Say {
    Say::status(201, "Content-Type: application/json\r\n", &json!({"id": id}).to_string())
}

fn fine() -> Say {
    Say::json(&json!({"id": "D"}))
}

#[tokio::test]
async fn an_answer_is_made_and_made_complete_last() {
    let stand = Stand::saying([mails(&[json!({"id": "O"})]), made("D"), fine()]).await;
    assert_eq!(stand.client().draft(&draft()).await.unwrap(), "D");
    let asked = stand.asked();
    let filter = asked[0].value("$filter").unwrap();
    assert_eq!(filter, "internetMessageId eq '<c''2@x>'");
    assert_eq!(asked[1].what(), "POST messages/O/createReply");
    let begun = &asked[1].json()["message"];
    assert_eq!(begun["internetMessageHeaders"], json!([{"name": "X-Ticketd-Loop", "value": "1"}]));
    let mark = begun["singleValueExtendedProperties"][0].clone();
    assert_eq!(mark["value"], "t1@x");
    assert_eq!(begun.get("internetMessageId"), None, "it is half a draft yet");
    assert_eq!(asked[2].what(), "PATCH messages/D");
    assert_eq!(
        asked[2].json(),
        json!({
            "subject": "Re: printer  X-Evil: 1",
            "body": {"contentType": "text", "content": "We are on it.\n"},
            "toRecipients":
                [{"emailAddress": {"name": "Bob  Bcc: a@b", "address": "bob@customer.example"}}],
            "ccRecipients": [],
            "bccRecipients": [],
            "internetMessageId": "<t1@x>",
            "singleValueExtendedProperties": [mark],
        })
    );
}

#[tokio::test]
async fn without_its_original_it_is_a_mail_of_its_own() {
    let gone = Say::refusal(404, "ErrorItemNotFound");
    for answers in [
        vec![mails(&[]), made("D"), fine()],
        vec![mails(&[json!({"id": "O"})]), gone, made("D"), fine()],
    ] {
        let count = answers.len();
        let stand = Stand::saying(answers).await;
        assert_eq!(stand.client().draft(&draft()).await.unwrap(), "D");
        let asked = stand.asked();
        assert_eq!(asked.len(), count);
        let new = &asked[count - 2];
        assert_eq!(new.what(), "POST messages");
        let properties = new.json()["singleValueExtendedProperties"].clone();
        assert_eq!(properties[0], json!({"id": "String 0x1042", "value": "<c'2@x>"}));
        assert_eq!(properties[1], json!({"id": "String 0x1039", "value": "<c1@x> <c'2@x>"}));
        assert_eq!(properties[2]["value"], "t1@x");
    }
    let mut plain = draft();
    plain.headers = vec![("Auto-Submitted", "auto-replied".to_owned())];
    plain.in_reply_to = None;
    let stand = Stand::saying([made("D"), fine()]).await;
    stand.client().draft(&plain).await.unwrap();
    assert_eq!(stand.asked()[0].json().get("internetMessageHeaders"), None, "never an empty list");
}

#[tokio::test]
async fn an_unclear_step_leaves_an_unclear_draft() {
    let broken = || Say::refusal(502, "");
    for answers in [
        vec![mails(&[]), broken()],
        vec![mails(&[]), made("D"), broken()],
        vec![mails(&[]), Say::status(201, "", "")],
    ] {
        let stand = Stand::saying(answers).await;
        let error = stand.client().draft(&draft()).await.unwrap_err();
        assert!(matches!(error, DraftFault::Api(ApiError::Ambiguous { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn only_a_complete_draft_is_found_and_one_that_was_sent_before_it() {
    let mail = |id: &str, draft: bool, folder: &str, message: &str| {
        json!({"id": id, "isDraft": draft, "parentFolderId": folder,
            "internetMessageId": format!("<{message}>")})
    };
    let whole = mail("D", true, "id-of-drafts", "t'1@x");
    let half = mail("H", true, "id-of-drafts", "made-by-exchange@x");
    let thrown = mail("T", true, "id-of-deleteditems", "t'1@x");
    let sent = mail("S", false, "id-of-sentitems", "given-by-exchange@x");
    let found = |id: &str, draft| Some(Found { id: id.to_owned(), draft });
    for (list, expected, thrown_away) in [
        (vec![], None, false),
        (vec![whole.clone()], found("D", true), false),
        (vec![half.clone()], None, true),
        (vec![half, whole.clone()], found("D", true), true),
        (vec![thrown.clone()], None, false),
        (vec![whole, sent], found("S", false), false),
    ] {
        let stand = Stand::saying([mails(&list), made("H")]).await;
        let outcome = stand.client().find_by_message_id(&id("t'1@x")).await.unwrap();
        assert_eq!(outcome, expected, "{list:?}");
        let asked = stand.asked();
        let filter = asked[0].value("$filter").unwrap();
        assert!(filter.ends_with("and ep/value eq 't''1@x')"), "{filter}");
        let moved = asked.iter().any(|asked| asked.what() == "POST messages/H/move");
        assert_eq!(moved, thrown_away, "{list:?}");
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_once() {
    let accepted = || Say::status(202, "", "");
    let place = |draft: bool| Say::json(&json!({"id": "D", "isDraft": draft}));
    let refused = || Say::refusal(403, "ErrorSendAsDenied");
    let gone = || Say::refusal(404, "ErrorItemNotFound");
    for (answers, expected) in [
        (vec![accepted()], "ok"),
        (vec![refused(), place(true)], "rejected"),
        (vec![refused(), place(false)], "ok"),
        (vec![refused(), Say::Hang], "ambiguous"),
        (vec![gone(), gone()], "ok"),
        (vec![Say::refusal(503, "")], "ambiguous"),
        (vec![Say::Cut], "ambiguous"),
        (vec![Say::refusal(429, "ApplicationThrottled")], "rate_limited"),
    ] {
        let stand = Stand::saying(answers).await;
        let outcome = stand.client().send("D").await;
        let word = outcome.as_ref().map_or_else(ApiError::kind, |()| "ok");
        assert_eq!(word, expected, "{outcome:?}");
        let first = &stand.asked()[0];
        assert_eq!((first.what().as_str(), first.body.len()), ("POST messages/D/send", 0));
        assert_eq!(first.header("content-length"), Some("0"));
    }
    for (answer, sent) in [(place(true), false), (place(false), true), (gone(), true)] {
        let stand = Stand::saying([answer]).await;
        assert_eq!(stand.client().was_sent("D").await, Ok(sent));
    }
}

#[tokio::test]
async fn what_is_thrown_away_can_still_be_told_from_what_was_sent() {
    let stand = Stand::saying([made("D"), Say::refusal(404, "ErrorItemNotFound")]).await;
    let client = stand.client();
    client.destroy("D").await.unwrap();
    client.destroy("D").await.unwrap();
    assert_eq!(stand.asked()[0].what(), "POST messages/D/move");
    assert_eq!(stand.asked()[0].json(), json!({"destinationId": "deleteditems"}));
}
