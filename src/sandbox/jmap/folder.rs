//! The mailboxes of the account, with their counts and, for each, its mails by date.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::store::{Email, Store};

/// Id (as recorded), name, role, order; the place in this table is the bit in `Email::folders`.
pub(super) const FOLDERS: [(&str, &str, &str, u32); 6] = [
    ("8l4ughnyraa1s3qzxswae4p6", "Inbox", "inbox", 1),
    ("su3e9g1eihc63lvoqe7wi1mq", "Archive", "archive", 3),
    ("d2zsj83qbe3krir0pn9ftmz7", "Drafts", "drafts", 4),
    ("aszh4xz6nemcc8ohipp60uc4", "Junk", "junk", 6),
    ("r0ukj1zh9b7nvw9df7tqwtq6", "Sent", "sent", 5),
    ("h14w4o3nvksit7swmzdmp10y", "Trash", "trash", 7),
];

#[derive(Default)]
pub(super) struct Folder {
    pub(super) mails: BTreeSet<(Timestamp, u32)>,
    unread: usize,
    /// Mails and unread mails of each thread here.
    threads: HashMap<u32, (usize, usize)>,
    pub(super) changed: u64,
}

impl Folder {
    pub(super) fn enter(&mut self, number: u32, email: &Email) {
        self.mails.insert((email.received, number));
        let unread = usize::from(unread(email));
        self.unread += unread;
        let thread = self.threads.entry(email.thread).or_default();
        thread.0 += 1;
        thread.1 += unread;
    }

    pub(super) fn leave(&mut self, number: u32, email: &Email) {
        self.mails.remove(&(email.received, number));
        let unread = usize::from(unread(email));
        self.unread -= unread;
        if let Some(thread) = self.threads.get_mut(&email.thread) {
            thread.0 -= 1;
            thread.1 -= unread;
            if thread.0 == 0 {
                self.threads.remove(&email.thread);
            }
        }
    }
}

fn unread(email: &Email) -> bool {
    !email.keywords.contains("$seen") && !email.keywords.contains("$draft")
}

/// The bit of a mailbox, by its id.
pub(super) fn by_id(id: &str) -> Option<u8> {
    FOLDERS.iter().position(|folder| folder.0 == id).map(|at| 1 << at)
}

/// The bit of a mailbox by its role; an unknown role is the inbox.
pub(super) fn by_role(role: &str) -> u8 {
    FOLDERS.iter().position(|folder| folder.2 == role).map_or(1, |at| 1 << at)
}

/// The ids of these mailboxes, as `mailboxIds` has them.
pub(super) fn ids(folders: u8) -> Value {
    let held = FOLDERS.iter().enumerate().filter(|(at, _)| folders & 1 << at != 0);
    Value::Object(held.map(|(_, folder)| (folder.0.to_owned(), Value::Bool(true))).collect())
}

/// One mailbox with everything recorded of it.
pub(super) fn object(store: &Store, at: usize) -> Value {
    let (id, name, role, order) = FOLDERS[at];
    let folder = &store.folders[at];
    let own = role != "inbox";
    json!({
        "id": id,
        "name": name,
        "parentId": null,
        "myRights": {
            "mayReadItems": true,
            "mayAddItems": true,
            "mayRemoveItems": true,
            "mayCreateChild": true,
            "mayDelete": own,
            "maySubmit": true,
            "maySetSeen": true,
            "maySetKeywords": true,
            "mayAdmin": true,
            "mayRename": own,
        },
        "role": role,
        "totalEmails": folder.mails.len(),
        "unreadEmails": folder.unread,
        "totalThreads": folder.threads.len(),
        "unreadThreads": folder.threads.values().filter(|thread| thread.1 > 0).count(),
        "sortOrder": order,
        "isSubscribed": true,
    })
}
