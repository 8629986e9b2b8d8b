//! What changed, with its heads; and a server that is not where it said it was.

use serde_json::json;

use super::{
    super::ChangesFault,
    heads::item,
    stand::{Say, Stand},
};
use crate::clients::{Head, News};

fn changes(to: &str, created: &[&str]) -> Say {
    Say::method(
        "Email/changes",
        json!({"oldState": "9", "newState": to, "hasMoreChanges": false,
            "created": created, "updated": [], "destroyed": []}),
    )
}

fn state(now: &str) -> Say {
    Say::method("Email/get", json!({"state": now, "list": [], "notFound": []}))
}

fn heads() -> Say {
    let list = [item("M1", |_| ())];
    Say::method("Email/get", json!({"state": "10", "list": list, "notFound": []}))
}

#[tokio::test]
async fn what_came_is_told_with_its_head() {
    // The second time it came between the two questions.
    for answers in [
        vec![changes("10", &["M1"]), heads()],
        vec![changes("9", &[]), state("10"), changes("10", &["M1"]), heads()],
    ] {
        let stand = Stand::saying(answers).await;
        let News { state, more, mails } = stand.client().news("9", 50).await.unwrap();
        assert_eq!((state.as_str(), more, mails.len()), ("10", false, 1));
        assert!(matches!(&mails[0], (id, Head::Mail(_)) if id == "M1"));
    }
}

#[tokio::test]
async fn no_news_of_a_server_that_is_where_it_was() {
    let stand = Stand::saying([changes("9", &[]), state("9")]).await;
    let news = stand.client().news("9", 50).await.unwrap();
    assert_eq!(news, News { state: "9".to_owned(), more: false, mails: vec![] });
}

#[tokio::test]
async fn a_server_that_was_set_back_has_forgotten() {
    for answers in [
        // It says "no changes" to a state that it has not come to.
        vec![changes("9", &[]), state("5"), changes("9", &[]), state("5")],
        // It says where it is, and that nothing came.
        vec![changes("5", &[]), changes("5", &[])],
    ] {
        let stand = Stand::saying(answers.clone()).await;
        assert_eq!(stand.client().news("9", 50).await, Err(ChangesFault::Forgotten));
        assert_eq!(stand.asked().len(), answers.len(), "it is doubted once");
    }
}
