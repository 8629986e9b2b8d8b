//! What ticketd knows of Jira's things, free of how they travel. Nothing that holds a mail's or a
//! comment's words has a `Debug`.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use super::{
    case::Standing,
    discreet::discreet,
    keys::{CommentId, IssueKey},
    mail::Email,
};

/// The entity property under which ticketd keeps its mark, on issues and on comments.
pub const PROPERTY: &str = "ticketd";
/// The longest name that a file gets, in bytes: file systems take 255.
const NAME_MAX: usize = 240;

/// Which of the two Jiras it is: they differ in searching, in naming people and in downloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Atlassian's own.
    Cloud,
    /// Run by its owner: Data Center, or a Server of old.
    DataCenter,
}

/// A person, or a program, that Jira knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The `accountId` of Cloud, the `name` of Data Center; empty for an anonymous writer.
    pub id: String,
    /// The name that people read.
    pub display_name: String,
    /// The mail address, where Jira shows it.
    pub email: Option<Email>,
}

discreet!(Account {});

/// An issue to be made.
#[derive(Clone, Copy)]
pub struct NewIssue<'a> {
    /// The project's key.
    pub project: &'a str,
    /// The issue type's name.
    pub issue_type: &'a str,
    /// At most 255 characters without line ends (Jira's limit).
    pub summary: &'a str,
    /// Wiki text of at most 32,767 characters (Jira's limit).
    pub description: &'a str,
    /// Words without blanks.
    pub labels: &'a [String],
    /// The priority's name; `None` leaves it to Jira.
    pub priority: Option<&'a str>,
    /// The reporter's [`Account::id`]; `None` makes it us.
    pub reporter: Option<&'a str>,
    /// What tells it apart from every other issue, kept in [`PROPERTY`] by the same call.
    pub mark: &'a str,
}

/// By what an issue that we may have made is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The key that it has now: an issue that was moved answers to its old key too.
    pub key: IssueKey,
    /// What [`NewIssue::mark`] said.
    pub mark: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
}

/// How far an issue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueStatus {
    /// The key that it has now.
    pub key: IssueKey,
    /// Whether its status is of the category `done`.
    pub done: bool,
    /// The last change of any kind.
    pub updated: Timestamp,
}

impl IssueStatus {
    /// The same, as a case keeps it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { closed: self.done, at: self.updated }
    }
}

/// A status, as Jira tells it with an issue or a transition, in an answer and in a webhook.
///
/// Source: `statusCategory.key`, which is `new`, `indeterminate` or `done` whatever a status is called.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    status_category: Option<Category>,
}

#[derive(Deserialize)]
struct Category {
    key: String,
}

impl Status {
    /// Whether it is of the category `done`; none where that is not told.
    pub(crate) fn done(&self) -> Option<bool> {
        self.status_category.as_ref().map(|category| category.key == "done")
    }
}

/// `2026-01-31T12:00:00.000+0000`: RFC 3339 but for the colon of the offset.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| D::Error::custom("not a time"))
}

/// A comment without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Who wrote it.
    pub author: Account,
    /// When.
    pub created: Timestamp,
    /// Our mark, if we wrote it.
    pub mark: Option<String>,
    /// Whether it may go to people outside.
    pub public: bool,
}

/// A comment to be read.
#[derive(Clone, PartialEq, Eq)]
pub struct CommentText {
    /// Who wrote it.
    pub author: Account,
    /// Our mark, if we wrote it.
    pub mark: Option<String>,
    /// Whether it may go to people outside.
    pub public: bool,
    /// As Jira shows it: HTML that is not ours to trust.
    pub html: String,
}

/// What hangs on an issue.
#[derive(Clone, PartialEq, Eq)]
pub struct AttachmentInfo {
    /// Its id.
    pub id: u64,
    /// The file's name.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// The media type, as Jira guessed it; may be empty.
    pub media_type: String,
    /// Whether we attached it.
    pub mine: bool,
}

discreet!(AttachmentInfo { id, size, mine });

/// The name under which a file is attached: without what Jira refuses in names or a header cannot
/// hold, at most 240 bytes, never empty. Look for an attachment by this one.
///
/// Source: Jira's `FileNameCharacterCheckerUtil` (`\ / " : ? * < | >`).
#[must_use]
pub fn attachment_name(name: &str) -> String {
    let odd = |c: char| c.is_control() || "\\/\":?*<|>".contains(c);
    let name: String = name.trim().chars().map(|c| if odd(c) { '_' } else { c }).collect();
    if name.is_empty() {
        return "attachment".to_owned();
    }
    if name.len() <= NAME_MAX {
        return name;
    }
    // The end tells the kind of file.
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= 10 { ending } else { "" };
    let stem = &name[..name.floor_char_boundary(NAME_MAX - ending.len())];
    format!("{stem}{ending}")
}

/// The part of a comment's JSON that says who may read it and whether it is ours: the same in an
/// answer and in a webhook.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CommentFlags {
    visibility: Option<Map<String, Value>>,
    // Cloud with Service Management only.
    jsd_public: Option<bool>,
    // Answers hold them with `expand=properties`.
    properties: Option<Vec<Property>>,
}

#[derive(Deserialize)]
struct Property {
    key: String,
    #[serde(default)]
    value: Value,
}

impl CommentFlags {
    /// Whether nothing keeps the comment from people outside: no group or role, and no internal
    /// note of Service Management (`sd.public.comment` is how Data Center says it).
    pub(crate) fn is_public(&self) -> bool {
        let restricted = self.visibility.as_ref().is_some_and(|map| !map.is_empty());
        let internal = self.property("sd.public.comment").is_some_and(|value| {
            let flag = &value["internal"];
            flag.as_bool() == Some(true) || flag.as_str() == Some("true")
        });
        !restricted && !internal && self.jsd_public != Some(false)
    }

    /// Whether the properties were told at all, if only that there are none.
    pub(crate) fn tell_properties(&self) -> bool {
        self.properties.is_some()
    }

    /// Our mark.
    pub(crate) fn mark(&self) -> Option<String> {
        self.property(PROPERTY)?["mark"].as_str().map(str::to_owned)
    }

    fn property(&self, key: &str) -> Option<&Value> {
        let all = self.properties.as_ref()?;
        all.iter().find(|property| property.key == key).map(|property| &property.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_public_unless_anything_says_otherwise() {
        for (flags, public) in [
            (r"{}", true),
            (r#"{"jsdPublic": true}"#, true),
            (r#"{"jsdPublic": false}"#, false),
            (r#"{"visibility": null, "properties": null}"#, true),
            (r#"{"visibility": {"type": "role", "value": "Developers"}}"#, false),
            (
                r#"{"properties": [{"key": "sd.public.comment", "value": {"internal": true}}]}"#,
                false,
            ),
            (
                r#"{"properties": [{"key": "sd.public.comment", "value": {"internal": "true"}}]}"#,
                false,
            ),
            (
                r#"{"properties": [{"key": "sd.public.comment", "value": {"internal": false}}]}"#,
                true,
            ),
            (
                r#"{"jsdPublic": true,
                    "properties": [{"key": "sd.public.comment", "value": {"internal": true}}]}"#,
                false,
            ),
            (r#"{"properties": [{"key": "other", "value": 7}]}"#, true),
        ] {
            let read: CommentFlags = serde_json::from_str(flags).unwrap();
            assert_eq!(read.is_public(), public, "{flags}");
        }
    }

    #[test]
    fn times_are_read_as_jira_writes_them() {
        for (text, expected) in [
            ("2018-07-14T18:29:30.000+0000", Some("2018-07-14T18:29:30Z")),
            ("2018-07-14T20:29:30.125+0200", Some("2018-07-14T18:29:30.125Z")),
            ("2018-07-14T18:29:30.000-0930", Some("2018-07-15T03:59:30Z")),
            ("2018-07-14T18:29:30Z", Some("2018-07-14T18:29:30Z")),
            ("yesterday", None),
        ] {
            let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
            assert_eq!(time(Value::from(text)).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_is_a_text_in_our_property() {
        for (flags, mark) in [
            (r#"{"properties": [{"key": "ticketd", "value": {"mark": "m1"}}]}"#, Some("m1")),
            (r#"{"properties": [{"key": "ticketd", "value": {"mark": 1}}]}"#, None),
            (r#"{"properties": [{"key": "ticketd"}]}"#, None),
            (r#"{"properties": [{"key": "other", "value": {"mark": "m1"}}]}"#, None),
            (r"{}", None),
        ] {
            let read: CommentFlags = serde_json::from_str(flags).unwrap();
            assert_eq!(read.mark().as_deref(), mark, "{flags}");
        }
    }

    #[test]
    fn a_file_keeps_what_jira_takes_of_its_name() {
        let long = format!("{}.pdf", "한".repeat(300));
        let cut = format!("{}.pdf", "한".repeat(78));
        for (name, expected) in [
            ("report.pdf", "report.pdf"),
            (" 보고서 é.pdf ", "보고서 é.pdf"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("a\"\r\nX-Evil: 1", "a___X-Evil_ 1"),
            ("", "attachment"),
            ("100 % of $5.txt", "100 % of $5.txt"),
            (&long, &cut),
        ] {
            assert_eq!(attachment_name(name), expected);
        }
        assert_eq!(attachment_name(&"x".repeat(1_000)).len(), NAME_MAX);
    }
}
