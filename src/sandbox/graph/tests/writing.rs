//! What may be set on a message, and what is refused.

use serde_json::{Value, json};

use super::{Site, plain};

#[tokio::test]
async fn a_mail_that_came_in_can_be_marked_only() {
    let site = Site::start().await;
    let id = site.graph.deliver(plain(1));
    let path = format!("messages/{id}");
    let change =
        json!({ "isRead": true, "categories": ["Done"], "flag": { "flagStatus": "flagged" } });
    let answer = site.ask("PATCH", &path, &change).await;
    assert_eq!((answer.status, &answer.json()["categories"]), (200, &json!(["Done"])));
    assert_eq!(site.graph.keywords(&id), ["$flagged", "$seen", "Done"]);
    let property = "String {0d5c2a6e-3f5f-4a6c-9f4b-2f0b5a3e7c11} Name done";
    let change = json!({ "singleValueExtendedProperties": [{ "id": property, "value": "1" }] });
    assert_eq!(site.ask("PATCH", &path, &change).await.status, 200);
    let expand = format!("$expand=singleValueExtendedProperties($filter=id eq '{property}')");
    let body = site.get(&format!("{path}?{expand}")).await.json();
    assert_eq!(body["singleValueExtendedProperties"], json!([{ "id": property, "value": "1" }]));
    assert!(site.get(&path).await.json().get("singleValueExtendedProperties").is_none());

    let refusals = [
        (json!({ "subject": "x" }), "ErrorInvalidPropertySet"),
        (json!({ "body": { "contentType": "text", "content": "x" } }), "ErrorInvalidPropertySet"),
        (json!({ "internetMessageId": "<x@y>" }), "ErrorInvalidPropertySet"),
        (json!({ "conversationId": "x" }), "ErrorInvalidPropertySet"),
        (json!({ "nothing": 1 }), "RequestBodyRead"),
        (json!({ "isRead": "yes" }), "RequestBodyRead"),
        (json!({ "flag": { "flagStatus": "maybe" } }), "RequestBodyRead"),
        (
            json!({ "singleValueExtendedProperties": [{ "id": "mine", "value": "1" }] }),
            "RequestBodyRead",
        ),
    ];
    for (change, code) in refusals {
        let refusal = site.ask("PATCH", &path, &change).await.refusal();
        assert_eq!(refusal, (400, code.to_owned()), "{change}");
    }
}

#[tokio::test]
async fn own_headers_are_one_to_five_and_begin_with_x() {
    let site = Site::start().await;
    let headers = |names: &[&str]| -> Value {
        let list = names.iter().map(|name| json!({ "name": name, "value": "1" }));
        json!({ "internetMessageHeaders": list.collect::<Vec<_>>() })
    };
    let cases = [
        (headers(&["x-a", "X-B", "x-c", "x-d", "x-e"]), None),
        (headers(&[]), Some("InvalidInternetMessageHeaderCollection")),
        (
            headers(&["x-a", "x-b", "x-c", "x-d", "x-e", "x-f"]),
            Some("InvalidInternetMessageHeaderCollection"),
        ),
        (headers(&["In-Reply-To"]), Some("InvalidInternetMessageHeader")),
        (headers(&["x-a", "Auto-Submitted"]), Some("InvalidInternetMessageHeader")),
        (
            json!({ "internetMessageHeaders": [{ "name": "x-a", "value": "1\r\nBcc: e@x" }] }),
            Some("InvalidInternetMessageHeader"),
        ),
    ];
    for (body, refused) in cases {
        let answer = site.ask("POST", "messages", &body).await;
        match refused {
            None => assert_eq!(answer.status, 201, "{body}"),
            Some(code) => assert_eq!(answer.refusal(), (400, code.to_owned()), "{body}"),
        }
    }
}
