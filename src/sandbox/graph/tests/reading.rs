//! Messages as they are read: properties, filters, pages, bodies, attachments, ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Site, plain, rich};

fn subjects(body: &Value) -> Vec<&str> {
    body["value"].as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_has_the_documented_properties() {
    let site = Site::start().await;
    let id = site.graph.deliver(rich());
    let answer = site.get(&format!("messages/{id}")).await;
    let body = answer.json();
    assert_eq!(answer.status, 200, "{body}");
    let cases = [
        ("/id", json!(id)),
        ("/subject", json!("café")),
        ("/internetMessageId", json!("<rich@example.com>")),
        ("/importance", json!("high")),
        ("/isRead", json!(false)),
        ("/isDraft", json!(false)),
        ("/hasAttachments", json!(true)),
        ("/from/emailAddress", json!({ "name": "Bob", "address": "bob@example.com" })),
        ("/sender/emailAddress/address", json!("bob@example.com")),
        ("/toRecipients/0/emailAddress/address", json!("support@example.org")),
        ("/bccRecipients/0/emailAddress/name", json!("hidden@example.net")),
        ("/replyTo/0/emailAddress/name", json!("Desk")),
        ("/body/contentType", json!("html")),
        ("/flag/flagStatus", json!("notFlagged")),
        ("/categories", json!([])),
    ];
    for (pointer, expected) in cases {
        assert_eq!(body.pointer(pointer), Some(&expected), "{pointer}");
    }
    for name in ["internetMessageHeaders", "uniqueBody", "attachments"] {
        assert!(body.get(name).is_none(), "{name} comes only when asked for");
    }
    let inbox = site.get("mailFolders/inbox").await.json();
    assert_eq!(body["parentFolderId"], inbox["id"]);
    assert_eq!((&inbox["totalItemCount"], &inbox["unreadItemCount"]), (&json!(1), &json!(1)));
    let by_id = format!("mailFolders/{}", inbox["id"].as_str().unwrap());
    assert_eq!(site.get(&by_id).await.json()["displayName"], "Inbox");

    let select = "?$select=subject,uniqueBody,internetMessageHeaders";
    let body = site.get(&format!("messages/{id}{select}")).await.json();
    assert!(body.get("body").is_none() && body["id"] == json!(id));
    assert_eq!(body["uniqueBody"]["contentType"], "html");
    assert!(!body["uniqueBody"]["content"].as_str().unwrap().contains("old"));
    let headers = body["internetMessageHeaders"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "X-Odd", "value": "one" })));
    assert!(headers.contains(&json!({ "name": "Auto-Submitted", "value": "no" })));

    let wrong = site.get(&format!("messages/{id}?$select=nothing")).await;
    assert_eq!(wrong.refusal(), (400, "RequestBroker--ParseUri".to_owned()));
    assert_eq!(wrong.json()["error"]["innerError"]["request-id"], wrong.header("request-id"));
}

#[tokio::test]
async fn bodies_come_as_preferred() {
    let site = Site::start().await;
    let html = site.graph.deliver(rich());
    let text = site.graph.deliver(plain(1));
    for (id, prefer, kind, holds) in [
        (&text, "IdType=\"ImmutableId\"", "html", "<div class=\"PlainText\">hello 1"),
        (&text, "outlook.body-content-type=\"text\"", "text", "hello 1"),
        (&html, "IdType=\"ImmutableId\"", "html", "<p>New.</p>"),
        (&html, "IdType=\"ImmutableId\", outlook.body-content-type=\"text\"", "text", "New."),
    ] {
        let answer = site.prefer(&format!("messages/{id}"), prefer).await;
        let body = answer.json();
        assert_eq!(body["body"]["contentType"], kind);
        let content = body["body"]["content"].as_str().unwrap();
        assert!(
            content.contains(holds) && (kind == "html" || !content.contains("<p>")),
            "{content}"
        );
        let applied = answer.header("preference-applied");
        assert_eq!(applied.contains("outlook.body-content-type"), kind == "text");
    }
}

#[tokio::test]
async fn attachments_are_files_mails_and_links() {
    let site = Site::start().await;
    let id = site.graph.deliver(rich());
    site.graph.attach_reference(&id, "plan.docx", "https://files.example/plan.docx");
    let list = site.get(&format!("messages/{id}/attachments")).await.json();
    let list = list["value"].as_array().unwrap().clone();
    let shown: Vec<_> = list
        .iter()
        .map(|one| {
            (one["@odata.type"].as_str().unwrap(), one["name"].as_str().unwrap(), &one["isInline"])
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("#microsoft.graph.fileAttachment", "pic.png", &json!(true)),
            ("#microsoft.graph.fileAttachment", "a.pdf", &json!(false)),
            ("#microsoft.graph.itemAttachment", "inner", &json!(false)),
            ("#microsoft.graph.referenceAttachment", "plan.docx", &json!(false)),
        ]
    );
    assert_eq!(list[0]["contentId"], "pic");
    assert_eq!(list[1]["contentBytes"], STANDARD.encode("%PDF-"));
    let values: [(usize, u16, &[u8]); 4] = [
        (0, 200, b"\x89PNG\r\n\x1a\n"),
        (1, 200, b"%PDF-"),
        (2, 200, b"Subject: inner\r\n\r\ninside"),
        (3, 405, b""),
    ];
    for (nth, status, content) in values {
        let one = list[nth]["id"].as_str().unwrap();
        let answer = site.get(&format!("messages/{id}/attachments/{one}/$value")).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert!(answer.body.starts_with(content), "{:?}", answer.body);
        }
    }
    let select = "$select=id,name,contentType,size,isInline";
    let narrow = site.get(&format!("messages/{id}/attachments?{select}")).await.json();
    assert!(narrow["value"][1].get("contentBytes").is_none());
    assert_eq!(narrow["value"][1]["contentType"], "application/pdf");
    assert!(narrow["value"][1]["@odata.type"].is_string());
    let cast = "$select=id,microsoft.graph.fileAttachment/contentId";
    let cast = site.get(&format!("messages/{id}/attachments?{cast}")).await.json();
    assert_eq!(cast["value"][0]["contentId"], "pic");
    let bare = site.get(&format!("messages/{id}/attachments?$select=contentId")).await;
    assert_eq!(
        bare.refusal(),
        (400, "RequestBroker--ParseUri".to_owned()),
        "no property of the base"
    );
    let expanded = site.get(&format!("messages/{id}?$expand=attachments")).await.json();
    assert_eq!(expanded["attachments"][1]["contentBytes"], STANDARD.encode("%PDF-"));

    let raw = site.get(&format!("messages/{id}/$value")).await;
    assert_eq!(raw.body, rich(), "the mail itself");
    // A picture in the text alone does not count.
    let inline = "From: a@example.com\r\nSubject: s\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
        --r\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:p\">\r\n--r\r\nContent-Type: image/png\r\n\
        Content-ID: <p>\r\nContent-Disposition: inline\r\n\r\nx\r\n--r--\r\n";
    let id = site.graph.deliver(inline);
    assert_eq!(site.get(&format!("messages/{id}")).await.json()["hasAttachments"], false);
    let list = site.get(&format!("messages/{id}/attachments")).await.json();
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let site = Site::start().await;
    let at = |second: i64| jiff::Timestamp::from_second(1_790_000_000 + second).unwrap();
    for nth in 0..5_u8 {
        site.graph.deliver_at("inbox", plain(nth.into()), at(nth.into()));
    }
    let read = site.graph.deliver_at("archive", plain(9), at(100));
    site.graph.mark_read(&read, true);
    let time = |second| at(second).to_string();
    let inbox = "mailFolders/inbox/messages";
    let cases = [
        (inbox.to_owned(), vec![4, 3, 2, 1, 0]),
        (format!("{inbox}?$orderby=receivedDateTime asc"), vec![0, 1, 2, 3, 4]),
        (format!("{inbox}?$top=2&$skip=1"), vec![3, 2]),
        (format!("{inbox}?$filter=receivedDateTime ge {}", time(3)), vec![4, 3]),
        (
            format!(
                "{inbox}?$filter=receivedDateTime ge {} and receivedDateTime lt {}&$orderby=receivedDateTime asc",
                time(1),
                time(3)
            ),
            vec![1, 2],
        ),
        ("messages?$filter=internetMessageId eq '<2@example.com>'".to_owned(), vec![2]),
        ("messages?$filter=internetMessageId eq '<77@example.com>'".to_owned(), vec![]),
        ("messages?$filter=isRead eq true".to_owned(), vec![9]),
    ];
    for (path, expected) in cases {
        let body = site.get(&path).await.json();
        let expected: Vec<String> = expected.iter().map(|nth| format!("mail {nth}")).collect();
        assert_eq!(subjects(&body), expected, "{path}");
    }
    let mut link = format!("{inbox}?$top=2&$select=subject");
    let mut found = Vec::new();
    loop {
        let body = site.get(&link).await.json();
        assert!(body["value"][0].get("body").is_none(), "the selection goes with the link");
        found.extend(subjects(&body).into_iter().map(str::to_owned));
        let Some(next) = body["@odata.nextLink"].as_str() else { break };
        next.clone_into(&mut link);
    }
    assert_eq!(found, [4, 3, 2, 1, 0].map(|nth| format!("mail {nth}")));

    let refusals = [
        (
            format!("{inbox}?$filter=isRead eq true&$orderby=receivedDateTime desc"),
            "InefficientFilter",
        ),
        (format!("{inbox}?$filter=subject eq 'x'"), "BadRequest"),
        (format!("{inbox}?$top=1001"), "BadRequest"),
    ];
    for (path, code) in refusals {
        assert_eq!(site.get(&path).await.refusal(), (400, code.to_owned()), "{path}");
    }
    for (path, code) in [("mailFolders/nowhere/messages", "ErrorItemNotFound")] {
        assert_eq!(site.get(path).await.refusal(), (404, code.to_owned()));
    }
    let malformed = site.get("messages/xyz").await;
    assert_eq!(malformed.refusal(), (400, "ErrorInvalidIdMalformed".to_owned()));
    site.graph.destroy(&read);
    let gone = site.get(&format!("messages/{read}")).await;
    assert_eq!(gone.refusal(), (404, "ErrorItemNotFound".to_owned()));
    assert_eq!(site.get("calendar").await.refusal(), (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn folders_are_found_by_the_name_shown() {
    let site = Site::start().await;
    site.graph.make_folder("Bob's", None);
    for number in 0..10 {
        site.graph.make_folder(&format!("Child {number}"), Some("inbox"));
    }
    site.graph.make_folder("Last", Some("inbox"));
    let names = |body: &Value| -> Vec<String> {
        let all = body["value"].as_array().unwrap().iter();
        all.map(|one| one["displayName"].as_str().unwrap().to_owned()).collect()
    };
    let top = site.get("mailFolders").await.json();
    assert_eq!(names(&top).len(), 8);
    assert_eq!(top["value"][0]["childFolderCount"], json!(11));
    let within = "mailFolders/inbox/childFolders";
    let first = site.get(within).await.json();
    assert_eq!(names(&first).len(), 10);
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert!(next.contains("skip=10"), "{next}");
    for (path, expected) in [
        (format!("{within}?$skip=10"), vec!["Last"]),
        (format!("{within}?$filter=displayName eq 'Last'"), vec!["Last"]),
        (format!("{within}?$filter=displayName eq 'Bob''s'"), vec![]),
        ("mailFolders?$filter=displayName eq 'Bob''s'".to_owned(), vec!["Bob's"]),
        ("mailFolders?$filter=displayName eq 'Last'".to_owned(), vec![]),
    ] {
        let body = site.get(&path).await.json();
        assert_eq!(names(&body), expected, "{path}");
        for folder in body["value"].as_array().unwrap() {
            let by_id = format!("mailFolders/{}", folder["id"].as_str().unwrap());
            assert_eq!(site.get(&by_id).await.json()["displayName"], folder["displayName"]);
        }
    }
    let last = site.get(&format!("{within}?$filter=displayName eq 'Last'&$select=id")).await.json();
    let last = last["value"][0].as_object().unwrap().clone();
    assert_eq!(last.len(), 1, "{last:?}");
    let id = last["id"].as_str().unwrap().to_owned();
    site.graph.delete_folder("Last");
    site.graph.make_folder("Last", Some("inbox"));
    for path in [format!("mailFolders/{id}"), "mailFolders/nowhere/childFolders".to_owned()] {
        let gone = site.get(&path).await;
        assert_eq!(gone.refusal(), (404, "ErrorItemNotFound".to_owned()), "{path}");
    }
    for (path, code) in [
        ("mailFolders?$filter=isHidden eq true", "BadRequest"),
        ("mailFolders?$select=nothing", "RequestBroker--ParseUri"),
    ] {
        assert_eq!(site.get(path).await.refusal(), (400, code.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn only_immutable_ids_outlive_a_move() {
    let site = Site::start().await;
    let immutable = site.graph.deliver(plain(1));
    let shown = site.prefer(&format!("messages/{immutable}"), "odata.maxpagesize=1").await.json();
    let mutable = shown["id"].as_str().unwrap().to_owned();
    assert_ne!(mutable, immutable);
    assert_eq!(site.get(&format!("messages/{mutable}")).await.json()["id"], json!(immutable));
    let moved = site
        .ask("POST", &format!("messages/{immutable}/move"), &json!({ "destinationId": "archive" }))
        .await;
    assert_eq!((moved.status, &moved.json()["id"]), (201, &json!(immutable)));
    assert_eq!(site.get(&format!("messages/{immutable}")).await.status, 200);
    assert_eq!(site.get(&format!("messages/{mutable}")).await.status, 404);
    assert_eq!(site.graph.emails("archive"), [immutable]);
}

#[tokio::test]
async fn mails_of_one_subject_are_one_conversation() {
    let site = Site::start().await;
    let mail = |id: &str, subject: &str, more: &str| {
        format!(
            "From: a@example.com\r\nSubject: {subject}\r\nMessage-ID: <{id}@x>\r\n{more}\r\nx\r\n"
        )
    };
    let mut found = Vec::new();
    for raw in [
        mail("1", "Printer", ""),
        mail("2", "printer", ""),
        mail("3", "RE: Printer", ""),
        mail("4", "Other", "In-Reply-To: <1@x>\r\n"),
        mail("5", "Else", ""),
    ] {
        let id = site.graph.deliver(raw);
        found.push(site.get(&format!("messages/{id}")).await.json()["conversationId"].clone());
    }
    assert!(found[..4].iter().all(|one| *one == found[0]), "merged, whether they belong or not");
    assert_ne!(found[4], found[0]);
}

#[tokio::test]
async fn rubbish_is_a_message_too() {
    let site = Site::start().await;
    let cases: [&[u8]; 6] = [
        b"",
        b"\0\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n--\r\n",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n",
        b"Message-ID: <>\r\nSubject: =?utf-8?b?/w==?=\r\nFrom: ,,\r\nDate: never\r\n\r\n<hr ",
        b"Content-Type: text/html; charset=\"\xc3\"\r\n\r\n\xc3<blockquote",
    ];
    for raw in cases {
        let id = site.graph.deliver(raw);
        let select = "$select=subject,uniqueBody,internetMessageHeaders,internetMessageId";
        let answer = site.get(&format!("messages/{id}?{select}&$expand=attachments")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.json()["internetMessageId"].as_str().unwrap().contains('@'), "{raw:?}");
        assert_eq!(site.get(&format!("messages/{id}/$value")).await.body, raw);
        let reply = site.ask("POST", &format!("messages/{id}/createReplyAll"), &Value::Null).await;
        assert_eq!(reply.status, 201);
    }
}
