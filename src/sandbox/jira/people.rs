//! Who is known to the stand-in of Jira, and who is asking. Only the bot has a token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Deployment;
use crate::sandbox::wire::Request;

/// A person; `name` is what Data Center, `account_id` what Cloud knows them by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) account_id: &'static str,
    pub(super) display: &'static str,
    pub(super) email: &'static str,
    /// Whether Cloud keeps the address to itself.
    pub(super) mail_hidden: bool,
}

const fn person(
    name: &'static str,
    account_id: &'static str,
    display: &'static str,
    email: &'static str,
) -> Person {
    Person { name, account_id, display, email, mail_hidden: false }
}

pub(super) const USER: &str = "bot@example.org";
pub(super) const API_TOKEN: &str = "ATATT3xFfGF0-bot-of-the-stand-in-of-jira";

pub(super) const BOT: &Person = &PEOPLE[0];

/// Ali's address begins with Alice's: a search by mail, which matches the beginning, finds both.
pub(super) static PEOPLE: [Person; 5] = [
    person("bot", "557058:b0b0b0b0-0001-4000-8000-000000000001", "Ticket Bot", USER),
    person(
        "ali",
        "557058:a1a1a1a1-0005-4000-8000-000000000005",
        "Ali Ames",
        "alice@example.org.uk",
    ),
    person(
        "alice",
        "557058:a1a1a1a1-0002-4000-8000-000000000002",
        "Alice Archer",
        "alice@example.org",
    ),
    person("bob", "557058:b1b1b1b1-0003-4000-8000-000000000003", "Bob Baker", "bob@example.org"),
    Person {
        mail_hidden: true,
        ..person(
            "carol",
            "557058:c0c0c0c0-0004-4000-8000-000000000004",
            "Carol Cole",
            "carol@example.org",
        )
    },
];

impl Person {
    /// What an API of this kind calls them.
    pub(super) fn handle(&self, flavour: Deployment) -> &'static str {
        match flavour {
            Deployment::Cloud => self.account_id,
            Deployment::DataCenter => self.name,
        }
    }

    /// Whether this text, a name, an address or an account id, means them.
    pub(super) fn is(&self, text: &str) -> bool {
        [self.name, self.account_id, self.email].contains(&text)
    }
}

/// By what the API calls them.
pub(super) fn by_handle(flavour: Deployment, handle: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.handle(flavour) == handle)
}

/// By anything they are known by.
pub(super) fn whoever(text: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.is(text))
}

/// Whose credentials these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    Bot,
    /// Credentials that are wrong, expired or not of the kind taken here.
    Refused,
}

/// Cloud takes the address and the token, Data Center the token alone.
pub(super) fn caller(flavour: Deployment, request: &Request) -> Caller {
    let Some(value) = request.header("authorization") else { return Caller::Nobody };
    let known = match (flavour, value.split_once(' ')) {
        (Deployment::Cloud, Some(("Basic", pair))) => {
            STANDARD.decode(pair).is_ok_and(|pair| pair == format!("{USER}:{API_TOKEN}").as_bytes())
        }
        (Deployment::DataCenter, Some(("Bearer", token))) => token == API_TOKEN,
        _ => false,
    };
    if known { Caller::Bot } else { Caller::Refused }
}
