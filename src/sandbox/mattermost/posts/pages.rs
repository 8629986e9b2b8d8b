//! Lists of posts: what changed, pages, what stands before and after a post, what has some words.

use serde_json::{Map, Value, json};

use super::{Post, Posts};
use crate::sandbox::wire::Request;

/// The most that `since` lists.
const SINCE: usize = 1_000;
/// The most that a search finds with the database alone.
const FOUND: usize = 100;

impl Posts {
    /// The posts of a channel: what changed since, a page of what is there, or what stands before or
    /// after a post; newest first.
    pub(in crate::sandbox::mattermost) fn of_channel(
        &self,
        channel: &str,
        request: &Request,
    ) -> Value {
        let number = |name: &str| request.query(name).and_then(|text| text.parse::<i64>().ok());
        let here = self.all.iter().rev().filter(|post| post.channel_id == channel);
        let is_there = |post: &&Post| post.channel_id == channel && post.deleted == 0;
        // One that is gone has its place still.
        let place = |id: &str| self.all.iter().position(|post| post.id == id);
        if let Some(since) = number("since").filter(|since| *since > 0) {
            let posts: Vec<_> = here.filter(|post| post.updated > since).take(SINCE).collect();
            // The beginnings of threads come along, though nobody asked for them.
            let is_root = |root: &&Post| posts.iter().any(|post| post.root_id == root.id);
            let listed = |root: &&Post| posts.iter().any(|post| post.id == root.id);
            let roots = self.all.iter().filter(|post| is_root(post) && !listed(post));
            return self.list(&posts, &roots.collect::<Vec<_>>(), None);
        }
        let size = usize::try_from(number("per_page").unwrap_or(60)).unwrap_or(60).min(200);
        let page = usize::try_from(number("page").unwrap_or(0)).unwrap_or(0);
        let there: Vec<_> = here.filter(|post| post.deleted == 0).collect();
        let text = |name: &str| request.query(name).unwrap_or_default();
        let (first, last) = if !text("before").is_empty() {
            let earlier = place(text("before")).map_or(&[][..], |at| &self.all[..at]);
            let first = there.len() - earlier.iter().filter(is_there).count() + page * size;
            (first, first + size)
        } else if !text("after").is_empty() {
            let later = place(text("after")).map_or(&[][..], |at| &self.all[at + 1..]);
            let last = later.iter().filter(is_there).count().saturating_sub(page * size);
            (last.saturating_sub(size), last)
        } else {
            (page * size, (page + 1) * size)
        };
        let (first, last) = (first.min(there.len()), last.min(there.len()));
        // The posts next to the list, which tell whether there are more.
        let newer = first.checked_sub(1).and_then(|at| there.get(at)).map_or("", |post| &post.id);
        let older = there.get(last).map_or("", |post| &post.id);
        self.list(&there[first..last], &[], Some((newer, older)))
    }

    /// Posts of these channels that have all the words; a later page is empty (from the server's
    /// source, not recorded).
    pub(in crate::sandbox::mattermost) fn search(
        &self,
        terms: &str,
        page: u64,
        reads: impl Fn(&str) -> bool,
    ) -> Value {
        let words: Vec<_> = terms.split_whitespace().map(str::to_lowercase).collect();
        let has = |post: &&Post| {
            let said = post.message.to_lowercase();
            post.kind.is_empty() && words.iter().all(|word| said.contains(word))
        };
        let there = self.all.iter().rev().filter(|post| post.deleted == 0);
        let found = there.filter(|post| reads(&post.channel_id)).filter(has);
        let most = if page == 0 && !words.is_empty() { FOUND } else { 0 };
        let mut list = self.list(&found.take(most).collect::<Vec<_>>(), &[], None);
        list["matches"] = Value::Null;
        list
    }

    pub(super) fn list(
        &self,
        posts: &[&Post],
        along: &[&Post],
        // The ids of the posts next to it, the newer first.
        beside: Option<(&str, &str)>,
    ) -> Value {
        let order: Vec<_> = posts.iter().map(|post| &post.id).collect();
        let all = posts.iter().chain(along);
        let bodies: Map<_, _> = all.map(|post| (post.id.clone(), self.body(post))).collect();
        let (next, previous) = beside.unwrap_or_default();
        json!({
            "order": order,
            "posts": bodies,
            "next_post_id": next,
            "prev_post_id": previous,
            "has_next": false,
            "first_inaccessible_post_time": 0,
        })
    }
}
