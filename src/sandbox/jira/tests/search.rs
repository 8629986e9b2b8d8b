//! The search: behind the issues, bounded, and quick.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_search_is_behind_and_direct_reads_are_not() {
    let lag = Duration::from_secs(30);
    let setup = JiraSetup { index_lag: lag, ..JiraSetup::default() };
    let jira = Jira::start_with(setup).await.expect("a port");
    let key = jira.new_issue("mail-1");
    let (_, shown) = jira.get(&format!("issue/{key}?fields=labels"));
    assert_eq!(shown["fields"], json!({ "labels": ["mail-1"] }));
    let id = shown["id"].as_str().expect("an id").to_owned();
    let by_label = "project = SUP AND labels = \"mail-1\"";
    assert_eq!(jira.hits(by_label), [""; 0]);
    let (_, fresh) = jira.ask(
        "POST",
        "search/jql",
        &json!({ "jql": by_label, "reconcileIssues": [id.parse::<u64>().expect("a number")] }),
    );
    assert_eq!(fresh, json!({ "issues": [{ "id": id }], "isLast": true }));
    advance(Duration::from_millis(29_999)).await;
    assert_eq!(jira.hits(by_label), [""; 0]);
    advance(Duration::from_millis(1)).await;
    assert_eq!(jira.hits(by_label), [id.as_str()]);
    assert_eq!(jira.hits("creator = currentUser() AND created >= -15m"), [id.as_str()]);

    // A changed label is found under its old name until the index knows better.
    let change = json!({ "update": { "labels": [{ "remove": "mail-1" }, { "add": "mail-2" }] } });
    assert_eq!(jira.ask("PUT", &format!("issue/{key}"), &change).0, 204);
    assert_eq!(jira.hits("labels = mail-2"), [""; 0]);
    assert_eq!(jira.hits(by_label), [id.as_str()]);
    jira.set_index_lag(Duration::ZERO);
    assert_eq!(jira.hits("labels = mail-2"), [id.as_str()]);
    jira.delete(&key);
    assert_eq!(jira.hits("labels = mail-2"), [""; 0]);
    assert_eq!(jira.get(&format!("issue/{key}")).0, 404);
    assert!(jira.issue(&key).is_some_and(|issue| issue.deleted));
}

#[tokio::test]
async fn cloud_searches_bounded_and_by_token() {
    let jira = Jira::start().await.expect("a port");
    let keys: Vec<String> = (0..5).map(|_| jira.new_issue("x")).collect();
    assert_eq!(jira.get("search?jql=project+%3D+SUP").0, 410);
    for (jql, why) in [
        ("", "Unbounded"),
        ("ORDER BY key", "Unbounded"),
        ("project = NONE", "does not exist for the field 'project'"),
        ("key in (SUP-99)", "does not exist for field 'key'"),
        ("labels = \"x\" OR labels = \"y\"", "Expecting"),
    ] {
        let (status, body) = jira.ask("POST", "search/jql", &json!({ "jql": jql }));
        assert_eq!(status, 400, "{jql}");
        assert!(body["errorMessages"][0].as_str().is_some_and(|text| text.contains(why)), "{body}");
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut asked =
            json!({ "jql": "project = SUP ORDER BY key ASC", "maxResults": 2, "fields": ["key"] });
        if !token.is_null() {
            asked["nextPageToken"] = token;
        }
        let (_, page) = jira.ask("POST", "search/jql", &asked);
        assert!(page.get("total").is_none());
        let issues = page["issues"].as_array().expect("issues");
        seen.extend(issues.iter().map(|issue| issue["key"].as_str().expect("a key").to_owned()));
        assert_eq!(page["isLast"], json!(page.get("nextPageToken").is_none()));
        token = page["nextPageToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, keys);
    let counted = jira.ask("POST", "search/approximate-count", &json!({ "jql": "labels = x" }));
    assert_eq!(counted.1, json!({ "count": 5 }));
}

#[tokio::test]
async fn data_center_searches_with_a_total() {
    let jira = data_center().await;
    let keys: Vec<String> = (0..3).map(|_| jira.new_issue("x")).collect();
    let (status, page) =
        jira.get("search?jql=project+%3D+SUP+ORDER+BY+key&startAt=1&maxResults=1&fields=summary");
    assert_eq!(status, 200);
    assert_eq!((&page["total"], &page["startAt"]), (&json!(3), &json!(1)));
    assert_eq!(page["issues"][0]["key"], json!(keys[1]));
    assert_eq!(page["issues"][0]["fields"], json!({ "summary": "Printer on fire" }));
    assert_eq!(jira.get("search/jql?jql=project+%3D+SUP").0, 404);
    assert_eq!(jira.get("myself").1["name"], json!("bot"));
    assert_eq!(jira.get("serverInfo").1["deploymentType"], json!("Server"));
}

#[tokio::test]
async fn ten_thousand_issues_are_no_burden() {
    let jira = Jira::start().await.expect("a port");
    for n in 0..10_000 {
        jira.new_issue(&format!("mail-{n}"));
    }
    let begun = std::time::Instant::now();
    for n in (0..10_000).step_by(10) {
        assert_eq!(jira.hits(&format!("project = SUP AND labels = \"mail-{n}\"")).len(), 1);
    }
    // A walk over all of them for each search takes minutes.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(jira.issues().len(), 10_000);
}
