//! What a test does with the mailboxes beyond the common controls; the same as with the stand-in of
//! a JMAP server, where there is the same. Ids given out are immutable; both forms are taken.

use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::item::{Attachment, Content};
use super::mailbox::{FOLDERS, Folder, INBOX, ROOT};
use super::notices::{self, Lifecycle, NoticeCounts};
use super::state::State;
use super::{Graph, GraphOddities};
use crate::sandbox::letter::outgoing::Submission;
use crate::sandbox::wire::lock;

impl Graph {
    /// The address of the first mailbox.
    pub const ADDRESS: &'static str = "support@example.org";
    /// An address of the tenant that the application may not use.
    pub const FORBIDDEN: &'static str = "board@example.org";

    /// A mail arrives in the inbox now. Returns its id.
    pub fn deliver(&self, raw: impl Into<Bytes>) -> String {
        self.deliver_to("inbox", raw)
    }

    /// A mail arrives now in the folder of this role: `inbox`, `sent`, `drafts`, `junk`, `trash` or
    /// `archive`, or Graph's own name of it, or the name shown; any other is the inbox. Returns its
    /// id.
    pub fn deliver_to(&self, role: &str, raw: impl Into<Bytes>) -> String {
        let now = lock(&self.0.service().state).now();
        self.deliver_at(role, raw, now)
    }

    /// The same with a `receivedDateTime`, of which whole seconds are kept.
    pub fn deliver_at(&self, role: &str, raw: impl Into<Bytes>, received: Timestamp) -> String {
        self.0.service().with(|state| {
            let folder = state.mailboxes[0].folder_of(role);
            let number = state.deliver(0, folder, &raw.into(), received);
            state.message_id(0, number, 0, true)
        })
    }

    /// Mails arrive in the inbox at once, as one burst. Returns their ids.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn deliver_many(&self, raws: Vec<Bytes>) -> Vec<String> {
        self.0.service().with(|state| {
            let now = state.now();
            let deliver = |raw| {
                let number = state.deliver(0, INBOX, &raw, now);
                state.message_id(0, number, 0, true)
            };
            raws.into_iter().map(deliver).collect()
        })
    }

    /// What really left, oldest first. The id is that of the message among the sent ones.
    #[must_use]
    pub fn submissions(&self) -> Vec<Submission> {
        lock(&self.0.service().state).outbox.clone()
    }

    /// The ids of the messages in the folder of this role of the first mailbox, oldest first.
    #[must_use]
    pub fn emails(&self, role: &str) -> Vec<String> {
        let mut state = lock(&self.0.service().state);
        state.settle();
        let folder = state.mailboxes[0].folder_of(role);
        let mut found: Vec<_> =
            state.mailboxes[0].items().filter(|(_, item)| item.folder == folder).collect();
        found.sort_by_key(|(number, item)| (item.received, *number));
        found.iter().map(|(number, _)| state.message_id(0, *number, 0, true)).collect()
    }

    /// The marks of a message as JMAP names them: `$seen`, `$flagged`, `$draft`, then its
    /// categories; none for a message that is not there.
    #[must_use]
    pub fn keywords(&self, id: &str) -> Vec<String> {
        let state = lock(&self.0.service().state);
        let Some(item) = find(&state, id).and_then(|(at, n)| state.mailboxes[at].item(n)) else {
            return Vec::new();
        };
        let marks = [
            (item.is_draft, "$draft"),
            (item.flag == "flagged", "$flagged"),
            (item.is_read, "$seen"),
        ];
        let marks = marks.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned());
        marks.chain(item.categories.iter().cloned()).collect()
    }

    /// Whether the mailbox may not send from now on: each `send` is 403 `ErrorSendAsDenied`.
    pub fn refuse_submissions(&self, refuse: bool) {
        lock(&self.0.service().state).shut = refuse;
    }

    /// How long a message that was sent is nowhere to be seen, neither as a draft nor among the
    /// sent ones ("Obtain immutable identifiers for Outlook resources" warns of it).
    pub fn set_send_lag(&self, lag: Option<Duration>) {
        lock(&self.0.service().state).send_lag = lag;
    }

    /// Somebody moves a message into the folder of this role. Its id that is not immutable is
    /// another one from now on.
    pub fn move_to(&self, id: &str, role: &str) {
        self.change(id, |state, mailbox, number| {
            let folder = state.mailboxes[mailbox].folder_of(role);
            state.mailboxes[mailbox].relocate(number, folder);
        });
    }

    /// Somebody makes a folder of this name: within the one of this role, or at the top.
    pub fn make_folder(&self, name: &str, within: Option<&str>) {
        let mut state = lock(&self.0.service().state);
        let mailbox = &mut state.mailboxes[0];
        let parent = Some(within.map_or(ROOT, |role| mailbox.folder_of(role)));
        mailbox.folders.push(Folder { name: name.to_owned(), parent, ..Folder::default() });
    }

    /// Somebody deletes the folder of this name for good, and all that is in it: one that was made,
    /// no other can be deleted.
    pub fn delete_folder(&self, name: &str) {
        self.0.service().with(|state| {
            let mailbox = &mut state.mailboxes[0];
            let folder = mailbox.folder_of(name);
            if folder < FOLDERS.len() {
                return;
            }
            let inside = mailbox.items().filter(|(_, item)| item.folder == folder);
            for number in inside.map(|(number, _)| number).collect::<Vec<_>>() {
                mailbox.destroy(number);
            }
            mailbox.folders[folder].parent = None;
        });
    }

    /// Somebody reads a message, or marks it as not read.
    pub fn mark_read(&self, id: &str, read: bool) {
        self.change(id, |state, mailbox, number| {
            let now = state.second();
            state.mailboxes[mailbox].edit(number, now, |item| item.is_read = read);
        });
    }

    /// Somebody deletes a message for good.
    pub fn destroy(&self, id: &str) {
        self.change(id, |state, mailbox, number| state.mailboxes[mailbox].destroy(number));
    }

    /// A message gets a reference attachment: the name of a file, and where it lies.
    pub fn attach_reference(&self, id: &str, name: &str, url: &str) {
        self.change(id, |state, mailbox, number| {
            let now = state.second();
            state.mailboxes[mailbox].edit(number, now, |item| {
                let content = Content::Reference(url.to_owned());
                let (number, name) = (item.next_attachment(), name.to_owned());
                item.attachments.push(Attachment { number, name, inline: false, content });
            });
        });
    }

    /// The server breaks over this message: 500 for itself, and for each page that holds it, unless
    /// only ids, times and places are asked for.
    pub fn break_over(&self, id: &str) {
        self.change(id, |state, mailbox, number| {
            state.mailboxes[mailbox].broken.insert(number);
        });
    }

    /// The server reads every message again.
    pub fn mend(&self) {
        for mailbox in &mut lock(&self.0.service().state).mailboxes {
            mailbox.broken.clear();
        }
    }

    /// The server forgets the state of every delta: 410 `SyncStateNotFound` for each link from
    /// before.
    pub fn forget_changes(&self) {
        lock(&self.0.service().state).generation += 1;
    }

    /// How awkward each round of a delta is from now on.
    pub fn set_oddities(&self, oddities: GraphOddities) {
        lock(&self.0.service().state).oddities = oddities;
    }

    /// Moves the stand-in's clock on: tokens and subscriptions expire by it.
    pub fn advance(&self, by: SignedDuration) {
        self.0.service().with(|state| state.ahead = state.ahead.saturating_add(by));
    }

    /// What time the stand-in has.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        lock(&self.0.service().state).now()
    }

    /// Of a hundred notices about changes so many are sent from now on; the others are lost, the
    /// same ones in every run.
    pub fn deliver_share(&self, percent: u8) {
        lock(&self.0.service().state).subscriptions.courier.share = percent;
    }

    /// What became of the notices about changes.
    #[must_use]
    pub fn notices(&self) -> NoticeCounts {
        lock(&self.0.service().state).subscriptions.courier.counts()
    }

    /// Sends a lifecycle notification to every subscription with an address for it, and does what
    /// it says: a removed one is gone, one to be reauthorized pauses. Returns how many were told.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn lifecycle(&self, event: Lifecycle) -> usize {
        notices::lifecycle(&mut lock(&self.0.service().state), event, None)
    }

    /// The ids of the subscriptions that live, with the times at which they end.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<(String, Timestamp)> {
        let mut state = lock(&self.0.service().state);
        let now = state.now();
        state.subscriptions.expire(now);
        state.subscriptions.all.iter().map(|one| (one.id.clone(), one.expires)).collect()
    }

    /// Forgets every subscription, and tells nobody: their renewals are 404.
    pub fn drop_subscriptions(&self) {
        lock(&self.0.service().state).subscriptions.all.clear();
    }

    /// The next renewals fail with this status.
    pub fn fail_renewals(&self, times: u32, status: u16) {
        lock(&self.0.service().state).subscriptions.failing = (times, status);
    }

    /// How many renewals were accepted.
    #[must_use]
    pub fn renewals(&self) -> u64 {
        lock(&self.0.service().state).subscriptions.renewals
    }

    /// The next requests to mailboxes are refused with 429 and `Retry-After: 1`.
    pub fn throttle(&self, requests: u32) {
        lock(&self.0.service().limits).force(requests);
    }

    /// The most requests to one mailbox that were under way at once, refused ones included.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        lock(&self.0.service().limits).busiest()
    }

    /// How many requests were refused with 429 by the limits.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        lock(&self.0.service().limits).refused()
    }

    /// How many requests came of this template, as `GET messages/delta`.
    #[must_use]
    pub fn requests(&self, template: &str) -> u64 {
        lock(&self.0.service().limits).counted(template)
    }

    /// How many requests came to Graph; those to Entra and the uploads do not count.
    #[must_use]
    pub fn graph_requests(&self) -> u64 {
        lock(&self.0.service().limits).to_graph()
    }

    fn change(&self, id: &str, work: impl FnOnce(&mut State, usize, u32)) {
        self.0.service().with(|state| {
            if let Some((mailbox, number)) = find(state, id) {
                work(state, mailbox, number);
            }
        });
    }
}

fn find(state: &State, id: &str) -> Option<(usize, u32)> {
    let named = state.ids.named(id).ok()?;
    let there = state.mailboxes.get(named.mailbox)?.item(named.number).is_some();
    there.then_some((named.mailbox, named.number))
}
