//! What somebody filled into a ticket's form, checked.

use serde::{Deserialize, Serialize};

use super::{
    discreet::discreet,
    ids::{ChannelId, UserId},
};

/// One field of a filled form, as the ticket shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// What the form calls the field.
    pub label: String,
    /// What was filled in.
    pub value: Value,
}

discreet!(Filled { label });

/// What was filled into a field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One line: typed, or an option's text.
    Line(String),
    /// Some lines.
    Text(String),
    /// Somebody in the chat.
    User(UserId),
    /// A channel.
    Channel(ChannelId),
    /// A tick, or none.
    Bool(bool),
}
