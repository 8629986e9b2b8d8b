//! What a test does with the stand-in beyond the common controls: mail in, mail out, and the
//! accidents of a mail server.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use super::folder::{self, FOLDERS};

use super::{Jmap, USER};
use crate::clock;
use crate::sandbox::letter::outgoing::Submission;
use crate::sandbox::wire::lock;

impl Jmap {
    /// The address of the mailbox.
    pub const ADDRESS: &'static str = "support@example.org";
    /// The login name, and the account's id.
    pub const USER: &'static str = USER;
    /// The password for Basic authentication.
    pub const PASSWORD: &'static str = "secret";
    /// The id of its inbox.
    pub const INBOX: &'static str = FOLDERS[0].0;

    /// Where the session object is: `http://127.0.0.1:…/jmap/`.
    #[must_use]
    pub fn session_url(&self) -> Url {
        let mut url = self.url();
        url.set_path("/jmap/");
        url
    }

    /// The bearer token that is valid now.
    #[must_use]
    pub fn token(&self) -> String {
        self.0.service().door.token()
    }

    /// Makes the bearer token invalid; [`Jmap::token`] is another one from now on. The password
    /// and open event streams stay.
    pub fn expire_tokens(&self) {
        self.0.service().door.expire();
    }

    /// A mail arrives in the inbox now. Returns its id.
    pub fn deliver(&self, raw: impl Into<Bytes>) -> String {
        self.deliver_to("inbox", raw)
    }

    /// A mail arrives now in the mailbox of this role: `inbox`, `sent`, `drafts`, `junk`, `trash`
    /// or `archive`; any other role is the inbox. Returns its id.
    pub fn deliver_to(&self, role: &str, raw: impl Into<Bytes>) -> String {
        self.deliver_at(role, raw, clock::now())
    }

    /// The same with a `receivedAt`, of which whole seconds are kept.
    pub fn deliver_at(&self, role: &str, raw: impl Into<Bytes>, received: Timestamp) -> String {
        let (raw, folders) = (raw.into(), folder::by_role(role));
        self.0.service().with(|store| {
            let number = store.add(raw, received, folders, BTreeSet::new());
            store.ids.email(number)
        })
    }

    /// Mails arrive in the inbox at once, as one burst. Returns their ids.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn deliver_many(&self, raws: Vec<Bytes>) -> Vec<String> {
        let received = clock::now();
        self.0.service().with(|store| {
            let add = |raw| {
                let number = store.add(raw, received, folder::by_role("inbox"), BTreeSet::new());
                store.ids.email(number)
            };
            raws.into_iter().map(add).collect()
        })
    }

    /// What really left, each submission once, oldest first.
    #[must_use]
    pub fn submissions(&self) -> Vec<Submission> {
        lock(&self.0.service().store).outbox.submissions()
    }

    /// The ids of the mails in the mailbox of this role, oldest first.
    #[must_use]
    pub fn emails(&self, role: &str) -> Vec<String> {
        let store = lock(&self.0.service().store);
        let at = FOLDERS.iter().position(|folder| folder.2 == role).unwrap_or_default();
        store.folders[at].mails.iter().map(|(_, number)| store.ids.email(*number)).collect()
    }

    /// The keywords of a mail, in order; none for a mail that is not there.
    #[must_use]
    pub fn keywords(&self, id: &str) -> Vec<String> {
        let store = lock(&self.0.service().store);
        let email = store.find(id).and_then(|number| store.email(number));
        email.map(|email| email.keywords.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether the account may not send from now on: each submission is `forbiddenToSend`.
    pub fn refuse_submissions(&self, refuse: bool) {
        lock(&self.0.service().store).outbox.shut = refuse;
    }

    /// Somebody moves a mail into the mailbox of this role, out of all others.
    pub fn move_to(&self, id: &str, role: &str) {
        self.0.service().with(|store| {
            let Some(number) = store.find(id) else { return };
            let keywords = store.email(number).map(|email| email.keywords.clone());
            store.edit(number, keywords.unwrap_or_default(), folder::by_role(role));
        });
    }

    /// Somebody flags a mail.
    pub fn flag(&self, id: &str) {
        self.0.service().with(|store| {
            let Some(number) = store.find(id) else { return };
            let Some(email) = store.email(number) else { return };
            let (mut keywords, folders) = (email.keywords.clone(), email.folders);
            keywords.insert("$flagged".to_owned());
            store.edit(number, keywords, folders);
        });
    }

    /// Somebody deletes a mail for good.
    pub fn destroy(&self, id: &str) {
        self.0.service().with(|store| {
            if let Some(number) = store.find(id) {
                store.destroy(number);
            }
        });
    }

    /// The server breaks over this mail: whoever wants to look into it gets a 500, and whoever asks
    /// for others along with it. Where it lies and its raw text can be read.
    pub fn break_over(&self, id: &str) {
        lock(&self.0.service().broken).insert(id.to_owned());
    }

    /// The server reads every mail again.
    pub fn mend(&self) {
        lock(&self.0.service().broken).clear();
    }

    /// The server forgets its log: changes since any older state are `cannotCalculateChanges`.
    pub fn forget_changes(&self) {
        self.0.service().with(|store| store.forgotten = store.state);
    }

    /// The account comes back from a backup: the same mails, but the state counts from below.
    /// A state from before is now one to come, and is answered with no changes.
    pub fn reset_states(&self) {
        self.0.service().with(super::store::Store::restore);
    }

    /// Sends the current state to every event stream once more.
    pub fn replay(&self) {
        self.0.service().beats.send_modify(|beat| beat.replay += 1);
    }

    /// Ends every event stream, as a server's time-out or restart does.
    pub fn drop_event_streams(&self) {
        self.0.service().beats.send_modify(|beat| beat.generation += 1);
    }

    /// Whether the event source streams from now on, or answers 204. Open streams stay.
    pub fn set_push(&self, on: bool) {
        self.0.service().door.set_push(on);
    }
}
