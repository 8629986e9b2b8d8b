//! One mailbox: its folders, its messages, and the count of changes behind every delta.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::item::Item;

/// The names by which Graph knows the folders of every mailbox ("mailFolder resource type"), the
/// name shown, and what the stand-in of a JMAP server calls the role.
pub(super) const FOLDERS: [(&str, &str, &str); 7] = [
    ("inbox", "Inbox", "inbox"),
    ("archive", "Archive", "archive"),
    ("drafts", "Drafts", "drafts"),
    ("junkemail", "Junk Email", "junk"),
    ("sentitems", "Sent Items", "sent"),
    ("deleteditems", "Deleted Items", "trash"),
    ("outbox", "Outbox", "outbox"),
];
pub(super) const INBOX: usize = 0;
pub(super) const DRAFTS: usize = 2;
pub(super) const SENT: usize = 4;
pub(super) const DELETED: usize = 5;
/// The number of the folder that holds all others, of which nothing but its id is ever seen.
pub(super) const ROOT: usize = 0xff;

/// What the changes of a mailbox are told as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Created,
    Updated,
    Deleted,
}

pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) folder: usize,
    pub(super) number: u32,
    /// How often the message had been moved, for the id that it had then.
    pub(super) moves: u32,
    pub(super) change: u64,
}

#[derive(Default)]
pub(super) struct Folder {
    /// The name shown.
    pub(super) name: String,
    /// The folder that holds it; `None` for one that was deleted.
    pub(super) parent: Option<usize>,
    /// Its messages by their last change.
    pub(super) changes: BTreeMap<u64, u32>,
    /// What left it, and when that had come.
    pub(super) gone: BTreeMap<u64, Gone>,
}

#[derive(Clone, Copy)]
pub(super) struct Gone {
    pub(super) number: u32,
    pub(super) entered: u64,
    pub(super) moves: u32,
}

pub(super) struct Mailbox {
    pub(super) address: String,
    /// The id of its user.
    pub(super) user: String,
    /// Those that every mailbox has, and then those that were made.
    pub(super) folders: Vec<Folder>,
    items: Vec<Option<Item>>,
    pub(super) count: u64,
    conversations: HashMap<String, String>,
    by_message_id: HashMap<String, Vec<u32>>,
    /// Messages that the server breaks over.
    pub(super) broken: HashSet<u32>,
    pub(super) events: Vec<Event>,
}

impl Mailbox {
    pub(super) fn new(address: &str) -> Self {
        let folder =
            |name: &str| Folder { name: name.to_owned(), parent: Some(ROOT), ..Folder::default() };
        Self {
            address: address.to_owned(),
            user: uuid::Uuid::new_v4().to_string(),
            folders: FOLDERS.iter().map(|(_, name, _)| folder(name)).collect(),
            items: Vec::new(),
            count: 1,
            conversations: HashMap::new(),
            by_message_id: HashMap::new(),
            broken: HashSet::new(),
            events: Vec::new(),
        }
    }

    /// The folder of a role, by the name of Graph or of the stand-in of JMAP, or by the name shown;
    /// else the inbox.
    pub(super) fn folder_of(&self, role: &str) -> usize {
        let known = FOLDERS.iter().position(|folder| folder.0 == role || folder.2 == role);
        let shown = |(_, folder): &(usize, &Folder)| folder.name == role && folder.parent.is_some();
        let made = || self.folders.iter().enumerate().find(shown).map(|(at, _)| at);
        known.or_else(made).unwrap_or(INBOX)
    }

    pub(super) fn item(&self, number: u32) -> Option<&Item> {
        self.items.get(number as usize)?.as_ref()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (u32, &Item)> {
        (0..)
            .zip(&self.items)
            .filter_map(|(number, item)| Some((number, item.as_ref().filter(|item| !item.hidden)?)))
    }

    pub(super) fn with_message_id(&self, id: &str) -> &[u32] {
        self.by_message_id.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn add(&mut self, mut item: Item, folder: usize) -> u32 {
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        item.conversation = self.conversation(&item);
        self.by_message_id.entry(item.message_id.clone()).or_default().push(number);
        self.items.push(Some(item));
        self.enter(number, folder);
        number
    }

    /// The conversation of a mail. Exchange merges what has the same topic, whether it belongs
    /// together or not; that is what the stand-in does too.
    fn conversation(&mut self, item: &Item) -> String {
        let topic = format!("subject {}", topic(&item.subject).to_lowercase());
        let mut keys: Vec<String> =
            item.in_reply_to.iter().chain(&item.references).cloned().collect();
        keys.extend([item.message_id.clone(), topic]);
        let found = keys.iter().find_map(|key| self.conversations.get(key)).cloned();
        let found = found.unwrap_or_else(|| {
            format!("AAQkAD{}=", uuid::Uuid::new_v4().simple().to_string().to_uppercase())
        });
        for key in keys {
            self.conversations.entry(key).or_insert_with(|| found.clone());
        }
        found
    }

    fn enter(&mut self, number: u32, folder: usize) {
        self.count += 1;
        let change = self.count;
        let Some(Some(item)) = self.items.get_mut(number as usize) else { return };
        (item.folder, item.entered, item.changed) = (folder, change, change);
        let moves = item.moves;
        self.folders[folder].changes.insert(change, number);
        self.events.push(Event { kind: Kind::Created, folder, number, moves, change });
    }

    fn leave(&mut self, number: u32) {
        self.count += 1;
        let change = self.count;
        let Some(Some(item)) = self.items.get_mut(number as usize) else { return };
        let gone = Gone { number, entered: item.entered, moves: item.moves };
        let folder = item.folder;
        self.folders[folder].changes.remove(&item.changed);
        self.folders[folder].gone.insert(change, gone);
        let moves = gone.moves;
        self.events.push(Event { kind: Kind::Deleted, folder, number, moves, change });
    }

    /// Takes a message out of its folder, to be shown in another one later.
    pub(super) fn hide(&mut self, number: u32) {
        self.leave(number);
        if let Some(Some(item)) = self.items.get_mut(number as usize) {
            item.moves += 1;
            item.hidden = true;
        }
    }

    pub(super) fn show(&mut self, number: u32, folder: usize) {
        if let Some(Some(item)) = self.items.get_mut(number as usize) {
            item.hidden = false;
            self.enter(number, folder);
        }
    }

    /// Into another folder; its other id is a new one from now on.
    pub(super) fn relocate(&mut self, number: u32, folder: usize) {
        self.leave(number);
        if let Some(Some(item)) = self.items.get_mut(number as usize) {
            item.moves += 1;
        }
        self.enter(number, folder);
    }

    /// Changes a message.
    pub(super) fn edit(&mut self, number: u32, now: Timestamp, change: impl FnOnce(&mut Item)) {
        self.count += 1;
        let at = self.count;
        let Some(Some(item)) = self.items.get_mut(number as usize) else { return };
        let old_id = item.message_id.clone();
        change(item);
        item.modified = now;
        let (folder, moves) = (item.folder, item.moves);
        self.folders[folder].changes.remove(&std::mem::replace(&mut item.changed, at));
        self.folders[folder].changes.insert(at, number);
        if old_id != item.message_id {
            let new_id = item.message_id.clone();
            if let Some(mails) = self.by_message_id.get_mut(&old_id) {
                mails.retain(|mail| *mail != number);
            }
            self.by_message_id.entry(new_id).or_default().push(number);
        }
        self.events.push(Event { kind: Kind::Updated, folder, number, moves, change: at });
    }

    /// Deletes for good.
    pub(super) fn destroy(&mut self, number: u32) {
        self.leave(number);
        if let Some(item) = self.items.get_mut(number as usize).and_then(Option::take)
            && let Some(mails) = self.by_message_id.get_mut(&item.message_id)
        {
            mails.retain(|mail| *mail != number);
        }
    }
}

/// A subject without the marks of answers and forwards.
fn topic(subject: &str) -> &str {
    let mut topic = subject.trim();
    while let Some((mark, rest)) = topic.split_once(':') {
        if !["re", "fw", "fwd", "aw", "wg"].contains(&mark.trim().to_lowercase().as_str()) {
            break;
        }
        topic = rest.trim();
    }
    topic
}
