//! What somebody filled into a ticket's form, checked.

use serde::{Deserialize, Serialize};

use super::{discreet::discreet, render, ticket::Person};

/// One field of a filled form, as the ticket shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// What the form calls the field.
    pub label: String,
    /// What was filled in.
    pub value: Value,
}

discreet!(Filled { label });

impl Filled {
    /// As it stands in a post; `ticks` are the words for a tick and for none. What was typed stays
    /// text.
    #[must_use]
    pub fn shown(&self, ticks: [&str; 2]) -> String {
        let label = render::line(&self.label);
        match &self.value {
            Value::Line(text) => format!("**{label}:** {}", render::line(text)),
            // The blank line ends the quote: the next field would be read as a part of it.
            Value::Text(text) => {
                format!("**{label}:**\n{}\n", render::quote(text, render::POST_MAX))
            }
            Value::Person(person) => format!("**{label}:** {}", person.mention()),
            Value::Channel(name) => format!("**{label}:** ~{}", render::line(name)),
            Value::Bool(ticked) => format!("**{label}:** {}", ticks[usize::from(!ticked)]),
        }
    }
}

/// What was filled into a field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One line: typed, or an option's text.
    Line(String),
    /// Some lines.
    Text(String),
    /// Somebody in the chat.
    Person(Person),
    /// A channel, by the name in its address.
    Channel(String),
    /// A tick, or none.
    Bool(bool),
}
