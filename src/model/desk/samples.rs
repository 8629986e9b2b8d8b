//! Mails for tests of the desk and of its tables.

use std::{fmt::Display, time::Duration};

use jiff::Timestamp;

use super::Policy;
use crate::model::{
    effect::MailRef,
    ids::{ChannelId, UserId},
    keys::{MailKey, MailboxName, Tracker},
    mail::{Address, Email, Folder, Importance, Mail, MessageId},
    ticket::{Person, Ticket, TicketNumber},
};

pub(crate) const POLICY: Policy = Policy {
    tracker: Tracker::Jira,
    notices: true,
    reopen: false,
    index_lag: Duration::from_mins(5),
};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn mailbox() -> MailboxName {
    MailboxName::parse("support").unwrap()
}

pub(crate) fn message(number: impl Display) -> MessageId {
    MessageId::parse(&format!("{number}@x.example")).unwrap()
}

pub(crate) fn mail(number: impl Display) -> Mail {
    let from = Address { name: Some("A".into()), email: Email::parse("a@x.example").unwrap() };
    Mail {
        remote: format!("M{number}"),
        folder: Folder::Inbox,
        conversation: None,
        message_id: Some(message(number)),
        answers: vec![],
        from: Some(from),
        reply_to: None,
        recipients: vec![],
        subject: "printer".into(),
        importance: Importance::Normal,
        received: at(0),
        automatic: None,
    }
}

pub(crate) fn mail_ref(number: impl Display) -> MailRef {
    let mail = mail(number);
    MailRef { key: MailKey::of(&mailbox(), &mail.identity()), remote: mail.remote }
}

/// Somebody in the chat whose name and id are this letter.
pub(crate) fn person(letter: char) -> Person {
    Person { id: UserId::parse(&id(letter)).unwrap(), name: letter.to_string() }
}

/// An id of Mattermost's, all of one letter.
pub(crate) fn id(letter: char) -> String {
    letter.to_string().repeat(26)
}

pub(crate) fn ticket(number: TicketNumber) -> Ticket {
    let channel = ChannelId::parse(&id('c')).unwrap();
    Ticket { asker: Some(person('a')), ..Ticket::new(number, "Ticket".into(), channel) }
}
