//! A ticketd whose usual form has an emoji, and what comes of that.

use std::time::Duration;

use ticketd::sandbox::PostSnapshot;

use super::{Setup, TestApp, eventually, free_address, name_of, with_tickets};

/// A `/ticket` whose usual form has the emoji `ticket` and this channel.
pub(crate) fn with_emoji(channel: Option<&'static str>) -> Setup {
    with_limit(channel, 6_000)
}

/// The same, where a minute holds so many.
pub(crate) fn with_limit(channel: Option<&'static str>, per_minute: u32) -> Setup {
    let address = free_address();
    Setup::new().config(move |config| {
        with_tickets(config, address);
        config.limits.per_user_per_minute = per_minute.try_into().unwrap();
        let form = &mut config.ticket.as_mut().unwrap().forms[0];
        form.emoji = Some("ticket".to_owned());
        form.channel = channel.map(str::to_owned);
    })
}

/// Once the feed stands, and what was before has been asked for.
pub(crate) async fn listening(setup: Setup) -> TestApp {
    let app = setup.start().await;
    eventually("the websocket", || app.mattermost.socket_count() > 0).await;
    quiet().await;
    app
}

/// What the bot said below a post.
pub(crate) fn replies(app: &TestApp, root: &str) -> Vec<PostSnapshot> {
    let mut posts = app.mattermost.bot_posts();
    posts.retain(|post| post.root_id == root);
    posts
}

/// What the bot wrote to this person alone.
pub(crate) fn letters(app: &TestApp, user: &str) -> Vec<String> {
    let direct = app.mattermost.direct_id(user);
    let mut posts = app.mattermost.bot_posts();
    posts.retain(|post| post.channel_id == direct && post.props["is_ticket"].is_null());
    posts.into_iter().map(|post| post.message).collect()
}

/// Where a post is.
pub(crate) fn link(app: &TestApp, post: &str) -> String {
    format!("{}_redirect/pl/{post}", app.mattermost.url())
}

/// One ticket of this post, which it links, and one reply that links the ticket.
pub(crate) fn linked(app: &TestApp, original: &str, root: &str) -> PostSnapshot {
    let mut posts = app.ticket_posts();
    posts.retain(|post| post.message.contains(&link(app, original)));
    let [ticket] = posts.try_into().unwrap();
    let lines: Vec<_> = replies(app, root).into_iter().map(|post| post.message).collect();
    let args = [("ticket", name_of(&ticket).into()), ("link", link(app, &ticket.id).into())];
    let line = app.say("alice", "ticket-emoji-linked", &args);
    assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{lines:?}");
    ticket
}

/// Long enough for what is told live.
pub(crate) async fn quiet() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
