//! The description holds together.

use super::*;

fn described() -> Value {
    let toml = "[store]\nmaster_key = 'k'\n[jira]\nurl = 'https://jira.example.org'\n\
                api_token = 'token-of-jira'\ncategories = ['general', 'bug']\n\
                boards = [{ key = 'support', name = 'Support' }, { key = 'infra', name = 'Infra' }]\n\
                [http]\ncontext = '/desk/v2'\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ticketd.toml");
    std::fs::write(&file, toml).unwrap();
    let config = Config::load(Some(&file), []).unwrap();
    serde_json::from_str(&description(&config)).unwrap()
}

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_boards_are_the_configured_ones() {
    let whole = described();
    assert!(whole["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(whole["servers"][0]["url"], "/desk/v2");
    let mut found = Vec::new();
    references(&whole, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(whole.pointer(pointer).is_some(), "{reference}");
    }
    let ticket = &whole["components"]["schemas"]["CreateTicket"];
    assert_eq!(ticket["properties"]["board"]["enum"], json!(["support", "infra"]));
    assert_eq!(ticket["required"], json!(["title", "body", "reporter", "board", "category"]));
}

#[test]
fn every_operation_names_its_answers() {
    let whole = described();
    let mut seen = 0;
    for (path, item) in whole["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            seen += 1;
            let answers = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "405", "429", "500", "503"] {
                assert!(answers.contains_key(status), "{method} {path}: {status}");
            }
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
        }
    }
    assert_eq!(seen, 8);
}
