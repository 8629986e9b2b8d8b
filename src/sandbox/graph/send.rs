//! `send`: a draft becomes a mail, lies among the sent ones under its immutable id, and comes into
//! those mailboxes of the stand-in that it is addressed to ("message: send").

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_parser::decoders::html::html_to_text;
use tokio::time::Instant;

use super::ask::Ask;
use super::error::{Outcome, Refusal};
use super::item::{self, Content, Item, Person};
use super::mailbox::{INBOX, SENT};
use super::state::State;
use super::write::sent_already;
use crate::sandbox::letter::mime::{self, Leaf};
use crate::sandbox::letter::{outgoing, text};
use crate::sandbox::wire::Reply;

pub(super) fn send(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, draft) = state.find(ask.mailbox, id)?;
    if !draft.is_draft {
        return Err(sent_already());
    }
    let own = state.mailboxes[ask.mailbox].address.clone();
    let foreign = |one: &Option<Person>| {
        one.as_ref().is_some_and(|one| !one.address.eq_ignore_ascii_case(&own))
    };
    if state.shut || foreign(&draft.from) || foreign(&draft.sender) {
        let text = "The user account which was used to submit this request does not have the \
                    right to send mail on behalf of the specified sending account.";
        return Err(Refusal::new(403, "ErrorSendAsDenied", text));
    }
    let everybody = [&draft.to, &draft.cc, &draft.bcc];
    let rcpt_to: Vec<String> =
        everybody.into_iter().flatten().map(|one| one.address.clone()).collect();
    if rcpt_to.is_empty() || rcpt_to.iter().any(|address| !is_address(address)) {
        let text = "At least one recipient isn't valid.";
        return Err(Refusal::new(400, "ErrorInvalidRecipients", text));
    }
    let now = state.second();
    let raw = Bytes::from(compose(draft, now, true));
    let outgoing_raw = Bytes::from(compose(draft, now, false));
    let read = item::read(&raw, now);
    let immutable = state.message_id(ask.mailbox, number, 0, true);
    state.outbox.push(outgoing::read(&immutable, &own, &rcpt_to, &outgoing_raw));
    let mailbox = &mut state.mailboxes[ask.mailbox];
    mailbox.edit(number, now, |item| {
        item.is_draft = false;
        item.headers = read.headers;
        item.raw = Some(raw);
        (item.sent, item.received) = (now, now);
    });
    match state.send_lag {
        None => state.mailboxes[ask.mailbox].relocate(number, SENT),
        Some(lag) => {
            state.mailboxes[ask.mailbox].hide(number);
            state.on_the_way.push((Instant::now() + lag, ask.mailbox, number));
        }
    }
    let mut reached: Vec<usize> = Vec::new();
    for address in &rcpt_to {
        let at = state.mailboxes.iter().position(|one| one.address.eq_ignore_ascii_case(address));
        if let Some(at) = at.filter(|at| !reached.contains(at)) {
            reached.push(at);
            state.deliver(at, INBOX, &outgoing_raw, now);
        }
    }
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

fn is_address(address: &str) -> bool {
    let sides = address.split_once('@');
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>' || c == ';';
    sides.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()) && !address.contains(bad)
}

/// The mail of an item that has none yet.
pub(super) fn compose(item: &Item, at: Timestamp, with_bcc: bool) -> Vec<u8> {
    let mut head = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    };
    let people = |list: &[Person]| {
        let all = list.iter().map(|one| {
            let name = (one.name != one.address).then_some(one.name.as_str());
            text::address(name, &one.address)
        });
        all.collect::<Vec<_>>().join(",\r\n ")
    };
    line("From", people(item.from.as_slice()));
    line("To", people(&item.to));
    line("Cc", people(&item.cc));
    if with_bcc {
        line("Bcc", people(&item.bcc));
    }
    line("Reply-To", people(&item.reply_to));
    line("Subject", text::unstructured("Subject", &item.subject));
    line("Date", jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default());
    line("Message-ID", item.message_id.clone());
    line("In-Reply-To", item.in_reply_to.clone().unwrap_or_default());
    line("References", text::fold("References", item.references.iter().map(String::as_str)));
    if item.importance != "normal" {
        line("Importance", item.importance.clone());
    }
    for (name, value) in &item.headers {
        line(name, text::unstructured(name, value));
    }
    line("MIME-Version", "1.0".to_owned());
    let mut mail = head.into_bytes();
    mail.extend(content(item));
    mail
}

fn content(item: &Item) -> Vec<u8> {
    let leaf = |kind: &str, content: &str| Leaf {
        kind: kind.to_owned(),
        name: None,
        disposition: None,
        cid: None,
        content: content.as_bytes().to_vec(),
    };
    let (plain, html) = if item.body.html {
        // Exchange writes both for those who read text.
        (html_to_text(&item.body.content), Some(leaf("text/html", &item.body.content)))
    } else {
        (item.body.content.clone(), None)
    };
    let attached = item.attachments.iter().filter_map(|one| {
        let disposition = if one.inline { "inline" } else { "attachment" };
        let (kind, cid, bytes) = match &one.content {
            Content::File { kind, cid, bytes } => (kind.clone(), cid.clone(), bytes),
            Content::Item(raw) => ("message/rfc822".to_owned(), None, raw),
            Content::Reference(_) => return None,
        };
        Some(Leaf {
            kind,
            name: Some(one.name.clone()),
            disposition: Some(disposition.to_owned()),
            cid,
            content: bytes.to_vec(),
        })
    });
    mime::compose(Some(leaf("text/plain", &plain)), html, attached.collect())
}
