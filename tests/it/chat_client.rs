//! The client of Mattermost and its stand-in, which share no type: a post's life, a lost answer, a
//! busy server.

use std::time::Duration;

use serde_json::json;
use ticketd::clients::{ApiError, MattermostClient};
use ticketd::model::ids::{ChannelId, PostId, TeamId, UserId};
use ticketd::model::post::NewPost;
use ticketd::sandbox::{Fault, FaultRule, Mattermost};
use ticketd::telemetry::Metrics;

async fn both() -> (Mattermost, MattermostClient) {
    ticketd::prepare_process();
    let mattermost = Mattermost::start().await.unwrap();
    let token = Some(Mattermost::bot_token().into());
    let client = MattermostClient::new(mattermost.url(), token, Metrics::new()).unwrap();
    (mattermost, client)
}

fn channel(name: &str) -> ChannelId {
    ChannelId::parse(Mattermost::channel_id(name)).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(Mattermost::user_id(name)).unwrap()
}

fn new(channel: ChannelId, root: Option<&PostId>, message: &str, pending: &str) -> NewPost {
    let (message, pending) = (message.to_owned(), pending.to_owned());
    NewPost { channel, root: root.cloned(), message, props: json!({"case": "c-1"}), pending }
}

#[tokio::test]
async fn a_post_is_made_answered_changed_and_gone() {
    let (mattermost, client) = both().await;
    let root = client.create_post(&new(channel("support"), None, "root", "p-1")).await.unwrap();
    let reply = new(channel("support"), Some(&root), "reply", "p-2");
    let reply = client.create_post(&reply).await.unwrap();
    let deeper = client.create_post(&new(channel("support"), Some(&reply), "deeper", "p-3")).await;
    assert!(matches!(deeper, Err(ApiError::Rejected { status: 400, .. })), "{deeper:?}");
    let head = client.post(&root).await.unwrap();
    assert_eq!((head.message.as_str(), &head.author), ("root", &user("ticketd")));
    assert_eq!(head.props, json!({"case": "c-1", "from_bot": "true"}));
    client.update_post(&root, "changed", &json!({"case": "c-2"})).await.unwrap();
    let thread = client.thread(&root).await.unwrap();
    let said: Vec<_> = thread.iter().map(|head| head.message.as_str()).collect();
    assert_eq!(said, ["changed", "reply"]);
    assert_eq!(thread[0].props, json!({"case": "c-2"}), "in place of all that it had");
    let listed = client.posts_since(&channel("support"), head.created).await.unwrap();
    assert_eq!(listed, thread);
    mattermost.delete_post(root.as_str());
    let listed = client.posts_since(&channel("support"), head.created).await.unwrap();
    assert!(listed.iter().all(|head| head.deleted && head.message.is_empty()), "{listed:?}");
    assert!(matches!(client.post(&root).await, Err(ApiError::NotFound { .. })));
    let late = client.update_post(&root, "late", &json!({})).await;
    assert!(matches!(late, Err(ApiError::Forbidden { .. })), "{late:?}");
}

#[tokio::test]
async fn people_and_channels_are_found() {
    let (mattermost, client) = both().await;
    let alice = client.user_by_name("alice").await.unwrap();
    assert_eq!(alice.id, user("alice"));
    assert_eq!(client.user(&alice.id).await.unwrap().name, "alice");
    assert_eq!(client.is_member(&channel("network"), &alice.id).await, Ok(true));
    assert_eq!(client.is_member(&channel("board"), &alice.id).await, Ok(false));
    let closed = client.is_member(&channel("closed"), &alice.id).await;
    assert!(matches!(closed, Err(ApiError::Forbidden { .. })), "{closed:?}");
    let team = TeamId::parse(Mattermost::TEAM).unwrap();
    let network = client.channel_by_name(&team, "network").await.unwrap();
    assert_eq!(client.channel(&network.id).await, Ok(network));
    let direct = client.direct_channel(&alice.id).await.unwrap();
    assert_eq!(direct.as_str(), mattermost.direct_id("alice"));
    assert_eq!(client.channel(&direct).await.unwrap().team, None);
    let whisper = client.ephemeral(&alice.id, &channel("support"), "psst").await;
    assert!(matches!(whisper, Err(ApiError::Forbidden { .. })), "{whisper:?}");
    assert_eq!(client.server_version().await, Ok((7, 6)));
}

#[tokio::test]
async fn a_lost_answer_and_a_busy_server_make_no_second_post() {
    let (mattermost, client) = both().await;
    let post = new(channel("support"), None, "once", "p-1");
    mattermost.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /api/v4/posts").times(1));
    let lost = client.create_post(&post).await;
    assert!(matches!(lost, Err(ApiError::Ambiguous { .. })), "{lost:?}");
    mattermost.set_rate_limit(Some((1, 0)));
    client.create_post(&post).await.unwrap();
    let busy = client.create_post(&post).await;
    let second = Some(Duration::from_secs(1));
    assert!(
        matches!(busy, Err(ApiError::RateLimited { after, .. }) if after == second),
        "{busy:?}"
    );
    // Whoever comes now waits, and is let in.
    client.create_post(&post).await.unwrap();
    assert_eq!((mattermost.bot_posts().len(), mattermost.refused()), (1, 1));
}
