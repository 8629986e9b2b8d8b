//! Where in the chat a ticket is found.

use super::BrokerTools;
use crate::model::{ids::PostId, ticket::Ticket};

impl BrokerTools {
    /// Where a post is, whichever team it is in.
    pub(super) fn link(&self, post: &PostId) -> String {
        format!("{}_redirect/pl/{post}", self.chat_url)
    }

    /// A ticket's name, with a link once it has a post.
    pub(super) fn linked(&self, ticket: &Ticket) -> String {
        let name = ticket.name();
        match &ticket.post {
            Some(post) => format!("[{name}]({})", self.link(post)),
            None => format!("**{name}**"),
        }
    }
}
