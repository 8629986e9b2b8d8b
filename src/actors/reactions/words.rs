//! What a ticket says that was made of a post. Words of a channel that is not open to everybody stay
//! in it: elsewhere the ticket has the link alone. Nothing here can fail.

use crate::{
    locale::{Locale, Texts},
    model::{
        form::{Filled, Value},
        ids::ChannelId,
        post::{Channel, PostHead},
        render,
    },
};

/// Characters of a post's words that its ticket keeps, and of its files' names: with the rest they
/// are as much as a form may hold.
const MESSAGE_MAX: usize = 10_000;
const FILES_MAX: usize = 1_000;

/// Whether the words of a post `here` may stand in a ticket that is posted in `there`; `filed` if the
/// ticket becomes an issue besides, which others may read.
pub(super) fn may_show(here: &Channel, there: &ChannelId, filed: bool) -> bool {
    here.public || (here.id == *there && !filed)
}

/// The words of tickets, in the channels' language.
pub(super) struct Words<'t> {
    pub(super) texts: &'t Texts,
    pub(super) locale: Locale,
}

impl Words<'_> {
    /// The subject and the fields of the ticket of a post that `author` wrote and that is found at
    /// `link`.
    pub(super) fn of(
        &self,
        post: &PostHead,
        author: &str,
        link: String,
        shown: bool,
    ) -> (String, Vec<Filled>) {
        let original = self.field("ticket-emoji-link", Value::Line(link));
        if !shown {
            return (self.say("ticket-emoji-untitled"), vec![original]);
        }
        let mut fields = Vec::new();
        let message = post.message.trim();
        if !message.is_empty() {
            let text = Value::Text(render::cut(message, MESSAGE_MAX));
            fields.push(self.field("ticket-emoji-message", text));
        }
        fields.push(self.field("ticket-emoji-author", Value::Line(format!("@{author}"))));
        if !post.files.is_empty() {
            let names = render::cut(&post.files.join(", "), FILES_MAX);
            fields.push(self.field("ticket-emoji-files", Value::Line(names)));
        }
        fields.push(original);
        let first = message.lines().next().or(post.files.first().map(String::as_str));
        let subject = first.map_or_else(|| self.say("ticket-emoji-untitled"), str::to_owned);
        (subject, fields)
    }

    fn field(&self, key: &str, value: Value) -> Filled {
        Filled { label: self.say(key), value }
    }

    fn say(&self, key: &str) -> String {
        self.texts.say(self.locale, key, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{PostId, UserId};

    fn channel(letter: &str, public: bool) -> Channel {
        let id = ChannelId::parse(&letter.repeat(26)).unwrap();
        Channel { id, team: None, name: String::new(), display_name: String::new(), public }
    }

    #[test]
    fn words_leave_only_an_open_channel() {
        let there = channel("t", true).id;
        for (here, public, filed, shown) in [
            ("h", true, false, true),
            ("h", true, true, true),
            ("t", false, false, true),
            ("t", false, true, false),
            ("h", false, false, false),
            ("h", false, true, false),
        ] {
            assert_eq!(may_show(&channel(here, public), &there, filed), shown, "{here} {public}");
        }
    }

    #[test]
    fn a_ticket_says_what_the_post_says() {
        let texts = Texts::load().unwrap();
        let words = Words { texts: &texts, locale: Locale::En };
        let long = "x".repeat(MESSAGE_MAX + 1);
        for (message, files, shown, subject, labels) in [
            (" The VPN\nis down ", &[][..], true, "The VPN", &["Message", "Written by"][..]),
            ("", &["a.txt", "b.txt"], true, "a.txt", &["Written by", "Files"]),
            ("", &[], true, "A message in the chat", &["Written by"]),
            ("The VPN", &["a.txt"], false, "A message in the chat", &[]),
            (&long, &["a.txt"], true, &long, &["Message", "Written by", "Files"]),
        ] {
            let post = PostHead {
                id: PostId::parse(&"p".repeat(26)).unwrap(),
                channel: channel("h", true).id,
                root: None,
                author: UserId::parse(&"u".repeat(26)).unwrap(),
                message: message.to_owned(),
                files: files.iter().map(|name| (*name).to_owned()).collect(),
                by_server: false,
                props: serde_json::json!({}),
                created: jiff::Timestamp::UNIX_EPOCH,
                deleted: false,
            };
            let (of_post, fields) = words.of(&post, "bob", "https://x/1".to_owned(), shown);
            assert_eq!(of_post, subject);
            let (original, others) = fields.split_last().unwrap();
            assert_eq!(original.shown(["", ""]), "**Original:** https://x/1");
            let found: Vec<_> = others.iter().map(|field| &*field.label).collect();
            assert_eq!(found, labels);
            for field in others {
                let shown = field.shown(["", ""]);
                assert!(!shown.contains("@bob") && shown.len() < 11_000, "{shown}");
            }
        }
    }
}
