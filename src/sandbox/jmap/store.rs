//! Everything the account holds: mails, mailboxes, threads, and the log of changes behind the
//! states. Each look-up that a client repeats has its index.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;

use super::folder::{FOLDERS, Folder};
use super::ids::Ids;
use super::submission::Outbox;
use super::{mail, text};

/// A fresh account starts here; a restored one starts again from 1, so below.
const FIRST_STATE: u64 = 1_000;

pub(super) struct Email {
    pub(super) raw: Bytes,
    /// In whole seconds, as Cyrus keeps it.
    pub(super) received: Timestamp,
    /// In small letters, as Cyrus gives them back.
    pub(super) keywords: BTreeSet<String>,
    /// One bit a mailbox, in the order of `FOLDERS`.
    pub(super) folders: u8,
    pub(super) thread: u32,
    pub(super) created: u64,
    modified: u64,
}

/// What the log holds: the creation of each mail, and its latest change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Updated,
    Destroyed { created: u64 },
}

/// A Message-ID that a mail has or refers to.
#[derive(Default)]
struct Known {
    thread: u32,
    mails: Vec<u32>,
}

pub(super) struct Store {
    pub(super) ids: Ids,
    emails: Vec<Option<Email>>,
    pub(super) folders: [Folder; FOLDERS.len()],
    pub(super) by_date: BTreeSet<(Timestamp, u32)>,
    known: HashMap<String, Known>,
    threads: Vec<Vec<u32>>,
    pub(super) log: BTreeMap<u64, (u32, Change)>,
    pub(super) modseq: u64,
    /// The `modseq` of the last change of a mail: the state of `Email`.
    pub(super) state: u64,
    /// Changes since a state below this one are not known any more.
    pub(super) forgotten: u64,
    pub(super) uploads: HashMap<String, Bytes>,
    pub(super) outbox: Outbox,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            ids: Ids::new(),
            emails: Vec::new(),
            folders: Default::default(),
            by_date: BTreeSet::new(),
            known: HashMap::new(),
            threads: Vec::new(),
            log: BTreeMap::new(),
            modseq: FIRST_STATE,
            state: FIRST_STATE,
            forgotten: 0,
            uploads: HashMap::new(),
            outbox: Outbox::default(),
        }
    }

    pub(super) fn email(&self, number: u32) -> Option<&Email> {
        self.emails.get(number as usize)?.as_ref()
    }

    pub(super) fn emails(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.emails).filter(|(_, email)| email.is_some()).map(|(number, _)| number)
    }

    /// The number of a mail that is there.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.ids.email_number(id).filter(|number| self.email(*number).is_some())
    }

    pub(super) fn thread(&self, number: u32) -> &[u32] {
        self.threads.get(number as usize).map_or(&[], Vec::as_slice)
    }

    /// The mails with this Message-ID, which is without its brackets.
    pub(super) fn with_message_id(&self, message_id: &str) -> &[u32] {
        self.known.get(message_id).map_or(&[], |known| known.mails.as_slice())
    }

    pub(super) fn add(
        &mut self,
        raw: Bytes,
        received: Timestamp,
        folders: u8,
        keywords: BTreeSet<String>,
    ) -> u32 {
        let number = u32::try_from(self.emails.len()).unwrap_or(u32::MAX);
        let thread = self.thread_of(&raw, number);
        let modseq = self.bump();
        // A time outside of what a calendar holds cannot be; the start of it will do.
        let received = Timestamp::from_second(received.as_second()).unwrap_or_default();
        let email =
            Email { raw, received, keywords, folders, thread, created: modseq, modified: modseq };
        self.log.insert(modseq, (number, Change::Created));
        self.by_date.insert((received, number));
        self.file(number, &email);
        self.emails.push(Some(email));
        number
    }

    /// The thread of a mail: that of the first mail or reference known, else its own.
    fn thread_of(&mut self, raw: &[u8], number: u32) -> u32 {
        let headers = mail::headers(raw);
        let mut all = text::ids(headers.message_id.as_deref());
        let own = all.len();
        all.extend(text::ids(headers.in_reply_to.as_deref()));
        all.extend(text::ids(headers.references.as_deref()));
        let thread = all.iter().find_map(|id| self.known.get(id)).map(|known| known.thread);
        let thread = thread.unwrap_or_else(|| {
            self.threads.push(Vec::new());
            u32::try_from(self.threads.len() - 1).unwrap_or(u32::MAX)
        });
        for (at, id) in all.into_iter().enumerate() {
            let known = self.known.entry(id).or_insert(Known { thread, mails: Vec::new() });
            if at < own {
                known.mails.push(number);
            }
        }
        if let Some(mails) = self.threads.get_mut(thread as usize) {
            mails.push(number);
        }
        thread
    }

    /// Changes keywords or mailboxes; a change that changes nothing leaves the state alone.
    pub(super) fn edit(&mut self, number: u32, keywords: BTreeSet<String>, folders: u8) {
        let Some(mut email) = self.emails.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        if email.keywords != keywords || email.folders != folders {
            self.unfile(number, &email);
            let modseq = self.bump();
            if email.modified != email.created {
                self.log.remove(&email.modified);
            }
            (email.keywords, email.folders, email.modified) = (keywords, folders, modseq);
            self.log.insert(modseq, (number, Change::Updated));
            self.file(number, &email);
        }
        self.emails[number as usize] = Some(email);
    }

    pub(super) fn destroy(&mut self, number: u32) {
        let Some(email) = self.emails.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        self.unfile(number, &email);
        self.by_date.remove(&(email.received, number));
        self.log.remove(&email.created);
        self.log.remove(&email.modified);
        let modseq = self.bump();
        self.log.insert(modseq, (number, Change::Destroyed { created: email.created }));
        for id in text::ids(mail::headers(&email.raw).message_id.as_deref()) {
            if let Some(known) = self.known.get_mut(&id) {
                known.mails.retain(|mail| *mail != number);
            }
        }
        if let Some(mails) = self.threads.get_mut(email.thread as usize) {
            mails.retain(|mail| *mail != number);
        }
    }

    fn bump(&mut self) -> u64 {
        self.modseq += 1;
        self.state = self.modseq;
        self.modseq
    }

    fn file(&mut self, number: u32, email: &Email) {
        for (at, folder) in self.folders.iter_mut().enumerate() {
            if email.folders & 1 << at != 0 {
                folder.enter(number, email);
                folder.changed = self.modseq;
            }
        }
    }

    fn unfile(&mut self, number: u32, email: &Email) {
        for (at, folder) in self.folders.iter_mut().enumerate() {
            if email.folders & 1 << at != 0 {
                folder.leave(number, email);
                // The change that comes next.
                folder.changed = self.modseq + 1;
            }
        }
    }

    /// The account as a backup brings it back: the same mails, counted from 1 again.
    pub(super) fn restore(&mut self) {
        self.log.clear();
        self.modseq = 0;
        self.forgotten = 0;
        let numbers: Vec<u32> = self.emails().collect();
        for number in numbers {
            let modseq = self.bump();
            self.log.insert(modseq, (number, Change::Created));
            if let Some(email) = &mut self.emails[number as usize] {
                (email.created, email.modified) = (modseq, modseq);
            }
        }
        self.state = self.modseq;
        for folder in &mut self.folders {
            folder.changed = folder.changed.min(self.modseq);
        }
        self.outbox.state = self.outbox.state.min(self.modseq);
    }
}
