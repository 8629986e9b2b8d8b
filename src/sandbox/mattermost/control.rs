//! What people do in the chat, what a test reads there, and the accidents of a server.

use super::Mattermost;
use super::actions::{self, Place, PressResult};
use super::channels;
use super::posts::{Draft, PostSnapshot};
use super::reactions::NewReaction;
use super::teams::TEAM;
use super::told::event;
use super::users;
use crate::sandbox::wire::lock;
use serde_json::json;

impl Mattermost {
    /// The id of the team.
    pub const TEAM: &'static str = TEAM;

    /// The id of a channel: `support`, `network`, `oncall`, `board` or `closed`; empty for another
    /// name.
    #[must_use]
    pub fn channel_id(name: &str) -> &'static str {
        channels::id_of(name)
    }

    /// The id of the direct messages between the bot and this user, who opens them if need be.
    #[must_use]
    pub fn direct_id(&self, user: &str) -> String {
        let (bot, user) = (users::id_of(users::BOT_NAME), self.id(user));
        lock(&self.0.service().channels).direct(&[bot, user]).0.id
    }

    /// Somebody, or the bot, is put into a channel or leaves it.
    pub fn set_member(&self, channel: &str, user: &str, is_in: bool) {
        lock(&self.0.service().channels).set_member(channel, self.id(user), is_in);
    }

    /// Every post that anybody made, each once, oldest first, the deleted ones too. Those of the bot
    /// are by `ticketd`.
    #[must_use]
    pub fn posts(&self) -> Vec<PostSnapshot> {
        let desk = self.0.service();
        let posts = lock(&desk.posts);
        posts.snapshots(&lock(&desk.users))
    }

    /// The posts of the bot, as [`Self::posts`].
    #[must_use]
    pub fn bot_posts(&self) -> Vec<PostSnapshot> {
        let mut posts = self.posts();
        posts.retain(|post| post.author == users::BOT_NAME);
        posts
    }

    /// Somebody types into a channel, by name or id, or into the thread that begins with the post
    /// `root`. Returns the post's id; empty where the server refuses it.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn type_post(&self, channel: &str, user: &str, root: &str, message: &str) -> String {
        let desk = self.0.service();
        let id = lock(&desk.channels).find(channel).map(|channel| channel.id.clone());
        let draft = Draft::typed(&id.unwrap_or_default(), root, message);
        let made = desk.make(self.id(user), draft);
        made.ok().and_then(|post| post["id"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Somebody deletes a post, and with it what answers it.
    pub fn delete_post(&self, id: &str) {
        self.0.service().erase(id);
    }

    /// Somebody puts an emoji under a post, such as `ticket`.
    pub fn react(&self, user: &str, post: &str, emoji: &str) {
        let new = NewReaction::of(self.id(user), post, emoji);
        // On a post that is gone nobody can.
        let _ = self.0.service().react(&new);
    }

    /// Somebody takes an emoji back.
    pub fn unreact(&self, user: &str, post: &str, emoji: &str) {
        let old = NewReaction::of(self.id(user), post, emoji);
        let _ = self.0.service().take_back(&old);
    }

    /// How many websockets stand.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.0.service().sockets.count()
    }

    /// Every websocket breaks, without a close frame and with what is on its way; each can be
    /// resumed.
    pub fn drop_sockets(&self) {
        self.0.service().sockets.drop_all();
    }

    /// The server has started again: websockets break, and none is remembered, nor is a pending
    /// id.
    pub fn restart(&self) {
        self.0.service().sockets.restart();
        self.forget_pending();
    }

    /// Websockets stand but carry nothing any more, either way.
    pub fn silence_sockets(&self) {
        self.0.service().sockets.silence();
    }

    /// The next event for each websocket is lost, its number with it.
    pub fn lose_event(&self) {
        self.0.service().sockets.lose();
    }

    /// Breaks one websocket, as [`Self::drop_sockets`] does all: that at this place in a row of
    /// those that stand, which goes round, so that any number names one.
    pub fn drop_socket(&self, at: usize) {
        self.0.service().sockets.drop_one(at);
    }

    /// All sessions of somebody end: their websockets stand, but tell nothing any more. They may
    /// sign in again.
    pub fn end_session(&self, user: &str) {
        self.0.service().end_sessions(self.id(user));
    }

    /// Somebody's presence is set by hand: `online`, `away`, `dnd` or `offline`. They are told.
    pub fn set_status(&self, user: &str, status: &'static str) {
        let desk = self.0.service();
        let id = self.id(user);
        if let Some(user) = lock(&desk.users).find_mut(id) {
            user.status = Some(status);
        }
        let told = json!({"status": status, "user_id": id});
        desk.sockets.tell_user(id, &event("status_change", &told));
    }

    /// The id of somebody by name, who may have been made later.
    fn id(&self, name: &str) -> &'static str {
        lock(&self.0.service().users).id(name)
    }

    /// Somebody presses a button under a post: by its id, or by the name that people read. What
    /// the integration answers happens to the post.
    pub async fn press_button(&self, user: &str, post_id: &str, action: &str) -> PressResult {
        actions::press(self.place(), user, post_id, action, None).await
    }

    /// Somebody chooses from a menu under a post, which need not offer that option: nobody looks
    /// (recorded).
    pub async fn choose(
        &self,
        user: &str,
        post_id: &str,
        action: &str,
        option: &str,
    ) -> PressResult {
        actions::press(self.place(), user, post_id, action, Some(option)).await
    }

    /// Lets in so many requests a second and a burst beyond, or all; a server's own values are 10
    /// and 100.
    pub fn set_rate_limit(&self, rate: Option<(u32, u32)>) {
        lock(&self.0.service().limits).set(rate);
    }

    /// The server has started again: it remembers no pending id.
    pub fn forget_pending(&self) {
        lock(&self.0.service().posts).forget_pending();
    }

    /// How many requests the rate limit refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        lock(&self.0.service().limits).refused()
    }

    fn place(&self) -> Place<'_> {
        let desk = self.0.service();
        Place { posts: &desk.posts, channels: &desk.channels, triggers: &desk.triggers }
    }
}
