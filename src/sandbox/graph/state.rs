//! Everything that the stand-in of Microsoft 365 knows at a moment, by its own clock.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::error::Refusal;
use super::ids::Ids;
use super::item::{self, Item};
use super::mailbox::{DRAFTS, FOLDERS, Mailbox, SENT};
use super::oauth::{Access, Oauth};
use super::subscriptions::Subscriptions;
use super::upload::Upload;
use super::{GraphOddities, GraphSetup};
use crate::clock;
use crate::sandbox::letter::outgoing::Submission;

pub(super) struct State {
    pub(super) setup: GraphSetup,
    /// How far the clock of the stand-in is ahead.
    pub(super) ahead: SignedDuration,
    pub(super) ids: Ids,
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) oauth: Oauth,
    pub(super) subscriptions: Subscriptions,
    pub(super) uploads: HashMap<String, Upload>,
    pub(super) oddities: GraphOddities,
    /// Tokens of a delta from before are not known any more.
    pub(super) generation: u64,
    pub(super) outbox: Vec<Submission>,
    /// Nothing may be sent.
    pub(super) shut: bool,
    /// How long a mail that was sent is nowhere to be seen.
    pub(super) send_lag: Option<Duration>,
    /// Sent, until when they are not seen, and where: mailbox and number.
    pub(super) on_the_way: Vec<(Instant, usize, u32)>,
}

impl State {
    pub(super) fn new(setup: GraphSetup, subscriptions: Subscriptions) -> Self {
        let mailboxes: Vec<Mailbox> =
            setup.mailboxes.iter().map(|address| Mailbox::new(address)).collect();
        let user = setup.mailboxes.first().cloned().unwrap_or_default();
        let oauth = Oauth::new(&user, setup.refresh_token_lifetime, setup.device_interval);
        Self {
            setup,
            ahead: SignedDuration::ZERO,
            ids: Ids::new(),
            mailboxes,
            oauth,
            subscriptions,
            uploads: HashMap::new(),
            oddities: GraphOddities::default(),
            generation: 1,
            outbox: Vec::new(),
            shut: false,
            send_lag: None,
            on_the_way: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        clock::now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// The same in whole seconds, as Outlook keeps its times.
    pub(super) fn second(&self) -> Timestamp {
        Timestamp::from_second(self.now().as_second()).unwrap_or_default()
    }

    pub(super) fn message_id(
        &self,
        mailbox: usize,
        number: u32,
        moves: u32,
        immutable: bool,
    ) -> String {
        self.ids.message(mailbox, number, (!immutable).then_some(moves))
    }

    /// Shows what was sent long enough ago.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        let there: Vec<_> = self.on_the_way.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, mailbox, number) in there {
            self.mailboxes[mailbox].show(number, SENT);
        }
    }

    /// The mailbox of this address or user.
    pub(super) fn known(&self, name: &str) -> Option<usize> {
        self.mailboxes.iter().position(|mailbox| {
            mailbox.address.eq_ignore_ascii_case(name) || mailbox.user.eq_ignore_ascii_case(name)
        })
    }

    /// The mailbox that a request names, for whom it may be.
    ///
    /// # Errors
    /// 404 for an unknown one; 403 for one that is not the application's or the user's.
    pub(super) fn mailbox(&self, name: Option<&str>, access: &Access) -> Result<usize, Refusal> {
        let Some(name) = name.or(access.user.as_deref()) else {
            return Err(Refusal::bad(
                "/me request is only valid with delegated authentication flow.",
            ));
        };
        let found = self.known(name);
        let own = |at: &usize| {
            let address = &self.mailboxes[*at].address;
            access.user.as_ref().is_none_or(|user| user.eq_ignore_ascii_case(address))
        };
        match found {
            Some(at) if own(&at) => Ok(at),
            Some(_) => Err(Refusal::denied()),
            None if self.setup.forbidden.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                // As an application access policy answers.
                Err(Refusal::new(403, "ErrorAccessDenied", "Access to OData is disabled."))
            }
            None => {
                let text = format!("The requested user '{name}' is invalid.");
                Err(Refusal::new(404, "ErrorInvalidUser", text))
            }
        }
    }

    /// A message that is there, by either form of its id.
    ///
    /// # Errors
    /// 400 for no id; 404 for none that is there, or an id from before it moved; 500 for one that
    /// the server breaks over.
    pub(super) fn find(&self, mailbox: usize, id: &str) -> Result<(u32, &Item), Refusal> {
        let named = self.ids.named(id)?;
        let number = named.number;
        let found = self.mailboxes[mailbox].item(number).filter(|item| {
            named.mailbox == mailbox
                && !item.hidden
                && named.moves.is_none_or(|moves| moves == item.moves)
        });
        let item = found.ok_or_else(Refusal::no_item)?;
        self.whole(mailbox, [number])?;
        Ok((number, item))
    }

    /// A folder by its id or by the name that each mailbox has it by.
    ///
    /// # Errors
    /// 404 for none.
    pub(super) fn find_folder(&self, mailbox: usize, name: &str) -> Result<usize, Refusal> {
        let known = FOLDERS.iter().position(|folder| folder.0.eq_ignore_ascii_case(name));
        let folders = &self.mailboxes[mailbox].folders;
        let by_id = || (0..folders.len()).find(|at| self.ids.folder(mailbox, *at) == name);
        let found = known.or_else(by_id).filter(|at| folders[*at].parent.is_some());
        found.ok_or_else(Refusal::no_item)
    }

    /// # Errors
    /// 500 where one of these messages breaks the server.
    pub(super) fn whole(
        &self,
        mailbox: usize,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<(), Refusal> {
        let broken = &self.mailboxes[mailbox].broken;
        if numbers.into_iter().any(|number| broken.contains(&number)) {
            return Err(Refusal::new(500, "ErrorCorruptData", "Data is corrupt."));
        }
        Ok(())
    }

    /// A mail comes into a mailbox; the number of the message.
    pub(super) fn deliver(
        &mut self,
        mailbox: usize,
        folder: usize,
        raw: &Bytes,
        received: Timestamp,
    ) -> u32 {
        let received = Timestamp::from_second(received.as_second()).unwrap_or_default();
        let mut item = item::read(raw, received);
        // What a user wrote himself is known to him.
        item.is_read = folder == SENT || folder == DRAFTS;
        self.mailboxes[mailbox].add(item, folder)
    }
}
