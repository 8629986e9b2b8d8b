//! What Microsoft Graph's change notices say. Pure: the door reads the body and asks here. A body
//! that is no collection of notices is `None`; a notice of a kind that nobody knows is left out.
//!
//! Source: "Receive change notifications through webhooks", "Reduce missing subscriptions and change
//! notifications".

use serde::Deserialize;

/// One notice. Whoever gets it compares its client state: one body can hold notices of several
/// subscriptions, and anybody can send it.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// The subscription.
    pub subscription: String,
    /// What was said when the subscription was made; empty if nothing was.
    pub client_state: String,
    /// What it tells.
    pub kind: NoticeKind,
}

/// The client state lets in whoever knows it: it belongs in no log.
impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something changed in the folder.
    Changed,
    /// Something is up with the subscription itself.
    Lifecycle(Lifecycle),
}

/// What is up with a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Renew it, or it falls silent.
    ReauthorizationRequired,
    /// It is gone: make another, and look what was missed.
    SubscriptionRemoved,
    /// Notices were lost: look what was missed.
    Missed,
}

#[derive(Deserialize)]
struct Body {
    value: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    subscription_id: String,
    #[serde(default)]
    client_state: Option<String>,
    lifecycle_event: Option<String>,
    change_type: Option<String>,
}

/// Reads a body with notices.
#[must_use]
pub fn parse(body: &[u8]) -> Option<Vec<Notice>> {
    let Body { value } = serde_json::from_slice(body).ok()?;
    let items = value.into_iter().filter_map(|item| serde_json::from_value::<Item>(item).ok());
    Some(items.filter_map(notice).collect())
}

fn notice(item: Item) -> Option<Notice> {
    let kind = match (item.lifecycle_event.as_deref(), &item.change_type) {
        (Some("reauthorizationRequired"), _) => {
            NoticeKind::Lifecycle(Lifecycle::ReauthorizationRequired)
        }
        (Some("subscriptionRemoved"), _) => NoticeKind::Lifecycle(Lifecycle::SubscriptionRemoved),
        (Some("missed"), _) => NoticeKind::Lifecycle(Lifecycle::Missed),
        (None, Some(_)) => NoticeKind::Changed,
        _ => return None,
    };
    let client_state = item.client_state.unwrap_or_default();
    Some(Notice { subscription: item.subscription_id, client_state, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_read_each_by_itself() {
        let body = r##"{"value":[
            {"subscriptionId":"s1","subscriptionExpirationDateTime":"2026-11-25T18:23:45Z",
             "changeType":"created","resource":"Users/x/Messages/y","clientState":"c",
             "tenantId":"t","resourceData":{"@odata.type":"#Microsoft.Graph.Message","id":"y"}},
            {"subscriptionId":"s1","clientState":"c","tenantId":"t",
             "lifecycleEvent":"reauthorizationRequired"},
            {"subscriptionId":"s2","clientState":null,"lifecycleEvent":"subscriptionRemoved"},
            {"subscriptionId":"s2","lifecycleEvent":"missed"},
            {"subscriptionId":"s2","lifecycleEvent":"of tomorrow"},
            {"subscriptionId":"s2"},
            {"changeType":"created"},
            7]}"##;
        let notices = parse(body.as_bytes()).unwrap();
        let lifecycle = NoticeKind::Lifecycle;
        let read: Vec<_> = notices
            .iter()
            .map(|one| (one.subscription.as_str(), one.client_state.as_str(), one.kind))
            .collect();
        assert_eq!(
            read,
            [
                ("s1", "c", NoticeKind::Changed),
                ("s1", "c", lifecycle(Lifecycle::ReauthorizationRequired)),
                ("s2", "", lifecycle(Lifecycle::SubscriptionRemoved)),
                ("s2", "", lifecycle(Lifecycle::Missed)),
            ]
        );
        assert!(!format!("{notices:?}").contains("\"c\""));
        for body in ["", "[]", "{}", r#"{"value":7}"#] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }
}
