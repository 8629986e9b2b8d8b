//! Images of a draft: small ones, large ones, and those that cannot be had.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;

use super::{
    drafts::draft,
    stand::{Asked, Say, Stand},
};
use crate::clients::{ApiError, DraftFault, InlineImage, Open};

const LARGE: usize = 7_000_000;

fn image(size: usize, open: Open) -> InlineImage {
    let (media_type, name) = ("image/png".to_owned(), "a.png".to_owned());
    InlineImage { media_type, name, content_id: "c1@x".to_owned(), size: size as u64, open }
}

fn bytes(size: usize) -> Open {
    Arc::new(move || {
        let chunk = |at: usize| Ok(Bytes::from(vec![7; (size - at).min(100_000)]));
        let chunks: Vec<_> = (0..size).step_by(100_000).map(chunk).collect();
        async move { Ok(stream::iter(chunks).boxed()) }.boxed()
    })
}

fn failing(error: ApiError) -> Open {
    Arc::new(move || {
        let error = error.clone();
        async move { Err(error) }.boxed()
    })
}

type Outcome = (Result<String, DraftFault>, Vec<Asked>);

async fn written(image: InlineImage, say: Option<Say>) -> Outcome {
    written_by(image, say, false).await
}

async fn written_by(image: InlineImage, say: Option<Say>, without_broken: bool) -> Outcome {
    let stand = Stand::by(move |asked| {
        let host = asked.header("host").unwrap();
        let what = asked.what();
        if let Some(usual) = super::stand::usual(asked) {
            usual
        } else if what.contains("attachments") && say.is_some() {
            say.clone().unwrap()
        } else if what.ends_with("createUploadSession") {
            let url = format!("http://{host}/upload?authtoken=x");
            Say::json(&json!({"uploadUrl": url, "nextExpectedRanges": ["0-"]}))
        } else {
            Say::json(&json!({"id": "D", "isDraft": true}))
        }
    })
    .await;
    let mut mail = draft();
    mail.in_reply_to = None;
    mail.inline = vec![image];
    mail.without_broken = without_broken;
    let outcome = stand.client().draft(&mail).await;
    (outcome, stand.asked())
}

#[tokio::test]
async fn a_small_image_goes_in_one_request() {
    let (outcome, asked) = written(image(5, bytes(5)), None).await;
    assert_eq!(outcome.as_deref(), Ok("D"));
    let steps: Vec<_> = asked.iter().map(Asked::what).collect();
    assert_eq!(steps, ["POST messages", "POST messages/D/attachments", "PATCH messages/D"]);
    assert_eq!(
        asked[1].json(),
        json!({
            "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.png", "isInline": true,
            "contentType": "image/png", "contentId": "c1@x",
            "contentBytes": STANDARD.encode([7; 5]),
        })
    );
}

#[tokio::test]
async fn a_large_one_goes_in_ranges_and_without_a_token() {
    let (outcome, asked) = written(image(LARGE, bytes(LARGE)), None).await;
    assert_eq!(outcome.as_deref(), Ok("D"));
    assert_eq!(asked[1].what(), "POST messages/D/attachments/createUploadSession");
    let item = &asked[1].json()["AttachmentItem"];
    assert_eq!((&item["attachmentType"], &item["size"]), (&json!("file"), &json!(LARGE)));
    let puts: Vec<_> = asked.iter().filter(|asked| asked.line.starts_with("PUT /upload")).collect();
    let ranges: Vec<_> = puts.iter().map(|put| put.header("content-range").unwrap()).collect();
    assert_eq!(
        ranges,
        [
            "bytes 0-3145727/7000000",
            "bytes 3145728-6291455/7000000",
            "bytes 6291456-6999999/7000000"
        ]
    );
    assert_eq!(puts.iter().map(|put| put.body.len()).sum::<usize>(), LARGE);
    assert!(puts.iter().all(|put| put.header("authorization").is_none()));
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_left_out_and_an_outage_is_none() {
    let service = "jira";
    let gone = || failing(ApiError::NotFound { service });
    let away = failing(ApiError::Unavailable { service, cause: "x".to_owned() });
    let rejected = || Some(Say::refusal(413, "ErrorAttachmentSizeLimitExceeded"));
    for (image, say, fine) in [
        (image(5, gone()), None, true),
        (image(LARGE, gone()), None, true),
        (image(5, away), None, false),
        (image(5, bytes(5)), rejected(), true),
        (image(LARGE, bytes(LARGE)), rejected(), true),
        (image(LARGE, bytes(LARGE + 1)), None, true),
        (image(LARGE, bytes(LARGE - 1)), None, true),
        (image(5, bytes(5)), Some(Say::refusal(500, "x")), false),
    ] {
        let (outcome, asked) = written(image, say).await;
        assert_eq!(outcome.is_ok(), fine, "{outcome:?}");
        let complete = asked.iter().any(|asked| asked.what() == "PATCH messages/D");
        assert_eq!(complete, fine);
        let image_is_to_blame = matches!(outcome, Ok(_) | Err(DraftFault::Image(_)));
        assert!(image_is_to_blame, "{outcome:?}");
    }
}

#[tokio::test]
async fn one_that_breaks_off_again_and_again_is_left_out_in_the_end() {
    let breaks = |size: usize| -> Open {
        Arc::new(move || {
            let lost = ApiError::Unavailable { service: "jira", cause: "it broke off".to_owned() };
            let chunks = stream::iter([Ok(Bytes::from(vec![7; size / 2])), Err(lost)]);
            async move { Ok(chunks.boxed()) }.boxed()
        })
    };
    for size in [5, LARGE] {
        let (outcome, asked) = written(image(size, breaks(size)), None).await;
        assert!(matches!(outcome, Err(DraftFault::Image(_))), "{outcome:?}");
        assert!(!asked.iter().any(|asked| asked.what() == "PATCH messages/D"));
        let (outcome, asked) = written_by(image(size, breaks(size)), None, true).await;
        assert_eq!(outcome.as_deref(), Ok("D"));
        assert!(asked.iter().any(|asked| asked.what() == "PATCH messages/D"));
    }
    // Who asks for a pause is not the image's fault, however often it was tried.
    let limited = failing(ApiError::RateLimited { service: "jira", after: None });
    let (outcome, _) = written_by(image(5, limited), None, true).await;
    assert!(matches!(outcome, Err(DraftFault::Api(ApiError::RateLimited { .. }))), "{outcome:?}");
}
