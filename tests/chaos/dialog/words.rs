//! What ticketd says to people.

use ticketd::locale::{Locale, Texts};

use super::plan::{Press, What};

/// Every sentence.
pub(crate) struct Words(Texts);

impl Words {
    pub(crate) fn load() -> Self {
        Self(Texts::load().unwrap())
    }

    /// Whether this asks somebody to try again.
    pub(crate) fn invites(&self, user: &str, said: &str) -> bool {
        let wrong = self.say(user, "went-wrong", &[("request", "\u{1}".into())]);
        let begins = |whole: &str| whole.split('\u{1}').all(|part| said.contains(part));
        begins(&wrong)
            || ["ticket-not-recorded", "overloaded"]
                .iter()
                .any(|key| said == self.say(user, key, &[]))
    }

    /// Whether this says that a ticket stands so already.
    pub(crate) fn is_so(&self, user: &str, said: &str) -> bool {
        ["ticket-theirs", "ticket-is-resolved", "ticket-not-resolved", "ticket-same-priority"]
            .iter()
            .any(|key| said == self.say(user, key, &[]))
    }

    /// The line that a press leaves in the thread.
    pub(crate) fn line(&self, press: &Press) -> String {
        let by = ("by", format!("@{}", press.user).into());
        let say = |key: &str, args: &[_]| self.0.say(Locale::En, key, args);
        match press.what {
            What::Take => say("ticket-line-taken", &[by]),
            What::Resolve => say("ticket-line-resolved", &[by]),
            What::Reopen => say("ticket-line-reopened", &[by]),
            What::Priority(word) => {
                let word = say(&format!("ticket-priority-{word}"), &[]);
                say("ticket-line-priority", &[by, ("priority", word.into())])
            }
        }
    }

    /// What the post shows of how a ticket stands after these presses.
    pub(crate) fn standing(&self, presses: &[Press]) -> Vec<String> {
        let (mut owner, mut resolved, mut priority) = (None, false, "normal");
        for press in presses {
            match press.what {
                What::Take => owner = Some(press.user),
                What::Resolve => resolved = true,
                What::Reopen => resolved = false,
                What::Priority(word) => priority = word,
            }
        }
        let say = |key: &str, args: &[_]| self.0.say(Locale::En, key, args);
        let state = match (resolved, owner) {
            (true, _) => "resolved",
            (_, Some(_)) => "taken",
            (_, None) => "open",
        };
        let state = say(&format!("ticket-state-{state}"), &[]);
        let priority = say(&format!("ticket-priority-{priority}"), &[]);
        let mut lines = vec![
            say("ticket-state", &[("state", state.into())]),
            say("ticket-priority", &[("priority", priority.into())]),
        ];
        lines.extend(
            owner.map(|owner| say("ticket-owner", &[("user", format!("@{owner}").into())])),
        );
        lines
    }

    fn say(
        &self,
        user: &str,
        key: &str,
        args: &[(&str, fluent_bundle::FluentValue<'_>)],
    ) -> String {
        let locale = match user {
            "bob" => Locale::Ko,
            "carol" => Locale::Fr,
            _ => Locale::En,
        };
        self.0.say(locale, key, args)
    }
}

/// The name of a ticket in a text: `Ticket-20261122-0001`.
pub(crate) fn name_in(text: &str) -> Option<String> {
    let name = &text[text.find("Ticket-2")?..];
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
    Some(name[..end].to_owned())
}
