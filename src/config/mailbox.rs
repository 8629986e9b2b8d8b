//! `[[mailbox]]`: the mailboxes whose mails become issues. Each stands in the file under its own
//! name, by which the environment can change it.

mod certificate;
mod filter;
mod graph;
mod jmap;
mod reply;

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

pub use filter::{Automatic, Filter};
pub use graph::{Graph, Mark, SignIn};
pub use jmap::{Credential, Jmap};
pub use reply::Reply;

use super::forms::mail_address;
use super::layers::MailboxSection;
use super::place::{Named, Place, Trackers};
use super::reader::{Faulted, Reader};

/// A mailbox.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// What ticketd calls it: 1 to 32 of `a`-`z`, `0`-`9` and `-`; unique.
    pub name: String,
    /// The address that answers come from, its domain in lower case; unique among all addresses
    /// and aliases.
    pub address: String,
    /// Other addresses whose mails arrive here.
    pub aliases: Vec<String>,
    /// Where its mails come from.
    pub source: MailSource,
    /// Where its mails become issues.
    pub place: Place,
    /// Its category in Jira; without one Jira's `default_category`.
    pub category: Option<String>,
    /// The id of the channel that is told what only a person can mend.
    pub channel: Option<String>,
    /// How many days back mails are taken at the very first start.
    pub first_days: u32,
    /// How often mails are asked for where the server does not push: 1 second to 1 hour.
    pub poll: Duration,
    /// What is not let in.
    pub filter: Filter,
    /// What the sender is told.
    pub reply: Reply,
}

/// Where mails come from.
#[derive(Debug, Clone)]
pub enum MailSource {
    /// A JMAP server (RFC 8620, RFC 8621).
    Jmap(Jmap),
    /// Microsoft 365.
    Graph(Graph),
}

impl Mailbox {
    /// All mailboxes. `public` is `http.public_url`; `has_bot` is whether
    /// `mattermost.bot_token` is set.
    pub(super) fn read_all(
        reader: &mut Reader,
        trackers: Trackers<'_>,
        public: Option<&Url>,
        has_bot: bool,
    ) -> Result<Vec<Self>, Faulted> {
        let places = reader.mailboxes();
        let mut addresses = Addresses::default();
        // All are read before one fault ends it, so that every fault is noted.
        let read: Vec<_> = places
            .iter()
            .map(|place| Self::read(reader, place, trackers, (public, has_bot), &mut addresses))
            .collect();
        read.into_iter().collect()
    }

    fn read(
        reader: &mut Reader,
        place: &MailboxSection,
        trackers: Trackers<'_>,
        (public, has_bot): (Option<&Url>, bool),
        addresses: &mut Addresses,
    ) -> Result<Self, Faulted> {
        let MailboxSection { section: here, name } = place;
        reader.know(here, "name");
        let mut section = reader.section(here);
        let address =
            section.needed("address", "write the address that answers come from", |text| {
                addresses.take(text, here)
            });
        let aliases = section.list("aliases", |text| addresses.take(text, here));
        let graph = section.chosen("source", &[("jmap", false), ("graph", true)]);
        let issues = Place::read(&mut section, trackers, Named::Jira);
        let jira = trackers.jira.as_ref().ok().and_then(Option::as_ref);
        let category = section.parsed("category", |text| match jira {
            Some(jira) => jira.category(text),
            None => Ok(text.to_owned()),
        });
        if category.is_some() && matches!(issues, Ok(Some(Place::Redmine(_)))) {
            section.unset("category", "set, but tracker is not \"jira\"; remove it");
        }
        let channel = section.checked("channel", channel_id);
        if matches!(channel, Ok(Some(_))) && !has_bot {
            let problem = "set, but mattermost.bot_token is not: the bot posts there";
            section.unset("channel", problem);
        }
        let first_days = section.number("first_days", 0..=365, 0);
        let poll = section.duration("poll", 1..=3600, 60);
        let source = if graph == Ok(Some(true)) {
            Jmap::pass(reader.section(format!("{here}.jmap")));
            Graph::read(reader.section(format!("{here}.graph")), public).map(MailSource::Graph)
        } else {
            Graph::pass(reader.section(format!("{here}.graph")), graph.is_ok());
            Jmap::read(reader.section(format!("{here}.jmap"))).map(MailSource::Jmap)
        };
        let filter = Filter::read(reader.section(format!("{here}.filter")));
        let reply = Reply::read(reader.section(format!("{here}.reply")));
        Ok(Self {
            name: name.clone().ok_or(Faulted)?,
            address: address?,
            aliases,
            source: source?,
            place: issues?.ok_or(Faulted)?,
            category,
            channel: channel?,
            first_days,
            poll,
            filter,
            reply,
        })
    }
}

fn channel_id(text: &str) -> Result<String, String> {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if text.len() == 26 && text.bytes().all(letter) {
        return Ok(text.to_owned());
    }
    Err("write the channel's id, 26 letters and digits: Mattermost shows it at the end of the \
         channel's View Info"
        .to_owned())
}

/// The addresses so far, each with the section of its mailbox: a mail to an address that two had
/// would become two issues.
#[derive(Default)]
struct Addresses(BTreeMap<String, String>);

impl Addresses {
    fn take(&mut self, text: &str, section: &str) -> Result<String, String> {
        let address = mail_address(text)?;
        match self.0.insert(address.to_lowercase(), section.to_owned()) {
            None => Ok(address),
            Some(owner) => Err(format!("{owner} has this address already; remove one")),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
