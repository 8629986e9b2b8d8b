//! Graph tells its news at our door: the handshake, who is believed, and a month of subscriptions.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use jiff::SignedDuration;
use ticketd::sandbox::{Graph, GraphSetup, Lifecycle};

use crate::harness::{Letter, Post, PostSetup};

/// What passes at once.
const STEP: Duration = Duration::from_hours(12);

/// With webhooks to a port that is free now, and a limit of Graph as it may be.
fn told() -> PostSetup<Graph> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let subscription_lifetime = SignedDuration::from_mins(4_230);
    PostSetup::graph()
        .tenant(GraphSetup { subscription_lifetime, ..GraphSetup::default() })
        .mailbox(|mailbox| {
            mailbox.reply.enabled = false;
            mailbox.poll = Duration::from_hours(1);
        })
        .office(|graph| graph.webhooks = true)
        .config(move |config| {
            config.http.listen = free;
            config.http.public_url = Some(format!("http://{free}/").parse().unwrap());
        })
}

fn letter(number: usize) -> Letter {
    Letter::from(&format!("Ann <ann{number}@customer.example>"), &format!("Trouble {number}"))
}

async fn stands(post: &Post<Graph>) {
    post.until("both subscriptions", || post.jmap.subscriptions().len() == 2).await;
}

async fn post_to(post: &Post<Graph>, path: &str, body: &str) -> (u16, String, String) {
    let length = body.len();
    let bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \
         {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let answer = post.app.exchange(bytes.as_bytes()).await;
    let kind = answer.header("content-type").unwrap_or_default().to_owned();
    (answer.status, kind, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_answers_the_handshake_and_believes_only_who_knows_the_secret() {
    let post = told().start().await;
    stands(&post).await;
    let hook = "/hooks/graph/support";
    let (status, kind, body) =
        post_to(&post, &format!("{hook}?validationToken=Validation%3A%20a%2Bb"), "").await;
    assert_eq!((status, body.as_str()), (200, "Validation: a+b"));
    assert!(kind.starts_with("text/plain"), "{kind}");
    for (path, body, expected) in [
        ("/hooks/graph/other", "{}", 404),
        ("/hooks/graph/other?validationToken=x", "", 404),
        (hook, "no JSON", 400),
        (hook, "{\"value\":[]}", 202),
    ] {
        assert_eq!(post_to(&post, path, body).await.0, expected, "{path} {body}");
    }
    // The first look is followed by another.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let looks = post.jmap.requests("GET messages/delta");
    let foreign = r#"{"value":[{"subscriptionId":"s","changeType":"created","clientState":"guess"},
                     {"subscriptionId":"s","lifecycleEvent":"subscriptionRemoved"}]}"#;
    assert_eq!(post_to(&post, hook, foreign).await.0, 202);
    post.settled().await;
    assert_eq!(post.jmap.requests("GET messages/delta"), looks, "nobody looked");
    let metrics = post.app.get("/metrics").await.body;
    assert!(metrics.contains("foreign notices"), "{metrics}");
    // Who knows it is heard at once, although the next look would be an hour away.
    post.deliver(&letter(1));
    post.issues(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_webhooks_there_is_no_such_door() {
    let post = told().office(|graph| graph.webhooks = false).start().await;
    let (status, ..) = post_to(&post, "/hooks/graph/support?validationToken=x", "").await;
    assert_eq!(status, 404);
    assert_eq!(post.jmap.requests("POST subscriptions"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_replaces_the_subscriptions_of_before() {
    let post = told().start().await;
    stands(&post).await;
    let before = post.jmap.subscriptions();
    let post = post.close().await.start().await;
    post.until("others", || {
        let now = post.jmap.subscriptions();
        now.len() == 2 && now.iter().all(|one| !before.contains(one))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_goes_by_with_a_fifth_of_the_notices_lost() {
    let post = told().movable_time().start().await;
    stands(&post).await;
    post.jmap.deliver_share(80);
    let (mut mails, mut at_once, mut longest) = (0, 0, Duration::ZERO);
    for step in 0..60 {
        // What is told of is there; a busy machine may be making it anew just now.
        if matches!(step, 10 | 20 | 50) {
            stands(&post).await;
        }
        match step {
            10 => assert_eq!(post.jmap.lifecycle(Lifecycle::ReauthorizationRequired), 2),
            20 => assert_eq!(post.jmap.lifecycle(Lifecycle::SubscriptionRemoved), 2),
            30 => post.jmap.drop_subscriptions(),
            40 => post.jmap.fail_renewals(3, 503),
            50 => assert_eq!(post.jmap.lifecycle(Lifecycle::Missed), 2),
            _ => {}
        }
        pass(&post, STEP).await;
        if step % 2 == 0 {
            mails += 1;
            post.deliver(&letter(mails));
            let waited = until_there(&post, mails).await;
            at_once += usize::from(waited.is_zero());
            longest = longest.max(waited);
        }
    }
    let notices = post.jmap.notices();
    println!(
        "{mails} mails in 30 days, {at_once} by their notice, the others within {longest:?}; \
         {} renewals, {} subscriptions made, {notices:?}",
        post.jmap.renewals(),
        post.jmap.requests("POST subscriptions"),
    );
    assert_eq!(post.issues(mails).await.len(), mails);
    assert!(notices.dropped > 0, "{notices:?}");
    assert!(at_once * 2 > mails, "{at_once}");
    assert!(longest <= Duration::from_mins(6), "{longest:?}");
    // A jump can let the supervisor take an actor for frozen, whose next one subscribes anew.
    assert!(post.jmap.renewals() >= 5, "{}", post.jmap.renewals());
    stands(&post).await;
    post.sound().await;
}

/// Lets time pass for both, when nothing is under way: what is would be out of time.
async fn pass(post: &Post<Graph>, by: Duration) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    post.jmap.advance(SignedDuration::try_from(by).unwrap());
    post.app.days_go_by(by).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Waits for so many issues, and how long by ticketd's clock that takes: nothing for a mail that
/// was told.
async fn until_there(post: &Post<Graph>, count: usize) -> Duration {
    let mut waited = Duration::ZERO;
    for _ in 0..40 {
        for _ in 0..150 {
            if post.living().len() >= count {
                return waited;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let minute = Duration::from_mins(1);
        pass(post, minute).await;
        waited += minute;
    }
    panic!("the mail {count} is not there after {waited:?}");
}
