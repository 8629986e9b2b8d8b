//! What Jira's webhooks say, and whether it was Jira who said it. Pure: the door reads the body and
//! asks here. A body that is no webhook is `None`; one that is of no interest brings no [`News`].

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;

use super::{
    jira::{self, CommentFlags, IssueStatus},
    keys::{CommentId, IssueKey},
};

/// What a webhook brings. Jira may tell it more than once, and not in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Somebody commented on an issue.
    pub comment: Option<NewComment>,
    /// How an issue stands. Only a snapshot: a webhook that comes late tells what was.
    pub status: Option<IssueStatus>,
}

/// A comment, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// The issue.
    pub issue: IssueKey,
    /// The comment.
    pub comment: CommentId,
    /// The writer's `accountId` or `name`; empty for an anonymous one.
    pub author: String,
    /// Whether nothing in the body says that it is internal. Only a hint: Cloud was seen to
    /// say `jsdPublic: true` of internal notes, so read the comment before it goes out.
    pub public: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    webhook_event: String,
    #[serde(rename = "issue_event_type_name")]
    kind: Option<String>,
    issue: Option<HookIssue>,
    comment: Option<HookComment>,
}

#[derive(Deserialize)]
struct HookIssue {
    #[serde(default)]
    key: String,
    fields: Option<HookFields>,
}

#[derive(Deserialize)]
struct HookFields {
    status: Option<jira::Status>,
    #[serde(default)]
    updated: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct HookComment {
    #[serde(default)]
    id: String,
    author: Option<Writer>,
    #[serde(flatten)]
    flags: CommentFlags,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Writer {
    account_id: Option<String>,
    name: Option<String>,
}

/// Reads a webhook's body.
///
/// Cloud says `comment_created` with the issue. Data Center says that without the issue, and tells
/// the same comment again as `jira:issue_updated` of the kind `issue_commented`, with it. A status
/// comes with every `jira:issue_updated`, whatever it says has changed; the short issue of
/// `comment_created` has one too, but no time that says from when it is.
#[must_use]
pub fn parse(body: &[u8]) -> Option<News> {
    let hook: Hook = serde_json::from_slice(body).ok()?;
    let updated = hook.webhook_event == "jira:issue_updated";
    let commented = hook.webhook_event == "comment_created"
        || (updated && hook.kind.as_deref() == Some("issue_commented"));
    let Some(issue) = hook.issue else { return Some(News::default()) };
    let Some(key) = IssueKey::parse(&issue.key) else { return Some(News::default()) };
    let comment = hook.comment.filter(|_| commented);
    let status = issue.fields.filter(|_| updated);
    Some(News {
        comment: comment.and_then(|comment| comment.of(key.clone())),
        status: status.and_then(|fields| fields.status_of(key)),
    })
}

impl HookComment {
    fn of(self, issue: IssueKey) -> Option<NewComment> {
        let comment = CommentId::parse(&self.id)?;
        let author = self.author.and_then(|writer| writer.account_id.or(writer.name));
        let author = author.unwrap_or_default();
        Some(NewComment { issue, comment, author, public: self.flags.is_public() })
    }
}

impl HookFields {
    fn status_of(self, key: IssueKey) -> Option<IssueStatus> {
        let done = self.status?.done()?;
        let updated: Timestamp = jira::time(self.updated?).ok()?;
        Some(IssueStatus { key, done, updated })
    }
}

/// Whether the header `X-Hub-Signature` (`sha256=` and hexadecimal digits) signs the raw body with
/// the secret. Takes the same time for every wrong signature. Nothing holds for an empty secret.
///
/// Source: the `method=signature` form of `WebSub` that Jira's documentation of webhooks names.
#[must_use]
pub fn signature_holds(secret: &[u8], header: &str, body: &[u8]) -> bool {
    let Some(digits) = header.trim().strip_prefix("sha256=") else {
        return false;
    };
    let Ok(signature) = base16ct::mixed::decode_vec(digits) else {
        return false;
    };
    match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mac) if !secret.is_empty() => mac.chain_update(body).verify_slice(&signature).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sup_7() -> IssueKey {
        IssueKey::parse("SUP-7").unwrap()
    }

    fn created(author: &str, public: bool) -> News {
        let comment = NewComment {
            issue: sup_7(),
            comment: CommentId::parse("10015").unwrap(),
            author: author.to_owned(),
            public,
        };
        News { comment: Some(comment), status: None }
    }

    #[test]
    fn a_new_comment_is_read_from_both_jiras() {
        for (body, expected) in [
            // Cloud.
            (
                r#"{"timestamp":1,"webhookEvent":"comment_created",
                    "comment":{"id":"10015","author":{"accountId":"557058:c9","displayName":"D"},
                               "body":"x","jsdPublic":true},
                    "issue":{"id":"10013","key":"SUP-7","fields":{"summary":"s"}}}"#,
                created("557058:c9", true),
            ),
            (
                r#"{"webhookEvent":"comment_created","issue":{"key":"SUP-7"},
                    "comment":{"id":"10015","author":{"accountId":"a"},"jsdPublic":false}}"#,
                created("a", false),
            ),
            // Data Center, twice.
            (
                r#"{"webhookEvent":"comment_created",
                    "comment":{"self":"http://jira/rest/api/2/issue/10013/comment/10015",
                               "id":"10015","author":{"name":"dave","key":"JIRAUSER1"}}}"#,
                News::default(),
            ),
            (
                r#"{"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_commented",
                    "user":{"name":"dave"},"issue":{"id":"10013","key":"SUP-7"},
                    "comment":{"id":"10015","author":{"name":"dave"},
                               "visibility":{"type":"role","value":"Developers"}}}"#,
                created("dave", false),
            ),
            (
                r#"{"webhookEvent":"comment_created","issue":{"key":"SUP-7"},
                    "comment":{"id":"10015"}}"#,
                created("", true),
            ),
        ] {
            assert_eq!(parse(body.as_bytes()), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_status_comes_with_its_time_and_perhaps_with_a_comment() {
        let status = |category: &str| {
            format!(
                r#""status":{{"name":"x","id":"1","statusCategory":{{"id":3,"key":"{category}"}}}}"#
            )
        };
        let at = r#""updated":"2026-01-31T13:00:00.250+0100""#;
        let (done, open) = (status("done"), status("indeterminate"));
        let stands = |done| {
            let updated = "2026-01-31T12:00:00.250Z".parse().unwrap();
            Some(IssueStatus { key: sup_7(), done, updated })
        };
        let updated = r#""webhookEvent":"jira:issue_updated""#;
        for (head, fields, expected) in [
            (updated, format!("{done},{at}"), stands(true)),
            (updated, format!("{open},{at}"), stands(false)),
            // From when it is, is not told.
            (updated, done.clone(), None),
            (updated, format!(r#"{done},"updated":null"#), None),
            (updated, format!(r#"{done},"updated":"today""#), None),
            (updated, at.to_owned(), None),
            (updated, format!(r#""status":{{"name":"x"}},{at}"#), None),
            (r#""webhookEvent":"comment_created""#, format!("{done},{at}"), None),
            (r#""webhookEvent":"jira:issue_deleted""#, format!("{done},{at}"), None),
        ] {
            let body = format!(r#"{{{head},"issue":{{"key":"SUP-7","fields":{{{fields}}}}}}}"#);
            let expected = News { comment: None, status: expected };
            assert_eq!(parse(body.as_bytes()), Some(expected), "{body}");
        }
        let both = format!(
            r#"{{{updated},"issue_event_type_name":"issue_commented",
                "issue":{{"key":"SUP-7","fields":{{{done},{at}}}}},
                "comment":{{"id":"10015","author":{{"name":"dave"}}}}}}"#
        );
        let expected = News { status: stands(true), ..created("dave", true) };
        assert_eq!(parse(both.as_bytes()), Some(expected));
    }

    #[test]
    fn what_is_no_new_comment_is_of_no_interest_and_what_is_no_hook_is_nothing() {
        for (body, expected) in [
            (r#"{"webhookEvent":"jira:issue_created","issue":{"key":"SUP-7"}}"#, true),
            (
                r#"{"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_comment_edited",
                    "issue":{"key":"SUP-7"},"comment":{"id":"1"}}"#,
                true,
            ),
            (
                r#"{"webhookEvent":"comment_created","issue":{"key":"../../x"},"comment":{"id":"1"}}"#,
                true,
            ),
            (
                r#"{"webhookEvent":"comment_created","issue":{"key":"SUP-7"},"comment":{"id":"1/2"}}"#,
                true,
            ),
            ("{}", false),
            ("", false),
            ("[1]", false),
            ("webhookEvent=comment_created", false),
        ] {
            let expected = expected.then(News::default);
            assert_eq!(parse(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_signature_holds_for_one_secret_and_one_body() {
        // Source of the digest: the example in Jira's documentation of webhooks.
        let (secret, body) = (b"It's a Secret to Everybody".as_slice(), b"Hello World!".as_slice());
        let digest = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
        let good = format!("sha256={digest}");
        for (secret, header, body, expected) in [
            (secret, good.as_str(), body, true),
            (secret, &format!(" sha256={} ", digest.to_uppercase()), body, true),
            (b"other", &good, body, false),
            (b"", &good, body, false),
            (secret, &good, b"Hello World?", false),
            (secret, digest, body, false),
            (secret, "sha256=", body, false),
            (secret, "sha256=zz", body, false),
            (secret, &good[..good.len() - 2], body, false),
            (secret, "sha1=00", body, false),
            (secret, "", body, false),
        ] {
            assert_eq!(signature_holds(secret, header, body), expected, "{header}");
        }
    }
}
