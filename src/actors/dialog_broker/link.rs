//! Where in the chat a ticket is found.

use super::BrokerTools;
use crate::model::{post, ticket::Ticket};

impl BrokerTools {
    /// A ticket's name, with a link once it has a post.
    pub(super) fn linked(&self, ticket: &Ticket) -> String {
        let name = ticket.name();
        match &ticket.post {
            Some(post) => format!("[{name}]({})", post::permalink(&self.chat_url, post)),
            None => format!("**{name}**"),
        }
    }
}
