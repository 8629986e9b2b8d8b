//! What Jira's webhooks say, and whether it was Jira who said it. Pure: the door reads the body and
//! asks here. A body that is no webhook is `None`; one that is of no interest is
//! [`HookEvent::Other`].

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{
    jira::CommentFlags,
    keys::{CommentId, IssueKey},
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookEvent {
    /// Somebody commented on an issue. Jira may tell it more than once.
    CommentCreated {
        /// The issue.
        issue: IssueKey,
        /// The comment.
        comment: CommentId,
        /// The writer's `accountId` or `name`; empty for an anonymous one.
        author: String,
        /// Whether nothing in the body says that it is internal. Only a hint: Cloud was seen to
        /// say `jsdPublic: true` of internal notes, so read the comment before it goes out.
        public: bool,
    },
    /// Anything else.
    Other,
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
/// the same comment again as `jira:issue_updated` of the kind `issue_commented`, with it.
#[must_use]
pub fn parse(body: &[u8]) -> Option<HookEvent> {
    let hook: Hook = serde_json::from_slice(body).ok()?;
    let commented = match hook.webhook_event.as_str() {
        "comment_created" => true,
        "jira:issue_updated" => hook.kind.as_deref() == Some("issue_commented"),
        _ => false,
    };
    let (Some(issue), Some(comment), true) = (hook.issue, hook.comment, commented) else {
        return Some(HookEvent::Other);
    };
    let (Some(key), Some(id)) = (IssueKey::parse(&issue.key), CommentId::parse(&comment.id)) else {
        return Some(HookEvent::Other);
    };
    let author = comment.author.and_then(|writer| writer.account_id.or(writer.name));
    Some(HookEvent::CommentCreated {
        issue: key,
        comment: id,
        author: author.unwrap_or_default(),
        public: comment.flags.is_public(),
    })
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

    fn created(author: &str, public: bool) -> HookEvent {
        HookEvent::CommentCreated {
            issue: IssueKey::parse("SUP-7").unwrap(),
            comment: CommentId::parse("10015").unwrap(),
            author: author.to_owned(),
            public,
        }
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
                HookEvent::Other,
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
            let expected = expected.then_some(HookEvent::Other);
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
