//! Mails' heads: what is read of them, and how a bad one is kept from spoiling the rest.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    recorded,
    stand::{ARCHIVE, Asked, DRAFTS, INBOX, SENT, Say, Stand, usual},
};
use crate::clients::Head;
use crate::model::{
    automatic::Sign,
    mail::{Folder, Importance, MessageId},
};

/// The mail that was recorded, changed.
pub(super) fn item(id: &str, change: impl FnOnce(&mut Value)) -> Value {
    let (_, body) = recorded!("08-email-query.response").split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let mut item = body["methodResponses"][1][1]["list"][0].clone();
    item["id"] = json!(id);
    change(&mut item);
    item
}

fn got(list: &[Value], gone: &[&str]) -> Say {
    Say::method("Email/get", json!({"state": "24", "list": list, "notFound": gone}))
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_recorded_mail_is_read() {
    let stand = Stand::saying([got(&[item("M1", |_| ())], &[])]).await;
    let heads = stand.client().heads(&ids(&["M1"])).await.unwrap();
    let [Head::Mail(mail)] = &heads[..] else { panic!("{heads:?}") };
    assert_eq!((mail.remote.as_str(), mail.folder), ("M1", Folder::Inbox));
    assert_eq!(mail.conversation.as_deref(), Some("Ta1e775fda83772f5"));
    let message_id = "179532369134.509.5842332993799432183.605d0adb6018@customer.example";
    assert_eq!(mail.message_id.as_ref().unwrap().as_str(), message_id);
    let from = mail.from.as_ref().unwrap();
    assert_eq!(from.name.as_deref(), Some("Bob Müller"));
    assert_eq!(from.email.as_str(), "bob@customer.example");
    assert_eq!(mail.recipients[0].email.as_str(), "support@example.test");
    assert_eq!(mail.subject, "attachments message 1");
    assert_eq!(mail.received.to_string(), "2026-11-22T05:01:31Z");
    assert_eq!((mail.automatic, mail.importance), (None, Importance::Normal));
    let (name, asked) = stand.asked()[0].call();
    assert_eq!((name.as_str(), &asked["ids"]), ("Email/get", &json!(["M1"])));
    let asked = asked["properties"].as_array().unwrap();
    for wanted in ["threadId", "header:X-Ticketd-Loop:asRaw", "header:X-Priority:asRaw"] {
        assert!(asked.contains(&json!(wanted)), "{wanted}");
    }
    assert!(!asked.contains(&json!("bodyValues")));
}

#[tokio::test]
async fn whatever_stands_in_a_head_it_becomes_fit() {
    let many: Vec<_> = (0..400).map(|n| json!({"name": null, "email": format!("{n}@x")})).collect();
    let odd = item("M1", |item| {
        item["subject"] = json!(format!("a\u{0}b\r\nc {}", "ü".repeat(2_000)));
        item["from"] = json!([{"name": "undisclosed", "email": "no address"}, {"email": null}]);
        item["sender"] = json!([{"name": " \u{0}", "email": "Alice@Example.ORG"}]);
        item["replyTo"] = json!([{"name": "x\ny", "email": "help@x"}]);
        item["to"] = json!(many);
        item["cc"] = json!(many);
        item["messageId"] = json!(["\n", "one@x", "two@x"]);
        item["inReplyTo"] = json!(["r2@x"]);
        item["references"] = json!(["r1@x", "r2@x"]);
        item["header:auto-submitted:asRaw"] = json!(" auto-replied (vacation)\r\n");
        item["header:Importance:asRaw"] = json!(" High");
        item["header:List-Id:asRaw"] = json!(null);
    });
    let stand = Stand::saying([got(&[odd], &[])]).await;
    let heads = stand.client().heads(&ids(&["M1"])).await.unwrap();
    let [Head::Mail(mail)] = &heads[..] else { panic!("{heads:?}") };
    assert!(mail.subject.starts_with("a b  c ü"), "{}", mail.subject);
    assert_eq!(mail.subject.chars().count(), 1_000);
    let from = mail.from.as_ref().unwrap();
    assert_eq!((from.name.as_deref(), from.email.as_str()), (None, "alice@example.org"));
    assert_eq!(mail.reply_to.as_ref().unwrap().name.as_deref(), Some("x y"));
    assert_eq!(mail.recipients.len(), 500);
    assert_eq!(mail.message_id.as_ref().unwrap().as_str(), "one@x");
    let answers: Vec<_> = mail.answers.iter().map(MessageId::as_str).collect();
    assert_eq!(answers, ["r2@x", "r1@x"]);
    assert_eq!((mail.automatic, mail.importance), (Some(Sign::AutoSubmitted), Importance::High));
}

#[tokio::test]
async fn heads_come_in_the_order_asked_and_each_is_judged_alone() {
    let lying =
        |folder: &'static str| move |item: &mut Value| item["mailboxIds"] = json!({folder: true});
    let list = [
        item("odd", |item| item["from"] = json!("nobody")),
        item("odd and elsewhere", |item| {
            lying(ARCHIVE)(item);
            item["from"] = json!("nobody");
        }),
        item("marked", |item| item["keywords"] = json!({"$draft": true})),
        item("draft", lying(DRAFTS)),
        item("archive", lying(ARCHIVE)),
        item("sent", lying(SENT)),
        item("both", |item| item["mailboxIds"] = json!({SENT: true, INBOX: true})),
    ];
    let stand = Stand::saying([got(&list, &["gone"])]).await;
    let asked = [
        "gone",
        "both",
        "sent",
        "archive",
        "draft",
        "marked",
        "odd and elsewhere",
        "odd",
        "left out",
    ];
    let heads = stand.client().heads(&ids(&asked)).await.unwrap();
    let words = heads.iter().map(|head| match head {
        Head::Mail(mail) if mail.folder == Folder::Inbox => "inbox",
        Head::Mail(_) => "sent",
        Head::Elsewhere(_) => "elsewhere",
        Head::Gone => "gone",
        Head::Unreadable { .. } => "unreadable",
    });
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "gone",
            "inbox",
            "sent",
            "elsewhere",
            "elsewhere",
            "elsewhere",
            "elsewhere",
            "unreadable",
            "unreadable"
        ]
    );
    let Head::Unreadable { remote, raw_blob, received, .. } = &heads[7] else { panic!() };
    assert_eq!(remote, "odd");
    assert_eq!(raw_blob.as_deref(), Some("G3014ac1ca35e79e72bffd05ef64ac156e7f8fea7"));
    assert_eq!(received.unwrap().to_string(), "2026-11-22T05:01:31Z");
}

/// A server that fails in some way whenever it is asked for all of the poisoned mail.
async fn poisoned(with: Say, wholly: bool) -> Stand {
    Stand::by(move |asked: &Asked| {
        if let Some(say) = usual(asked) {
            return say;
        }
        let (_, arguments) = asked.call();
        let ids: Vec<_> =
            arguments["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let all = arguments["properties"].as_array().unwrap().len() > 5;
        if ids.contains(&"poison") && (all || wholly) {
            return with.clone();
        }
        let items: Vec<_> = ids.iter().map(|id| item(id, |_| ())).collect();
        got(&items, &[])
    })
    .await
}

#[tokio::test]
async fn one_bad_mail_is_found_and_spoils_no_other() {
    let huge = "x".repeat(5 * 1024 * 1024);
    let names: Vec<_> =
        (0..20).map(|n| if n == 13 { "poison".to_owned() } else { n.to_string() }).collect();
    for (with, wholly) in [
        (Say::status(500, "", ""), false),
        (Say::Cut, false),
        (Say::error("serverFail"), true),
        (Say::json(&json!({"methodResponses": huge})), false),
        (Say::status(200, "Content-Type: application/json\r\n", "{\"methodRe"), true),
    ] {
        let stand = poisoned(with.clone(), wholly).await;
        let heads = stand.client().heads(&names).await.unwrap();
        for (name, head) in names.iter().zip(&heads) {
            match head {
                Head::Mail(mail) => assert_eq!(*name, mail.remote),
                Head::Unreadable { remote, raw_blob, .. } => {
                    assert_eq!((remote, name.as_str()), (name, "poison"));
                    assert_eq!(raw_blob.is_none(), wholly);
                }
                other => panic!("{other:?}"),
            }
        }
        let unreadable = heads.iter().filter(|head| matches!(head, Head::Unreadable { .. }));
        assert_eq!(unreadable.count(), 1);
    }
}

#[tokio::test]
async fn an_outage_is_no_mails_fault() {
    for say in [Say::status(500, "", ""), Say::status(503, "", ""), Say::error("unknownMethod")] {
        let stand = Stand::by(move |asked| usual(asked).unwrap_or(say.clone())).await;
        let outcome = stand.client().heads(&ids(&["M1", "M2"])).await;
        assert!(outcome.is_err(), "{outcome:?}");
        assert_eq!(stand.asked().len(), 2, "the question, and the same about no mail");
    }
    let stand = Stand::by(|asked| usual(asked).unwrap_or(Say::status(429, "", ""))).await;
    assert_eq!(stand.client().heads(&ids(&["M1"])).await.unwrap_err().kind(), "rate_limited");
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn what_failed_once_by_chance_is_read_at_the_second_try() {
    let stand =
        Stand::saying([Say::status(500, "", ""), got(&[], &[]), got(&[item("M1", |_| ())], &[])])
            .await;
    let heads = stand.client().heads(&ids(&["M1"])).await.unwrap();
    assert!(matches!(&heads[..], [Head::Mail(_)]), "{heads:?}");
}

#[tokio::test]
async fn a_long_list_is_asked_in_parts() {
    let stand = poisoned(Say::Cut, false).await;
    let names: Vec<_> = (0..600).map(|n| format!("M{n}")).collect();
    let heads = stand.client().heads(&names).await.unwrap();
    let read: HashSet<_> = heads
        .iter()
        .filter_map(|head| match head {
            Head::Mail(mail) => Some(mail.remote.clone()),
            _ => None,
        })
        .collect();
    assert_eq!((heads.len(), read.len(), stand.asked().len()), (600, 600, 3));
    assert!(stand.client().heads(&[]).await.unwrap().is_empty());
}
