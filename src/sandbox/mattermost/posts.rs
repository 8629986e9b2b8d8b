//! Posts and threads: made, changed, deleted, listed. A pending id is remembered for 30 s.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::attachments;
use super::error::Refusal;
use super::ids::new_id;
use super::reactions::Reaction;
use super::users::{self, Users};
use crate::clock;
use crate::sandbox::wire::Request;

mod pages;

/// Characters of a message (recorded: 16,383 go, 16,384 do not).
const LONGEST: usize = 16_383;
/// How long a pending id is remembered.
const PENDING: Duration = Duration::from_secs(30);

/// A post as it is now, or as it was when it was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct PostSnapshot {
    /// Its id.
    pub id: String,
    /// The id of its channel.
    pub channel_id: String,
    /// The post that begins its thread; empty for that post itself.
    pub root_id: String,
    /// The name of who wrote it, such as `ticketd` or `alice`.
    pub author: String,
    /// Its words.
    pub message: String,
    /// All its properties, with the buttons' URLs and contexts, which no client sees.
    pub props: Value,
    /// What its author called it while it was being made; may be empty.
    pub pending: String,
    /// Whether it was changed after it was made.
    pub edited: bool,
    /// Whether it is gone.
    pub deleted: bool,
}

#[derive(Clone)]
pub(super) struct Post {
    pub(super) id: String,
    pub(super) channel_id: String,
    root_id: String,
    pub(super) user_id: String,
    message: String,
    /// Empty for what people say, `system_…` for what the server says.
    kind: &'static str,
    files: Vec<Value>,
    pub(super) props: Map<String, Value>,
    pending: String,
    created: i64,
    pub(super) updated: i64,
    edited: i64,
    pub(super) deleted: i64,
    pub(super) reactions: Vec<Reaction>,
}

/// What a request says of a post to be made.
pub(super) struct Draft {
    pub(super) channel_id: String,
    root_id: String,
    message: String,
    props: Value,
    pending: String,
    pub(super) files: Vec<String>,
    kind: &'static str,
}

impl Draft {
    /// # Errors
    /// 400 for what is no post.
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        if !body.is_object() {
            return Err(Refusal::body_param("post"));
        }
        Ok(Self {
            channel_id: text("channel_id"),
            root_id: text("root_id"),
            message: text("message"),
            props: body["props"].clone(),
            pending: text("pending_post_id"),
            files: serde_json::from_value(body["file_ids"].clone()).unwrap_or_default(),
            kind: "",
        })
    }

    /// What somebody types.
    pub(super) fn typed(channel_id: &str, root_id: &str, message: &str) -> Self {
        Self {
            channel_id: channel_id.to_owned(),
            root_id: root_id.to_owned(),
            message: message.to_owned(),
            props: json!({}),
            pending: String::new(),
            files: Vec::new(),
            kind: "",
        }
    }

    /// What the server says of somebody, as `system_join_channel`.
    pub(super) fn system(
        channel_id: &str,
        kind: &'static str,
        message: &str,
        props: Value,
    ) -> Self {
        Self { props, kind, ..Self::typed(channel_id, "", message) }
    }
}

/// All posts, oldest first.
#[derive(Default)]
pub(super) struct Posts {
    pub(super) all: Vec<Post>,
    pending: HashMap<String, (String, Instant)>,
}

impl Posts {
    /// Makes a post. One with a pending id that is remembered is the first one again.
    ///
    /// # Errors
    /// 400 for a message that is too long, and for a root that is a reply, elsewhere or nowhere.
    pub(super) fn create(&mut self, user_id: &str, draft: Draft) -> Result<Value, Refusal> {
        let known = self.pending.get(&draft.pending).filter(|(_, at)| at.elapsed() < PENDING);
        if let Some(first) = known.and_then(|(id, _)| self.find(id)) {
            // Without metadata, as recorded.
            let mut body = self.body(first);
            if let Some(body) = body.as_object_mut() {
                body.remove("metadata");
            }
            return Ok(body);
        }
        check_length(&draft.message)?;
        let refuse = |id, text| Err(Refusal::new(400, id, text, ""));
        if !draft.root_id.is_empty() {
            match self.find(&draft.root_id) {
                Some(root) if root.channel_id != draft.channel_id => {
                    let text = "Invalid ChannelId for RootId parameter.";
                    return refuse("api.post.create_post.channel_root_id.app_error", text);
                }
                Some(root) if root.root_id.is_empty() => {}
                _ => {
                    let text = "Invalid RootId parameter.";
                    return refuse("api.post.create_post.root_id.app_error", text);
                }
            }
        }
        let now = clock::now().as_millisecond();
        let mut props = attachments::kept(&draft.props);
        if user_id == users::id_of(users::BOT_NAME) && draft.kind.is_empty() {
            props.insert("from_bot".to_owned(), json!("true"));
        }
        let post = Post {
            id: new_id(),
            channel_id: draft.channel_id,
            root_id: draft.root_id,
            user_id: user_id.to_owned(),
            message: draft.message,
            kind: draft.kind,
            files: Vec::new(),
            props,
            pending: draft.pending.clone(),
            created: now,
            updated: now,
            edited: 0,
            deleted: 0,
            reactions: Vec::new(),
        };
        // A reply is a change of its root.
        if let Some(root) = self.all.iter_mut().find(|known| known.id == post.root_id) {
            root.updated = now;
        }
        self.all.push(post.clone());
        let mut body = self.body(&post);
        body["pending_post_id"] = json!(draft.pending);
        if !draft.pending.is_empty() {
            self.pending.insert(draft.pending, (post.id, Instant::now()));
        }
        Ok(body)
    }

    /// Hangs files on a post; gives it with them.
    pub(super) fn hang(&mut self, mut made: Value, files: Vec<Value>) -> Value {
        if files.is_empty() {
            return made;
        }
        if let Some(post) = self.all.iter_mut().find(|post| made["id"] == json!(post.id)) {
            post.files = files;
        }
        let id = made["id"].as_str().unwrap_or_default();
        if let Some(post) = self.find(id) {
            let pending = made["pending_post_id"].take();
            made = self.body(post);
            made["pending_post_id"] = pending;
        }
        made
    }

    /// A repeat is a post of its own again.
    pub(super) fn forget_pending(&mut self) {
        self.pending.clear();
    }

    /// Changes what the body of the request names; props change as a whole.
    ///
    /// # Errors
    /// 403 for what is not a post of this user's, 400 for a message that is too long.
    pub(super) fn patch(
        &mut self,
        user_id: &str,
        id: &str,
        patch: &Value,
    ) -> Result<Value, Refusal> {
        if !patch.is_object() {
            return Err(Refusal::body_param("post"));
        }
        let message = patch["message"].as_str();
        check_length(message.unwrap_or_default())?;
        if self.find(id).is_none_or(|post| post.user_id != user_id) {
            return Err(Refusal::no_permission());
        }
        let props = patch["props"].is_object().then(|| attachments::kept(&patch["props"]));
        self.change(id, message, props);
        self.show(id)
    }

    /// Gives a post other words, other props, or both.
    pub(super) fn change(
        &mut self,
        id: &str,
        message: Option<&str>,
        props: Option<Map<String, Value>>,
    ) {
        let Some(post) = self.all.iter_mut().find(|post| post.id == id) else { return };
        post.updated = clock::now().as_millisecond();
        post.edited = post.updated;
        if let Some(message) = message {
            message.clone_into(&mut post.message);
        }
        if let Some(props) = props {
            post.props = props;
        }
    }

    /// Deletes a post and what answers it; gives it as it was.
    pub(super) fn delete(&mut self, id: &str) -> Option<Value> {
        // Without metadata, as recorded.
        let mut before = self.show(id).ok()?;
        if let Some(before) = before.as_object_mut() {
            before.remove("metadata");
        }
        let now = clock::now().as_millisecond();
        let gone = self.all.iter_mut().filter(|post| post.id == id || post.root_id == id);
        for post in gone.filter(|post| post.deleted == 0) {
            (post.updated, post.deleted) = (now, now);
        }
        Some(before)
    }

    /// A post that is there.
    pub(super) fn find(&self, id: &str) -> Option<&Post> {
        self.all.iter().find(|post| post.id == id && post.deleted == 0)
    }

    /// # Errors
    /// 404 for a post that is not there, or no more (from the server's source, not recorded).
    pub(super) fn get(&self, id: &str) -> Result<&Post, Refusal> {
        self.find(id).ok_or_else(|| {
            Refusal::new(404, "app.post.get.app_error", "Unable to get the post.", "")
        })
    }

    /// # Errors
    /// As [`Self::get`].
    pub(super) fn show(&self, id: &str) -> Result<Value, Refusal> {
        self.get(id).map(|post| self.body(post))
    }

    /// # Errors
    /// As [`Self::get`].
    pub(super) fn thread(&self, id: &str) -> Result<Value, Refusal> {
        let post = self.get(id)?;
        let root = if post.root_id.is_empty() { &post.id } else { &post.root_id };
        let of_thread =
            |post: &&Post| post.deleted == 0 && (post.id == *root || post.root_id == *root);
        let posts: Vec<_> = self.all.iter().filter(of_thread).rev().collect();
        Ok(self.list(&posts, &[], None))
    }

    /// Every post so far.
    pub(super) fn snapshots(&self, users: &Users) -> Vec<PostSnapshot> {
        let snapshot = |post: &Post| PostSnapshot {
            id: post.id.clone(),
            channel_id: post.channel_id.clone(),
            root_id: post.root_id.clone(),
            author: users.name(&post.user_id).to_owned(),
            message: post.message.clone(),
            props: post.props.clone().into(),
            pending: post.pending.clone(),
            edited: post.edited != 0,
            deleted: post.deleted != 0,
        };
        self.all.iter().map(snapshot).collect()
    }

    /// As clients see a post; of a deleted one only who deleted it.
    pub(super) fn body(&self, post: &Post) -> Value {
        let gone = post.deleted != 0;
        let root = if post.root_id.is_empty() { &post.id } else { &post.root_id };
        let replies = self.all.iter().filter(|reply| reply.root_id == *root && reply.deleted == 0);
        let tags: Vec<_> = post.message.split_whitespace().filter(|w| w.starts_with('#')).collect();
        let props = if gone {
            json!({"deleteBy": post.user_id})
        } else {
            attachments::shown(&post.props).into()
        };
        let mut metadata = json!({});
        if !gone && post.props.contains_key("attachments") {
            metadata["embeds"] = json!([{"type": "message_attachment"}]);
        }
        if !gone && !post.files.is_empty() {
            metadata["files"] = json!(post.files);
        }
        if !gone && !post.reactions.is_empty() {
            metadata["reactions"] = post.reactions.iter().map(Reaction::body).collect();
        }
        let mut body = json!({
            "id": post.id,
            "create_at": post.created,
            "update_at": post.updated,
            "edit_at": post.edited,
            "delete_at": post.deleted,
            "is_pinned": false,
            "user_id": post.user_id,
            "channel_id": post.channel_id,
            "root_id": post.root_id,
            "original_id": "",
            "message": if gone { "" } else { &post.message },
            "type": post.kind,
            "props": props,
            "hashtags": if gone { String::new() } else { tags.join(" ") },
            "pending_post_id": "",
            "reply_count": replies.count(),
            "last_reply_at": 0,
            "participants": null,
            "metadata": metadata,
        });
        // Left out where there are none.
        if !post.reactions.is_empty() {
            body["has_reactions"] = json!(true);
        }
        if !gone && !post.files.is_empty() {
            body["file_ids"] = post.files.iter().map(|file| file["id"].clone()).collect();
        }
        body
    }
}

/// # Errors
/// 400 for a message that is too long.
fn check_length(message: &str) -> Result<(), Refusal> {
    if message.chars().count() > LONGEST {
        let id = "model.post.is_valid.msg.app_error";
        return Err(Refusal::new(400, id, "Invalid message.", ""));
    }
    Ok(())
}
