//! Which mails are taken: one visible list of rules, asked from the top. The first that applies
//! is recorded with the mail.

use super::{
    automatic::Sign,
    mail::{Email, Folder, Mail},
};

/// Mails in a row that one sender may add to a case before somebody else says something. A person
/// stops long before; an auto-responder does not.
pub const STREAK_MAX: u32 = 10;

/// What the operator decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The mailbox's address and its aliases.
    pub own: Vec<Email>,
    /// Only from these very domains; from everywhere if empty.
    pub allowed_domains: Vec<String>,
    /// Never from these addresses, or `@domain`s and what lies below them.
    pub blocked: Vec<String>,
    /// Whether automatic mail is taken like any other.
    pub automatic: bool,
    /// Mails that one sender may send in an hour.
    pub per_sender_per_hour: u32,
}

/// What is known of a mail when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'m> {
    /// The mail.
    pub mail: &'m Mail,
    /// Its Message-ID is one that we made.
    pub ours: bool,
    /// It is a copy of a mail that lies in this folder.
    pub copy_of: Option<Folder>,
    /// It belongs to a case.
    pub joins: bool,
    /// Mails of its sender in a row in that case.
    pub streak: u32,
    /// Mails of its sender in this hour.
    pub this_hour: u32,
}

/// Whether a rule applies.
type Applies = fn(&Facts<'_>, &Rules) -> bool;

/// Why a mail is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// ticketd sent it.
    Own,
    /// It lies in the sent folder as well.
    SentDuplicate,
    /// It lies in the inbox as well.
    Duplicate,
    /// Somebody sent it from the mailbox, and it belongs to no case.
    Sent,
    /// The mailbox wrote to itself.
    FromMailbox,
    /// It has come round: it carries our mark, or Jira's.
    Loop,
    /// The sender is blocked.
    BlockedSender,
    /// The sender's domain is not among the allowed ones.
    Domain,
    /// A machine wrote it.
    Automatic,
    /// It opens a conversation, and is not addressed to the mailbox.
    NotAddressed,
    /// Its sender writes mail after mail into the case, and nobody answers.
    Streak,
    /// Its sender sends too many mails.
    Rate,
}

impl Rule {
    /// Every rule with what it asks, in the order in which they are asked.
    const ALL: &[(Self, Applies)] = &[
        (Self::Own, |facts, _| facts.ours),
        (Self::SentDuplicate, |facts, _| facts.copy_of == Some(Folder::Sent)),
        (Self::Duplicate, |facts, _| facts.copy_of == Some(Folder::Inbox)),
        (Self::Sent, |facts, _| facts.mail.folder == Folder::Sent && !facts.joins),
        (Self::FromMailbox, |facts, rules| {
            let from = facts.mail.from.as_ref();
            facts.mail.folder == Folder::Inbox
                && from.is_some_and(|from| rules.own.contains(&from.email))
        }),
        (Self::Loop, |facts, _| matches!(facts.mail.automatic, Some(Sign::OwnLoop | Sign::Jira))),
        (Self::BlockedSender, |facts, rules| {
            senders(facts.mail).any(|email| rules.blocked.iter().any(|entry| names(entry, email)))
        }),
        (Self::Domain, |facts, rules| {
            let allowed = |email: &Email| {
                rules.allowed_domains.iter().any(|known| known.eq_ignore_ascii_case(email.domain()))
            };
            // Answers would go to the other address.
            let outside = facts.mail.from.is_none() || !senders(facts.mail).all(allowed);
            facts.mail.folder == Folder::Inbox && !rules.allowed_domains.is_empty() && outside
        }),
        (Self::Automatic, |facts, rules| facts.mail.automatic.is_some() && !rules.automatic),
        (Self::NotAddressed, |facts, rules| {
            let own = |email: &Email| rules.own.contains(email);
            // A mail without readable recipients was a blind copy to the mailbox.
            let recipients = &facts.mail.recipients;
            !facts.joins && !recipients.is_empty() && !recipients.iter().any(|to| own(&to.email))
        }),
        (Self::Streak, |facts, _| facts.joins && facts.streak >= STREAK_MAX),
        (Self::Rate, |facts, rules| facts.this_hour >= rules.per_sender_per_hour),
    ];

    /// A word for the register, logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::SentDuplicate => "sent_duplicate",
            Self::Duplicate => "duplicate",
            Self::Sent => "sent",
            Self::FromMailbox => "from_mailbox",
            Self::Loop => "loop",
            Self::BlockedSender => "blocked_sender",
            Self::Domain => "domain",
            Self::Automatic => "automatic",
            Self::NotAddressed => "not_addressed",
            Self::Streak => "streak",
            Self::Rate => "rate",
        }
    }
}

/// The first rule that keeps the mail out; `None` if it is taken.
#[must_use]
pub fn judge(facts: &Facts<'_>, rules: &Rules) -> Option<Rule> {
    Rule::ALL.iter().find(|(_, applies)| applies(facts, rules)).map(|(rule, _)| *rule)
}

/// Everybody that the mail claims to come from.
fn senders(mail: &Mail) -> impl Iterator<Item = &Email> {
    mail.from.iter().chain(&mail.reply_to).map(|address| &address.email)
}

/// Whether a list's entry, an address or an `@domain`, names this address.
fn names(entry: &str, email: &Email) -> bool {
    match entry.strip_prefix('@') {
        Some(domain) => is_below(email.domain(), domain),
        None => entry.eq_ignore_ascii_case(email.as_str()),
    }
}

fn is_below(domain: &str, of: &str) -> bool {
    let of = of.to_ascii_lowercase();
    domain == of || domain.strip_suffix(&of).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::mail::{Address, Importance};

    fn address(email: &str) -> Address {
        Address { name: None, email: Email::parse(email).unwrap() }
    }

    fn mail(from: &str, to: &str) -> Mail {
        Mail {
            remote: "M1".into(),
            folder: Folder::Inbox,
            conversation: None,
            message_id: None,
            answers: vec![],
            from: Email::parse(from).map(|email| Address { name: None, email }),
            reply_to: None,
            recipients: vec![address(to)],
            subject: "printer".into(),
            importance: Importance::Normal,
            received: Timestamp::UNIX_EPOCH,
            automatic: None,
        }
    }

    fn rules() -> Rules {
        Rules {
            own: vec![Email::parse("support@example.org").unwrap()],
            allowed_domains: vec!["Customer.example".into()],
            blocked: vec!["spam@customer.example".into(), "@bad.customer.example".into()],
            automatic: false,
            per_sender_per_hour: 30,
        }
    }

    #[test]
    fn each_rule_keeps_out_what_it_is_for() {
        const US: &str = "support@example.org";
        type Change = fn(&mut Mail, &mut Facts<'_>);
        let cases: [(&str, &str, Change, Option<Rule>); 20] = [
            ("a@customer.example", US, |_, _| {}, None),
            ("A@CUSTOMER.Example", US, |_, _| {}, None),
            ("a@sub.customer.example", US, |_, _| {}, Some(Rule::Domain)),
            ("a@notcustomer.example", US, |_, _| {}, Some(Rule::Domain)),
            ("a@customer.example.evil", US, |_, _| {}, Some(Rule::Domain)),
            ("", US, |_, _| {}, Some(Rule::Domain)),
            ("spam@customer.example", US, |_, _| {}, Some(Rule::BlockedSender)),
            ("x@y.bad.customer.example", US, |_, _| {}, Some(Rule::BlockedSender)),
            (
                "a@customer.example",
                US,
                |mail, _| mail.reply_to = Some(address("spam@customer.example")),
                Some(Rule::BlockedSender),
            ),
            (
                "a@customer.example",
                US,
                |mail, _| mail.reply_to = Some(address("mallory@evil.example")),
                Some(Rule::Domain),
            ),
            ("a@customer.example", "other@example.org", |_, _| {}, Some(Rule::NotAddressed)),
            ("a@customer.example", "other@example.org", |_, facts| facts.joins = true, None),
            (US, US, |_, _| {}, Some(Rule::FromMailbox)),
            (US, "a@x.example", |mail, _| mail.folder = Folder::Sent, Some(Rule::Sent)),
            (
                "a@customer.example",
                US,
                |mail, _| mail.automatic = Some(Sign::List),
                Some(Rule::Automatic),
            ),
            (
                "a@customer.example",
                US,
                |mail, _| mail.automatic = Some(Sign::Jira),
                Some(Rule::Loop),
            ),
            ("a@customer.example", US, |_, facts| facts.ours = true, Some(Rule::Own)),
            (
                "a@customer.example",
                US,
                |_, facts| facts.copy_of = Some(Folder::Sent),
                Some(Rule::SentDuplicate),
            ),
            ("a@customer.example", US, |_, facts| facts.this_hour = 30, Some(Rule::Rate)),
            (
                "a@customer.example",
                US,
                |_, facts| (facts.joins, facts.streak) = (true, STREAK_MAX),
                Some(Rule::Streak),
            ),
        ];
        for (from, to, change, expected) in cases {
            let plain = mail(from, to);
            let mut judged = plain.clone();
            let mut facts = Facts {
                mail: &plain,
                ours: false,
                copy_of: None,
                joins: false,
                streak: 0,
                this_hour: 0,
            };
            change(&mut judged, &mut facts);
            let facts = Facts { mail: &judged, ..facts };
            assert_eq!(judge(&facts, &rules()), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_blind_copy_is_addressed_to_the_mailbox() {
        let mut blind = mail("a@customer.example", "support@example.org");
        blind.recipients.clear();
        let facts = Facts {
            mail: &blind,
            ours: false,
            copy_of: None,
            joins: false,
            streak: 0,
            this_hour: 0,
        };
        assert_eq!(judge(&facts, &rules()), None);
    }

    #[test]
    fn who_answers_from_the_sent_folder_into_a_case_is_heard() {
        let mut sent = mail("support@example.org", "a@elsewhere.example");
        sent.folder = Folder::Sent;
        let facts =
            Facts { mail: &sent, ours: false, copy_of: None, joins: true, streak: 0, this_hour: 0 };
        assert_eq!(judge(&facts, &rules()), None);
    }

    #[test]
    fn automatic_mail_passes_only_where_it_is_wanted_and_never_if_it_came_round() {
        let taken = Rules { automatic: true, ..rules() };
        for (sign, expected) in
            [(Sign::List, None), (Sign::Report, None), (Sign::OwnLoop, Some(Rule::Loop))]
        {
            let mut robot = mail("a@customer.example", "support@example.org");
            robot.automatic = Some(sign);
            let facts = Facts {
                mail: &robot,
                ours: false,
                copy_of: None,
                joins: false,
                streak: 0,
                this_hour: 0,
            };
            assert_eq!(judge(&facts, &taken), expected, "{sign:?}");
        }
    }
}
