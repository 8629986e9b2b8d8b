//! Calls in general: what refusals mean, and pauses that hold for everybody. Then the small ones:
//! marks, subscriptions, permissions.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{Granted, GraphClient, Mark, Reach},
    stand::{Asked, Say, Stand, page},
};
use crate::{
    clients::{ApiError, Head},
    clock,
    model::mail::Folder,
};

fn limited(seconds: u64) -> ApiError {
    ApiError::RateLimited { service: "graph", after: Some(Duration::from_secs(seconds)) }
}

#[tokio::test]
async fn a_pause_holds_for_every_call() {
    let head = "Retry-After: 30\r\n";
    for status in [429, 503, 504] {
        let stand = Stand::saying([Say::status(status, head, "")]).await;
        let client = stand.client();
        assert_eq!(client.place_of("a").await.err(), Some(limited(30)));
        let before = stand.all().len();
        for outcome in [
            client.clone().probe("inbox").await.map(drop),
            client.send("d").await,
            client.download("m").await.map(drop),
            client.heads(&["a".to_owned()]).await.map(drop),
        ] {
            assert!(matches!(outcome, Err(ApiError::RateLimited { .. })), "{outcome:?}");
        }
        assert_eq!(stand.all().len(), before, "nothing was sent");
    }
    let stand = Stand::saying([Say::status(429, "Retry-After: 1\r\n", "")]).await;
    let client = stand.client();
    assert_eq!(client.place_of("a").await.err(), Some(limited(1)));
    let started = std::time::Instant::now();
    client.probe("inbox").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(900), "a short one is waited for");
}

async fn write(client: &GraphClient) -> ApiError {
    client.mark("a", &Mark::Read).await.unwrap_err()
}

#[tokio::test]
async fn refusals_are_sorted_by_their_codes() {
    let service = "graph";
    let rejected = |status, code: &str| ApiError::Rejected {
        service,
        status,
        reasons: vec![format!("{code}: so it is")],
    };
    for (status, code, expected) in [
        (404, "ErrorItemNotFound", ApiError::NotFound { service }),
        (400, "ErrorInvalidIdMalformed", ApiError::NotFound { service }),
        (403, "ErrorAccessDenied", ApiError::Forbidden { service }),
        (403, "Authorization_RequestDenied", ApiError::Forbidden { service }),
        (403, "ErrorSendAsDenied", rejected(403, "ErrorSendAsDenied")),
        (400, "ErrorInvalidRecipients", rejected(400, "ErrorInvalidRecipients")),
        (413, "ErrorMessageSizeExceeded", rejected(413, "ErrorMessageSizeExceeded")),
        (409, "ErrorIrresolvableConflict", rejected(409, "ErrorIrresolvableConflict")),
        (429, "ApplicationThrottled", limited(5)),
    ] {
        let stand = Stand::saying([Say::refusal(status, code)]).await;
        assert_eq!(write(&stand.client()).await, expected, "{code}");
    }
    for say in [
        Say::refusal(500, "ErrorInternalServerError"),
        Say::refusal(503, "serviceNotAvailable"),
        Say::status(504, "Retry-After: 1\r\n", ""),
        Say::Cut,
    ] {
        let stand = Stand::saying([say.clone()]).await;
        let error = write(&stand.client()).await;
        assert!(matches!(error, ApiError::Ambiguous { .. }), "{error:?}");
        let stand = Stand::saying([say.clone(), say]).await;
        let error = stand.client().place_of("a").await.err().unwrap();
        let outage = matches!(error, ApiError::Unavailable { .. } | ApiError::RateLimited { .. });
        assert!(outage, "{error:?}");
    }
}

#[tokio::test]
async fn a_missing_mailbox_makes_no_mail_gone() {
    for (code, gone) in [("ErrorItemNotFound", true), ("MailboxNotEnabledForRESTAPI", false)] {
        let stand = Stand::by(move |asked| match asked.is_sign_in() {
            true => Say::token("t", 3_600),
            false if asked.line.contains("mailFolders") && gone => Say::folder("x"),
            false => Say::refusal(404, code),
        })
        .await;
        let heads = stand.client().heads(&["a".to_owned()]).await;
        assert_eq!(heads == Ok(vec![Head::Gone]), gone, "{heads:?}");
        assert_eq!(heads.is_ok(), gone);
    }
}

#[tokio::test]
async fn marks_keep_what_was_there() {
    let archive = Say::json(&page(&[json!({"id": "F"})], None));
    let none = Say::json(&page(&[], None));
    let fine = || Say::json(&json!({"id": "a"}));
    let stand = Stand::saying([
        fine(),
        Say::json(&json!({"id": "a", "categories": ["Red"]})),
        fine(),
        Say::json(&json!({"id": "a", "categories": ["Red", "Ticket"]})),
        fine(),
        none.clone(),
        archive,
        fine(),
        fine(),
        none.clone(),
        none,
    ])
    .await;
    let client = stand.client();
    let category = Mark::Category("Ticket".to_owned());
    for mark in [
        &Mark::Read,
        &category,
        &category,
        &Mark::Move("Archive".to_owned()),
        &Mark::Move("Bob's".to_owned()),
        &Mark::Move("Bob's".to_owned()),
    ] {
        client.mark("a", mark).await.unwrap();
    }
    let error = client.mark("a", &Mark::Move("X".to_owned())).await.unwrap_err();
    assert!(matches!(error, ApiError::Rejected { .. }), "{error:?}");
    let asked: Vec<(String, Value)> =
        stand.asked().iter().map(|asked| (asked.what(), asked.json())).collect();
    let call = |at: usize| (asked[at].0.as_str(), asked[at].1.clone());
    assert_eq!(call(0), ("PATCH messages/a", json!({"isRead": true})));
    assert_eq!(call(2), ("PATCH messages/a", json!({"categories": ["Red", "Ticket"]})));
    assert_eq!(call(4), ("POST messages/a/move", json!({"destinationId": "archive"})));
    assert_eq!(call(6).0, "GET mailFolders/inbox/childFolders");
    assert_eq!(stand.asked()[5].value("$filter").as_deref(), Some("displayName eq 'Bob''s'"));
    assert_eq!(call(7), ("POST messages/a/move", json!({"destinationId": "F"})));
    assert_eq!(call(8), ("POST messages/a/move", json!({"destinationId": "F"})));
}

#[tokio::test]
async fn a_folder_that_was_made_anew_is_looked_for_again() {
    let folder = |id: &str| Say::json(&page(&[json!({"id": id})], None));
    let fine = || Say::json(&json!({"id": "a"}));
    let gone = || Say::refusal(404, "ErrorItemNotFound");
    let stand = Stand::saying([folder("F1"), fine(), gone(), folder("F2"), fine()]).await;
    let (client, mark) = (stand.client(), Mark::Move("Done".to_owned()));
    client.mark("a", &mark).await.unwrap();
    client.mark("b", &mark).await.unwrap();
    let asked = stand.asked();
    assert_eq!(asked[4].what(), "POST messages/b/move");
    assert_eq!(asked[4].json(), json!({"destinationId": "F2"}));
    // A mail that is gone is not there for the second try either.
    let stand = Stand::saying([folder("F1"), gone(), folder("F1"), gone()]).await;
    let error = stand.client().mark("a", &mark).await.unwrap_err();
    assert!(matches!(error, ApiError::NotFound { .. }), "{error:?}");
    assert_eq!(stand.asked().len(), 4);
}

#[tokio::test]
async fn a_subscription_is_made_renewed_and_ended() {
    let one = |id: &str| {
        json!({"id": id, "resource": "users/x", "applicationId": "app", "changeType": "created",
            "clientState": null, "notificationUrl": "https://us.example/n",
            "expirationDateTime": "2026-11-25T10:00:00Z"})
    };
    let stand = Stand::by(move |asked| {
        let host = asked.header("host").unwrap();
        let second = format!("http://{host}/v1.0/subscriptions?$skiptoken=2");
        let line = asked.line.as_str();
        if asked.is_sign_in() {
            Say::token("t", 3_600)
        } else if line.contains("skiptoken") {
            Say::json(&page(&[one("S2")], None))
        } else if line.starts_with("GET") {
            Say::json(&page(&[one("S1")], Some(("next", &second))))
        } else if line.contains("gone") {
            Say::refusal(404, "ResourceNotFound")
        } else if line.starts_with("DELETE") {
            Say::status(204, "", "")
        } else {
            Say::json(&one("S1"))
        }
    })
    .await;
    let client = stand.client();
    let url = |path: &str| format!("https://us.example/{path}").parse().unwrap();
    let until = clock::now() + jiff::SignedDuration::from_hours(24);
    let state = "state".into();
    let made = client.subscribe(Folder::Inbox, &url("n"), &url("l"), &state, until).await.unwrap();
    assert_eq!(made.id, "S1");
    let asked = stand.all()[1].json();
    assert_eq!(asked["resource"], client.watched(Folder::Inbox));
    assert_eq!(asked["resource"], "users/support@example.test/mailFolders('inbox')/messages");
    assert_eq!(asked["lifecycleNotificationUrl"], "https://us.example/l");
    assert_eq!(asked["clientState"], "state");
    let ends: jiff::Timestamp = asked["expirationDateTime"].as_str().unwrap().parse().unwrap();
    assert!((86_300..86_500).contains(&(ends.as_second() - clock::now().as_second())));
    assert_eq!(client.renew("S1", ends).await.unwrap().id, "S1");
    assert_eq!(client.renew("gone", ends).await, Err(ApiError::NotFound { service: "graph" }));
    client.unsubscribe("S1").await.unwrap();
    client.unsubscribe("gone").await.unwrap();
    let all = client.subscriptions().await.unwrap();
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["S1", "S2"]);
}

#[tokio::test]
async fn permissions_are_tried_out() {
    use base64::Engine as _;
    let token = |roles: &[&str]| {
        let claims = json!({"roles": roles}).to_string();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        Say::token(&format!("h.{claims}.s"), 3_600)
    };
    let all = token(&["Mail.ReadWrite", "Mail.Send"]);
    for (token, probe, missing, mailbox) in [
        (all.clone(), Say::folder("inbox"), vec![], Reach::Open),
        (token(&["Mail.ReadWrite"]), Say::folder("inbox"), vec!["Mail.Send"], Reach::Open),
        (all.clone(), Say::refusal(403, "ErrorAccessDenied"), vec![], Reach::Denied),
        (all, Say::refusal(404, "ErrorInvalidUser"), vec![], Reach::Unknown),
    ] {
        let answer = move |asked: &Asked| {
            if asked.is_sign_in() { token.clone() } else { probe.clone() }
        };
        let stand = Stand::by(answer).await;
        let granted = stand.client().permissions().await;
        assert_eq!(granted, Ok(Granted { missing: Some(missing), mailbox }));
    }
}
