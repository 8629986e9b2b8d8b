//! Issues move on by what their workflow offers.

use serde_json::json;

use super::{Canned, client, key, server::Reply};

#[tokio::test]
async fn a_transition_is_taken_by_name_or_by_where_it_leads_if_it_is_there() {
    let to = |key: &str| format!(r#""to":{{"name":"x","statusCategory":{{"key":"{key}"}}}}"#);
    let (new, busy, done) = (to("new"), to("indeterminate"), to("done"));
    let offered = format!(
        r#"{{"transitions":[
            {{"id":"11","name":"Start",{busy},"hasScreen":true}},
            {{"id":"21","name":"Reopen Été",{new}}},
            {{"id":"31","name":"Reject",{done},"hasScreen":true}},
            {{"id":"41","name":"Close",{done},"hasScreen":false}},
            {{"id":"51","name":"Finish",{done},"hasScreen":false}},
            {{"id":"61","name":"Plain"}}]}}"#
    );
    let nothing = r#"{"transitions":[{"id":"61","name":"Plain"}]}"#;
    for (offered, closed, name, taken) in [
        (offered.as_str(), false, Some("reopen été"), Some("21")),
        (&offered, true, Some("finish"), Some("51")),
        (&offered, true, Some("Plain"), Some("61")),
        (&offered, true, Some("Deploy"), None),
        // It leads elsewhere.
        (&offered, true, Some("Start"), None),
        (&offered, true, None, Some("41")),
        (&offered, false, None, Some("21")),
        (nothing, true, None, None),
        (nothing, false, None, None),
    ] {
        let server = Canned::start([Reply::json(200, offered), Reply::of(204, "")]).await;
        let client = client(&server, Some(true));
        let moved = client.transition(&key("SUP-2"), closed, name).await;
        assert_eq!(moved, Ok(taken.is_some()), "{name:?}");
        let seen = server.seen();
        assert_eq!(seen.len(), 1 + usize::from(taken.is_some()), "{name:?}");
        if let Some(id) = taken {
            assert_eq!(seen[1].line, "POST /rest/api/2/issue/SUP-2/transitions");
            assert_eq!(seen[1].json(), json!({"transition": {"id": id}}), "{name:?}");
        }
    }
}
