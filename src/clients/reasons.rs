//! Why a service rejects a call, in its own words. A body that says nothing of the kind gives none.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The service's own words: Redmine says `{"errors": […]}`, Mattermost `{"message": "…"}`, Jira
/// `{"errorMessages": […], "errors": {"field": "…"}}`, which becomes `field: …`, and Graph
/// `{"error": {"code": "…", "message": "…"}}`, which becomes `code: …`.
pub(super) fn reasons(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Words {
        error_messages: Vec<String>,
        errors: Errors,
        message: Option<String>,
        error: Option<Coded>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Coded {
        Both {
            code: String,
            message: String,
        },
        /// OAuth's, and whoever else has one for himself.
        Other(serde::de::IgnoredAny),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Errors {
        List(Vec<String>),
        ByField(BTreeMap<String, String>),
    }
    impl Default for Errors {
        fn default() -> Self {
            Self::List(Vec::new())
        }
    }
    let words: Words = serde_json::from_slice(body).unwrap_or_default();
    let errors = match words.errors {
        Errors::List(list) => list,
        Errors::ByField(fields) => {
            fields.into_iter().map(|(field, text)| format!("{field}: {text}")).collect()
        }
    };
    let coded = words.error.and_then(|error| match error {
        Coded::Both { code, message } => Some(format!("{code}: {message}")),
        Coded::Other(_) => None,
    });
    words.error_messages.into_iter().chain(errors).chain(words.message).chain(coded).collect()
}

#[cfg(test)]
mod tests {
    use super::reasons;

    #[test]
    fn each_service_has_its_own_way_of_saying_why() {
        for (body, expected) in [
            (r#"{"errors":["Subject cannot be blank"]}"#, vec!["Subject cannot be blank"]),
            (r#"{"id":"x","message":"Not found"}"#, vec!["Not found"]),
            (
                r#"{"errorMessages":["No."],"errors":{"priority":"Not on the screen"}}"#,
                vec!["No.", "priority: Not on the screen"],
            ),
            (
                r#"{"error":{"code":"ErrorSendAsDenied","message":"No.","innerError":{"date":"x"}}}"#,
                vec!["ErrorSendAsDenied: No."],
            ),
            (r#"{"error":"invalid_grant","message":"m"}"#, vec!["m"]),
            ("<html>", vec![]),
            (r#"{"errors":7}"#, vec![]),
        ] {
            assert_eq!(reasons(body.as_bytes()), expected, "{body}");
        }
    }
}
