//! Which mails a machine wrote: they are never answered, and by default open no ticket.

use serde::{Deserialize, Serialize};

/// Why a mail passes for automatic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// It carries ticketd's own mark: a mail of ours has come round.
    OwnLoop,
    /// Jira wrote it.
    Jira,
    /// `Auto-Submitted`, other than `no` (RFC 3834).
    AutoSubmitted,
    /// `Precedence: bulk`, `junk`, `list` or `auto_reply`.
    Precedence,
    /// It is a report: a bounce or a receipt (RFC 6522).
    Report,
    /// It has an empty return path, as bounces do (RFC 5321, 4.5.5).
    EmptyReturnPath,
    /// A header of the `X-Autoreply` family.
    AutoReply,
    /// It comes from a mailing list (RFC 2919).
    List,
}

impl Sign {
    /// A word for the register, logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnLoop => "own_loop",
            Self::Jira => "jira",
            Self::AutoSubmitted => "auto_submitted",
            Self::Precedence => "precedence",
            Self::Report => "report",
            Self::EmptyReturnPath => "empty_return_path",
            Self::AutoReply => "auto_reply",
            Self::List => "list",
        }
    }
}

/// The header that every mail of ours carries.
pub const LOOP_HEADER: &str = "X-Ticketd-Loop";

/// The header names that [`sign`] looks at, for whoever must ask for them by name.
pub const HEADERS: &[&str] = &[
    LOOP_HEADER,
    "X-JIRA-FingerPrint",
    "Auto-Submitted",
    "Precedence",
    "Content-Type",
    "Return-Path",
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-Mail-Autoreply",
    "List-Id",
];

/// The first sign that a machine wrote the mail. `header` gives a header's value by its name, in
/// whatever case. `X-Auto-Response-Suppress` alone is no sign: Exchange puts it on people's mail.
pub fn sign<'m>(
    header: impl Fn(&str) -> Option<&'m str>,
    message_id: Option<&str>,
) -> Option<Sign> {
    let value = |name: &str| header(name).map(|value| value.trim().to_ascii_lowercase());
    let first_word = |name: &str| {
        let value = value(name)?;
        value.split([';', ' ', '\t', '(']).next().map(str::to_owned)
    };
    if value(LOOP_HEADER).is_some() {
        return Some(Sign::OwnLoop);
    }
    let from_jira = |id: &str| {
        let id = id.to_ascii_lowercase();
        id.starts_with("jira.") && id.ends_with("@atlassian.jira")
    };
    if value("X-JIRA-FingerPrint").is_some() || message_id.is_some_and(from_jira) {
        return Some(Sign::Jira);
    }
    if first_word("Auto-Submitted").is_some_and(|word| word != "no") {
        return Some(Sign::AutoSubmitted);
    }
    let precedence = first_word("Precedence");
    let lowly = ["bulk", "junk", "list", "auto_reply"];
    if precedence.is_some_and(|word| lowly.contains(&word.as_str())) {
        return Some(Sign::Precedence);
    }
    if first_word("Content-Type").is_some_and(|kind| kind == "multipart/report") {
        return Some(Sign::Report);
    }
    if value("Return-Path").is_some_and(|path| path == "<>") {
        return Some(Sign::EmptyReturnPath);
    }
    let family =
        ["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Mail-Autoreply"];
    if family.iter().any(|name| value(name).is_some_and(|value| value != "no")) {
        return Some(Sign::AutoReply);
    }
    value("List-Id").map(|_| Sign::List)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &'static str)], id: Option<&str>) -> Option<Sign> {
        let header = |name: &str| {
            headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| *v)
        };
        sign(header, id)
    }

    #[test]
    fn machines_give_themselves_away_and_people_do_not() {
        for (name, value, expected) in [
            ("Auto-Submitted", "auto-replied (vacation)", Some(Sign::AutoSubmitted)),
            ("auto-submitted", " Auto-Generated; x=y", Some(Sign::AutoSubmitted)),
            ("Auto-Submitted", "no", None),
            ("Auto-Submitted", "No ", None),
            ("Precedence", "bulk", Some(Sign::Precedence)),
            ("Precedence", "LIST", Some(Sign::Precedence)),
            ("Precedence", "first-class", None),
            ("Content-Type", "multipart/report; report-type=delivery-status", Some(Sign::Report)),
            ("Content-Type", "multipart/mixed; boundary=report", None),
            ("Return-Path", " <>", Some(Sign::EmptyReturnPath)),
            ("Return-Path", "<a@b.example>", None),
            ("X-Autoreply", "yes", Some(Sign::AutoReply)),
            ("X-Autorespond", "", Some(Sign::AutoReply)),
            ("List-Id", "<rust.example.org>", Some(Sign::List)),
            ("X-JIRA-FingerPrint", "abc", Some(Sign::Jira)),
            ("X-Ticketd-Loop", "1", Some(Sign::OwnLoop)),
            ("X-Auto-Response-Suppress", "All", None),
            ("X-Spam", "no", None),
        ] {
            assert_eq!(of(&[(name, value)], None), expected, "{name}: {value}");
        }
        assert_eq!(of(&[], Some("JIRA.10001.1@Atlassian.JIRA")), Some(Sign::Jira));
        assert_eq!(of(&[], Some("jira@example.org")), None);
    }

    #[test]
    fn every_header_looked_at_is_asked_for() {
        for name in HEADERS {
            let asked = std::cell::Cell::new(false);
            let found = sign(
                |wanted| {
                    asked.set(asked.get() || wanted == *name);
                    None
                },
                None,
            );
            assert!(asked.get() && found.is_none(), "{name}");
        }
    }
}
